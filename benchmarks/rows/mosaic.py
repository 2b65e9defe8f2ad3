"""Many files at once: sixteen in real time, each scaled, joined into one picture."""

from __future__ import annotations

import sys

from benchmarks.clip import TIMES, clip, prepare
from benchmarks.program import Program
from benchmarks.row import Figure, Row
from benchmarks.rows.chains import DEBIAN_PYTHON
from benchmarks.target import Target

PAIRS = 5
CLIPS = (str(clip(TIMES)), str(clip(1)))
WHAT = "16 paced 720p files, scaled and joined"


def _prepare() -> str:
    prepare(1)
    return prepare(TIMES)


def _ours(*arguments: str) -> Program:
    module = (sys.executable, "-m", "benchmarks.programs.streamlib_mosaic")
    return Program(
        name="StreamLib",
        command=(*module, *CLIPS, *arguments),
        version_command=(*module, "--version"),
        install="run scripts/install",
    )


def _theirs() -> Program:
    module = (DEBIAN_PYTHON, "-m", "benchmarks.programs.gstreamer_mosaic")
    return Program(
        name="GStreamer's `videoscale` and `compositor`",
        command=(*module, *CLIPS),
        version_command=(*module, "--version"),
        install="install what `transcode-gstreamer` needs",
    )


MOSAIC = Row(
    name="mosaic",
    ours=_ours(),
    theirs=_theirs(),
    figures=(
        Figure(key="cpu_s", what=f"{WHAT}: CPU, of all threads", unit="s", at_most=None, digits=2),
        Figure(key="wall_s", what="the same: wall", unit="s", at_most=None, digits=2),
        Figure(key="peak_mib", what="the same: peak memory", unit="MiB", at_most=None),
    ),
    method="Each file is decoded in real time and scaled to 320x180, bicubic (`catrom` there); one "
    "processor with a `LinkInput(VideoFrame, many=True)`, written in Python with numpy, and `compositor`, in C, put 16 "
    "of them into a picture of 1280x720, which is thrown away. Building the graph counts on both sides. The wall is "
    "that of the clip as long as the machine keeps up.",
    prepare=_prepare,
    alike=("pictures",),
    pairs=PAIRS,
)
MOSAIC_COPIES = Row(
    name="mosaic-copies",
    ours=_ours("--count"),
    theirs=Target({"copies": 2.0}, "scaling it, and putting it into the joined picture"),
    figures=(Figure(key="copies", what=f"{WHAT}: copies of each picture", unit="", at_most=None, digits=2),),
    method="As `mosaic`, with each call counted in which pixels are written into other memory: conversion and scaling "
    "by swscale, copies between planes and arrays, and the joining itself. What codecs do inside does not count.",
    prepare=_prepare,
    pairs=1,
)
