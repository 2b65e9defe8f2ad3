from __future__ import annotations

import pytest

from streamlib.errors import GraphFileError, StateError
from streamlib.graph.graph_file import GraphFile
from streamlib.runtime.edit import Edit
from streamlib.runtime.operations import RemoveProcessor
from streamlib.runtime.runtime import StreamRuntime
from streamlib.runtime.sketch import Sketch, copy_of
from tests.scenarios.stage import Line, Numbers, Pass

TEXT = "streamlib: 1\nprocessors: {a: {type: Numbers}, b: {type: Pass}}\nlinks: [a -> b]\n"


def drawn(text: str) -> Sketch:
    sketch = Sketch(StreamRuntime())
    edit, file = Edit(sketch), GraphFile.parse(text, "x")
    edit.load(file, classes=[Numbers, Pass])
    sketch.draw(edit.operations, file)
    return sketch


def test_a_file_is_drawn_and_nothing_of_a_runtime_changes() -> None:
    sketch = drawn(TEXT)
    assert sketch.graph.link_ids() == ["a.out->b.into"]
    assert sketch.processor("b").processor_type == "Pass"
    assert "Numbers" in sketch.registry


def test_what_does_not_go_together_is_told_with_its_line() -> None:
    with pytest.raises(GraphFileError, match=r"x:5: links\[1\]: b.into already has the link"):
        drawn(TEXT.replace("[a -> b]", "\n- a -> b\n- a.out -> b.into"))


def test_nothing_is_committed_and_nothing_flows() -> None:
    sketch = drawn(TEXT)
    with pytest.raises(StateError), Edit(sketch):
        pass
    with pytest.raises(StateError):
        Edit(sketch).plan()
    with pytest.raises(StateError):
        sketch.processor("a").output("out").frames()


def test_a_copy_is_a_graph_as_it_will_be() -> None:
    line = Line(StreamRuntime())
    copy = copy_of(line.runtime.graph, [RemoveProcessor(line.filter.id)])
    assert copy.processor_ids() == [line.source.id, line.sink.id]
    assert len(line.runtime.graph.link_ids()) == 2
