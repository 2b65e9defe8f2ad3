from __future__ import annotations

import pytest

from streamlib.errors import GraphFileError
from streamlib.graph.document import read_document
from streamlib.graph.file_reading import read_saved
from streamlib.graph.saved import SavedLink, SavedProcessor
from streamlib.links.delivery import Delivery
from streamlib.processors.execution_mode import ErrorPolicy

WRITTEN_BY_HAND = """\
streamlib: 1
processors:
  reader: {type: FileReader, config: {path: clip.mp4}}
  encoder:
    type: H264Encoder
    config:            # everything as declared
    on_error: fail
links:
  - reader.video->encoder.video
  - {link: reader -> encoder, capacity: 3, delivery: latest}
"""


def test_what_is_written_by_hand_is_read() -> None:
    processors, groups, links = read_saved(read_document(WRITTEN_BY_HAND, "x"))
    assert processors == {
        "reader": SavedProcessor(type="FileReader", config={"path": "clip.mp4"}),
        "encoder": SavedProcessor(type="H264Encoder", on_error=ErrorPolicy.FAIL),
    }
    assert groups == {}
    assert links == (
        SavedLink(link="reader.video -> encoder.video"),
        SavedLink(link="reader -> encoder", capacity=3, delivery=Delivery.LATEST),
    )


def test_a_graph_may_be_empty() -> None:
    assert read_saved(read_document("streamlib: 1\nprocessors:\nlinks:\n", "x")) == ({}, {}, ())


# Behind "streamlib: 1", so that the first line here is line 2.
@pytest.mark.promise("graph.files")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("processers: {}", "x:2: processers: a graph file has no 'processers'; did you mean 'processors'?"),
        ("processors: [a]", "x:2: processors: expected a mapping from ids to processors, got list"),
        ("processors:\n  a: FileReader", "x:3: processors.a: a processor is a mapping with type, config, on_error"),
        ("processors:\n  a:", "x:3: processors.a: a processor is a mapping"),
        ("processors:\n  a: {config: {}}", "x:3: processors.a: a processor needs a type"),
        ("processors:\n  a:\n    type: 3", "x:4: processors.a.type: expected str, got int; given 3"),
        ("processors:\n  a:\n    tpye: X", "x:4: processors.a.tpye: a processor has no 'tpye'; did you mean 'type'?"),
        ("processors:\n  a:\n    type: X\n    path: y", "what the processor is told stands under config"),
        (
            "processors:\n  a: {type: X, config: [1]}",
            "x:3: processors.a.config: expected a mapping from fields to values; given [1]",
        ),
        ("processors:\n  a: {type: X, on_error: skipp}", "did you mean 'skip'?"),
        (
            "processors:\n  a: {type: X, components: {N: 3}}",
            "x:3: processors.a.components: expected a mapping from classes, module:Name,",
        ),
        ("processors:\n  a.b: {type: X}", "x:3: processors.a.b: an id is 'a.b'; it is a text of"),
        ("links: {a: b}", "x:2: links: expected a list of links"),
        ("links:\n- a", "x:3: links[0].link: 'a' is no link; write processor.output -> processor.input"),
        ("links:\n- 3", "x:3: links[0]: a link is a mapping with link, delivery, capacity, components; got int (3)"),
        ("links:\n- {capacity: 3}", "x:3: links[0]: a link needs a link"),
        ("links:\n- {link: a -> b, size: 3}", "x:3: links[0].size: a link has no 'size'"),
        ("links:\n- {link: a -> b, capacity: 0}", "x:3: links[0].capacity: expected int >= 1; given 0"),
        ("links:\n- {link: a -> b, delivery: newest}", "x:3: links[0].delivery: invalid enum value 'newest'"),
        (
            "processors: {camera: {type: X}}\nlinks:\n- camera.out -> camero.in",
            "x:4: links[0]: no processor 'camero' in this file; did you mean 'camera'?",
        ),
        ("processors: {a: {type: X}}\nlinks:\n- a -> a", "x:4: links[0]: it closes the circle a -> a"),
        (
            "processors: {a: {type: X}, b: {type: X}, c: {type: X}}\nlinks:\n- b -> c\n- a -> b\n- c -> a\n- a -> c",
            "x:6: links[2]: it closes the circle",
        ),
    ],
)
def test_what_is_wrong_is_told_with_line_and_field(text: str, said: str) -> None:
    with pytest.raises(GraphFileError) as raised:
        read_saved(read_document(f"streamlib: 1\n{text}\n", "x"))
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x: a graph file begins with 'streamlib: 1'; this one is empty"),
        ("just words", "x:1: a graph file begins with 'streamlib: 1'"),
        ("[1]", "this one is list ([1])"),
        ("processors: {}", "x:1: its version is missing; begin it with 'streamlib: 1'"),
        ("streamlob: 1", "'streamlob' is none of its keys"),
        ("streamlib: 2", "x:1: streamlib: 2 is a version that this streamlib does not read; it reads 1"),
        ("streamlib: '1'", "'1' is a version"),
        ("streamlib: true", "True is a version"),
        ("streamlib:", "None is a version"),
    ],
)
def test_a_file_without_a_version_that_we_read_is_refused(text: str, said: str) -> None:
    with pytest.raises(GraphFileError) as raised:
        read_saved(read_document(text, "x"))
    assert said in str(raised.value)
