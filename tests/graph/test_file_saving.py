from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from streamlib import DataFrame, LinkInput, LinkOutput, Processor, ProcessorConfig
from streamlib.errors import GraphFileError
from streamlib.graph.document import Origin
from streamlib.graph.file_saving import saved_components, saved_link, saved_processor
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph
from streamlib.graph.saved import SavedLink, SavedProcessor
from streamlib.ids import LinkId, PortRef, ProcessorId
from streamlib.links.delivery import Delivery
from streamlib.processors.execution_mode import ErrorPolicy

ORIGIN = Origin("x")


class Step(Processor):
    class Config(ProcessorConfig):
        path: Path = Path("a.mp4")
        level: float = 1
        sizes: tuple[int, ...] = ()
        names: list[str] = []  # noqa: RUF012 - msgspec copies it
        anything: Any = None
        kind: type = object

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: object) -> None: ...


@dataclass
class Note:
    text: str


class Widget:
    pass


def node(id_: str = "step", on_error: ErrorPolicy | None = None, **fields: Any) -> ProcessorNode:
    declaration = Step.declaration
    return ProcessorNode(ProcessorId(id_), "Step", declaration.config.build(fields), declaration, on_error)


def test_only_what_differs_from_the_defaults_is_saved() -> None:
    assert saved_processor(node(), {}, ORIGIN) == SavedProcessor(type="Step")
    given = node(path="a.mp4", level=1.0, names=[], sizes=(1, 2), on_error=ErrorPolicy.STOP)
    expected = SavedProcessor(type="Step", config={"level": 1.0, "sizes": [1, 2]}, on_error=ErrorPolicy.STOP)
    assert saved_processor(given, {}, ORIGIN) == expected


def test_a_relative_path_stays_as_it_was_written() -> None:
    assert saved_processor(node(path="../b.mp4"), {}, ORIGIN).config == {"path": "../b.mp4"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": DataFrame}, "x: processors.step.config.kind: "),
        ({"anything": object()}, "x: processors.step.config.anything: a object cannot be written in a file"),
        ({"anything": (1, 2)}, "anything: (1, 2) would not come back from a file as it is"),
    ],
)
def test_a_value_that_a_file_cannot_hold_is_named(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(GraphFileError) as raised:
        saved_processor(node(**fields), {}, ORIGIN)
    assert said in str(raised.value)


def test_what_is_no_id_is_told() -> None:
    with pytest.raises(GraphFileError, match="an id is 'front.left'"):
        saved_processor(node("front.left"), {}, ORIGIN)


def test_a_link_is_saved_with_both_ports_and_what_it_overrides() -> None:
    link = Link(LinkId("l"), PortRef(ProcessorId("a"), "out"), PortRef(ProcessorId("b"), "into"), Delivery.LATEST, 3)
    components = {"m:Note": {"text": "x"}}
    assert saved_link(("a.out", "b.into"), link, components) == SavedLink(
        link="a.out -> b.into", delivery=Delivery.LATEST, capacity=3, components=components
    )


def test_a_users_components_are_saved_and_the_engines_are_not() -> None:
    graph = PropertyGraph()
    graph.add_processor(node())
    graph.insert("step", Note("left of the door"))
    assert saved_components(graph, "step", frozenset(), ORIGIN) == {f"{__name__}:Note": {"text": "left of the door"}}


def test_a_component_that_cannot_be_saved_is_named_unless_it_is_left_out() -> None:
    graph = PropertyGraph()
    graph.add_processor(node())
    graph.insert("step", Widget())
    with pytest.raises(GraphFileError, match=rf"the component {__name__}:Widget of step .*without=\[Widget\]"):
        saved_components(graph, "step", frozenset(), ORIGIN)
    assert saved_components(graph, "step", frozenset({Widget}), ORIGIN) == {}
