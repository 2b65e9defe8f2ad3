"""Rounds of many processors in a process of its own: `python -m tests.scenarios.scale_program KIND PROCESSORS ROUNDS`.

A round goes from nothing to nothing: a graph is built and started, passes frames, has its counters read, loses and
gains a hundred processors, idles, and stops. What is left of it in the process is measured after each, and the last
line of output is the list of that. Whatever goes wrong raises.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tcod.ecs import Entity

from streamlib import DataFrame, LinkInput, ProcessContext, Processor, ProcessorConfig, StreamRuntime
from streamlib.clock import Lookout, MonotonicClock
from streamlib.graph.components import RUNNING_COMPONENTS
from streamlib.runtime.handles import ProcessorHandle
from tests.scenarios.stage import Hand, Lightweight, Pass, Pooled, Record

DEPTH = 50
CHANGED = 100
"""How many processors an edit takes away, and another adds."""
PATIENCE_S = 200.0
"""How long anything may take before it fails; beside many other programs it takes long."""
SCHEDULERS: dict[str, Any] = {"lightweight": Lightweight, "pool": Pooled}


class WatchedClock(MonotonicClock):
    """The real clock, which knows who sleeps on it and until when. All who sleep in a runtime do so on its clock."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()
        self._asleep: dict[int, tuple[threading.Lock, int | None]] = {}

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        with self._changed:
            self._asleep[threading.get_ident()] = lock, deadline_ns
            self._changed.notify_all()
        try:
            return super().wait(lock, deadline_ns)
        finally:
            with self._changed:
                del self._asleep[threading.get_ident()]

    def wait_until_asleep(self, threads: int) -> list[int | None]:
        """Wait until so many sleep and nobody has woken them; when they will wake by themselves."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._deadlines()) == threads, PATIENCE_S), self._asleep
            return self._deadlines()

    def _deadlines(self) -> list[int | None]:
        asleep = [deadline_ns for lock, deadline_ns in self._asleep.values() if lock.locked()]
        return [deadline_ns for deadline_ns in asleep if not isinstance(deadline_ns, Lookout)]


class Arrivals(Record):
    """Counts frames; many come at once, so it looks at the number alone."""

    def wait_for_all(self, count: int) -> None:
        with self._changed:
            self._awaited = lambda: len(self.numbers) >= count
            assert self._changed.wait_for(self._awaited, PATIENCE_S), len(self.numbers)
            self._awaited = None


class End(Processor):
    """Says of each frame that it has come."""

    class Config(ProcessorConfig):
        record: Any

    into = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.config.record.add(frame.data["n"])


class Grid:
    """A manual source, and behind it chains of `DEPTH` processors, the last of each an end."""

    def __init__(self, kind: str, processors: int) -> None:
        self.record = Arrivals()
        self.chains = processors // DEPTH
        self.clock = WatchedClock()
        self.runtime = StreamRuntime(scheduler=SCHEDULERS[kind](), clock=self.clock, workers=2)
        self.arrived = 0
        with self.runtime.edit() as edit:
            self.hand = edit.add_processor(Hand)
            self.tails: list[ProcessorHandle] = []
            for _ in range(self.chains):
                before = self.hand
                for _ in range(DEPTH - 1):
                    stage = edit.add_processor(Pass)
                    edit.connect(before.output("out"), stage.input("into"))
                    before = stage
                self.tails.append(before)
                edit.connect(before.output("out"), edit.add_processor(End, record=self.record).input("into"))

    def pass_frames(self, frames: int) -> None:
        """Send so many through all chains."""
        for _ in range(frames):
            assert self.runtime.step(self.hand, timeout=PATIENCE_S)
        self.arrived += frames * self.chains
        self.record.wait_for_all(self.arrived)

    def calls(self) -> int:
        """What the counters of all processors add up to."""
        counted = [handle.metrics for handle in self.runtime.processors()]
        return sum(metrics.calls for metrics in counted if metrics is not None)

    def lose_and_gain(self, ends: int) -> None:
        """Replace the ends of so many chains by new ones: one edit takes them away, the next adds others."""
        with self.runtime.edit() as edit:
            for link in [self.runtime.graph.links_from(tail.id)[0] for tail in self.tails[:ends]]:
                edit.remove(link.target.processor_id)
        with self.runtime.edit() as edit:
            for tail in self.tails[:ends]:
                end = edit.add_processor(End, record=self.record)
                edit.connect(tail.output("out"), end.input("into"))

    def is_idle(self) -> bool:
        """Whether nobody polls: all threads of the runtime sleep, and none of them will wake by itself."""
        ours = [thread for thread in threading.enumerate() if thread.name.startswith("streamlib:")]
        others = {"streamlib:collector", "streamlib:stalls"}  # one is nobody's in particular, one looks now and then
        sleepers = [thread for thread in ours if thread.name not in others]
        return self.clock.wait_until_asleep(len(sleepers)) == [None] * len(sleepers)

    def left_behind(self) -> list[str]:
        """What of running is still attached to anything in the graph."""
        return [kind.__name__ for kind in RUNNING_COMPONENTS if self.runtime.graph.query(kind)]


def play(kind: str, processors: int) -> None:
    """One round, from nothing to nothing."""
    grid = Grid(kind, processors)
    runtime = grid.runtime
    assert len(runtime.graph.processor_ids()) == processors + 1
    runtime.start()
    grid.pass_frames(3)
    assert grid.calls() == 3 * (processors + 1)
    grid.lose_and_gain(min(CHANGED, grid.chains))
    assert len(runtime.graph.processor_ids()) == processors + 1
    grid.pass_frames(2)
    assert sorted(grid.record.numbers) == sorted([*range(5)] * grid.chains)
    assert grid.is_idle()
    runtime.stop(timeout=PATIENCE_S)
    assert grid.left_behind() == []


def footprint() -> dict[str, int]:
    """What the process holds when nobody runs: exact counts, and the bytes that the system has given it."""
    gc.collect()
    objects = gc.get_objects()
    return {
        "threads": threading.active_count(),
        "files": len(os.listdir("/proc/self/fd")),
        "frozen": gc.get_freeze_count(),
        "entities": sum(isinstance(one, Entity) for one in objects),
        "objects": len(objects),
        "blocks": sys.getallocatedblocks(),
        "resident": int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE"),
    }


def rounds(kind: str, processors: int, count: int) -> Iterator[dict[str, int]]:
    """Play so many rounds, and measure what each leaves behind."""
    for _ in range(count):
        play(kind, processors)
        yield footprint()


if __name__ == "__main__":
    json.dump(list(rounds(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))), sys.stdout)
