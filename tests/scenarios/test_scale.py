"""Processors by the ten thousand, lightweight and on the pool: built, started, run, read, edited, stopped."""

from __future__ import annotations

import gc
from typing import Any

import pytest

from streamlib import DataFrame, LinkInput, ProcessContext, Processor, ProcessorConfig, StreamRuntime
from streamlib.runtime.handles import ProcessorHandle
from streamlib.testing import ListSource
from tests.scenarios.conftest import lingering
from tests.scenarios.stage import Hand, Lightweight, Pass, Pooled, Record

pytestmark = pytest.mark.timeout(300)  # long under coverage beside another worker

MANY = 10_000
"""50,000 are no different, and take five times as long; the benchmarks measure them."""
DEPTH = 50
PATIENCE_S = 60.0
SCHEDULERS: dict[str, Any] = {"lightweight": Lightweight, "pool": Pooled}


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

    def __init__(self, scheduler: Any, processors: int) -> None:
        self.record = Arrivals()
        self.chains = processors // DEPTH
        self.runtime = StreamRuntime(scheduler=scheduler)
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


def play(kind: str, processors: int) -> None:
    """One round, from nothing to nothing."""
    grid = Grid(SCHEDULERS[kind](), processors)
    runtime = grid.runtime
    assert len(runtime.processors()) == processors + 1
    runtime.start()
    grid.pass_frames(3)
    assert grid.calls() == 3 * (processors + 1)
    grid.lose_and_gain(min(100, grid.chains))
    grid.pass_frames(2)
    assert sorted(grid.record.numbers) == sorted([*range(5)] * grid.chains)
    runtime.stop()
    assert lingering(runtime.graph) == []


@pytest.mark.parametrize("kind", sorted(SCHEDULERS))
def test_ten_thousand_processors_start_pass_frames_are_edited_and_stop(kind: str) -> None:
    play(kind, MANY)


@pytest.mark.parametrize("kind", sorted(SCHEDULERS))
def test_nothing_grows_from_round_to_round(kind: str) -> None:
    objects: list[int] = []
    for _ in range(4):
        play(kind, 1_000)
        gc.collect()
        objects.append(len(gc.get_objects()))
    assert abs(objects[3] - objects[1]) < 200, "less than one for each processor of a round"


def test_one_chain_of_three_thousand_passes_frames_on_the_pool() -> None:
    record = Arrivals()
    runtime = StreamRuntime(scheduler=Pooled())
    with runtime.edit() as edit:
        before = edit.add_processor(ListSource, items=tuple(DataFrame({"n": n}) for n in range(20))).output("output")
        for _ in range(3_000):
            stage = edit.add_processor(Pass)
            edit.connect(before, stage.input("into"))
            before = stage.output("out")
        edit.connect(before, edit.add_processor(End, record=record).input("into"))
    runtime.start()
    assert runtime.wait(PATIENCE_S)
    assert record.numbers == list(range(20))
    runtime.stop()
