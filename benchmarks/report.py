"""Results as tables: plain text for a terminal, Markdown between the markers of docs/benchmarks.md.

What is called `compiled` here are results whose ours is our side compiled, and whose theirs is our side as it comes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.program import ROOT
from benchmarks.result import Measured, Place, Result, Spread
from benchmarks.row import Figure, Row

PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- results: written by scripts/bench -->", "<!-- end of results -->"
NOT_YET = "not measured yet"
COLUMNS = ("what", "ours", "theirs", "ratio", "at most", "reached", "A/A", "compiled")
NONE: Mapping[str, Result] = {}


@dataclass(frozen=True, slots=True)
class _Line:
    """One figure of one row, measured or not."""

    row: Row
    figure: Figure
    result: Result | None
    measured: Measured | None
    compiled: Measured | None

    @property
    def why_missing(self) -> str:
        """Why there are no figures, in words for the table."""
        return f"not measured: {self.result.missing}" if self.result and self.result.missing else NOT_YET

    @property
    def is_reached(self) -> bool | None:
        if self.measured is None or self.figure.at_most is None:
            return None
        return self.measured.ratio.median <= self.figure.at_most

    def cells(self) -> tuple[str, ...]:
        figure, measured = self.figure, self.measured
        at_most = "" if figure.at_most is None else f"{figure.at_most:g}"
        compiled = ""
        if self.compiled is not None:
            compiled = f"{_median(self.compiled.ours, figure)}, {_ratio(self.compiled.ratio)}"
        if measured is None:
            return (figure.what, "", "", "not measured" if self.result else NOT_YET, at_most, "", "", compiled)
        sides = [_median(numbers, figure) for numbers in (measured.ours, measured.theirs)]
        reached = {True: "yes", False: "no", None: ""}[self.is_reached]
        same = "one pair" if measured.same is None else _ratio(measured.same)
        return (figure.what, *sides, _ratio(measured.ratio), at_most, reached, same, compiled)


def as_text(rows: Iterable[Row], results: Mapping[str, Result], compiled: Mapping[str, Result] = NONE) -> str:
    """A table for a terminal, with a line for each figure and for each row that could not be measured.

    A column in which nothing stands is left out.
    """
    lines = _lines(rows, Place(results, compiled))
    table = zip(COLUMNS, *(line.cells() for line in lines), strict=True)
    columns = [column for column in table if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    printed = [_padded(cells, widths) for cells in zip(*columns, strict=True)]
    missing = [f"{line.row.name}: {line.why_missing}" for line in lines if line.measured is None]
    return "\n".join([printed[0], "-" * len(printed[0]), *printed[1:], *dict.fromkeys(missing)])


def ratios(rows: Iterable[Row], results: Mapping[str, Result]) -> list[tuple[str, Spread, float | None]]:
    """What a picture shows: the name of a row, with its figure's behind the first, the ratio and the aim.

    Of what has no aim the first figure of a row has to do. A ratio that is nothing or infinite has no place on a
    scale of powers.
    """
    return [
        (_name(line), line.measured.ratio, line.figure.at_most)
        for line in _lines(rows, Place(results))
        if line.figure.at_most is not None or line.figure is line.row.figures[0]
        if line.measured and 0 < line.measured.ratio.median < math.inf
    ]


def _name(line: _Line) -> str:
    """Without the unit that a figure's key ends with."""
    key = line.figure.key.split("_")[0]
    return line.row.name if line.figure is line.row.figures[0] else f"{line.row.name}: {key}"


def write_page(rows: Sequence[Row], places: Sequence[Place], page: Path = PAGE) -> None:
    """Put the present results between the markers of the page."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{as_markdown(rows, places)}\n{END}{after}")


def as_markdown(rows: Sequence[Row], places: Sequence[Place]) -> str:
    """A table for each machine, what holds back the figures that are above their target, and where it was measured.

    The first has all rows, also those that are still to be measured; the others have what was measured there.
    """
    tables = [_lines(rows if place is places[0] else place.of(rows), place) for place in places]
    lines = [line for table in tables for line in table]
    taken = [
        kept[row.name] for one in places for kept in (one.results, one.compiled) for row in rows if row.name in kept
    ]
    parts = [
        *(
            f"On {place.machine.short}:\n\n{_markdown_table(table)}"
            for place, table in zip(places, tables, strict=True)
        ),
        _section("## What holds back what is not reached", _held_back(lines)),
        _section("## How each row is measured", [f"- **{row.name}**: {row.method}" for row in rows]),
        _section("## Where it was measured", _places(taken)),
    ]
    return "\n".join(part for part in parts if part)


def _lines(rows: Iterable[Row], place: Place) -> list[_Line]:
    results, compiled = place.results, place.compiled
    return [
        _Line(row, figure, results.get(row.name), _measured(results, row, figure), _measured(compiled, row, figure))
        for row in rows
        for figure in row.figures
    ]


def _measured(results: Mapping[str, Result], row: Row, figure: Figure) -> Measured | None:
    figures = results[row.name].figures if row.name in results else []
    return next((measured for measured in figures if measured.key == figure.key), None)


def _markdown_table(lines: Sequence[_Line]) -> str:
    head = ["row", *COLUMNS[:3], "theirs is", *COLUMNS[3:]]
    body = [_markdown_cells(line) for line in lines]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (head, ["---"] * len(head), *body)) + "\n"


def _markdown_cells(line: _Line) -> list[str]:
    what, ours, theirs, ratio, at_most, reached, same, compiled = line.cells()
    if line.measured is None:
        ratio = line.why_missing
    reached = "**no**" if line.is_reached is False else reached
    return [line.row.name, what, ours, theirs, line.row.theirs.name, ratio, at_most, reached, same, compiled]


def _held_back(lines: Sequence[_Line]) -> list[str]:
    rows = {line.row.name: line.row for line in lines if line.is_reached is False}
    return [f"- **{row.name}**: {row.held_back or 'not looked into yet.'}" for row in rows.values()]


def _places(results: Sequence[Result]) -> list[str]:
    """Each machine with the rows that were measured on it, the versions of both sides and the load."""
    said: dict[str, dict[str, None]] = {}
    for result in results:
        low, high = result.loads
        worked_on = f"; {result.payload}" if result.payload else ""
        detail = (
            f"    - {result.row}: {result.date}, revision {result.revision}, {result.ours} beside {result.theirs}"
            f"{worked_on}; load average {low:.2f} before and {high:.2f} after"
        )
        said.setdefault(f"- {result.machine}", {})[detail] = None
    return [text for place, details in said.items() for text in (place, *details)]


def _section(title: str, items: Sequence[str]) -> str:
    return f"{title}\n\n" + "\n".join(items) + "\n" if items else ""


def _median(numbers: Sequence[float], figure: Figure) -> str:
    return f"{Spread.of(numbers).median:,.{figure.digits}f} {figure.unit}"


def _ratio(spread: Spread) -> str:
    """With its spread, if it has one: of one number it has none."""
    around = "" if spread.least == spread.most else f" ({spread.least:.2f} to {spread.most:.2f})"
    return f"{spread.median:.2f}{around}"


def _padded(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return "  ".join([first, *rest]).rstrip()
