"""StreamLib's side of the rows about observers: a link, or a call, beside one that nobody has ever looked at.

Both are in one process and take turns, block by block, so that what the machine does meanwhile it does to both. A
manual source writes a block of frames into a link, and a manual sink reads them: between the two is the link alone.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from types import FrameType
from typing import Any

from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    Observer,
    ProcessContext,
    ProcessExecution,
    Processor,
    StreamRuntime,
    __version__,
)

FRAMES = 200
"""Frames in a block."""

STEPS = 20
"""Steps of a processor in a block, where those are measured."""

KINDS = ("never", "gone", "link", "frames", "plain-calls", "calls")


class Source(Processor):
    """Writes a block of frames."""

    execution = ProcessExecution.manual()
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = DataFrame({})
        write = self.out.inner.write  # type: ignore[attr-defined]  # the link's, behind the stamp of what enters
        for _ in range(FRAMES):
            write(frame)


class Sink(Processor):
    """Reads a block of frames."""

    execution = ProcessExecution.manual()
    frame_in = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        for _ in range(FRAMES):
            self.frame_in.read()


class Idle(Processor):
    """Does nothing when it is called."""

    execution = ProcessExecution.manual()
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        """What is measured is the call."""


class Place:
    """A link and a processor to look at, in a graph of their own."""

    def __init__(self) -> None:
        self.runtime = StreamRuntime()
        self._source, self._sink = self.runtime.add_processor(Source), self.runtime.add_processor(Sink)
        self.idle = self.runtime.add_processor(Idle)
        self.link = self.runtime.connect(self._source, self._sink, capacity=FRAMES)
        self.runtime.start()

    def observe(self, kind: str) -> Observer[Any] | None:
        """Look as the kind says, or no more."""
        inspector = self.runtime.inspector
        if kind == "calls":
            return inspector.observe_processor(self.idle)
        if kind == "gone":
            with inspector.observe_link(self.link):
                self.pass_block()
        return inspector.observe_link(self.link, frames=kind == "frames") if kind in {"link", "frames"} else None

    def pass_block(self) -> int:
        """A block through the link, in nanoseconds."""
        began_ns = time.perf_counter_ns()
        self.runtime.step(self._source)
        self.runtime.step(self._sink)
        return time.perf_counter_ns() - began_ns

    def make_calls(self) -> int:
        """A block of steps, in nanoseconds."""
        step, idle = self.runtime.step, self.idle
        began_ns = time.perf_counter_ns()
        for _ in range(STEPS):
            step(idle)
        return time.perf_counter_ns() - began_ns

    def count_calls(self) -> int:
        """Python and C calls for a block."""
        calls = 0

        def count(frame: FrameType, event: str, arg: object) -> None:
            del frame, arg
            nonlocal calls
            calls += event in {"call", "c_call"}

        sys.setprofile(count)
        try:
            self.pass_block()
        finally:
            sys.setprofile(None)
        return calls


def measure(kind: str, blocks: int) -> dict[str, float]:
    """A frame at a place of this kind in nanoseconds, in terms of one never looked at, and its calls."""
    plain, looked_at = Place(), Place()
    work = Place.make_calls if kind.endswith("calls") else Place.pass_block
    for place in (plain, looked_at):
        work(place)
    observer = looked_at.observe(kind)
    pairs: list[tuple[int, int]] = []
    gc.disable()
    for number in range(blocks):
        if number % 2:
            before = work(plain)
            pairs.append((before, work(looked_at)))
        else:
            after = work(looked_at)
            pairs.append((work(plain), after))
    calls = looked_at.count_calls()
    if observer is not None:
        observer.close()
    for place in (plain, looked_at):
        place.runtime.stop()
    return {
        "ns": statistics.median(after for _, after in pairs) / (FRAMES if work is Place.pass_block else STEPS),
        "ratio": statistics.median(after / before for before, after in pairs),
        "calls": calls / FRAMES,
    }


def main() -> None:
    """Measure, or say which StreamLib this is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", nargs="?", choices=KINDS)
    parser.add_argument("--blocks", type=int, default=1_000)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--version", action="store_true")
    options = parser.parse_args(sys.argv[1:])
    if options.version:
        print(f"StreamLib {__version__}")
        return
    print(json.dumps(measure(options.kind, max(40, round(options.blocks * options.share)))))


if __name__ == "__main__":
    main()
