from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.compiler.delta import GraphDelta
from streamlib.compiler.plan import make_plan
from streamlib.errors import ResourceBusyError, StrategyError
from streamlib.graph import ProcessorNode
from streamlib.ids import ProcessorId
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext
from streamlib.processors.ports import LinkInput
from streamlib.processors.processor import Processor
from streamlib.states import ProcessorState
from tests.compiler.conftest import Open
from tests.compiler.yard import Yard
from tests.scenarios.stage import SECONDS, Both, Numbers, Pass


class Owner(Processor):
    """Holds what its config names, each for itself alone; one of them it lets go of and takes live."""

    class Config(ProcessorConfig):
        what: tuple[str, ...] = ()
        live: Live[str] = ""

    into = LinkInput(object)

    @classmethod
    def exclusive(cls, config: Any) -> Collection[str]:
        return [*config.what, *filter(None, [config.live])]

    def process(self, ctx: ProcessContext) -> None:
        """Nothing comes."""


class Brief(Owner):
    """Ends at once."""

    def process(self, ctx: ProcessContext) -> None:
        ctx.end()


@given(st.permutations("abcdef"), st.permutations("abcdef"))
def test_processors_are_created_behind_those_that_feed_them(added: Sequence[str], chain: Sequence[str]) -> None:
    yard = Yard()
    for id_ in added:
        yard.add(Both, id_)
    for source, target in itertools.pairwise(chain):
        yard.join(source, target, "left")
    yard.join(chain[0], chain[4], "right")
    plan = make_plan(yard.site, yard.delta())
    assert [node.id for node in plan.create] == list(chain)


def test_what_the_delta_says_of_the_rest_is_in_the_plan_as_it_is(yard: Yard) -> None:
    for id_ in "abc":
        yard.add(Pass, id_)
    yard.chain("a", "b", "c")
    yard.commit()
    cut = yard.graph.entity(ProcessorId("c"))
    yard.remove("c")
    yard.configure("a", gain=1)
    yard.add(Pass, "d")
    joined = yard.join("b", "d")
    delta = yard.delta("b")
    plan = make_plan(yard.site, delta)
    assert (plan.remove, plan.join, plan.cut) == ((cut,), (joined,), delta.links_removed)
    assert [change.id for change in plan.configure] == ["a"]
    assert [node.id for node in plan.restart] == ["b"]
    assert plan.first == frozenset()
    yard.compiler.compile(delta, yard.undo, drain_s=SECONDS)


@pytest.mark.promise("execution.matrix")
def test_a_strategy_that_the_mode_forbids_is_refused_with_those_it_allows_before_anything_is_made(opens: Open) -> None:
    made: list[str] = []

    class Factory:
        def create(self, node: ProcessorNode) -> Processor:
            made.append(node.id)
            raise AssertionError(node.id)

    yard = opens(factory=Factory())
    yard.add(Pass, "filter")
    yard.add(Numbers, "source", inlined=True)
    with pytest.raises(StrategyError, match="source is continuous .* lightweight; .* may choose dedicated_thread"):
        yard.commit()
    assert made == []
    assert yard.graph.processor_ids() == []


# --------------------------------------------------------------------------------------------------- what is exclusive


def test_two_who_come_for_the_same_thing_are_refused(yard: Yard) -> None:
    yard.add(Owner, "a", what=("microphone", "camera"))
    yard.add(Owner, "b", what=("camera",))
    with pytest.raises(ResourceBusyError, match="b needs camera, which a holds; remove a"):
        make_plan(yard.site, yard.delta())


def test_one_who_comes_for_what_another_keeps_is_refused(yard: Yard) -> None:
    yard.add(Owner, "a", what=("camera",))
    yard.commit()
    yard.add(Owner, "b", what=("camera",))
    with pytest.raises(ResourceBusyError) as refused:
        yard.commit()
    assert (refused.value.resource, refused.value.processor_id, refused.value.holder) == ("camera", "b", "a")
    assert yard.graph.processor_ids() == ["a"]


def test_who_hands_over_stops_first_and_who_only_goes_does_not(yard: Yard) -> None:
    for id_, what in (("a", "camera"), ("b", "microphone"), ("c", "screen")):
        yard.add(Owner, id_, what=(what,))
    yard.commit()
    gone = yard.instance("a"), yard.instance("b")
    yard.remove("a")
    yard.remove("b")
    yard.add(Owner, "d", what=("camera",))
    delta = yard.delta()
    plan = make_plan(yard.site, delta)
    assert plan.first == {gone[0]}
    yard.compiler.compile(delta, yard.undo, drain_s=SECONDS)


def test_one_who_is_restarted_hands_over_to_itself(yard: Yard) -> None:
    yard.add(Owner, "a", what=("camera",))
    yard.add(Owner, "b", what=("microphone",))
    yard.commit()
    yard.configure("b", what=("screen",))
    delta = yard.delta("a")
    assert make_plan(yard.site, delta).first == {yard.instance("a")}
    yard.compiler.compile(delta, yard.undo, drain_s=SECONDS)


def test_one_who_is_over_holds_nothing(yard: Yard) -> None:
    yard.add(Brief, "a", what=("camera",))
    yard.commit()
    over = yard.instance("a")
    over.wake()
    assert yard.reports.wait_until(lambda: over.over, SECONDS)
    yard.add(Owner, "b", what=("camera",))
    delta = yard.delta("a")
    with pytest.raises(ResourceBusyError, match="b needs camera|a needs camera"):
        make_plan(yard.site, delta)  # it would come back for it
    assert make_plan(yard.site, GraphDelta(added=(ProcessorId("b"),))).first == frozenset()
    yard.undo()


def test_one_who_names_a_thing_twice_is_not_in_its_own_way(yard: Yard) -> None:
    yard.add(Owner, "a", what=("camera", "camera"))
    yard.commit()
    before = yard.instance("a")
    yard.commit("a")
    assert yard.instance("a") is not before
    assert yard.instance("a").state is ProcessorState.RUNNING


def test_a_live_change_is_refused_what_another_holds(yard: Yard) -> None:
    yard.add(Owner, "a", what=("camera",))
    yard.add(Owner, "b", live="microphone")
    yard.commit()
    yard.configure("b", live="camera")
    with pytest.raises(ResourceBusyError, match="b needs camera, which a holds"):
        yard.commit()
    assert yard.instance("b").processor.config.live == "microphone"
    yard.configure("b", live="screen")
    yard.commit()
    assert yard.instance("b").processor.config.live == "screen"
