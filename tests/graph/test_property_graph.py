from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace
from tcod.ecs import Registry

from streamlib.errors import (
    ConnectError,
    CycleError,
    DuplicateIdError,
    StateError,
    UnknownProcessorError,
)
from streamlib.graph import Entity, Link, ProcessorNode, PropertyGraph
from streamlib.graph.components import LightweightMarker, ReactiveMarker
from streamlib.ids import LinkId, ProcessorId
from streamlib.states import GraphState, ProcessorState
from tests.graph.relays import AB, A, B, C, Note, RelayConfig, graph_of, relay, wire

# ------------------------------------------------------------------------------------------------------ state and ids


@pytest.mark.promise("graph.state", "lifecycle.graph-table")
def test_the_state_follows_the_table() -> None:
    graph = PropertyGraph()
    states = [graph.state, graph.set_state(GraphState.RUNNING), graph.state]
    assert states == [GraphState.IDLE, GraphState.IDLE, GraphState.RUNNING]
    with pytest.raises(StateError, match="may become idle, paused"):
        graph.set_state(GraphState.RUNNING)
    assert graph.state is GraphState.RUNNING


@pytest.mark.promise("runtime.readable-ids")
def test_ids_are_numbered_per_type() -> None:
    graph = PropertyGraph()
    issued = [graph.new_id(name) for name in ("H264Encoder", "Camera", "H264Encoder")]
    assert issued == ["h264_encoder_0", "camera_0", "h264_encoder_1"]


@pytest.mark.promise("runtime.readable-ids")
def test_an_id_is_not_issued_again_after_its_holder_is_gone() -> None:
    graph = PropertyGraph()
    first = graph.new_id("Relay")
    graph.add_processor(relay(first))
    graph.forget(graph.remove_processor(first))
    assert graph.new_id("Relay") == "relay_1"


# -------------------------------------------------------------------------------------------------------- processors


@pytest.mark.promise("graph.component.state")
def test_a_processor_is_idle_when_it_comes() -> None:
    graph = graph_of("a")
    assert A in graph
    assert graph.node(A).id == A
    assert graph.get(A, ProcessorState) is ProcessorState.IDLE


def test_processors_and_links_come_in_the_order_in_which_they_were_added() -> None:
    graph = graph_of("cab", wire("c", "a"), wire("a", "b"))
    assert graph.processor_ids() == [node.id for node in graph.processors()] == ["c", "a", "b"]
    assert graph.link_ids() == [link.id for link in graph.links()] == ["c.out->a.left", "a.out->b.left"]


def test_a_taken_id_is_refused() -> None:
    graph = graph_of("ab", wire("a", "b"))
    for taken in (A, AB):
        with pytest.raises(DuplicateIdError) as refused:
            graph.add_processor(relay(taken))
        assert refused.value.id == taken
    with pytest.raises(DuplicateIdError):
        graph.add_link(Link(LinkId("a"), wire("a", "b").source, wire("a", "b", "right").target))


def test_a_processor_with_links_stays() -> None:
    graph = graph_of("abc", wire("a", "b"), wire("b", "c"))
    with pytest.raises(StateError, match=r"b still has the links a\.out->b\.left, b\.out->c\.left"):
        graph.remove_processor(B)
    assert B in graph


def test_a_new_config_replaces_the_node_and_gives_back_the_old_one() -> None:
    graph = graph_of("a")
    before = graph.node(A)
    assert graph.set_config(A, RelayConfig(gain=2.0)) == RelayConfig(gain=1.0)
    assert graph.node(A) == replace(before, config=RelayConfig(gain=2.0))
    assert graph.get(A, ProcessorNode) is graph.node(A)


def test_a_removed_processor_comes_back_with_all_that_is_attached() -> None:
    graph = graph_of("ab")
    graph.insert(A, Note("left of the door"))
    entity = graph.remove_processor(A)
    assert A not in graph
    assert graph.get(entity, Note) == Note("left of the door")
    graph.restore_processor(entity)
    assert graph.entity(A) is entity
    assert graph.get(A, Note) == Note("left of the door")


def test_an_id_may_come_back_while_its_first_holder_is_torn_down() -> None:
    graph = graph_of("a")
    graph.insert(A, Note("first"))
    first = graph.remove_processor(A)
    second = graph.add_processor(relay("a", gain=3.0))
    graph.insert(A, Note("second"))
    assert first is not second
    assert (graph.get(first, Note), graph.get(A, Note)) == (Note("first"), Note("second"))
    assert graph.query(Note) == [A]
    assert graph.remove(first, Note) == Note("first")
    assert graph.get(A, Note) == Note("second")
    with pytest.raises(DuplicateIdError):
        graph.restore_processor(first)
    graph.forget(first)
    assert graph.node(A).config == RelayConfig(gain=3.0)


def test_nothing_of_a_forgotten_processor_lingers() -> None:
    graph = graph_of("a")
    graph.insert(A, Note("gone"))
    entity = graph.remove_processor(A)
    graph.forget(entity)
    assert graph.component_types(entity) == []


def test_only_what_was_removed_can_be_forgotten() -> None:
    graph = graph_of("a")
    with pytest.raises(StateError, match="remove it first"):
        graph.forget(graph.entity(A))


# ------------------------------------------------------------------------------------------------------------- links


def test_links_are_found_from_both_ends() -> None:
    graph = graph_of("abc", wire("a", "c"), wire("b", "c", "right"), wire("a", "b"))
    assert [link.id for link in graph.links_into(C)] == ["a.out->c.left", "b.out->c.right"]
    assert [link.id for link in graph.links_from(A)] == ["a.out->c.left", "a.out->b.left"]
    assert graph.successors(A) == [C, B]
    assert graph.predecessors(C) == [A, B]
    assert graph.order([C, B, A]) == [A, B, C]


def test_two_links_may_join_two_processors_by_different_ports() -> None:
    graph = graph_of("ab", wire("a", "b", "left"), wire("a", "b", "right"))
    graph.remove_link(AB)
    assert [link.id for link in graph.links()] == ["a.out->b.right"]
    assert graph.successors(A) == [B]


def test_a_link_needs_both_its_ends() -> None:
    for link in (wire("a", "z"), wire("z", "a")):
        with pytest.raises(UnknownProcessorError, match="'z'"):
            graph_of("a").add_link(link)


def test_an_input_that_has_a_link_names_it() -> None:
    graph = graph_of("abc", wire("a", "c"))
    with pytest.raises(ConnectError, match=r"c\.left already has the link a\.out->c\.left; disconnect") as refused:
        graph.add_link(wire("b", "c"))
    assert (refused.value.source, refused.value.target) == ("b.out", "c.left")


@pytest.mark.promise("graph.cycles")
def test_a_refused_circle_changes_nothing() -> None:
    graph = graph_of("abc", wire("a", "b"), wire("b", "c"))
    graph.take_dirty()
    with pytest.raises(CycleError) as refused:
        graph.add_link(wire("c", "a"))
    assert refused.value.path == (A, B, C)
    assert len(graph.links()) == 2
    assert not graph.take_dirty()


def test_a_removed_link_comes_back_with_all_that_is_attached() -> None:
    graph = graph_of("ab", wire("a", "b"))
    graph.insert(AB, Note("wired"))
    entity = graph.remove_link(AB)
    assert AB not in graph
    assert graph.successors(A) == []
    graph.restore_link(entity)
    assert graph.get(AB, Note) == Note("wired")
    assert graph.successors(A) == [B]


def test_a_link_does_not_come_back_to_an_input_that_has_another() -> None:
    graph = graph_of("abc", wire("a", "c"))
    entity = graph.remove_link(wire("a", "c").id)
    graph.add_link(wire("b", "c"))
    with pytest.raises(ConnectError):
        graph.restore_link(entity)
    graph.forget(entity)
    assert graph.component_types(entity) == []


@pytest.mark.promise("graph.constant-cost")
def test_adding_does_the_same_work_in_a_graph_of_any_size() -> None:
    assert _calls_of_one_more(10) == _calls_of_one_more(1000)


def _calls_of_one_more(size: int) -> int:
    """How many calls adding and linking one processor makes at the end of a chain.

    The collector rests meanwhile: hypothesis has it call back, and those calls would be counted.
    """
    graph = PropertyGraph()
    for index in range(size):
        graph.add_processor(relay(f"p{index}"))
        if index:
            graph.add_link(wire(f"p{index - 1}", f"p{index}"))
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += 1

    node, link = relay("last"), wire(f"p{size - 1}", "last")
    gc.disable()
    sys.setprofile(count)
    try:
        graph.add_processor(node)
        graph.add_link(link)
    finally:
        sys.setprofile(None)
        gc.enable()
    return calls


# -------------------------------------------------------------------------------------------------------- components


def test_several_components_are_inserted_and_removed_at_once() -> None:
    graph = graph_of("a")
    graph.insert(A, Note("one"), ReactiveMarker(), Note("two"))
    assert graph.get(A, Note) == Note("two")
    graph.remove_all([A], (LightweightMarker, Note, ReactiveMarker))
    assert graph.component_types(A) == [ProcessorNode, ProcessorState]
    assert graph.query(Note) == []


class CountedLock:
    """Counts how often it is taken; wraps the graph's own."""

    def __init__(self, graph: PropertyGraph) -> None:
        self._lock = graph.lock
        self.taken = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self.taken += 1

    def __exit__(self, *error: object) -> None:
        self._lock.release()


@pytest.mark.promise("graph.one-lock", "graph.single-source-of-truth")
def test_whatever_touches_the_registry_holds_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = graph_of("ab")
    lock = CountedLock(graph)
    monkeypatch.setattr(graph, "lock", lock)
    calls: list[Callable[[], object]] = [
        lambda: graph.add_link(wire("a", "b")),
        lambda: graph.insert(A, Note("x")),
        lambda: graph.get(A, Note),
        lambda: graph.has(A, Note),
        lambda: graph.component_types(A),
        lambda: graph.remove(A, Note),
        lambda: graph.remove_all([A], (Note,)),
        lambda: graph.query(Note),
        lambda: graph.query_filter(lambda node: True),
        lambda: graph.query_links_filter(lambda link: True),
        lambda: graph.links_into(B),
        lambda: graph.remove_link(AB),
        lambda: graph.set_config(A, RelayConfig()),
        lambda: graph.forget(graph.remove_processor(A)),
        graph.take_dirty,
    ]
    for call in calls:
        before = lock.taken
        call()
        assert lock.taken > before


# ----------------------------------------------------------------------------------------------------------- queries


@pytest.mark.promise("graph.query-filter")
def test_a_predicate_picks_processors_and_links() -> None:
    graph = graph_of("abc", wire("a", "b"), wire("b", "c", "right"))
    graph.set_config(B, RelayConfig(gain=4.0))
    assert graph.query_filter(lambda node: node.config != RelayConfig()) == [B]
    assert graph.query_links_filter(lambda link: link.target.port == "right") == ["b.out->c.right"]


# -------------------------------------------------------------------------------------------- against a plain model

NAMES = st.sampled_from("abcdef")


@dataclass
class Seat:
    """One processor or link as the model knows it."""

    gain: float
    came: int
    note: str | None = None


class GraphMachine(RuleBasedStateMachine):
    """The graph against dicts: whatever is done to both, they tell the same."""

    def __init__(self) -> None:
        super().__init__()
        self.graph = PropertyGraph()
        self.seats: dict[str, Seat] = {}
        self.links: dict[str, Link] = {}
        self.removed: list[tuple[Entity, str, Seat]] = []
        self.issued: set[str] = set()
        self.came = 0

    @rule(name=NAMES, gain=st.floats(0, 1))
    def add(self, name: str, gain: float) -> None:
        if name in self.seats:
            with pytest.raises(DuplicateIdError):
                self.graph.add_processor(relay(name, gain))
            return
        self.graph.add_processor(relay(name, gain))
        self.came += 1
        self.seats[name] = Seat(gain, self.came)

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        if name not in self.seats:
            with pytest.raises(UnknownProcessorError):
                self.graph.remove_processor(ProcessorId(name))
        elif self._linked(name):
            with pytest.raises(StateError):
                self.graph.remove_processor(ProcessorId(name))
        else:
            entity = self.graph.remove_processor(ProcessorId(name))
            self.removed.append((entity, name, self.seats.pop(name)))

    @precondition(lambda self: self.removed)
    @rule(data=st.data())
    def restore_or_forget(self, data: st.DataObject) -> None:
        entity, name, seat = self.removed.pop(data.draw(st.integers(0, len(self.removed) - 1)))
        if name in self.seats:
            with pytest.raises(DuplicateIdError):
                self.graph.restore_processor(entity)
            self.graph.forget(entity)
        else:
            self.graph.restore_processor(entity)
            self.seats[name] = seat

    @rule(source=NAMES, sink=NAMES, port=st.sampled_from(["left", "right"]))
    def connect(self, source: str, sink: str, port: str) -> None:
        link = wire(source, sink, port)
        refusal = self._refusal(link)
        if refusal is not None:
            with pytest.raises(refusal):
                self.graph.add_link(link)
            return
        self.graph.add_link(link)
        self.links[link.id] = link

    @precondition(lambda self: self.links)
    @rule(data=st.data(), back=st.booleans())
    def disconnect(self, data: st.DataObject, back: bool) -> None:
        id_ = data.draw(st.sampled_from(sorted(self.links)))
        link = self.links.pop(id_)
        entity = self.graph.remove_link(link.id)
        if back:
            self.graph.restore_link(entity)
            self.links[id_] = link
        else:
            self.graph.forget(entity)

    @precondition(lambda self: self.seats)
    @rule(data=st.data(), text=st.none() | st.text(max_size=2))
    def annotate(self, data: st.DataObject, text: str | None) -> None:
        name = data.draw(st.sampled_from(sorted(self.seats)))
        if text is None:
            self.graph.remove(ProcessorId(name), Note)
        else:
            self.graph.insert(ProcessorId(name), Note(text))
        self.seats[name].note = text

    @rule()
    def issue(self) -> None:
        id_ = self.graph.new_id("Relay")
        assert id_ not in self.issued
        self.issued.add(id_)

    @invariant()
    def both_tell_the_same(self) -> None:
        assert self.graph.processor_ids() == sorted(self.seats, key=lambda name: self.seats[name].came)
        assert {link.id: link for link in self.graph.links()} == self.links
        noted = {name for name, seat in self.seats.items() if seat.note is not None}
        assert set(self.graph.query(Note)) == noted
        assert set(self.graph.query(ProcessorNode, without=Note)) == self.seats.keys() - noted
        for name, seat in self.seats.items():
            assert self.graph.node(ProcessorId(name)).config == RelayConfig(gain=seat.gain)
            assert {link.id for link in self.graph.links_into(ProcessorId(name))} == {
                id_ for id_, link in self.links.items() if link.target.processor_id == name
            }

    def _linked(self, name: str) -> bool:
        return any(name in {link.source.processor_id, link.target.processor_id} for link in self.links.values())

    def _refusal(self, link: Link) -> type[Exception] | None:
        source, target = link.source.processor_id, link.target.processor_id
        if not {source, target} <= self.seats.keys():
            return UnknownProcessorError
        if any(other.target == link.target for other in self.links.values()):
            return ConnectError
        return CycleError if source in self._reached(target) else None

    def _reached(self, start: str) -> set[str]:
        reached = {start}
        for _ in self.seats:
            reached |= {link.target.processor_id for link in self.links.values() if link.source.processor_id in reached}
        return reached


TestGraphAgainstAModel = GraphMachine.TestCase


def test_every_component_of_a_type_is_had_at_once_and_who_stands_behind_whom() -> None:
    graph = graph_of("ab", wire("a", "b"))
    assert graph.having(ProcessorNode) == {id_: graph.node(id_) for id_ in (A, B)}
    assert graph.having(ReactiveMarker) == {}
    assert graph.behind([A, ProcessorId("gone")]) == {A, B}


def test_the_components_of_many_stand_in_a_column_also_beside_changes() -> None:
    graph = graph_of("abc", wire("a", "b"))
    graph.insert(B, ReactiveMarker())
    processors, links = graph.entities()
    assert graph.column(processors, ReactiveMarker) == [None, ReactiveMarker(), None]
    assert graph.column(links, Link) == [graph.link(AB)]
    assert graph.column(links, ReactiveMarker) == [None]
    removed = graph.remove_processor(C)
    graph.add_processor(relay("c"))
    assert graph.column(processors, ProcessorNode) == [graph.node(A), graph.node(B), None]
    graph.forget(removed)


def test_where_the_library_keeps_no_tables_they_are_asked_for() -> None:
    class Queried:
        """The same library without them."""

        def __init__(self, registry: Registry) -> None:
            self.Q = registry.Q

    graph = graph_of("ab", wire("a", "b"))
    graph.insert(B, ReactiveMarker())
    processors, _ = graph.entities()
    before = graph.having(ProcessorNode), graph.column(processors, ReactiveMarker), graph.links()
    graph._entities._registry = Queried(graph._entities._registry)  # type: ignore[assignment]
    assert (graph.having(ProcessorNode), graph.column(processors, ReactiveMarker), graph.links()) == before
