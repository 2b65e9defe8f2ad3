from __future__ import annotations

import json
import sys
from dataclasses import replace
from enum import StrEnum
from typing import Any

import pytest

from streamlib import DataFrame, Group, LinkInput, Processor, ProcessorConfig, RenderedGraph, StreamRuntime
from streamlib.graph.property_graph import PropertyGraph
from streamlib.observability import render
from streamlib.observability.render import INDENT_LIMIT, RenderedLink, RenderedProcessor, RenderFormat
from tests.scenarios.stage import Both, Numbers, Pass


class Strange:
    def __eq__(self, other: object) -> bool:
        raise ValueError("not to be compared")

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "strange" * 20


class Sink(Processor):
    class Config(ProcessorConfig):
        what: Any = None

    into = LinkInput(DataFrame, capacity=3)

    def process(self, ctx: object) -> None: ...


class Idle(Processor):
    def process(self, ctx: object) -> None: ...


@pytest.fixture
def diamond() -> StreamRuntime:
    runtime = StreamRuntime()
    source = runtime.add_processor(Numbers, id="source", count=3)
    one, other = runtime.add_processor(Pass, id="one"), runtime.add_processor(Pass, id="other")
    both = runtime.add_processor(Both, id="both")
    runtime.connect(source, one)
    runtime.connect(source, other)
    runtime.connect(one, both.input("left"))
    runtime.connect(other, both.input("right"), capacity=5, delivery="latest")
    runtime.connect(both, runtime.add_processor(Sink, id="sink"))
    runtime.add_processor(Idle, id="alone")
    return runtime


@pytest.mark.promise("cli.graph")
def test_text_is_a_tree_in_which_each_processor_is_spelled_out_once(diamond: StreamRuntime) -> None:
    assert RenderedGraph.of(diamond.graph).to_text().splitlines() == [
        "source (Numbers) count=3",
        "├─ out → one.into (Pass)",
        "│  └─ out → both.left (Both)",
        "│     └─ out → sink.into (Sink)",
        "└─ out → other.into (Pass)",
        "   └─ out (latest, capacity 5) → both.right (shown already)",
        "alone (Idle)",
    ]


@pytest.mark.promise("cli.graph")
def test_mermaid_is_a_flowchart(diamond: StreamRuntime) -> None:
    assert RenderedGraph.of(diamond.graph).to_mermaid().splitlines() == [
        "flowchart LR",
        '    p0["source<br>Numbers"]',
        '    p1["one<br>Pass"]',
        '    p2["other<br>Pass"]',
        '    p3["both<br>Both"]',
        '    p4["sink<br>Sink"]',
        '    p5["alone<br>Idle"]',
        '    p0 -- "out → into" --> p1',
        '    p0 -- "out → into" --> p2',
        '    p1 -- "out → left" --> p3',
        '    p2 -- "out (latest, capacity 5) → right" --> p3',
        '    p3 -- "out → into" --> p4',
    ]


@pytest.mark.promise("cli.graph")
def test_dot_is_a_digraph(diamond: StreamRuntime) -> None:
    lines = RenderedGraph.of(diamond.graph).to_dot().splitlines()
    assert (lines[0], lines[-1]) == ("digraph streamlib {", "}")
    assert r'    "source" [label="source\nNumbers"];' in lines
    assert '    "other" -> "both" [label="out (latest, capacity 5) → right"];' in lines


@pytest.mark.promise("cli.graph")
def test_json_is_the_record(diamond: StreamRuntime) -> None:
    shown = json.loads(RenderedGraph.of(diamond.graph).to_json())
    assert shown["processors"][0] == {
        "id": "source",
        "type": "Numbers",
        "inputs": {},
        "outputs": {"out": "DataFrame"},
        "settings": {"count": 3},
        "group": "",
        "on_error": "",
    }
    assert [(link["target"], link["delivery"], link["capacity"]) for link in shown["links"]] == [
        ("one", "every", 8), ("other", "every", 8), ("both", "every", 8), ("both", "latest", 5), ("sink", "every", 3)
    ]  # fmt: skip


def test_a_picture_is_of_one_moment(diamond: StreamRuntime) -> None:
    picture = RenderedGraph.of(diamond.graph)
    before = picture.to_text()
    diamond.remove("both")
    assert picture.to_text() == before
    assert RenderedGraph.of(diamond.graph) != picture


def test_a_graph_without_processors_is_empty() -> None:
    empty = RenderedGraph.of(StreamRuntime().graph)
    assert [empty.to(format) for format in RenderFormat if format is not RenderFormat.SVG] == [
        "", "flowchart LR", "digraph streamlib {\n    rankdir=LR;\n    node [shape=box];\n}",
        '{\n  "processors": [],\n  "links": [],\n  "groups": []\n}',
    ]  # fmt: skip


def test_a_setting_that_cannot_be_compared_is_shown_and_a_long_one_cut() -> None:
    runtime = StreamRuntime()
    runtime.add_processor(Sink, what=Strange())
    assert RenderedGraph.of(runtime.graph).to_text() == f"sink_0 (Sink) what={'strange' * 6}stran…"


def test_a_chain_that_is_longer_than_the_stack_is_deep_is_shown_in_parts() -> None:
    runtime = StreamRuntime()
    length = sys.getrecursionlimit() + 100
    with runtime.edit() as edit:
        before = edit.add_processor(Numbers)
        for _ in range(length):
            after = edit.add_processor(Pass)
            edit.connect(before, after)
            before = after
    lines = RenderedGraph.of(runtime.graph).to_text().splitlines()
    assert max(map(len, lines)) < INDENT_LIMIT + 60
    assert sum("(Pass)" in line for line in lines) == length
    assert lines[-1].endswith(f"pass_{length - 1}.into (Pass)")


@pytest.mark.promise("cli.graph")
def test_a_group_is_drawn_around_its_members() -> None:
    runtime = StreamRuntime()
    runtime.add_processor(Numbers)

    def recording(group: Group) -> None:
        one = group.add_processor(Pass, id="one")
        group.input("data", one.input("into"))
        group.output("copy", one.output("out"))

    runtime.add_group(recording, id="rec")
    picture = RenderedGraph.of(runtime.graph)
    assert picture.to_text().splitlines()[2:] == [
        "group rec: rec/one", "   input data → rec/one.into", "   output copy ← rec/one.out"
    ]  # fmt: skip
    assert json.loads(picture.to_json())["groups"] == [
        {"id": "rec", "members": ["rec/one"], "inputs": {"data": "rec/one.into"}, "outputs": {"copy": "rec/one.out"}}
    ]
    assert picture.to_mermaid().splitlines()[2:] == [
        '    subgraph g1["rec"]', '    p1["rec/one<br>Pass"]', "    end"
    ]  # fmt: skip
    assert '    subgraph cluster_1 {\n    label="rec";\n    "rec/one"' in picture.to_dot()


def test_names_with_quotes_break_nothing() -> None:
    picture = RenderedGraph((RenderedProcessor('a"', "<\\>", {}, {}, {}),))
    assert picture.to_mermaid().splitlines()[1] == '    p0["a#quot;<br>#lt;\\#gt;"]'
    assert r'"a\"" [label="a\"\n<\\>"];' in picture.to_dot()


class Speed(StrEnum):
    FAST = "fast"
    SLOW = "slow"


class Told(Processor):
    class Config(ProcessorConfig):
        path: str = ""
        speed: Speed = Speed.SLOW
        sizes: tuple[int, ...] = ()
        what: Any = None
        rate: float = 1.0

    into = LinkInput(DataFrame)

    def process(self, ctx: object) -> None: ...


@pytest.mark.promise("cli.graph")
def test_settings_are_plain_values_in_json_and_words_only_where_there_is_none() -> None:
    runtime = StreamRuntime()
    runtime.add_processor(
        Told, path="clip.mp4", speed="fast", sizes=(1, 2), what=len, rate=float("inf"), on_error="restart"
    )
    picture = RenderedGraph.of(runtime.graph)
    (shown,) = json.loads(picture.to_json())["processors"]
    assert shown["settings"] == {
        "path": "clip.mp4", "speed": "fast", "sizes": [1, 2], "what": "<built-in function len>", "rate": "inf"
    }  # fmt: skip
    assert shown["on_error"] == "restart"
    assert picture.to_text() == (
        "told_0 (Told) path='clip.mp4' speed='fast' sizes=[1, 2] what=<built-in function len> rate=inf on_error=restart"
    )
    assert "on_error: restart" in picture.to_mermaid()
    assert "on_error: restart" in picture.to_dot()


def test_a_delivery_that_the_input_declares_is_shown_and_its_capacity_is_not() -> None:
    link = RenderedLink("a->b", "a", "out", "b", "into", "DataFrame", "latest", 3)
    assert link.terms() == "latest"
    assert replace(link, delivery="every").terms() == ""
    assert replace(link, delivery="every", overrides=("delivery",)).terms() == "every"


@pytest.mark.promise("python.graph-repr")
def test_a_notebook_shows_the_picture_and_words_where_it_would_be_too_large(
    diamond: StreamRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for shown in (RenderedGraph.of(diamond.graph), diamond, diamond.graph):
        drawn = shown._repr_html_()
        assert drawn is not None
        assert drawn.startswith('<div style="overflow:auto"><svg ')
    assert PropertyGraph()._repr_html_() is None
    monkeypatch.setattr(render, "MOST_DRAWN", 3)
    assert diamond._repr_html_() == "<div>6 processors, 5 links: too many for a picture</div>"
