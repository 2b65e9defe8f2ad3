"""Its properties are in tests/scenarios/test_apply.py; here is what it does to a graph, in which order."""

from __future__ import annotations

from streamlib.graph.difference import GraphDifference
from streamlib.graph.property_graph import PropertyGraph
from streamlib.runtime.becoming import Become
from streamlib.runtime.operations import Applied, told
from tests.graph.relays import A, Note, graph_of, relay, wire


def become(graph: PropertyGraph, wanted: PropertyGraph) -> tuple[str, ...]:
    operation, applied = Become(wanted, GraphDifference()), Applied(lambda event: None)
    operation.apply(graph, applied)
    again = Become(wanted, GraphDifference())
    again.apply(graph, applied)
    assert not again.operations, "the graph is the wanted one"
    return told([operation])


def test_what_goes_goes_before_what_comes() -> None:
    graph, wanted = graph_of("ab", wire("a", "b")), graph_of("ac", wire("a", "c"))
    wanted.insert(A, Note("x"))
    assert become(graph, wanted) == (
        "disconnect a.out->b.left",
        "remove b",
        "add c (Relay)",
        "connect a.out->c.left",
        "attach Note(text='x') to a",
    )
    assert become(graph, wanted) == ()


def test_a_config_alone_is_a_change_of_config() -> None:
    graph, wanted = graph_of("b"), PropertyGraph()
    wanted.add_processor(relay("b", gain=3.0))
    assert become(graph, wanted) == ("configure b: gain 1.0 -> 3.0",)
