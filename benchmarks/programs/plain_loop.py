"""What 50,000 processors are compared with: a loop that makes the same three calls for each, and nothing else."""

from __future__ import annotations

import argparse
import itertools
import json
import platform
import sys
import time


class Slot:
    """Holds one frame on its way."""

    __slots__ = ("frame",)

    def __init__(self) -> None:
        self.frame: object = None

    def read(self) -> object:
        frame = self.frame
        self.frame = None
        return frame

    def write(self, frame: object) -> None:
        self.frame = frame


class Pass:
    """Passes frames on."""

    def __init__(self, frame_in: Slot, out: Slot) -> None:
        self.frame_in = frame_in
        self.out = out

    def process(self, ctx: object) -> None:
        frame = self.frame_in.read()
        if frame is not None:
            self.out.write(frame)


def main() -> None:
    """Measure, or say which Python this is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--processors", type=int, default=50_000)
    parser.add_argument("--frames", type=int, default=1)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--version", action="store_true")
    options = parser.parse_args(sys.argv[1:])
    if options.version:
        print(f"CPython {platform.python_version()}")
        return
    count = max(500, round(options.processors * options.share))
    slots = [Slot() for _ in range(count + 1)]
    calls = [Pass(before, after).process for before, after in itertools.pairwise(slots)]
    context = object()
    began = time.perf_counter_ns()
    for _ in range(options.frames):
        slots[0].write(context)
        for call in calls:
            call(context)
        assert slots[-1].read() is context
    print(json.dumps({"ns": (time.perf_counter_ns() - began) / count / options.frames}))


if __name__ == "__main__":
    main()
