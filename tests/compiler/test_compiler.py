from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from typing import Any

import pytest

from streamlib.compiler import teardown
from streamlib.compiler.delta import GraphDelta
from streamlib.errors import CommitError, DeadlineError
from streamlib.graph import ProcessorNode
from streamlib.ids import ProcessorId
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.ports import LinkInput
from streamlib.processors.processor import Processor
from tests.compiler.conftest import Open
from tests.compiler.yard import Yard
from tests.scenarios.stage import SECONDS, Collect, Faulty, Numbers, Pass, Record, Stuck


class Camera(Processor):
    """Holds the only camera; its setup raises as often as `refusals` has something left to say."""

    class Config(ProcessorConfig):
        record: Any
        refusals: Any = None

    into = LinkInput(object)

    @classmethod
    def exclusive(cls, config: Any) -> Collection[str]:
        return ("camera",)

    def setup(self, ctx: RuntimeContext) -> None:
        if self.config.refusals:
            raise OSError(self.config.refusals.pop())
        self.config.record.called(f"{ctx.processor_id} setup")

    def process(self, ctx: ProcessContext) -> None:
        """Keep nothing."""
        self.into.read()


def test_nothing_to_do_is_nothing_done(yard: Yard) -> None:
    before = threading.active_count()
    yard.compiler.compile(GraphDelta(), lambda: pytest.fail("there is nothing to undo"), drain_s=None)
    assert threading.active_count() == before


@pytest.mark.promise("compiler.attaches")
def test_compiling_attaches_and_stopping_removes(yard: Yard) -> None:
    record = Record()
    yard.add(Numbers, "source")
    yard.add(Pass, "filter", inlined=True)
    yard.add(Collect, "sink", record=record)
    first, second = yard.chain("source", "filter", "sink")
    assert yard.attached() == []
    yard.commit()
    shared = ["ProcessorInstance", "ProcessorMetrics", "SchedulingStrategy"]
    channels = ["ShutdownChannel", "ProcessFunctionInvokeChannel"]
    assert yard.attached() == [
        *(f"source: {kind}" for kind in [*shared, "ThreadHandle", *channels]),
        *(f"filter: {kind}" for kind in [*shared, *channels, "ReactiveMarker", "LightweightMarker"]),
        *(f"sink: {kind}" for kind in [*shared, "ThreadHandle", *channels, "ReactiveMarker"]),
        f"{first}: WiredChannel",
        f"{second}: WiredChannel",
    ]
    record.wait_for(10)
    yard.compiler.stop_all(drain_s=SECONDS)
    assert yard.attached() == []
    assert record.is_gapless()


def test_what_was_attached_is_gone_when_the_graph_takes_the_change_back(yard: Yard) -> None:
    seen: list[list[str]] = []
    yard.add(Pass, "a")
    yard.add(Faulty, "b", where="setup", record=Record())
    yard.chain("a", "b")
    with pytest.raises(CommitError, match="setup of b"):
        yard.compiler.compile(yard.delta(), lambda: seen.append(yard.attached()), drain_s=None)
    assert seen == [[]]


def test_a_failed_commit_leaves_no_common_loop_behind(yard: Yard) -> None:
    yard.add(Faulty, "a", inlined=True, where="setup", record=Record())
    with pytest.raises(CommitError, match="setup of a"):
        yard.commit()
    assert not [thread for thread in threading.enumerate() if thread.name == "streamlib:lightweight"]


def test_one_commit_after_a_failed_one_goes_through(yard: Yard) -> None:
    yard.add(Faulty, "a", where="setup", record=Record())
    with pytest.raises(CommitError):
        yard.commit()
    yard.add(Pass, "a")
    yard.commit()
    assert type(yard.instance("a").processor) is Pass


# ------------------------------------------------------------------------------------------------ those who made way


@pytest.mark.promise("edit.exclusive-back")
def test_who_made_way_for_one_that_fails_runs_again_with_its_links(yard: Yard) -> None:
    record = Record()
    yard.add(Pass, "feeder")
    yard.add(Camera, "old", record=record)
    (link,) = yard.chain("feeder", "old")
    yard.commit()
    before = yard.channel(link), yard.instance("old")
    yard.remove("old")
    yard.add(Camera, "new", record=record, refusals=["it is dark"])
    with pytest.raises(CommitError, match="setup of new failed: it is dark") as failed:
        yard.commit()
    assert failed.value.__notes__ == ["old had been stopped to make way and runs again"]
    assert record.calls == ["old setup", "old setup"]
    assert yard.graph.processor_ids() == ["feeder", "old"]
    assert before != (yard.channel(link), yard.instance("old"))
    assert yard.instance("old").inputs == {"into": [yard.channel(link)]}
    assert yard.instance("feeder").outgoing() == [yard.channel(link)]


def test_who_made_way_and_cannot_come_back_is_told_with_the_reason(
    yard: Yard, caplog: pytest.LogCaptureFixture
) -> None:
    refusals: list[str] = []
    yard.add(Camera, "old", record=Record(), refusals=refusals)
    yard.commit()
    refusals.append("the cable is out")
    yard.remove("old")
    yard.add(Camera, "new", record=Record(), refusals=["it is dark"])
    with pytest.raises(CommitError, match="it is dark") as failed:
        yard.commit()
    (note,) = failed.value.__notes__
    assert note.startswith("old had been stopped to make way and could not be started again: setup of old failed")
    assert "the cable is out" in note
    assert yard.graph.processor_ids() == ["old"]
    assert yard.attached() == []
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


# ---------------------------------------------------------------------------------------------------------- the stop


@pytest.mark.promise("lifecycle.deadlines", "graph.nothing-lingers")
def test_a_stop_takes_everything_away_and_names_who_was_late(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(teardown, "LAST_WORDS_S", 0.01)
    record, release = Record(), threading.Event()
    yard.add(Numbers, "source")
    yard.add(Stuck, "stuck", record=record, release=release)
    yard.add(Pass, "beside", inlined=True)
    yard.chain("source", "stuck")
    yard.commit()
    record.wait_for_call("stuck")
    yard.remove("source")
    yard.commit()
    with pytest.raises(DeadlineError) as late:
        yard.compiler.stop_all(drain_s=0.01)
    assert late.value.waiting_for == ("stuck",)
    assert yard.attached() == []
    assert not [thread for thread in threading.enumerate() if thread.name == "streamlib:lightweight"]
    release.set()
    record.wait_for_call("teardown")
    assert record.count("teardown") == 1


def test_a_veto_does_not_hold_up_a_stop(opens: Open) -> None:
    class Objects:
        def will_stop(self, processor_id: ProcessorId) -> None:
            raise PermissionError(processor_id)

    yard = opens(delegate=Objects())
    record = Record()
    yard.add(Collect, "a", record=record)
    yard.commit()
    yard.compiler.stop_all(drain_s=SECONDS)
    assert record.calls == ["setup", "flush", "teardown"]


def test_a_plan_that_is_refused_is_taken_back_before_anything_is_made(opens: Open) -> None:
    made: list[str] = []

    class Factory:
        def create(self, node: ProcessorNode) -> Processor:
            made.append(node.id)
            found: Processor = node.declaration.processor.from_config(node.config)
            return found

    yard = opens(factory=Factory())
    yard.add(Camera, "a", record=Record())
    yard.commit()
    yard.add(Camera, "b", record=Record())
    undone: list[str] = []
    with pytest.raises(RuntimeError, match="b needs camera"):
        yard.compiler.compile(yard.delta(), lambda: undone.append("undone"), drain_s=SECONDS)
    assert (made, undone) == (["a"], ["undone"])
