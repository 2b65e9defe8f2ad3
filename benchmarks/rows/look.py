"""What a look at tens of thousands of running processors takes."""

from __future__ import annotations

from benchmarks.row import Figure, Row
from benchmarks.rows.scale import PROCESSORS, looking, shape
from benchmarks.target import Target

PAIRS = 3

LOOK = Row(
    name="look",
    ours=looking("streamlib_look", "inlined"),
    theirs=Target({"health_ms": 200.0, "snapshot_ms": 1_000.0, "held_ms": 200.0}),
    figures=(
        Figure(key="health_ms", what=f"health of {PROCESSORS:,} processors", unit="ms", at_most=1.0),
        Figure(key="snapshot_ms", what="a snapshot of all of them", unit="ms", at_most=1.0),
        Figure(key="held_ms", what="the same: others wait for the graph at most", unit="ms", at_most=None),
    ),
    method=f"{shape(PROCESSORS)}, running; three frames were sent. Medians of five looks in a row. For the last figure "
    "another thread asks for the graph every millisecond during one snapshot.",
    pairs=PAIRS,
)
