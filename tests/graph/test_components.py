from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from streamlib.errors import DeclarationError, UnknownProcessorError
from streamlib.graph import ComponentView, LightweightMarker, ProcessorNode, PropertyGraph, ReactiveMarker
from streamlib.graph.components import ENGINE_COMPONENTS
from streamlib.ids import LinkId, ProcessorId
from tests.graph.relays import relay, wire


@dataclass(frozen=True)
class Note:
    text: str


@dataclass(frozen=True)
class Place:
    x: float
    y: float


A = ProcessorId("a")


def graph_of_two() -> PropertyGraph:
    graph = PropertyGraph()
    graph.add_processor(relay("a"))
    graph.add_processor(relay("b"))
    graph.add_link(wire("a", "b"))
    return graph


@pytest.mark.promise("graph.user-components")
@pytest.mark.parametrize("subject", [A, LinkId("a.out->b.left")])
def test_a_user_attaches_reads_and_detaches_components(subject: ProcessorId | LinkId) -> None:
    components = ComponentView(graph_of_two(), subject)
    components[Note] = Note("left of the door")
    components[Place] = Place(1, 2)
    assert components[Note].text == "left of the door"
    assert components.get(Place) == Place(1, 2)
    assert list(components) == [Note, Place]
    assert len(components) == 2
    del components[Note]
    assert Note not in components
    assert components.get(Note) is None
    assert repr(components).startswith(f"<components of {subject}: Place(x=1, y=2) of yours; of the engine ")


def test_what_is_attached_is_shown_with_the_names_of_the_engines_and_a_removed_one_with_none() -> None:
    graph = graph_of_two()
    components = ComponentView(graph, A)
    assert repr(components) == "<components of a: none of yours; of the engine ProcessorNode, ProcessorState>"
    graph.remove_link(LinkId("a.out->b.left"))
    graph.remove_processor(A)
    assert repr(components) == "<components of a, which is not in the graph>"


def test_what_is_not_attached_is_a_key_error() -> None:
    components = ComponentView(graph_of_two(), A)
    with pytest.raises(KeyError, match="Note"):
        components[Note]
    with pytest.raises(KeyError, match="Note"):
        del components[Note]


def test_what_is_no_class_is_refused_in_words() -> None:
    components: Any = ComponentView(graph_of_two(), A)
    calls: list[Callable[[], object]] = [
        lambda: components["x"],
        lambda: components.get("x"),
        lambda: "x" in components,
        lambda: components.__setitem__("x", 1),
        lambda: components.__delitem__("x"),
    ]
    for call in calls:
        with pytest.raises(DeclarationError, match="a component is known by its class, and 'x' is none"):
            call()


def test_the_engines_components_are_read_and_not_listed() -> None:
    graph = graph_of_two()
    graph.insert(A, LightweightMarker())
    components = ComponentView(graph, A)
    assert components[ProcessorNode].id == "a"
    assert LightweightMarker in components
    assert list(components) == []


def test_the_engines_components_are_not_a_users_to_change() -> None:
    graph = graph_of_two()
    graph.insert(A, ReactiveMarker())
    components = ComponentView(graph, A)
    with pytest.raises(DeclarationError, match="declare a class of your own"):
        components[LightweightMarker] = LightweightMarker()
    with pytest.raises(DeclarationError, match="declare a class of your own"):
        del components[ReactiveMarker]
    assert ReactiveMarker in components


def test_a_component_of_another_class_than_its_key_is_refused() -> None:
    components = ComponentView(graph_of_two(), A)
    with pytest.raises(DeclarationError, match=r"components\[Note\] takes a Note, not a Place"):
        components[Note] = Place(0, 0)


def test_a_view_of_what_is_gone_says_so() -> None:
    graph = graph_of_two()
    components = ComponentView(graph, ProcessorId("c"))
    with pytest.raises(UnknownProcessorError, match="'c'"):
        components[Note] = Note("nowhere")


def test_components_may_be_attached_while_they_are_listed() -> None:
    components = ComponentView(graph_of_two(), A)
    components[Note] = Note("one")
    for _ in components:
        components[Place] = Place(0, 0)
    assert list(components) == [Note, Place]


def test_a_marker_holds_nothing() -> None:
    assert ReactiveMarker() == ReactiveMarker()
    assert ReactiveMarker in ENGINE_COMPONENTS
