"""The verbs of a runtime that change its graph, on one that is idle; the scenarios play them while frames flow."""

from __future__ import annotations

from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.errors import (
    ConnectError,
    DeclarationError,
    GraphFileError,
    ReplaceError,
    StateError,
    UnknownProcessorError,
    UnknownTypeError,
)
from streamlib.ids import LinkId
from streamlib.links.delivery import Delivery
from tests.scenarios.stage import Collect, Numbers, Pass, Record


@pytest.mark.promise("event.graph")
def test_changes_of_the_graph_are_told_before_and_after() -> None:
    runtime = StreamRuntime()
    with runtime.events.subscribe_queue("runtime:global") as queue:
        source = runtime.add_processor(Numbers)
        link = runtime.connect(source, runtime.add_processor(Collect, record=Record()))
        runtime.disconnect(link)
        runtime.remove(source)
        names = [type(event).__name__ for event in iter(lambda: queue.get(0), None)]
    assert names == [
        "GraphWillAddProcessor", "GraphDidAddProcessor", "GraphWillAddProcessor", "GraphDidAddProcessor",
        "GraphWillCreateLink", "GraphDidCreateLink", "GraphWillRemoveLink", "GraphDidRemoveLink",
        "GraphWillRemoveProcessor", "GraphDidRemoveProcessor",
    ]  # fmt: skip


def test_unknown_names_are_told_with_the_nearest() -> None:
    runtime = StreamRuntime()
    runtime.add_processor(Numbers, id="camera")
    with pytest.raises(UnknownProcessorError, match="did you mean 'camera'"):
        runtime.processor("camra")
    with pytest.raises(UnknownTypeError, match="did you mean 'H264Encoder'"):
        runtime.add_processor("H264Encodr")


def test_collected_changes_are_planned_committed_and_undone_as_one() -> None:
    runtime = StreamRuntime(commit_mode="manual")
    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Pass))
    assert len(runtime.plan().changes) == 3
    assert runtime.graph.processor_ids() == []
    with pytest.raises(StateError, match="commit"):
        runtime.remove(source, wait=False)
    runtime.commit()
    assert len(runtime.history) == 1
    runtime.undo()
    assert runtime.graph.processor_ids() == []
    runtime.redo()
    assert runtime.graph.successors(source.id) == ["pass_0"]


def test_a_link_and_a_processor_are_exchanged_in_an_idle_graph() -> None:
    runtime = StreamRuntime()
    source, sink = runtime.add_processor(Numbers), runtime.add_processor(Collect, record=Record())
    link = runtime.connect(source, sink)
    runtime.update_link(link, delivery="latest", capacity=3)
    changed = runtime.graph.link(LinkId(link.id))
    assert (changed.delivery, changed.capacity) == (Delivery.LATEST, 3)
    runtime.update_link(link, delivery="as declared")
    changed = runtime.graph.link(LinkId(link.id))
    assert (changed.delivery, changed.capacity) == (None, 3)
    runtime.update_link(link, capacity="as declared")
    assert runtime.graph.link(LinkId(link.id)).capacity is None
    assert runtime.history[-1].changes == (f"update {link.id}: as declared",)
    with pytest.raises(ConnectError, match="capacity is 'as it was'; a link holds 1 frame or more"):
        runtime.update_link(link, capacity="as it was")
    assert runtime.replace(sink, Pass).processor_type == "Pass"
    with pytest.raises(ReplaceError, match="leads to its input 'into'; it has none"):
        runtime.replace(sink, Numbers)
    assert runtime.processor(sink.id).processor_type == "Pass"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (Numbers(Numbers.Config()), "takes the class Numbers, not an instance"),
        (len, "write @processor above it"),
        (3, "takes a processor class or the name of one, not int$"),
    ],
)
def test_what_is_no_type_is_said(given: Any, words: str) -> None:
    runtime = StreamRuntime()
    with pytest.raises(DeclarationError, match=words):
        runtime.add_processor(given)
    sink = runtime.add_processor(Pass)
    with pytest.raises(DeclarationError, match=words):
        runtime.replace(sink, given)


def test_what_is_no_graph_file_is_said() -> None:
    nothing: Any = None
    runtime = StreamRuntime()
    for call in (runtime.apply, runtime.diff, runtime.load):
        with pytest.raises(GraphFileError, match="is given as its path or as a GraphFile, not as None"):
            call(nothing)


@pytest.mark.promise("edit.plan")
def test_what_is_told_of_a_config_is_what_differs() -> None:
    runtime = StreamRuntime()
    source = runtime.add_processor(Numbers, id="source", first=7)
    runtime.update_config(source, count=3)
    runtime.replace(source, Numbers, count=5)
    runtime.add_processor(Collect, id="sink", record=Record())
    runtime.undo()
    *before, last = [record.changes for record in runtime.history]
    assert before == [
        ("add source (Numbers, first=7)",),
        ("configure source: count -1 -> 3",),
        ("replace source by Numbers (count=5)",),
    ]
    assert last[0].startswith("add sink (Collect, record=<tests.")
    assert len(last[0]) < 100
