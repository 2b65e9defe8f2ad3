"""StreamLib's side of the rows about tens of thousands of processors in one process.

They stand in rows of equal depth behind one source, or each behind another drawn at random, and run in the source's
loop, or on the pool, each by itself or each row as one task. Timed apart: building the graph as one edit, starting it,
sending frames through all of it, doing nothing, and stopping.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from streamlib import (
    DataFrame,
    Edit,
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    ProcessorConfig,
    SchedulingStrategy,
    StreamRuntime,
    __version__,
)
from streamlib.graph.node import ProcessorNode
from streamlib.runtime.handles import ProcessorHandle

PATIENCE_S = 250.0
NS_PER_S = 1_000_000_000


class Source(Processor):
    """Sends so many frames, one a call, once it is told to begin; then it waits to be told to end."""

    class Config(ProcessorConfig):
        frames: int

    config: Config
    out = LinkOutput(DataFrame)
    begin = threading.Event()
    end = threading.Event()
    sent = 0

    def process(self, ctx: ProcessContext) -> None:
        self.begin.wait()
        if self.sent < self.config.frames:
            self.sent += 1
            self.out.write(DataFrame({}))
        else:
            self.end.wait()
            ctx.end()


class Pass(Processor):
    """Passes frames on."""

    frame_in = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.frame_in.read()
        if frame is not None:
            self.out.write(frame)


class Hash(Pass):
    """Passes frames on, and lets go of the interpreter's lock for its work, as a codec does."""

    BLOCK = bytes(64 * 1024)

    def process(self, ctx: ProcessContext) -> None:
        hashlib.blake2b(self.BLOCK).digest()
        super().process(ctx)


class Last(Processor):
    """Counts what comes to one end, and says when all has come to all ends."""

    frame_in = LinkInput(DataFrame)
    ends = 0
    frames = 0
    done: ClassVar[list[None]] = []  # one for each end; several workers append
    all_done = threading.Event()
    taken = 0

    def process(self, ctx: ProcessContext) -> None:
        if self.frame_in.read() is not None:
            self.taken += 1
            if self.taken == self.frames:
                self.done.append(None)
                if len(self.done) == self.ends:
                    self.all_done.set()


LIGHTWEIGHT, POOL = SchedulingStrategy.lightweight(), SchedulingStrategy.work_stealing_pool()
STRATEGIES = {"inlined": (LIGHTWEIGHT, LIGHTWEIGHT), "pool": (POOL, POOL), "rows": (POOL, LIGHTWEIGHT)}
"""Where those behind the source run, and where those behind them."""

FIRST = "first_"
"""What the id of who stands behind the source begins with: all that a scheduler delegate has to know of it."""


class Placed:
    """Everything but the source runs where the row says."""

    def __init__(self, kind: str) -> None:
        self._first, self._behind = STRATEGIES[kind]

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        if not node.declaration.inputs:
            return SchedulingStrategy.dedicated_thread()
        return self._first if node.id.startswith(FIRST) else self._behind


def parents(processors: int, deep: int) -> list[int]:
    """Behind whom each stands, -1 behind the source: in rows of so many, or with 0 each behind any other before it."""
    if deep:
        return [-1 if number % deep == 0 else number - 1 for number in range(processors)]
    chance = random.Random(0)  # noqa: S311 - a shape, not a secret
    return [chance.randrange(-1, number) for number in range(processors)]


def grow(edit: Edit, source: ProcessorHandle, before_each: Sequence[int], passing: type[Processor] = Pass) -> int:
    """Add so many, each behind whom `before_each` says. Returns how many stand at an end."""
    feeding = set(before_each)
    added = [source]  # the last place is that of the source, as -1 says
    for number, before in enumerate(before_each):
        id_ = f"{FIRST}{number}" if before < 0 else None
        added.insert(-1, edit.add_processor(passing if number in feeding else Last, id=id_))
        edit.connect(added[before], added[number])
    return len(before_each) + 1 - len(feeding)


def measure(options: argparse.Namespace, processors: int) -> dict[str, float]:
    """Build, start, send, idle, stop: seconds of each, bytes for each processor, nanoseconds for each step."""
    frames = options.frames
    runtime = StreamRuntime(scheduler=Placed(options.kind), workers=options.workers)
    before_each = parents(processors, options.deep)
    Last.frames = frames
    before = resident()
    moments = [time.perf_counter_ns()]
    with runtime.edit() as edit:
        source = edit.add_processor(Source, frames=frames)
        Last.ends = grow(edit, source, before_each, Hash if options.hash else Pass)
    moments.append(time.perf_counter_ns())
    runtime.start()
    moments.append(time.perf_counter_ns())
    each = (resident() - before) / processors
    began = time.perf_counter_ns()
    Source.begin.set()
    assert Last.all_done.wait(PATIENCE_S), f"{len(Last.done)} of {Last.ends} ends have all {frames} frames"
    ran = time.perf_counter_ns() - began
    if options.idle:
        come_to_rest()
    worked = time.process_time_ns()
    time.sleep(options.idle)
    idle = time.process_time_ns() - worked
    Source.end.set()
    stopping = time.perf_counter_ns()
    runtime.stop(timeout=PATIENCE_S)
    return {
        "build_start_s": (moments[2] - moments[0]) / NS_PER_S,
        "bytes": each,
        "ns": ran / processors / frames,
        "idle_ms": idle / 1e6 / max(options.idle, 1e-9) * 10,
        "stop_s": (time.perf_counter_ns() - stopping) / NS_PER_S,
    }


def come_to_rest() -> None:
    """Wait until what the start and the frames have left to be done is done."""
    for _ in range(100):
        worked = time.process_time_ns()
        time.sleep(0.1)
        if time.process_time_ns() - worked < NS_PER_S // 1000:
            return


def resident() -> int:
    """Bytes of memory that this process holds; Linux."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def arguments() -> argparse.ArgumentParser:
    """What a measurement of a large graph is told: how processors are placed, how many there are, how deep the rows."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", nargs="?", choices=sorted(STRATEGIES))
    parser.add_argument("--processors", type=int, default=50_000)
    parser.add_argument("--deep", type=int, default=50, help="how many in a row; 0 for a tree drawn at random")
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--version", action="store_true")
    return parser


def look_at(measure: Callable[[str, int, int], dict[str, float]]) -> None:
    """Measure a graph that stands there, or say which StreamLib this is: the whole of a program that looks at one.

    Args:
        measure: Takes the placing, how many processors, and how deep the rows are.
    """
    options = arguments().parse_args(sys.argv[1:])
    if options.version:
        print(f"StreamLib {__version__}")
        return
    processors = max(1000, round(options.processors * options.share))
    print(json.dumps(measure(options.kind, processors, options.deep)))


def main() -> None:
    """Measure, or say which StreamLib this is."""
    parser = arguments()
    parser.add_argument("--frames", type=int, default=1)
    parser.add_argument("--idle", type=float, default=0.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--hash", action="store_true", help="each lets go of the lock, for the hash of 64 kB")
    options = parser.parse_args(sys.argv[1:])
    if options.version:
        print(f"StreamLib {__version__}")
        return
    processors = max(500, round(options.processors * options.share))
    print(json.dumps(measure(options, processors)))


if __name__ == "__main__":
    main()
