from __future__ import annotations

import logging
from dataclasses import dataclass

import pytest

from streamlib.errors import ConfigError, ConnectError, DuplicateIdError, GraphFileError
from streamlib.graph.graph_file import GraphFile
from streamlib.ids import LinkId, ProcessorId
from streamlib.runtime.edit import Edit
from streamlib.runtime.loader import Loader, blamed
from streamlib.runtime.runtime import StreamRuntime
from tests.scenarios.stage import Collect, Numbers, Pass


@dataclass
class Note:
    text: str


HEAD = "streamlib: 1\nprocessors:\n"


def load(text: str, *, skip_unknown: bool = False) -> Edit:
    runtime = StreamRuntime()
    edit = runtime.edit()
    for kind in (Numbers, Pass, Collect):
        runtime.declaration_of(kind)
    Loader(GraphFile.parse(HEAD + text, "x"), [Note], skip_unknown=skip_unknown).load_into(edit)
    return edit


def test_a_type_that_is_not_known_is_told_with_how_it_comes_to_be() -> None:
    with pytest.raises(GraphFileError, match=r"setup\(runtime\) that calls runtime\.load\(file, classes=\[YourProc"):
        load("  a: {type: invert}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  a: {type: Nombers}", "x:3: processors.a.type: no processor type 'Nombers'; did you mean 'Numbers'?"),
        ("  a:\n    type: Numbers\n    config:\n      cuont: 3", "x:6: processors.a.config.cuont: Numbers has no"),
        ("  a: {type: Numbers,\n   config: {count: many}}", "x:4: processors.a.config.count: Numbers.count: expected"),
        ("  a: {type: Collect}", "x:3: processors.a.config.record: Collect needs record"),
        ("  a: {type: Numbers}\n  b: {type: Pass}\nlinks:\n- a.oot -> b", "x:6: links[0]: Numbers has no output port"),
        ("  a: {type: Numbers}\n  b: {type: Pass}\nlinks:\n- a -> b.in", "x:6: links[0]: Pass has no input port 'in'"),
        ("  a: {type: Pass}\n  b: {type: Numbers}\nlinks:\n- a -> b", "x:6: links[0]: a cannot be joined to b"),
        (
            "  a: {type: Pass, components: {'nowhere:Thing': {}}}",
            "x:3: processors.a.components.nowhere:Thing: no class 'nowhere:Thing' is imported",
        ),
        (
            "  a: {type: Pass, components: {'__main__:Note': {txt: a}}}",
            "x:3: processors.a.components.__main__:Note: Note has no field 'txt'; did you mean 'text'?",
        ),
    ],
)
def test_what_does_not_fit_is_told_with_line_and_field(text: str, said: str) -> None:
    with pytest.raises(GraphFileError) as raised:
        load(text)
    assert said in str(raised.value)


def test_the_first_error_is_kept_as_the_cause() -> None:
    with pytest.raises(GraphFileError) as raised:
        load("  a: {type: Numbers, config: {count: many}}")
    assert isinstance(raised.value.__cause__, ConfigError)


def test_components_of_unknown_classes_may_be_left_out_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "streamlib"):
        load("  a: {type: Pass, components: {'nowhere:Thing': {}, '__main__:Note': {text: x}}}", skip_unknown=True)
    assert caplog.messages == [
        "x:3: processors.a.components.nowhere:Thing: the class nowhere:Thing is not imported; it is left out"
    ]


def test_the_error_of_a_commit_is_given_its_place() -> None:
    file = GraphFile.parse(f"{HEAD}  a: {{type: P}}\n  b: {{type: P}}\nlinks:\n- a -> b\n- a.out -> b.into\n", "x")
    assert str(blamed(file, DuplicateIdError("b"))).startswith("x:4: processors.b: the id 'b' is taken")
    taken = ConnectError("taken", source="a.out", target="b.into")
    assert str(blamed(file, taken)) == "x:7: links[1]: taken"
    assert str(blamed(file, ConnectError("of somebody else", source="c.out", target="b.into"))).startswith("x:1: of")


def test_components_are_attached_by_the_edit_and_detached_when_it_fails() -> None:
    runtime = StreamRuntime()
    source = runtime.add_processor(Numbers)
    with pytest.raises(DuplicateIdError), runtime.edit() as edit:
        edit.attach(ProcessorId(source.id), Note("x"))
        edit.add_processor(Pass, id=source.id)
    assert Note not in source.components
    link = runtime.connect(source, runtime.add_processor(Pass))
    with runtime.edit() as edit:
        edit.attach(LinkId(link.id), Note("y"))
    assert link.components[Note] == Note("y")
