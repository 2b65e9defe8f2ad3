from __future__ import annotations

from streamlib.compiler.plan import make_plan
from streamlib.compiler.steps import PlanAction, PlanStep, planned_steps
from tests.compiler.yard import Yard
from tests.scenarios.stage import Numbers, Pass


def test_a_step_reads_as_what_is_done_to_whom() -> None:
    assert str(PlanStep(PlanAction.SET_UP, "a")) == "set up a"
    assert str(PlanStep(PlanAction.CREATE, "a", "Pass")) == "create a (Pass)"


def test_the_steps_are_those_of_the_plan_that_is_carried_out() -> None:
    yard = Yard()
    yard.add(Numbers, "a")
    yard.add(Pass, "b", inlined=True)
    yard.join("a", "b")
    steps = planned_steps(yard.graph, make_plan(yard.site, yard.delta()))
    assert [str(step) for step in steps] == [
        "create a (Numbers on dedicated_thread)",
        "create b (Pass on lightweight)",
        "wire a.out->b.into",
        "set up a",
        "set up b",
        "start a",
        "start b",
    ]
