"""What one more processor costs in a running graph, however large that is."""

from __future__ import annotations

import sys

from benchmarks.program import Program
from benchmarks.row import Figure, Row

LARGE, SMALL = 10_000, 10
PAIRS = 5


def _graph(kind: str, processors: int, name: str) -> Program:
    module = (sys.executable, "-m", "benchmarks.programs.streamlib_edit")
    return Program(
        name=name,
        command=(*module, kind, "--processors", str(processors)),
        version_command=(*module, "--version"),
        install="run scripts/install",
    )


def _row(kind: str, where: str) -> Row:
    what = f"one more in a running graph of {LARGE:,}, {where}"
    return Row(
        name=f"edit-{kind}",
        ours=_graph(kind, LARGE, "StreamLib"),
        theirs=_graph(kind, SMALL, f"the same in a graph of {SMALL}"),
        figures=(
            Figure(key="add_us", what=f"{what}: add and connect", unit="µs", at_most=1.5),
            Figure(key="remove_us", what="the same: drain and remove", unit="µs", at_most=1.5),
        ),
        method="Rows of ten processors, each behind a manual source of its own that sends nothing. A processor is "
        "added behind the last of one row, as one edit, and removed again; medians of 300.",
        held_back="All inlined processors of one loop are arranged anew by an edit of one of them, about 12 µs for "
        "each: rows here are of ten, and one row of 10,000 behind one head is a hundred times slower to edit.",
        pairs=PAIRS,
    )


EDIT_POOL = _row("pool", "on the pool")
EDIT_INLINED = _row("inlined", "inlined")
