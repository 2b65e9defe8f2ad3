"""What it costs to ask a large graph why nothing comes out, and to watch over it."""

from __future__ import annotations

from benchmarks.row import Figure, Row
from benchmarks.rows.scale import PAIRS, PROCESSORS, looking, shape
from benchmarks.target import Target


def _row(kind: str, where: str) -> Row:
    return Row(
        name=f"explain-{kind}",
        ours=looking("streamlib_explain", kind),
        theirs=Target({"flows_ms": 200.0, "one_ms": 200.0, "all_ms": 200.0, "look_us": 1000.0}),
        figures=(
            Figure(
                key="flows_ms", what=f"explain 50,000 processors {where}: all flows", unit="ms", at_most=1.0, digits=1
            ),
            Figure(key="one_ms", what="the same: one is paused", unit="ms", at_most=1.0, digits=1),
            Figure(key="all_ms", what="the same: their source is paused", unit="ms", at_most=1.0, digits=1),
            Figure(key="look_us", what="the same: one look for stalls", unit="µs", at_most=1.0),
        ),
        method=f"{shape(PROCESSORS)}, which sends a frame each 500 ms; the median of 15 calls of "
        "`inspector.explain()`, and of as many looks of the watcher for stalls, which makes one each second.",
        pairs=PAIRS,
    )


EXPLAIN_INLINED = _row("inlined", "inlined")
EXPLAIN_POOL = _row("pool", "on the pool")
