from __future__ import annotations

import itertools
from html.parser import HTMLParser

import pytest

from streamlib import StreamRuntime
from streamlib.errors import ProcessorFailed
from streamlib.observability import table
from streamlib.observability.table import GraphTable
from streamlib.testing import ManualClock
from tests.scenarios.stage import SECONDS, Collect, Faulty, Hand, Pass, Record


class Cells(HTMLParser):
    """The words of a table's cells, with the colours of those that have one."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.colors: dict[str, str] = {}
        self._color = ""
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        style = dict(attributes).get("style") or ""
        self._color = style.partition("color:")[2] if tag == "td" else ""

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self._color:
            self.colors[data] = self._color


def test_a_table_has_what_processors_do_and_what_waits_in_links() -> None:
    clock, record = ManualClock(), Record()
    with StreamRuntime(clock=clock) as runtime:
        hand, sink = runtime.add_processor(Hand), runtime.add_processor(Collect, record=record)
        runtime.connect(hand, sink, delivery="drop_oldest")
        runtime.start()
        runtime.step(hand)
        record.wait_until(lambda: record.numbers == [0])
        runtime.pause(sink)
        for _ in range(10):
            runtime.step(hand)
        clock.advance(2_000_000_000)
        shown = GraphTable.of(runtime.inspector)
        lines = str(shown).splitlines()
    assert lines[0] == "running: 2 processors, 1 links, 2 frames dropped, 0 errors"
    assert lines[1].split() == ["processor", "type", "state", "calls/s", "p50", "p99", "errors", "waiting"]
    assert lines[2].startswith("hand_0     Hand     running      5.5  ")
    assert lines[3].startswith("collect_0  Collect  paused       0.5  ")
    assert lines[3].endswith("0        8")
    assert [line.split("  ") for line in lines[4:]][-1][0] == "hand_0.out->collect_0.into"
    assert lines[-1].split()[-5:] == ["8", "of", "8", "0.5", "2"]
    cells = Cells(shown.to_html())
    assert {"paused": "#b26a00", "2": "#c62828"}.items() <= cells.colors.items()
    assert "2 frames dropped" in cells.words[0]


def test_a_processor_that_was_never_called_has_no_latency() -> None:
    runtime = StreamRuntime()
    runtime.add_processor(Hand)
    assert str(GraphTable.of(runtime.inspector)).splitlines()[2].split() == [
        "hand_0", "Hand", "idle", "0.0", "–", "–", "0", "0",
    ]  # fmt: skip
    assert "→" not in GraphTable.of(runtime.inspector).to_html()


def test_an_empty_graph_is_a_table_too() -> None:
    shown = GraphTable.of(StreamRuntime().inspector)
    assert str(shown).splitlines()[0].startswith("idle: 0 processors, 0 links")
    assert "<table" in shown.to_html()


def test_one_that_has_failed_is_red() -> None:
    with StreamRuntime() as runtime:
        hand = runtime.add_processor(Hand)
        faulty = runtime.add_processor(Faulty, where="process", record=Record(), on_error="fail")
        runtime.connect(hand, faulty)
        runtime.start()
        runtime.step(hand)
        assert runtime._reports.wait_until(lambda: faulty.state == "failed", SECONDS)
        cells = Cells(GraphTable.of(runtime.inspector).to_html())
        assert cells.colors["failed"] == "#c62828"
        with pytest.raises(ProcessorFailed):
            runtime.wait(SECONDS)


def test_of_many_the_first_are_shown_and_the_others_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MOST_ROWS", 3)
    runtime = StreamRuntime()
    chain = [runtime.add_processor(Pass) for _ in range(1_005)]
    for first, second in itertools.pairwise(chain[:6]):
        runtime.connect(first, second)
    shown = GraphTable.of(runtime.inspector)
    assert (len(shown.processors), len(shown.links)) == (3, 3)
    assert [line for line in str(shown).splitlines() if "more" in line] == ["and 1,002 more", "and 2 more"]
    assert "<div>and 1,002 more</div>" in shown.to_html()


def test_names_cannot_be_markup() -> None:
    bold = type("B<b>", (Hand,), {})
    runtime = StreamRuntime()
    runtime.add_processor(bold, id="x")
    markup = GraphTable.of(runtime.inspector).to_html()
    assert "<b>" not in markup.partition("</b>")[2]
    assert "B&lt;b&gt;" in markup
