from __future__ import annotations

import pytest

from streamlib.errors import (
    UnknownLinkError,
    UnknownProcessorError,
)
from streamlib.graph import LightweightMarker, Link, ProcessorNode, PropertyGraph, ReactiveMarker
from streamlib.ids import LinkId, ProcessorId
from streamlib.states import ProcessorState
from tests.graph.relays import AB, A, B, C, Note, graph_of, relay, wire


def test_an_unknown_processor_is_named_with_the_nearest() -> None:
    graph = PropertyGraph()
    graph.add_processor(relay("camera_0"))
    unknown = ProcessorId("camera")
    for call in (graph.node, graph.remove_processor, graph.links_into, graph.predecessors, graph.entity):
        with pytest.raises(UnknownProcessorError, match="did you mean 'camera_0'"):
            call(unknown)
    with pytest.raises(UnknownProcessorError):
        graph.order([unknown])


def test_an_unknown_link_is_named_with_the_nearest() -> None:
    graph = graph_of("ab", wire("a", "b"))
    unknown = LinkId("a.out->b.lift")
    for call in (graph.link, graph.remove_link, graph.entity):
        with pytest.raises(UnknownLinkError, match=r"did you mean 'a\.out->b\.left'"):
            call(unknown)


@pytest.mark.promise("graph.insert-get-remove-has", "graph.real-ecs")
@pytest.mark.parametrize("subject", [A, AB], ids=["processor", "link"])
def test_a_component_is_inserted_read_and_removed(subject: ProcessorId | LinkId) -> None:
    graph = graph_of("ab", wire("a", "b"))
    assert graph.get(subject, Note) is None
    assert not graph.has(subject, Note)
    graph.insert(subject, Note("one"))
    graph.insert(subject, Note("two"))
    assert graph.has(subject, Note)
    assert graph.get(subject, Note) == Note("two")
    assert graph.remove(subject, Note) == Note("two")
    assert graph.remove(subject, Note) is None


def test_the_types_attached_are_listed_in_the_order_in_which_they_came() -> None:
    graph = graph_of("a")
    graph.insert(A, Note("x"))
    graph.insert(A, ReactiveMarker())
    assert graph.component_types(A) == [ProcessorNode, ProcessorState, Note, ReactiveMarker]


@pytest.mark.promise("graph.query")
def test_a_query_finds_processors_and_links_oldest_first() -> None:
    graph = graph_of("ab", wire("a", "b"))
    for subject in (AB, B, A):
        graph.insert(subject, Note("found"))
    assert graph.query(Note) == [A, B, AB]
    assert graph.query(Note, Link) == [AB]
    assert graph.query(Note, ProcessorNode) == [A, B]
    assert graph.query(LightweightMarker) == []


@pytest.mark.promise("graph.query-without")
def test_a_query_leaves_out_those_with_other_components() -> None:
    graph = graph_of("abc", wire("a", "b"))
    graph.insert(A, Note("x"))
    graph.insert(B, ReactiveMarker())
    assert graph.query(ProcessorNode, without=Note) == [B, C]
    assert graph.query(ProcessorNode, without=(Note, ReactiveMarker)) == [C]
    assert graph.query(without=(Note, ReactiveMarker)) == [C, AB]
    assert graph.query() == [A, B, C, AB]


def test_a_query_sees_each_change() -> None:
    graph = graph_of("a")
    assert graph.query(Note) == []
    graph.insert(A, Note("x"))
    assert graph.query(Note) == [A]
    graph.remove(A, Note)
    assert graph.query(Note) == []
    assert graph.query(without=Note) == [A]
