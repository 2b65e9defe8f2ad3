"""What one more processor costs in a running graph, however large that is."""

from __future__ import annotations

import sys

from benchmarks.program import Program
from benchmarks.row import Figure, Row

LARGE, SMALL = 10_000, 10
PAIRS = 5


def _graph(kind: str, processors: int, name: str, *shape: str) -> Program:
    module = (sys.executable, "-m", "benchmarks.programs.streamlib_edit")
    return Program(
        name=name,
        command=(*module, kind, "--processors", str(processors), *shape),
        version_command=(*module, "--version"),
        install="run scripts/install",
    )


def _row(name: str, kind: str, where: str, row: int = SMALL) -> Row:
    what = f"one more in a running graph of {LARGE:,}, {where}"
    return Row(
        name=name,
        ours=_graph(kind, LARGE, "StreamLib", "--row", str(row)),
        theirs=_graph(kind, SMALL, f"the same in a graph of {SMALL}", "--row", str(SMALL)),
        figures=(
            Figure(key="add_us", what=f"{what}: add and connect", unit="µs", at_most=1.5),
            Figure(key="remove_us", what="the same: drain and remove", unit="µs", at_most=1.5),
        ),
        method=f"Rows of {row:,} processors, each behind a manual source of its own that sends nothing. A processor "
        "is added behind the last of one row, as one edit, and removed again; medians of 300.",
        pairs=PAIRS,
    )


def _wide_row(name: str, kind: str, where: str) -> Row:
    what = f"one more link at an output of a running graph that has {LARGE:,}, {where}"
    return Row(
        name=name,
        ours=_graph(kind, LARGE, "StreamLib", "--wide"),
        theirs=_graph(kind, SMALL, f"the same at an output of {SMALL}", "--wide"),
        figures=(
            Figure(key="add_us", what=f"{what}: add and connect", unit="µs", at_most=1.5),
            Figure(key="remove_us", what="the same: drain and remove", unit="µs", at_most=1.5),
        ),
        method="A manual source that sends nothing feeds all processors by one output. One more is added behind it, as "
        "one edit, and removed again; medians of 300.",
        pairs=PAIRS,
    )


EDIT_POOL = _row("edit-pool", "pool", "on the pool")
EDIT_INLINED = _row("edit-inlined", "inlined", "inlined")
EDIT_ONE_LOOP = _row("edit-one-loop", "inlined", "inlined in one loop", LARGE)
EDIT_WIDE_POOL = _wide_row("edit-wide-pool", "pool", "to processors on the pool")
EDIT_WIDE_INLINED = _wide_row("edit-wide-inlined", "inlined", "to inlined processors")
