"""A file transcoded by a program of its own: StreamLib's, `ffmpeg`, `gst-launch-1.0` or a loop of PyAV's calls.

Each is run twice, on a short and on a long file of the same clip: what differs is the price of the pictures in between,
so that starting the program, importing and opening do not count on either side.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.clip import made

BITRATE = 4_000_000
PRESET = "veryfast"
FRAME_RATE = 25
GOP_S = 2
WIDTH, HEIGHT = 1280, 720
PATIENCE_S = 280


@dataclass(frozen=True, slots=True)
class Rung:
    """One of the encodes: its size and its rate in bits per second."""

    width: int
    height: int
    bitrate: int

    @property
    def is_scaled(self) -> bool:
        """Whether it is of another size than the file."""
        return (self.width, self.height) != (WIDTH, HEIGHT)


RUNGS = (Rung(WIDTH, HEIGHT, BITRATE), Rung(960, 540, 2_000_000), Rung(640, 360, 1_000_000), Rung(320, 180, 400_000))


def streamlib(source: str, targets: list[str]) -> list[str]:
    """The command of StreamLib's side."""
    return [sys.executable, "-m", "benchmarks.programs.streamlib_transcode", source, *targets]


def pyav(source: str, targets: list[str]) -> list[str]:
    """The command of a loop by hand; one target."""
    return [sys.executable, "-m", "benchmarks.programs.pyav_transcode", source, *targets]


def ffmpeg(source: str, targets: list[str]) -> list[str]:
    """The command of ffmpeg's side: it decodes once, too."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", source]
    for rung, target in zip(RUNGS, targets, strict=False):
        rate = str(rung.bitrate)
        scaled = ["-vf", f"scale={rung.width}:{rung.height}:flags=bicubic"] if rung.is_scaled else []
        codec = ["-an", "-c:v", "libx264", "-preset", PRESET, "-b:v", rate, "-maxrate", rate, "-bufsize", rate]
        command += [*scaled, *codec, "-g", str(GOP_S * FRAME_RATE), "-x264-params", "repeat-headers=1", target]
    return command


def gstreamer(source: str, targets: list[str]) -> list[str]:
    """The command of GStreamer's side: a thread for each of its parts, as ours; one target."""
    [target] = targets
    kbits = BITRATE // 1000
    encoder = f"x264enc speed-preset={PRESET} bitrate={kbits} vbv-buf-capacity=1000 key-int-max={GOP_S * FRAME_RATE}"
    parts = [
        f"filesrc location={source} ! qtdemux ! h264parse ! avdec_h264",
        f"{encoder} ! h264parse",
        f"mp4mux ! filesink location={target}",
    ]
    return ["gst-launch-1.0", "-q", *" ! queue ! ".join(parts).split()]


COMMANDS: dict[str, Callable[[str, list[str]], list[str]]] = {
    "streamlib": streamlib,
    "pyav": pyav,
    "ffmpeg": ffmpeg,
    "gstreamer": gstreamer,
}
VERSIONS = {
    "streamlib": [sys.executable, "-m", "benchmarks.programs.streamlib_transcode", "--version"],
    "pyav": [sys.executable, "-m", "benchmarks.programs.pyav_transcode", "--version"],
    "ffmpeg": ["ffmpeg", "-version"],
    "gstreamer": ["gst-launch-1.0", "--version"],
}


def main() -> None:
    """Measure, or say which version this is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=sorted(COMMANDS))
    parser.add_argument("--short", type=int, default=1, help="times the clip")
    parser.add_argument("--long", type=int, default=3)
    parser.add_argument("--targets", type=int, default=1)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--version", action="store_true")
    options = parser.parse_args(sys.argv[1:])
    if options.version:
        print(_version(options.kind))
        return
    with tempfile.TemporaryDirectory() as folder:
        targets = [str(Path(folder) / f"made-{number}.mp4") for number in range(options.targets)]
        long = max(options.short + 2, round(options.long * options.share))
        first, last = (
            _transcoded(COMMANDS[options.kind](str(made(times)), targets), targets) for times in (options.short, long)
        )
    figures = {key: last[key] - first[key] for key in first}
    print(json.dumps(figures | {"peak_mib": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024}))


def _version(kind: str) -> str:
    """What the program says of itself, in its first line, without what follows a copyright sign."""
    command = VERSIONS[kind]
    if shutil.which(command[0]) is None:
        raise SystemExit(f"{command[0]} is not installed")
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return said.splitlines()[0].partition(" Copyright")[0]


def _transcoded(command: list[str], targets: list[str]) -> dict[str, float]:
    """Seconds of the clock and of all threads of the program, and how many bytes it wrote."""
    began_s, began_cpu_s = time.perf_counter(), _cpu_s()
    ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    if ran.returncode:
        raise SystemExit(f"{command[0]} ended with {ran.returncode}: {ran.stderr.strip()}")
    took = {"wall_s": time.perf_counter() - began_s, "cpu_s": _cpu_s() - began_cpu_s}
    return took | {"mib": sum(Path(target).stat().st_size for target in targets) / 2**20}


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
