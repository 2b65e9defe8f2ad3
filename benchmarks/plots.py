"""Results as pictures for docs/benchmarks.md: the ratio of each row, and what a processor costs among more and more.

Ratios are those of the machine with the most rows, and what a processor costs is drawn for each.

Like the table they are drawn of what is kept, by `scripts/bench`. The text in them stays text, so that it can be found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from benchmarks.report import PAGE, ratios
from benchmarks.result import Measured, Place, Result, Spread
from benchmarks.row import Row
from benchmarks.rows.scale import FEWER, PLACES, PROCESSORS

FOLDER = PAGE.parent / "benchmarks"
RATIOS, SCALE = FOLDER / "ratios.svg", FOLDER / "scale.svg"
OURS, TARGET = "#3f51b5", "#d81b60"
COSTS = {"build_start_s": "build and start", "stop_s": "stop"}
US_PER_S = 1_000_000


def draw(rows: Sequence[Row], places: Sequence[Place]) -> None:
    """Write both pictures."""
    mpl.rcParams |= {"svg.hashsalt": "streamlib", "svg.fonttype": "none", "font.size": 9.0}
    FOLDER.mkdir(exist_ok=True)
    _write(_ratios(rows, places[0].results), RATIOS)
    _write(_scale(places), SCALE)


def _ratios(rows: Sequence[Row], results: Mapping[str, Result]) -> Drawing:
    """A bar for each figure that has an aim, and for the first one of each row that has none."""
    shown = ratios(rows, results)
    aimed, others = ([one for one in shown if (one[2] is None) == without] for without in (False, True))
    drawing = Drawing(figsize=(12, 0.9 + 0.2 * max(len(aimed), len(others))), layout="constrained")
    left, right = drawing.subplots(1, 2)
    _bars(left, aimed, "with an aim, the red mark")
    _bars(right, others, "without one, the first figure of each row")
    drawing.supxlabel("ours in terms of theirs, less is better")
    return drawing


def _bars(axes: Axes, shown: Sequence[tuple[str, Spread, float | None]], title: str) -> None:
    """Ratios with their spreads, on a scale of powers."""
    for place, (_, ratio, at_most) in enumerate(shown):
        axes.barh(place, ratio.median - 1, left=1, color=OURS, height=0.6)
        axes.plot([ratio.least, ratio.most], [place, place], color="black", linewidth=1)
        if at_most is not None:
            axes.plot([at_most], [place], marker="|", color=TARGET, markersize=9, markeredgewidth=2)
    axes.set_title(title)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.axvline(1, color="grey", linewidth=0.8)
    axes.set_yticks(range(len(shown)), [name for name, _, _ in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)


def _scale(places: Sequence[Place]) -> Drawing:
    """What one processor costs among 500, 5,000 and 50,000: a step, and building and stopping; as far as measured."""
    drawing = Drawing(figsize=(10, 3.8 * len(places)), layout="constrained")
    for place, part in zip(places, drawing.subfigures(len(places), squeeze=False)[:, 0], strict=True):
        part.suptitle(place.machine.short)
        _scale_of(place.results, *part.subplots(1, 2))
    return drawing


def _scale_of(results: Mapping[str, Result], steps: Axes, being_there: Axes) -> None:
    for kind, where in PLACES.items():
        through = _by_size(results, f"scale-{kind}")
        _line(steps, {size: one["ns"].ratio.median for size, one in through.items()}, where)
        cost = _by_size(results, f"scale-{kind}-cost")
        for key, what in COSTS.items():
            each = {size: Spread.of(one[key].ours).median / size * US_PER_S for size, one in cost.items()}
            _line(being_there, each, f"{what}, {where}")
    steps.set_ylabel("a step in terms of a bare loop's")
    being_there.set_ylabel("µs a processor")
    for axes in (steps, being_there):
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
        axes.set_xticks([*FEWER, PROCESSORS], [f"{number:,}" for number in (*FEWER, PROCESSORS)])
        axes.minorticks_off()
        axes.set_xlabel("processors; a level line is linear in all")
    steps.legend(loc="upper left")
    being_there.legend(loc="lower left", ncols=2, fontsize="small")  # the lines end above it


def _line(axes: Axes, points: Mapping[int, float], label: str) -> None:
    if points:  # or it would be named without being there
        axes.plot(list(points), list(points.values()), marker="o", label=label)


def _by_size(results: Mapping[str, Result], name: str) -> dict[int, dict[str, Measured]]:
    """The figures of a row and of those like it with fewer processors, by their number."""
    names = {number: f"{name}-{number}" for number in FEWER} | {PROCESSORS: name}
    return {
        number: {one.key: one for one in results[of].figures}
        for number, of in names.items()
        if of in results and results[of].figures
    }


def _write(drawing: Drawing, path: Path) -> None:
    drawing.savefig(path, metadata={"Date": None})
