from __future__ import annotations

from streamlib.graph import Dirty
from tests.graph.relays import AB, A, B, Note, RelayConfig, graph_of, wire


def test_what_edits_touch_is_dirty_until_it_is_taken() -> None:
    graph = graph_of("ab", wire("a", "b"))
    assert (graph.dirty_processors, graph.dirty_links) == ((A, B), (AB,))
    assert graph.take_dirty() == Dirty((A, B), (AB,))
    assert graph.take_dirty() == Dirty()
    graph.set_config(B, RelayConfig(gain=2.0))
    graph.remove_link(AB)
    graph.remove_processor(A)
    assert graph.take_dirty() == Dirty((B, A), (AB,))


def test_attaching_a_component_is_no_edit() -> None:
    graph = graph_of("a")
    graph.take_dirty()
    graph.insert(A, Note("x"))
    assert not graph.take_dirty()
