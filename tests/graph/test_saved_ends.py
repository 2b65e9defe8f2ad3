from __future__ import annotations

import pytest

from streamlib.errors import GraphFileError
from streamlib.graph.graph_file import GraphFile
from streamlib.graph.saved import SavedEnd, SavedGroup, SavedProcessor
from streamlib.graph.saved_ends import inner_end

RECORDING = """\
streamlib: 1
processors:
  camera: {type: Camera}
groups:
  rec:
    processors:
      encoder: {type: Encoder}
      writer: {type: Writer}
    links:
    - encoder -> writer.video
    inputs: {video: encoder.frames}
    outputs: {done: writer.done}
links:
- camera -> rec
- camera -> rec.video
- rec/encoder -> camera.talk
"""


def test_links_lead_to_groups_to_their_ports_and_to_members() -> None:
    text = RECORDING.replace("- rec/encoder -> camera.talk\n", "")
    assert [link.link for link in GraphFile.parse(text).links] == ["camera -> rec", "camera -> rec.video"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("- camera -> rec\n", "- camera -> rex\n", "x:14: links[0]: no processor 'rex' in this file; did you"),
        ("-> rec.video", "-> rec.vidio", "x:15: links[1]: the group rec has no input 'vidio'; did you mean 'video'?"),
        ("- rec/encoder ->", "- rec.video ->", "x:16: links[2]: the group rec has no output 'video'; known: done"),
        ("rec/encoder", "rec/encodre", "did you mean 'rec/encoder'?"),
        ("- encoder ->", "- camera ->", "x:10: groups.rec.links[0]: no processor 'camera' in this group"),
        ("encoder.frames", "encodre.frames", "x:11: groups.rec.inputs.video: no processor 'encodre' in"),
        ("encoder.frames", "encoder", "groups.rec.inputs.video: 'encoder' names no port; write member.port"),
        ("{video:", "{vi-deo:", "groups.rec.inputs.vi-deo: 'vi-deo' is no name of a port"),
        ("inputs: {video: encoder.frames}", "inputs: [video]", "groups.rec.inputs: a mapping from names"),
        ("    inputs:", "    imputs:", "x:11: groups.rec.imputs: a group has no 'imputs'; did you mean 'inputs'?"),
        ("  camera: {", "  rec: {", "x:5: groups.rec: a processor has the id 'rec' already"),
        ("  camera: {", "  rec/writer: {", "x:8: groups.rec.processors.writer: a processor has the id 'rec/writer'"),
        ("{type: Writer}", "{typ: Writer}", "x:8: groups.rec.processors.writer.typ: a processor has no 'typ'"),
        ("camera -> rec.video", "rec.done -> rec.video", "it closes the circle"),
        ("x", "x", "x:16: links[2]: it closes the circle"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_or_round_is_told_with_its_line(old: str, new: str, said: str) -> None:
    with pytest.raises(GraphFileError) as raised:
        GraphFile.parse(RECORDING.replace(old, new, 1), "x")
    assert said in str(raised.value)


@pytest.mark.parametrize(
    "text", ["groups: {rec: {}}", "groups: {rec: {processors: {}}}", "groups: {rec: 3}", "groups: [a]"]
)
def test_a_group_has_members(text: str) -> None:
    with pytest.raises(GraphFileError, match="groups"):
        GraphFile.parse(f"streamlib: 1\n{text}\n")


def test_an_end_at_a_group_means_one_at_a_member() -> None:
    groups = {"rec": SavedGroup(processors={"a": SavedProcessor(type="A")}, inputs={"video": "a.into"})}
    assert inner_end(SavedEnd("rec", "video"), groups, "inputs") == SavedEnd("rec/a", "into")
    assert inner_end(SavedEnd("rec", None), groups, "inputs") is None
    assert inner_end(SavedEnd("other", "x"), groups, "inputs") == SavedEnd("other", "x")
