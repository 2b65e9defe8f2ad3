from __future__ import annotations

from streamlib.graph.components import TransientMarker
from streamlib.graph.graph_file import GraphFile
from streamlib.graph.group import GroupMember
from streamlib.graph.outline import Outline, OutlinedLink, OutlinedProcessor
from tests.graph.relays import AB, A, B, Note, graph_of, relay, wire

GROUPED = """\
streamlib: 1
processors: {a: {type: Relay, config: {gain: 2.0}}}
groups:
  g:
    processors: {x: {type: Relay}, y: {type: Relay}}
    links: [x -> y.left, x -> y]
    inputs: {into: x.left}
links:
- {link: a.out -> g.into, capacity: 3}
- a -> g
"""


def test_what_is_as_declared_is_left_out() -> None:
    graph = graph_of("b")
    graph.add_processor(relay("a", gain=2.0))
    outline = Outline.of_graph(graph)
    assert outline.processors == {"b": OutlinedProcessor("Relay"), "a": OutlinedProcessor("Relay", {"gain": 2.0})}


def test_components_are_there_as_a_file_would_have_them_or_else_themselves() -> None:
    class Odd:
        """No file can hold it."""

    graph, odd = graph_of("ab", wire("a", "b")), Odd()
    graph.insert(A, Note("x"))
    graph.insert(AB, odd)
    outline = Outline.of_graph(graph)
    assert outline.processors["a"].components == {"tests.graph.relays:Note": {"text": "x"}}
    assert [*outline.links["a.out->b.left"].components.values()] == [odd]


def test_who_looks_on_is_no_part_of_it() -> None:
    graph = graph_of("ab", wire("a", "b"))
    graph.insert(B, TransientMarker())
    assert Outline.of_graph(graph) == Outline({"a": OutlinedProcessor("Relay")})


def test_groups_of_a_file_are_dissolved_and_links_without_ports_stay_so() -> None:
    outline = Outline.of_file(GraphFile.parse(GROUPED))
    assert list(outline.processors) == ["a", "g/x", "g/y"]
    assert outline.processors["g/x"].member == GroupMember("g", {"into": "left"})
    assert outline.links == {
        "g/x->g/y.left": OutlinedLink("g/x", "g/y.left"),
        "g/x->g/y": OutlinedLink("g/x", "g/y"),
        "a.out->g/x.left": OutlinedLink("a.out", "g/x.left", capacity=3),
        "a->g": OutlinedLink("a", "g"),
    }


def test_two_links_without_ports_between_the_same_two_are_told_apart() -> None:
    text = "streamlib: 1\nprocessors: {a: {type: R}, b: {type: R}}\nlinks: [a -> b, a -> b]\n"
    assert list(Outline.of_file(GraphFile.parse(text)).links) == ["a->b", "a->b#2"]
