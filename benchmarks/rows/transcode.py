"""A file transcoded, beside the programs that one would run for it; and one source into four encodes."""

from __future__ import annotations

import sys

from benchmarks.clip import clip, prepare
from benchmarks.program import Program
from benchmarks.row import Figure, Row
from benchmarks.target import Target

SHORT, LONG = 1, 13
INSTALL = {
    "streamlib": "run scripts/install",
    "pyav": "run scripts/install",
    "ffmpeg": "install ffmpeg",
    "gstreamer": "install gstreamer1.0-tools, gstreamer1.0-libav and gstreamer1.0-plugins-good, -bad and -ugly",
}
PAIRS = 5
CAVEAT = (
    "libx264 is not the same build on both sides: ours is in PyAV's wheel, theirs from Debian. Both say that they use "
    "all that the processor has (AVX-512 and what is below) and open with the same options and threads; what the build "
    "differs by shows in `transcode-pyav`, which has ours on both sides, and the bytes written say whether the rate "
    "control did the same."
)


def _prepare() -> str:
    prepare(SHORT)
    return prepare(LONG)


def _side(kind: str, name: str, targets: int = 1) -> Program:
    module = (sys.executable, "-m", "benchmarks.programs.transcode", kind)
    return Program(
        name=name,
        command=(*module, "--short", str(SHORT), "--long", str(LONG), "--targets", str(targets)),
        version_command=(*module, "--version"),
        install=INSTALL[kind],
    )


def _figures(what: str, wall: float | None) -> tuple[Figure, ...]:
    return (
        Figure(key="wall_s", what=f"{what}: wall", unit="s", at_most=wall, digits=2),
        Figure(key="cpu_s", what="the same: CPU, of all threads", unit="s", at_most=None, digits=2),
        Figure(key="peak_mib", what="the same: peak memory", unit="MiB", at_most=None),
        Figure(key="mib", what="the same: written", unit="MiB", at_most=None, digits=1),
    )


def _transcode(kind: str, name: str, settings: str, wall: float | None = 1.05) -> Row:
    return Row(
        name=f"transcode-{kind}",
        ours=_side("streamlib", "StreamLib"),
        theirs=_side(kind, name),
        figures=_figures(f"transcode 63 s, beside {kind}", wall),
        method=f"Each side is a program of its own, run on {SHORT} and on {LONG} times the clip; what counts is the "
        "difference, so that its start does not. Pictures only: decoded, and encoded by libx264 veryfast, 4 Mbit/s "
        f"with as large a buffer, a key frame at least every 2 s, threads as they come, into MP4. {settings}",
        prepare=_prepare,
        pairs=PAIRS,
    )


TRANSCODE_FFMPEG = _transcode("ffmpeg", "`ffmpeg`", CAVEAT)
TRANSCODE_GSTREAMER = _transcode(
    "gstreamer",
    "`gst-launch-1.0`",
    f"A `queue` stands where ours has a link, so that as many threads take part. {CAVEAT}",
)
TRANSCODE_PYAV = _transcode(
    "pyav",
    "the same PyAV calls in one hand-written loop",
    "libx264 and the decoder are the same on both sides, with the same threads: what is left is ours.",
    wall=None,
)
FOUR_ENCODES = Row(
    name="four-encodes",
    ours=_side("streamlib", "StreamLib", 4),
    theirs=_side("ffmpeg", "`ffmpeg` with four outputs", 4),
    figures=_figures("one source into 4 encodes, 63 s", None),
    method="As `transcode-ffmpeg`, with four files made of one decoder: 720p at 4 Mbit/s, 540p at 2, 360p at 1 and "
    "180p at 0.4, scaled bicubic.",
    prepare=_prepare,
    pairs=PAIRS,
)
COUNTING = (sys.executable, "-m", "benchmarks.programs.streamlib_job_copies")
FOUR_ENCODES_COPIES = Row(
    name="four-encodes-copies",
    ours=Program(
        name="StreamLib",
        command=(*COUNTING, str(clip(SHORT)), "--targets", "4"),
        version_command=(*COUNTING, "--version"),
        install=INSTALL["streamlib"],
    ),
    theirs=Target({"copies": 3.0}, "one scaling for each of the smaller three"),
    figures=(
        Figure(key="copies", what="one source into 4 encodes: copies of each picture", unit="", at_most=None, digits=2),
    ),
    method="As `four-encodes`, counted as in `main-job-copies`.",
    prepare=_prepare,
    pairs=1,
)
