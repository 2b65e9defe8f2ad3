from __future__ import annotations

from collections.abc import Callable

import pytest

from streamlib import DataFrame, LinkInput, ProcessContext
from streamlib.events.event import Event
from streamlib.graph import Link, ProcessorNode, PropertyGraph
from streamlib.ids import LinkId, PortRef, ProcessorId, link_id
from streamlib.processors.processor import Processor
from streamlib.runtime.operations import (
    AddLink,
    AddProcessor,
    Applied,
    Attach,
    Configure,
    Operation,
    OrderLinks,
    RemoveLink,
    RemoveProcessor,
    ReplaceProcessors,
    Restart,
    changes,
    links_at,
    told,
)
from tests.scenarios.stage import Numbers, Pass


class Note:
    """A component."""


class Many(Processor):
    """Takes any number of links."""

    into = LinkInput(DataFrame, many=True)

    def process(self, ctx: ProcessContext) -> None:
        self.into.read()


def node(id_: str, type_: type[Processor]) -> ProcessorNode:
    return ProcessorNode(ProcessorId(id_), type_.__name__, type_.Config(), type_.declaration)


def link(source: str, target: str) -> Link:
    output, input_ = PortRef(ProcessorId(source), "out"), PortRef(ProcessorId(target), "into")
    return Link(link_id(output, input_), output, input_)


FIRST = link("a", "b")
STEPS: dict[str, Callable[[], Operation]] = {
    "add": lambda: AddProcessor(node("new", Pass)),
    "join": lambda: AddLink(link("b", "c")),
    "cut": lambda: RemoveLink(FIRST.id),
    "remove": lambda: RemoveProcessor(ProcessorId("b")),
    "configure": lambda: Configure(ProcessorId("a"), Numbers.Config(first=7), Numbers.Config()),
    "attach": lambda: Attach(ProcessorId("a"), Note()),
    "restart": lambda: Restart(ProcessorId("a")),
}


@pytest.fixture
def graph() -> PropertyGraph:
    made = PropertyGraph()
    for one in (node("a", Numbers), node("b", Pass), node("c", Pass)):
        made.add_processor(one)
    made.add_link(FIRST)
    return made


def seen(graph: PropertyGraph) -> object:
    """What can be seen of a graph: processors with config and components, and links."""
    configs = {id_: graph.node(id_).config for id_ in graph.processor_ids()}
    noted = {id_: graph.has(id_, Note) for id_ in graph.processor_ids()}
    return set(graph.processor_ids()), configs, noted, set(graph.link_ids())


@pytest.mark.parametrize("step", STEPS)
def test_what_was_applied_is_taken_back_whole(graph: PropertyGraph, step: str) -> None:
    before, told = seen(graph), list[Event]()
    applied = Applied(told.append)
    STEPS[step]().apply(graph, applied)
    assert (seen(graph) == before) is (step == "restart")
    for inverse in reversed(applied.undo):
        inverse()
    assert seen(graph) == before


def test_what_came_one_after_the_other_goes_again_as_one_the_last_first(graph: PropertyGraph) -> None:
    before, applied = seen(graph), Applied()
    new = link("c", "d")
    AddProcessor(node("d", Pass)).apply(graph, applied)
    AddLink(new).apply(graph, applied)
    RemoveLink(FIRST.id).apply(graph, applied)
    AddProcessor(node("e", Pass)).apply(graph, applied)
    back = applied.way_back()
    assert [*told(back)] == ["remove e", f"connect {FIRST.id}", f"disconnect {new.id}", "remove d"]
    assert len(back) == 3, "a record for each would be kept as long as the edit can be undone"
    assert changes([*back, ReplaceProcessors((node("a", Pass), node("b", Pass)))]) == 6
    again = Applied()
    for operation in back:
        operation.apply(graph, again)
    assert seen(graph) == before
    for operation in again.way_back():
        operation.apply(graph, Applied())
    assert (graph.processor_ids(), graph.link_ids()) == (["a", "b", "c", "d", "e"], [new.id])


def test_a_processor_goes_with_its_links_and_both_are_told_before_and_after(graph: PropertyGraph) -> None:
    will: list[Event] = []
    applied = Applied(will.append)
    RemoveProcessor(ProcessorId("b")).apply(graph, applied)
    assert graph.link_ids() == list[LinkId]()
    assert [type(event).__name__ for event in will] == ["GraphWillRemoveProcessor", "GraphWillRemoveLink"]
    assert [type(event).__name__ for event in applied.did] == ["GraphDidRemoveLink", "GraphDidRemoveProcessor"]
    assert (len(applied.removed_processors), len(applied.removed_links)) == (1, 1)


def test_links_are_put_in_order_and_back_and_those_that_are_gone_by_then_do_not_matter() -> None:
    graph, applied = PropertyGraph(), Applied()
    graph.add_processor(node("m", Many))
    target = PortRef(ProcessorId("m"), "into")
    for name in "abc":
        graph.add_processor(node(name, Numbers))
        graph.add_link(link(name, "m"))
    before = graph.link_ids()
    a, b, c = before
    OrderLinks(target, (c, LinkId("gone.out->m.into"), a)).apply(graph, applied)
    assert links_at(graph, target) == graph.link_ids() == [c, a, b]
    assert applied.moved == [c]
    RemoveLink(a).apply(graph, applied)
    assert links_at(graph, target) == [c, b]
    for operation in applied.way_back():
        operation.apply(graph, Applied())
    assert graph.link_ids() == before
