"""What one more processor costs in a running graph, however large that is."""

from __future__ import annotations

import sys

from benchmarks.program import Program
from benchmarks.row import Figure, Row

LARGE, SMALL = 10_000, 10
PAIRS = 5


def _graph(kind: str, processors: int, name: str, row: int) -> Program:
    module = (sys.executable, "-m", "benchmarks.programs.streamlib_edit")
    return Program(
        name=name,
        command=(*module, kind, "--processors", str(processors), "--row", str(row)),
        version_command=(*module, "--version"),
        install="run scripts/install",
    )


def _row(name: str, kind: str, where: str, row: int = SMALL) -> Row:
    what = f"one more in a running graph of {LARGE:,}, {where}"
    return Row(
        name=name,
        ours=_graph(kind, LARGE, "StreamLib", row),
        theirs=_graph(kind, SMALL, f"the same in a graph of {SMALL}", SMALL),
        figures=(
            Figure(key="add_us", what=f"{what}: add and connect", unit="µs", at_most=1.5),
            Figure(key="remove_us", what="the same: drain and remove", unit="µs", at_most=1.5),
        ),
        method=f"Rows of {row:,} processors, each behind a manual source of its own that sends nothing. A processor "
        "is added behind the last of one row, as one edit, and removed again; medians of 300.",
        held_back="An output is bound to all its links anew by an edit of one of them, about 10 µs for each: nobody "
        "here has more than two, and one that feeds 10,000 is a hundred times slower to edit.",
        pairs=PAIRS,
    )


EDIT_POOL = _row("edit-pool", "pool", "on the pool")
EDIT_INLINED = _row("edit-inlined", "inlined", "inlined")
EDIT_ONE_LOOP = _row("edit-one-loop", "inlined", "inlined in one loop", LARGE)
