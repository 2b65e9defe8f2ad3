"""What instructions are counted of: a fixed script that marks where each piece begins and ends.

`benchmarks.instructions` runs it under callgrind, which writes down its count whenever `getppid` is called. So a mark
is a call of that, and the line that is printed names what lies between two of them, in order. Time stands still and
threads change places only when they wait, so that each run goes the same way.
"""

from __future__ import annotations

import gc
import itertools
import json
import os
import sys
import threading

from benchmarks.programs import plain_loop, streamlib_edit
from benchmarks.programs.streamlib_chain import Inline, Pass, Source
from streamlib import (
    DataFrame,
    LinkInput,
    ProcessContext,
    Processor,
    ProcessorConfig,
    RuntimeContext,
    StreamRuntime,
)
from streamlib.runtime.handles import ProcessorHandle

WARM = 200
"""Frames that pass before any is counted."""

FRAMES = {"bare": 400, "inlined": 400, "thread": 2_000}
"""Counted frames; more where the threads do not change places alike each time."""

EDITS = 10
PATIENCE_S = 300.0
_marks: list[str] = []


def mark(piece: str) -> None:
    """Say what was counted since the last mark; an empty name is for what nobody asks about."""
    os.getppid()
    _marks.append(piece)


class StillClock:
    """A clock that stands still: nobody wakes by it, nothing is sampled, and each call is brief."""

    def __init__(self) -> None:
        self.now_ns = itertools.repeat(1_000_000_000).__next__

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        """Acquire `lock`, however long that takes."""
        del deadline_ns
        return lock.acquire()


class MarkingSource(Source):
    """Marks where the frames begin that are counted; begins when the others have been started."""

    begin = threading.Event()

    def setup(self, ctx: RuntimeContext) -> None:
        super().setup(ctx)
        self.begin.clear()
        self._marked = self.config.frames - WARM

    def process(self, ctx: ProcessContext) -> None:
        if self._left == self.config.frames:
            self.begin.wait()
        if self._left == self._marked:
            mark("")
        super().process(ctx)


class MarkingSink(Processor):
    """Marks where the last frame has arrived."""

    class Config(ProcessorConfig):
        frames: int
        piece: str

    config: Config
    frame_in = LinkInput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self._left = self.config.frames

    def process(self, ctx: ProcessContext) -> None:
        if self.frame_in.read() is not None:
            self._left -= 1
            if not self._left:
                mark(self.config.piece)


def bare_steps() -> None:
    """What the rest is told in: `process`, `read` and `write` of objects in a bare loop."""
    slots = [plain_loop.Slot() for _ in range(51)]
    calls = [plain_loop.Pass(before, after).process for before, after in itertools.pairwise(slots)]
    context = object()
    mark("")
    for _ in range(FRAMES["bare"]):
        slots[0].write(context)
        for call in calls:
            call(context)
        slots[-1].read()
    mark("bare step")


def chain(piece: str, hops: int, frames: int, scheduler: Inline | None) -> None:
    """Frames through so many hops."""
    runtime = StreamRuntime(clock=StillClock(), scheduler=scheduler, workers=1, stall_after=None)
    with runtime.edit() as edit:
        last: ProcessorHandle = edit.add_processor(MarkingSource, frames=frames)
        for _ in range(hops):
            added = edit.add_processor(Pass)
            edit.connect(last, added, capacity=100)
            last = added
        edit.connect(last, edit.add_processor(MarkingSink, frames=frames, piece=piece), capacity=100)
    with runtime:
        runtime.start()
        sys.setswitchinterval(PATIENCE_S)
        MarkingSource.begin.set()
        assert runtime.wait(timeout=PATIENCE_S)


def edits() -> None:
    """One processor comes and goes again in a running graph, `EDITS` times."""
    runtime = StreamRuntime(clock=StillClock(), scheduler=Inline(), workers=1, stall_after=None)
    with runtime:
        source = runtime.add_processor(streamlib_edit.Source)
        runtime.start()
        sys.setswitchinterval(PATIENCE_S)
        for number in range(-2, EDITS):
            if not number:
                mark("")
            with runtime.edit() as edit:
                one_more = edit.add_processor(Pass)
                edit.connect(source, one_more)
            runtime.remove(one_more)
        mark("edits")


def main() -> None:
    """Go through all pieces, and name what lies between the marks."""
    gc.disable()
    bare_steps()
    chain("", 1, WARM + 1, Inline())  # what is done once in a process is not to count
    for kind, scheduler in (("inlined", Inline()), ("thread", None)):
        for hops in (2, 10):
            chain(f"{kind} {hops}", hops, WARM + FRAMES[kind], scheduler)
    edits()
    print(json.dumps(_marks))


if __name__ == "__main__":
    main()
