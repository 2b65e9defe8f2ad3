"""Results as pictures for docs/benchmarks.md: the ratio of each row, and what a step costs among more and more.

Like the table they are drawn of what is kept, by `scripts/bench`. The text in them stays text, so that it can be found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure as Drawing

from benchmarks.report import PAGE, ratios
from benchmarks.result import Result, Spread
from benchmarks.row import Row
from benchmarks.rows.scale import FEWER, PROCESSORS

FOLDER = PAGE.parent / "benchmarks"
RATIOS, SCALE = FOLDER / "ratios.svg", FOLDER / "scale.svg"
OURS, TARGET = "#3f51b5", "#d81b60"
KINDS = {"inlined": "inlined", "pool": "on the pool"}


def draw(rows: Sequence[Row], results: Mapping[str, Result]) -> None:
    """Write both pictures."""
    mpl.rcParams |= {"svg.hashsalt": "streamlib", "svg.fonttype": "none", "font.size": 9.0}
    FOLDER.mkdir(exist_ok=True)
    _write(_ratios(rows, results), RATIOS)
    _write(_scale(results), SCALE)


def _ratios(rows: Sequence[Row], results: Mapping[str, Result]) -> Drawing:
    """A bar for each figure, ours in terms of theirs, with its spread, on a scale of powers."""
    shown = ratios(rows, results)
    drawing = Drawing(figsize=(9, 0.8 + 0.24 * len(shown)), layout="constrained")
    axes = drawing.subplots()
    for place, (_, ratio, at_most) in enumerate(shown):
        axes.barh(place, ratio.median - 1, left=1, color=OURS, height=0.6)
        axes.plot([ratio.least, ratio.most], [place, place], color="black", linewidth=1)
        if at_most is not None:
            axes.plot([at_most], [place], marker="|", color=TARGET, markersize=10, markeredgewidth=2)
    axes.set_xscale("log")
    axes.axvline(1, color="grey", linewidth=0.8)
    axes.set_yticks(range(len(shown)), [name for name, _, _ in shown])
    axes.invert_yaxis()
    axes.set_xlabel("ours in terms of theirs, less is better; the red mark is what was aimed at")
    return drawing


def _scale(results: Mapping[str, Result]) -> Drawing:
    """Nanoseconds of one step among 500, 5,000 and 50,000 processors, as far as they are measured."""
    drawing = Drawing(figsize=(6, 3.5), layout="constrained")
    axes = drawing.subplots()
    for kind, where in KINDS.items():
        names = {number: f"scale-{kind}-{number}" for number in FEWER} | {PROCESSORS: f"scale-{kind}"}
        measured = {number: results[name].figures[0] for number, name in names.items() if _has_figures(results, name)}
        axes.plot(list(measured), [Spread.of(one.ours).median for one in measured.values()], marker="o", label=where)
        if kind == "inlined":
            loop = [Spread.of(one.theirs).median for one in measured.values()]
            axes.plot(list(measured), loop, marker="o", color="grey", label="a loop making the same three calls")
    sizes = [*FEWER, PROCESSORS]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(sizes, [f"{number:,}" for number in sizes])
    axes.minorticks_off()
    axes.set_xlabel("processors")
    axes.set_ylabel("ns a step")
    axes.legend()
    return drawing


def _has_figures(results: Mapping[str, Result], name: str) -> bool:
    return name in results and bool(results[name].figures)


def _write(drawing: Drawing, path: Path) -> None:
    drawing.savefig(path, metadata={"Date": None})
