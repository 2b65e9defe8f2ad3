from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.clock import MonotonicClock
from streamlib.compiler.delta import GraphDelta, compute_delta
from streamlib.errors import ConnectError
from streamlib.execution.instance import ProcessorInstance
from streamlib.graph import Dirty, Entity, Link, ProcessorNode, PropertyGraph
from streamlib.graph.components import WiredChannel
from streamlib.ids import LinkId, PortRef, ProcessorId, link_id
from streamlib.links.channel import Channel
from streamlib.links.delivery import Delivery
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import MediaConfig, ProcessContext, RuntimeContext
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.processors.shared_objects import SharedObjects
from tests.execution.rig import Recorder


class Knob(Processor):
    class Config(ProcessorConfig):
        gain: Live[int] = 0
        mode: int = 0

    left = LinkInput(object)
    right = LinkInput(object)
    out = LinkOutput(object)

    def process(self, ctx: ProcessContext) -> None:
        """Nothing runs in these tests."""


A, B = ProcessorId("a"), ProcessorId("b")


def knob(id_: str, **fields: int) -> ProcessorNode:
    return ProcessorNode(ProcessorId(id_), "Knob", Knob.Config(**fields), Knob.declaration)


def wire(source: str, target: str, port: str = "left") -> Link:
    ends = PortRef(ProcessorId(source), "out"), PortRef(ProcessorId(target), port)
    return Link(link_id(*ends), *ends)


def run(graph: PropertyGraph, id_: ProcessorId) -> None:
    """Attach what compiling would attach to a processor."""
    node = graph.node(id_)
    context = RuntimeContext(id_, MonotonicClock(), SharedObjects(), MediaConfig())
    made = Knob(node.config)
    instance = ProcessorInstance(id_, made, node.declaration, ErrorPolicy.SKIP, context, Recorder())
    instance.generation = node.generation
    graph.insert(id_, instance)


def wire_up(graph: PropertyGraph, id_: LinkId) -> None:
    graph.insert(id_, WiredChannel(Channel(id_, Delivery.EVERY, 8)))


def running(*links: Link) -> PropertyGraph:
    """Two processors that run, and links between them; nothing is dirty."""
    graph = PropertyGraph()
    for node in (knob("a"), knob("b")):
        graph.add_processor(node)
        run(graph, node.id)
    for link in links:
        graph.add_link(link)
        wire_up(graph, link.id)
    graph.take_dirty()
    return graph


def set_(graph: PropertyGraph, id_: ProcessorId, **fields: int) -> None:
    node = graph.node(id_)
    graph.set_config(id_, node.declaration.config.changed(node.config, None, **fields))


def picture(graph: PropertyGraph) -> Any:
    """All that a delta could change, by identity."""
    ids = [*graph.processor_ids(), *graph.link_ids()]
    return (
        [(id_, graph.entity(id_), [graph.get(id_, kind) for kind in graph.component_types(id_)]) for id_ in ids],
        (graph.dirty_processors, graph.dirty_links, graph.state),
    )


@pytest.mark.promise("compiler.delta")
def test_the_same_graph_gives_the_same_delta_and_is_not_changed() -> None:
    graph = running(wire("a", "b"))
    graph.add_processor(knob("c"))
    graph.add_link(wire("b", "c"))
    set_(graph, A, gain=1)
    set_(graph, B, mode=1)
    cut = graph.remove_link(wire("a", "b").id)
    dirty = Dirty(graph.dirty_processors, graph.dirty_links)
    before = picture(graph)
    first = compute_delta(graph, dirty, (), [cut], [A])
    assert first == compute_delta(graph, dirty, (), [cut], [A])
    assert picture(graph) == before
    assert (first.added, first.restarted, first.replaced) == (("c",), (A,), (B,))
    assert (first.links_added, first.links_removed) == ((wire("b", "c").id,), (cut,))


def test_nothing_dirty_is_nothing_to_do() -> None:
    delta = compute_delta(running(wire("a", "b")), Dirty())
    assert delta == GraphDelta()
    assert not delta


def test_what_was_removed_before_it_ran_is_left_out() -> None:
    graph = running()
    graph.add_processor(knob("c"))
    graph.add_link(wire("a", "c"))
    gone = [graph.remove_link(wire("a", "c").id)], [graph.remove_processor(ProcessorId("c"))]
    assert not compute_delta(graph, graph.take_dirty(), gone[1], gone[0])


def test_an_id_that_goes_and_comes_back_is_removed_and_added() -> None:
    graph = running()
    old = graph.remove_processor(A)
    graph.add_processor(knob("a", mode=5))
    delta = compute_delta(graph, graph.take_dirty(), [old])
    assert (delta.added, delta.removed) == ((A,), (old,))
    assert (delta.changed, delta.restarted) == ((), ())
    assert graph.entity(A) != old


def test_a_link_that_goes_and_comes_back_is_removed_and_added() -> None:
    graph = running(wire("a", "b"))
    old = graph.remove_link(wire("a", "b").id)
    graph.add_link(wire("a", "b"))
    delta = compute_delta(graph, graph.take_dirty(), (), [old])
    assert (delta.links_added, delta.links_removed) == ((wire("a", "b").id,), (old,))


def test_live_fields_alone_are_applied_live_and_any_other_restarts() -> None:
    graph = running()
    set_(graph, A, gain=3)
    set_(graph, B, gain=3, mode=1)
    delta = compute_delta(graph, graph.take_dirty())
    assert [(change.id, change.old, change.new) for change in delta.changed] == [
        (A, Knob.Config(), Knob.Config(gain=3))
    ]
    assert delta.replaced == (B,)


def test_a_config_that_is_back_at_what_runs_is_no_change() -> None:
    graph = running()
    set_(graph, A, gain=3, mode=1)
    set_(graph, A, gain=0, mode=0)
    assert graph.dirty_processors == (A,)
    assert not compute_delta(graph, graph.take_dirty())


def test_a_processor_that_does_not_run_is_added_with_its_last_config_and_not_restarted() -> None:
    graph = running()
    graph.add_processor(knob("c"))
    c = ProcessorId("c")
    set_(graph, c, mode=1)
    assert compute_delta(graph, graph.take_dirty(), restarted=[c]) == GraphDelta(added=(c,))


def test_a_restart_that_was_asked_for_and_is_needed_is_made_once() -> None:
    graph = running()
    set_(graph, A, mode=1)
    assert compute_delta(graph, graph.take_dirty(), restarted=[A, A]).restarted == (A,)


def test_a_live_change_of_one_that_is_restarted_is_not_applied_to_the_one_that_goes() -> None:
    graph = running()
    set_(graph, A, gain=1)
    assert compute_delta(graph, graph.take_dirty(), restarted=[A]) == GraphDelta(restarted=(A,))


# --------------------------------------------------------------------------------------------------- against a model


class Edited:
    """A graph that is edited, and a plain record of what runs."""

    def __init__(self) -> None:
        self.graph = PropertyGraph()
        self.running: dict[Entity, ProcessorConfig] = {}
        self.wired: set[Entity] = set()
        self.removed: list[Entity] = []
        self.cut: list[Entity] = []
        self.asked: list[ProcessorId] = []

    def edit(self, verb: str, first: str, second: str, number: int) -> None:
        graph, one, other = self.graph, ProcessorId(first), ProcessorId(second)
        if verb == "add" and one not in graph:
            graph.add_processor(knob(first, mode=number))
        elif verb == "remove" and one in graph:
            self.cut += [graph.remove_link(link.id) for link in (*graph.links_into(one), *graph.links_from(one))]
            self.removed.append(graph.remove_processor(one))
        elif verb == "connect" and one in graph and other in graph:
            self._connect(wire(first, second, "left" if number % 2 else "right"))
        elif verb == "disconnect" and graph.link_ids():
            self.cut.append(graph.remove_link(graph.link_ids()[number % len(graph.link_ids())]))
        elif verb in {"gain", "mode"} and one in graph:
            set_(graph, one, **{verb: number})
        elif verb == "restart" and one in graph:
            self.asked.append(one)

    def _connect(self, link: Link) -> None:
        with suppress(ConnectError):  # the input is taken, or it would close a circle
            self.graph.add_link(link)

    def commit(self) -> None:
        """Take the delta, check that none of it is idle, and carry it out on the record."""
        graph = self.graph
        delta = compute_delta(graph, graph.take_dirty(), self.removed, self.cut, self.asked)
        self._remove(delta)
        self._change(delta)
        for id_ in delta.added:
            assert graph.entity(id_) not in self.running
            run(graph, id_)
            self.running[graph.entity(id_)] = graph.node(id_).config
        for link in delta.links_added:
            assert graph.entity(link) not in self.wired
            wire_up(graph, link)
            self.wired.add(graph.entity(link))
        self.removed, self.cut, self.asked = [], [], []

    def _remove(self, delta: GraphDelta) -> None:
        for entity in delta.removed:
            del self.running[entity]
            self.graph.forget(entity)
        for entity in delta.links_removed:
            self.wired.remove(entity)
            self.graph.forget(entity)

    def _change(self, delta: GraphDelta) -> None:
        anew = (*delta.restarted, *delta.replaced)
        assert not {change.id for change in delta.changed} & set(anew)
        for id_ in (*(change.id for change in delta.changed), *anew):
            entity, config = self.graph.entity(id_), self.graph.node(id_).config
            differs = self.running[entity] != config
            assert differs or id_ in self.asked, id_
            self.running[entity] = config
            run(self.graph, id_)

    def check(self) -> None:
        """What runs is what the graph says."""
        graph = self.graph
        assert self.running == {graph.entity(node.id): node.config for node in graph.processors()}
        assert self.wired == {graph.entity(id_) for id_ in graph.link_ids()}


VERBS = ("add", "add", "connect", "connect", "remove", "disconnect", "gain", "mode", "restart", "commit")
EDITS = st.tuples(st.sampled_from(VERBS), st.sampled_from("abcde"), st.sampled_from("abcde"), st.integers(0, 3))


@pytest.mark.promise("compiler.delta")
@given(st.lists(EDITS, max_size=40))
def test_whatever_was_edited_the_delta_brings_what_runs_to_what_the_graph_says(edits: list[Any]) -> None:
    edited = Edited()
    for verb, first, second, number in [*edits, ("commit", "", "", 0)]:
        if verb == "commit":
            edited.commit()
            edited.check()
        else:
            edited.edit(verb, first, second, number)
    assert not compute_delta(edited.graph, edited.graph.take_dirty())
