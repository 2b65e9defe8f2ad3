from __future__ import annotations

import io

import pytest
from rich.console import Console

from streamlib.control.cli.display import MOST_ROWS, Display, processor_table
from streamlib.control.cli.tally import Role, Row, Tally
from streamlib.frames.data import DataFrame
from streamlib.ids import ProcessorId
from streamlib.links.latency import LatencyStats
from streamlib.runtime.runtime import StreamRuntime
from streamlib.testing import Gate, ListSink, ListSource, ManualClock


def row(name: str, *, errors: int = 0, samples: int = 10) -> Row:
    latency = LatencyStats(samples, 1_500_000, 2_000_000, 3_250_000, 4_000_000)
    return Row(ProcessorId(name), Role.SINK, 42, 7, errors, latency, f"streamlib:{name}")


def shown(table: object) -> str:
    console = Console(file=io.StringIO(), width=120)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def running() -> StreamRuntime:
    runtime = StreamRuntime()
    source = runtime.add_processor(ListSource, items=[DataFrame({"n": 1}), Gate()])
    runtime.connect(source, runtime.add_processor(ListSink))
    return runtime


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_a_table_on_a_terminal_and_lines_elsewhere(
    running: StreamRuntime, monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    clock = ManualClock()
    monkeypatch.setattr("streamlib.control.cli.display.MonotonicClock", lambda: clock)
    out = io.StringIO()
    console = Console(file=out, force_terminal=terminal, width=120)
    with running, Display(Tally(running.graph), console) as display:
        running.start()
        display.tick()
        assert "list_sink_0" not in out.getvalue()  # it is not time yet
        clock.advance(1_500_000_000)
        display.tick()
        display.say("something happened")
    text = out.getvalue()
    assert ("where it ran" in text) is terminal
    assert "   1.5 s  list_source_0 " in text
    assert "dropped 0" in text
    assert "   1.5 s  something happened" in text


def test_the_table_has_what_each_processor_did() -> None:
    text = shown(processor_table([row("writer")]))
    assert all(word in text for word in ("writer", "42", "7", "1.50 ms", "3.25 ms", "streamlib:writer"))
    assert "errors" not in text


def test_errors_are_shown_where_there_are_some_and_latencies_only_where_they_were_taken() -> None:
    text = shown(processor_table([row("good", samples=0), row("bad", errors=3)]))
    assert "errors" in text
    assert "–" in text


def test_a_table_of_very_many_ends_somewhere() -> None:
    text = shown(processor_table([row(f"p{n}") for n in range(MOST_ROWS + 5)]))
    assert "and 5 more" in text
