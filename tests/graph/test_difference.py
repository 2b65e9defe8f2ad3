from __future__ import annotations

import json

import pytest
from hypothesis import given

from streamlib.graph.components import ENGINE_COMPONENTS
from streamlib.graph.difference import AS_DECLARED, ChangeKind, difference
from streamlib.graph.graph_file import GraphFile
from tests.graph.graphs import graph_files
from tests.graph.relays import A, Note, graph_of, relay, wire

HEAD = "streamlib: 1\n"
BASE = HEAD + "processors: {a: {type: X, config: {n: 1}}, b: {type: Y}}\nlinks: [a.out -> b.into]\n"


@pytest.mark.promise("graph.file-diff-apply")
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("n: 1", "n: 2", ["~ a: n 1 -> 2"]),
        ("n: 1", "n: 1.0", ["~ a: n 1 -> 1.0"]),
        ("n: 1", "m: .nan", ["~ a: n 1 -> as declared", "~ a: m as declared -> nan"]),
        ("type: Y", "type: Z, on_error: fail", ["~ b: type Y -> Z", "~ b: on_error as declared -> fail"]),
        ("{type: Y}", "{type: Y}, c: {type: Z, config: {p: q}}", ["+ c: Z, p='q'"]),
        ("[a.out -> b.into]", "[]", ["- a.out -> b.into"]),
        (
            "a.out -> b.into]",
            "{link: a.out -> b.into, delivery: latest, capacity: 4}]",
            [
                "~ a.out -> b.into: delivery as declared -> latest",
                "~ a.out -> b.into: capacity as declared -> 4",
            ],
        ),
        (
            "type: Y",
            "type: Y, components: {'m:Note': {text: hi}}",
            ["~ b: m:Note {'text': 'hi'} attached"],
        ),
    ],
)
def test_what_differs_is_told_in_words_both_ways(old: str, new: str, said: list[str]) -> None:
    one, other = GraphFile.parse(BASE), GraphFile.parse(BASE.replace(old, new))
    assert str(difference(one, other)).splitlines() == said
    assert len(difference(other, one).changes) == len(said)
    assert not difference(one, one)
    assert str(difference(other, other)) == "nothing changes"


@given(graph_files())
def test_a_graph_does_not_differ_from_itself(file: GraphFile) -> None:
    assert not difference(file, GraphFile.parse(file.to_yaml()))


@given(graph_files(), graph_files())
def test_any_difference_is_text_and_data(one: GraphFile, other: GraphFile) -> None:
    found = difference(one, other)
    assert len(str(found).splitlines()) >= len(found.changes)
    assert len(json.loads(json.dumps(found.to_plain()))) == len(found.changes)


def test_a_change_is_a_record() -> None:
    found = difference(GraphFile.parse(BASE), GraphFile.parse(BASE.replace("n: 1", "n: 2, m: [3]")))
    (first, second) = found.of(ChangeKind.CONFIG_CHANGED)
    assert (first.subject, first.field, first.before, first.after) == ("a", "n", 1, 2)
    assert second.before is AS_DECLARED
    assert second.to_plain() == {"change": "config changed", "subject": "a", "field": "m", "after": [3]}


def test_graphs_are_compared_too_with_what_no_file_holds() -> None:
    class Odd:
        """No file can hold it."""

    one, other = graph_of("a"), graph_of("a")
    one.insert(A, Odd())
    other.insert(A, Odd())
    found = difference(one, other)
    assert [change.kind for change in found.changes] == [ChangeKind.COMPONENT_CHANGED]
    assert "Odd object" in json.dumps(found.to_plain())
    assert Odd not in ENGINE_COMPONENTS
    other.add_processor(relay("b"))
    other.add_link(wire("a", "b"))
    other.insert(A, Note("x"))
    assert [str(change)[0] for change in difference(one, other).changes] == ["~", "~", "+", "+"]


def test_a_long_value_is_cut_and_a_group_is_named() -> None:
    one = GraphFile.parse(HEAD + "processors: {g/x: {type: X}}\n")
    text = (
        HEAD + f"groups: {{g: {{processors: {{x: {{type: X, config: {{n: {'y' * 90}}}}}}}, inputs: {{i: x.into}}}}}}\n"
    )
    said = str(difference(one, GraphFile.parse(text)))
    assert "…" in said
    assert "~ g/x: group as declared -> g with i" in said
