"""A graph at work as a table, of one look: its processors and links with what they do, as text and as HTML.

Snapshots come in from the `inspector`, and are drawn afterwards without another look. `live_table.py` draws it again
and again.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from streamlib.clock import NS_PER_MS
from streamlib.ids import LinkId, ProcessorId
from streamlib.observability.snapshots import GraphHealth, GraphTopology, LinkSnapshot, ProcessorSnapshot
from streamlib.states import ProcessorState

MOST_ROWS = 60
"""Processors and links that are shown, each; a graph may hold 50,000."""

PROCESSORS = ("processor", "type", "state", "calls/s", "p50", "p99", "errors", "waiting")
LINKS = ("link", "delivery", "waiting", "frames/s", "dropped")

_WORDS = 3
"""How many columns of a table are words; the others are numbers, and stand to the right."""

_COLORS = {ProcessorState.FAILED: "#c62828", ProcessorState.PAUSED: "#b26a00", ProcessorState.RESTARTING: "#b26a00"}

_CELL = "padding:2px 10px 2px 0;text-align:"


class Looks(Protocol):
    """The inspector, as far as a table asks it."""

    def processor(self, id_: ProcessorId | str, /) -> ProcessorSnapshot | None:
        """One processor as it is now; None where there is none of that id."""
        ...

    def link(self, id_: LinkId | str, /) -> LinkSnapshot | None:
        """One link as it is now; None where there is none of that id."""
        ...

    def topology(self) -> GraphTopology:
        """Who is joined to whom."""
        ...

    def health(self) -> GraphHealth:
        """How the graph as a whole is doing."""
        ...


@dataclass(frozen=True, slots=True)
class GraphTable:
    """What there is to show; processors and links in the order in which they came, `MOST_ROWS` of each."""

    health: GraphHealth
    processors: Sequence[ProcessorSnapshot]
    links: Sequence[LinkSnapshot]

    @classmethod
    def of(cls, inspector: Looks) -> Self:
        """The table of a graph as it is now."""
        topology = inspector.topology()
        processors = [inspector.processor(one.id) for one in topology.processors[:MOST_ROWS]]
        links = [inspector.link(one.id) for one in topology.links[:MOST_ROWS]]
        return cls(
            inspector.health(),
            [one for one in processors if one is not None],  # None: it was removed in between
            [one for one in links if one is not None],
        )

    def __str__(self) -> str:
        parts = [self._summary(), _text(PROCESSORS, self._processor_rows()), *self._more(self.health.processor_count)]
        if self.links:
            parts += [_text(LINKS, self._link_rows()), *self._more(self.health.link_count)]
        return "\n".join(parts)

    def to_html(self) -> str:
        """The same for a notebook; it takes colours and letters from the page around it."""
        rows = self._processor_rows()
        states = [_COLORS.get(one.state, "") for one in self.processors]
        parts = [
            f"<div><b>{html.escape(self._summary())}</b></div>",
            _html(PROCESSORS, rows, lambda row, column: states[row] if column == PROCESSORS.index("state") else ""),
            *map(_note, self._more(self.health.processor_count)),
        ]
        if self.links:
            full = ["#c62828" if one.dropped else "#b26a00" if one.is_full else "" for one in self.links]
            parts.append(_html(LINKS, self._link_rows(), lambda row, column: full[row] if column >= _WORDS - 1 else ""))
            parts += map(_note, self._more(self.health.link_count))
        return f'<div style="font-variant-numeric:tabular-nums">{"".join(parts)}</div>'

    def _summary(self) -> str:
        health = self.health
        words = f"{health.state}: {health.processor_count} processors, {health.link_count} links, "
        words += f"{health.dropped_frames:,} frames dropped, {health.error_count:,} errors"
        if health.bottlenecks:
            words += f", the pace is set by {health.bottlenecks[0].processor_id}"
        return words

    def _more(self, count: int) -> list[str]:
        return [f"and {count - MOST_ROWS:,} more"] if count > MOST_ROWS else []

    def _processor_rows(self) -> list[list[str]]:
        waiting: dict[str, int] = {}
        for link in self.links:
            if link.runs:
                id_ = link.target.processor_id
                waiting[id_] = waiting.get(id_, 0) + link.queue_depth
        return [
            [
                one.id, one.processor_type, one.state.value, f"{one.throughput_fps:,.1f}",
                _milliseconds(one, one.latency.p50_ns), _milliseconds(one, one.latency.p99_ns),
                f"{one.errors:,}", f"{waiting.get(one.id, 0):,}",
            ]
            for one in self.processors
        ]  # fmt: skip

    def _link_rows(self) -> list[list[str]]:
        return [
            [
                one.id, one.delivery.value, f"{one.queue_depth} of {one.capacity}",
                f"{one.throughput_fps:,.1f}", f"{one.dropped:,}",
            ]
            for one in self.links
        ]  # fmt: skip


def _milliseconds(one: ProcessorSnapshot, ns: int) -> str:
    return f"{ns / NS_PER_MS:,.2f} ms" if one.latency.samples else "–"


def _text(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = [titles, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(titles))]
    lines = []
    for row in table:
        cells = [
            cell.ljust(width) if column < _WORDS else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _html(titles: Sequence[str], rows: Iterable[Sequence[str]], color: Callable[[int, int], str]) -> str:
    def cell(tag: str, words: str, column: int, tint: str = "") -> str:
        side = "left" if column < _WORDS else "right"
        style = f"{_CELL}{side}" + (f";color:{tint}" if tint else "")
        return f'<{tag} style="{style}">{html.escape(words)}</{tag}>'

    head = "".join(cell("th", title, column) for column, title in enumerate(titles))
    body = "".join(
        f"<tr>{''.join(cell('td', words, column, color(number, column)) for column, words in enumerate(row))}</tr>"
        for number, row in enumerate(rows)
    )
    return f'<table style="border-collapse:collapse;margin:6px 0"><thead><tr>{head}</tr></thead>{body}</table>'


def _note(words: str) -> str:
    return f"<div>{html.escape(words)}</div>"
