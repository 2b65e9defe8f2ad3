from __future__ import annotations

import itertools
import threading
from typing import Any

from streamlib import DataFrame, LinkInput, ProcessContext, Processor, ProcessorConfig, StreamRuntime
from streamlib.execution.instance import ProcessorInstance
from streamlib.observability import gathering
from streamlib.observability.gathering import Gathering
from streamlib.states import GraphState, ProcessorState
from streamlib.testing import ManualClock
from tests.scenarios.stage import SECONDS, Collect, Hand, Lightweight, Pass, Record, Stuck

S = 1_000_000_000


class Stage:
    """A source that the test steps, filters and a sink, by a clock that the test moves."""

    def __init__(self, filters: int = 1, **choices: Any) -> None:
        self.clock = ManualClock()
        self.runtime = StreamRuntime(clock=self.clock, **choices)
        self.record = Record()
        self.hand = self.runtime.add_processor(Hand)
        self.filters = [self.runtime.add_processor(Pass) for _ in range(filters)]
        self.sink = self.runtime.add_processor(Collect, record=self.record)
        row = [self.hand, *self.filters, self.sink]
        self.links = [self.runtime.connect(a, b) for a, b in itertools.pairwise(row)]

    @property
    def gathering(self) -> Gathering:
        explain: Any = self.runtime.inspector._explain
        found = explain.__self__._gathering
        assert isinstance(found, Gathering)
        return found


def test_of_a_graph_that_does_not_run_there_is_whether_it_has() -> None:
    stage = Stage()
    assert (stage.gathering.scene().state, stage.gathering.scene().has_run) == (GraphState.IDLE, False)
    with stage.runtime:
        stage.runtime.start()
        assert stage.gathering.scene().state is GraphState.RUNNING
    assert stage.gathering.scene().has_run


def test_those_who_flow_are_left_out_and_who_stands_still_is_there_with_who_waits_for_it() -> None:
    stage = Stage(filters=3)
    with stage.runtime:
        stage.runtime.start()
        stage.runtime.step(stage.hand)
        stage.record.wait_until(lambda: bool(stage.record.numbers))
        assert set(stage.gathering.scene().processors) <= {"hand_0"}
        stage.clock.advance(5 * S)
        stage.runtime.pause(stage.filters[1])
        scene = stage.gathering.scene()
        assert scene.processors[stage.filters[1].id].state is ProcessorState.PAUSED
        assert set(scene.processors) >= {stage.filters[1].id, stage.filters[2].id, stage.sink.id}
        assert scene.processors[stage.filters[1].id].since_ns == stage.clock.now_ns()
        stage.runtime.resume(stage.filters[1])


def test_a_call_is_the_one_of_who_bears_the_id_now() -> None:
    record, release = Record(), threading.Event()
    stage = Stage()
    stuck = stage.runtime.add_processor(Stuck, record=record, release=release)
    stage.runtime.connect(stage.hand, stuck)
    other = StreamRuntime()
    with stage.runtime, other:
        other.add_processor(Stuck, record=record, release=release, id=stuck.id)
        other.start()
        stage.runtime.start()
        threading.Thread(target=stage.runtime.step, args=(stage.hand,)).start()
        record.wait_for_call("stuck")
        facts = stage.gathering.scene().processors[stuck.id]
        assert facts.call is not None
        assert facts.call.method == "process"
        explain: Any = other.inspector._explain
        assert explain.__self__._gathering.scene().processors[stuck.id].call is None
        release.set()


def test_of_very_many_who_wait_some_are_looked_at_and_the_others_counted(monkeypatch: Any) -> None:
    monkeypatch.setattr(gathering, "MOST_NOTED", 10)
    stage = Stage(filters=50, scheduler=Lightweight())
    with stage.runtime:
        stage.runtime.start()
        stage.runtime.step(stage.hand)
        stage.record.wait_for(0)
        stage.runtime.pause(stage.filters[0])
        scene = stage.gathering.scene()
        assert len(scene.processors) < 20
        assert len(scene.processors) + scene.beyond >= 51
        last = stage.gathering.scene(stage.sink.id)
        assert stage.sink.id in last.processors
        stage.runtime.resume(stage.filters[0])


class NotYet(Processor):
    """Is set up when the test lets it."""

    class Config(ProcessorConfig):
        record: Any
        release: Any

    into = LinkInput(DataFrame)

    def setup(self, ctx: Any) -> None:
        self.config.record.called("setup")
        assert self.config.release.wait(SECONDS)

    def process(self, ctx: ProcessContext) -> None:
        self.into.read()


def test_who_is_being_set_up_is_told_of_with_the_line() -> None:
    stage, record, release = Stage(), Record(), threading.Event()
    with stage.runtime:
        stage.runtime.start()
        adds = threading.Thread(
            target=lambda: stage.runtime.add_processor(NotYet, record=record, release=release, id="late")
        )
        adds.start()
        record.wait_for_call("setup")
        found = stage.runtime.inspector.explain("late")
        release.set()
        adds.join()
        assert found.findings[0].sentence.startswith("late is inside setup() at test_gathering.py:")
        assert stage.runtime.graph.get("late", ProcessorInstance) is not None


def test_it_is_known_since_when_the_graph_runs() -> None:
    stage = Stage()
    with stage.runtime:
        began_ns = stage.clock.now_ns()
        stage.runtime.start()
        stage.clock.advance(3 * S)
        assert stage.gathering.scene().started_ns == began_ns
