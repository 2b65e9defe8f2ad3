"""What both sides of the main job are told, and how their time is taken."""

from __future__ import annotations

import argparse
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av

BITRATE = 4_000_000
PRESET = "veryfast"
GOP_S = 2
FRAME_RATE = 25


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read and one to write; the switch interval is for StreamLib's side, and 0.0 leaves it as it is."""

    source: Path
    target: Path
    interval_s: float = 0.0


def main(version: str, work: Callable[[Job], None]) -> None:
    """Do the job once and print what it took: everything from opening the file to having closed the other."""
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=Path, nargs="?")
    parser.add_argument("--version", action="store_true")
    parser.add_argument("--interval", type=float, default=0.0)
    parser.add_argument("--share", type=float, default=1.0)  # a file is worked on as a whole
    options = parser.parse_args(sys.argv[1:])
    if options.version:
        print(version)
        return
    with tempfile.TemporaryDirectory() as folder:
        job = Job(options.source, Path(folder) / "made.mp4", options.interval)
        began_s, began_cpu_s = time.perf_counter(), _cpu_s()
        work(job)
        took = {"wall_s": time.perf_counter() - began_s, "cpu_s": _cpu_s() - began_cpu_s}
        print(json.dumps(took | {"peak_mib": _peak_mib()} | _made(job.target)))


def _cpu_s() -> float:
    """Of all threads of this process, in the program and in the kernel."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _made(path: Path) -> dict[str, float]:
    """What is in the file that was written, so that both sides can be seen to have done the same."""
    with av.open(str(path)) as container:
        sizes = [packet.size for packet in container.demux(video=0) if packet.size]
        seconds = (container.duration or 0) / 1e6
    return {"frames": len(sizes), "bytes": sum(sizes), "seconds": seconds}
