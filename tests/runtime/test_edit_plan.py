from __future__ import annotations

import threading

import pytest

from streamlib import DataFrame, LinkInput, LinkOutput, ProcessContext, Processor, ProcessorConfig, StreamRuntime
from streamlib.compiler.steps import PlanAction
from streamlib.errors import CycleError, DuplicateIdError, ReplaceError, StateError, StrategyError
from streamlib.execution.strategy import SchedulingStrategy
from streamlib.processors.config import Live
from tests.scenarios.stage import SECONDS, Collect, Hand, Numbers, Pass, Record


class Knob(Processor):
    """Has a field of each kind."""

    class Config(ProcessorConfig):
        gain: Live[int] = 0
        mode: int = 0

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.out.write(frame)


def line(runtime: StreamRuntime) -> None:
    runtime.add_processor(Numbers, id="source")
    runtime.add_processor(Knob, id="knob")
    runtime.add_processor(Collect, id="sink", record=Record())
    runtime.connect(runtime.processor("source"), runtime.processor("knob"))
    runtime.connect(runtime.processor("knob"), runtime.processor("sink"))


@pytest.mark.promise("edit.plan")
def test_a_plan_tells_every_step_in_its_order_and_nothing_has_happened() -> None:
    with StreamRuntime() as runtime:
        line(runtime)
        runtime.start()
        heard: list[object] = []
        runtime.events.subscribe("*", heard.append)
        before = runtime.graph.processors(), runtime.graph.links(), runtime.history
        edit = runtime.edit()
        new = edit.add_processor(Pass, id="new")
        edit.disconnect("knob.out->sink.into")
        edit.connect(runtime.processor("knob"), new)
        edit.connect(new, runtime.processor("sink"))
        edit.update_config("source", count=-1, first=5)
        plan = edit.plan()
        assert [(step.action, step.subject) for step in plan.steps] == [
            ("create", "new"),
            ("create", "source"),
            ("wire", "knob.out->new.into"),
            ("wire", "new.out->sink.into"),
            ("set up", "new"),
            ("set up", "source"),
            ("restart", "source"),
            ("cut", "knob.out->sink.into"),
            ("start", "new"),
        ]
        assert plan.of(PlanAction.START) == ("new",)
        assert not plan.errors
        assert (runtime.graph.processors(), runtime.graph.links(), runtime.history) == before
        assert not [event for event in heard if "Graph" in type(event).__name__ or "Compile" in type(event).__name__]
        runtime.commit_edit(edit)
        assert runtime.graph.successors(new.id) == ["sink"]


@pytest.mark.promise("edit.plan")
def test_a_plan_reads_as_text() -> None:
    with StreamRuntime() as runtime:
        line(runtime)
        runtime.start()
        edit = runtime.edit()
        edit.update_config("knob", gain=3)
        edit.remove("sink")
        assert str(edit.plan()).splitlines() == [
            "configure knob: gain 0 -> 3",
            "remove sink",
            "in 4 steps:",
            "  1. update live knob (gain 0 -> 3)",
            "  2. cut knob.out->sink.into",
            "  3. drain sink",
            "  4. remove sink",
        ]
        assert str(runtime.edit().plan()) == "nothing changes"
        assert not runtime.edit().plan()


def test_a_plan_of_an_idle_runtime_has_no_steps() -> None:
    runtime = StreamRuntime()
    edit = runtime.edit()
    edit.add_processor(Pass, id="new")
    plan = edit.plan()
    assert (plan.changes, plan.steps, plan.errors) == (("add new (Pass)",), (), ())
    assert runtime.graph.processor_ids() == []


@pytest.mark.promise("edit.plan")
def test_a_plan_has_all_errors_and_a_commit_the_first() -> None:
    class Choice:
        def scheduling_strategy(self, node: object) -> SchedulingStrategy:
            return SchedulingStrategy.dedicated_thread() if wise else SchedulingStrategy.lightweight()

    wise = True
    with StreamRuntime(scheduler=Choice()) as runtime:
        line(runtime)
        runtime.start()
        wise = False
        edit = runtime.edit()
        edit.add_processor(Pass, id="knob")
        edit.add_processor(Numbers, id="another")
        edit.replace("knob", Numbers)
        other = edit.add_processor(Pass, id="other")
        edit.connect(other, other)
        errors = edit.plan().errors
        assert [type(error) for error in errors] == [DuplicateIdError, ReplaceError, CycleError, StrategyError]
        assert "refused: " in str(edit.plan())
        with pytest.raises(DuplicateIdError):
            runtime.commit_edit(edit)


@pytest.mark.promise("edit.plan")
def test_what_is_collected_can_be_planned() -> None:
    runtime = StreamRuntime(commit_mode="manual")
    assert not runtime.plan()
    runtime.add_processor(Pass, id="new")
    assert runtime.plan().changes == ("add new (Pass)",)
    runtime.commit()
    assert not runtime.plan()


def test_a_plan_inside_a_processor_or_a_commit_is_refused() -> None:
    raised: list[BaseException] = []
    asked = threading.Event()

    def ask(event: object) -> None:
        try:
            runtime.edit().plan()
        except StateError as error:
            raised.append(error)
        asked.set()

    class Asks(Hand):
        def process(self, ctx: ProcessContext) -> None:
            ask(ctx)

    with StreamRuntime() as runtime:
        asks = runtime.add_processor(Asks)
        runtime.start()
        runtime.step(asks)
        runtime.events.subscribe("runtime:global", ask)
        runtime.add_processor(Pass)
        assert asked.wait(SECONDS)
    assert len(raised) >= 2
