"""A running graph on a terminal: a table that is drawn again and again, or a line every second where there is none.

`tally.py` has the figures; `attendance.py` says when to look.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from streamlib.clock import NS_PER_MS, NS_PER_S, MonotonicClock
from streamlib.control.cli.duration import milliseconds
from streamlib.control.cli.tally import Role, Row, Tally

DRAWN_NS = 250 * NS_PER_MS
LINE_NS = NS_PER_S
MOST_ROWS = 60  # of a table; a graph may hold 50,000 processors
MOST_ENDS = 8  # sources and sinks in a line

STYLES = {"+": "green", "-": "red", "~": "yellow"}
"""How changes of a graph are shown, by their signs."""


class Display:
    """Shows a tally while a graph runs; what is said in between stays above it."""

    def __init__(self, tally: Tally, console: Console) -> None:
        self._tally = tally
        self._console = console
        self._clock = MonotonicClock()
        self._start_ns = self._shown_ns = self._clock.now_ns()
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None

    @property
    def elapsed_ns(self) -> int:
        """The time since it was opened."""
        return self._clock.now_ns() - self._start_ns

    def tick(self) -> None:
        """Look at the graph and show it, if it is time to."""
        now_ns = self._clock.now_ns()
        if now_ns - self._shown_ns < (LINE_NS if self._live is None else DRAWN_NS):
            return
        self._shown_ns = now_ns
        self._tally.look()
        if self._live is None:
            self._console.print(self._line(), highlight=False, markup=False)
        else:
            self._live.update(Group(processor_table(self._tally.rows()), Text(self._line())), refresh=True)

    def say(self, message: str, style: str = "") -> None:
        """Print a line that stays, with the time."""
        line = f"{self.elapsed_ns / NS_PER_S:6.1f} s  {message}"
        self._console.print(line, style=style, highlight=False, markup=False, soft_wrap=True)

    def add(self, line: str, style: str = "") -> None:
        """Print a line that belongs to the one before."""
        self._console.print(f"          {line}", style=style, highlight=False, markup=False, soft_wrap=True)

    def __enter__(self) -> Self:
        self._start_ns = self._shown_ns = self._clock.now_ns()
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def _line(self) -> str:
        rows = self._tally.rows()
        ends = [f"{row.id} {row.frames}" for row in rows if row.role is not Role.FILTER][:MOST_ENDS]
        dropped = sum(row.dropped for row in rows)
        return f"{self.elapsed_ns / NS_PER_S:6.1f} s  {'   '.join([*ends, f'dropped {dropped}'])}"


def processor_table(rows: list[Row]) -> Table:
    """Processors with their frames, latencies and drops, and errors if there were any."""
    table = Table(header_style="bold", box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("processor", overflow="fold")
    for title in ("frames", "p50", "p99", "dropped"):
        table.add_column(title, justify="right")
    errors = any(row.errors for row in rows)
    if errors:
        table.add_column("errors", justify="right", style="red")
    table.add_column("where it ran", overflow="fold")
    for row in rows[:MOST_ROWS]:
        table.add_row(*_cells(row, errors=errors))
    if len(rows) > MOST_ROWS:
        table.add_row(f"and {len(rows) - MOST_ROWS} more")
    return table


def _cells(row: Row, *, errors: bool) -> list[str]:
    timed = row.latency.samples > 0
    latencies = [milliseconds(ns) if timed else "–" for ns in (row.latency.p50_ns, row.latency.p99_ns)]
    return [row.id, str(row.frames), *latencies, str(row.dropped), *([str(row.errors)] if errors else []), row.place]
