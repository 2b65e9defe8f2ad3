"""How long the collector stands still for, beside a graph of tens of thousands."""

from __future__ import annotations

from benchmarks.row import Figure, Row
from benchmarks.rows.scale import PROCESSORS, looking, shape
from benchmarks.target import Target

PAIRS = 3

COLLECTOR = Row(
    name="collector",
    ours=looking("streamlib_collector", "inlined"),
    theirs=Target({"p999_ms": 5.0, "max_ms": 5.0}),
    figures=(
        Figure(key="p999_ms", what="a pause of the collector: p99.9", unit="ms", at_most=1.0, digits=2),
        Figure(key="max_ms", what="the same: the longest", unit="ms", at_most=None, digits=2),
    ),
    method=f"{shape(PROCESSORS)}, inlined; 200 frames. Each processor holds its last frame in a list, and leaves a "
    "list that holds itself at each step: some ten thousand pauses. A call of the collector is timed from beginning to "
    "its end, whoever has the processor meanwhile.",
    pairs=PAIRS,
)
