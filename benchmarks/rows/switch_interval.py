"""What the switch interval that ships costs, and what others would: the side of throughput.

The other side, how late sound comes and what a hop takes beside busy Python, stands in `audio` and `hop_latency`.
"""

from __future__ import annotations

from dataclasses import replace

from benchmarks.program import Program
from benchmarks.row import Figure, Row
from benchmarks.rows.main_job import MAIN_JOB
from benchmarks.rows.thread_hop import THREAD_HOP_200
from streamlib.runtime.process_settings import SWITCH_INTERVAL_S

INTERVALS = {"5ms": 0.005, "1ms": 0.001}
"""Those beside the one that ships, in seconds; of `audio`, too."""

SHIPPED = f"{SWITCH_INTERVAL_S * 1e3:g} ms, as it comes"


def _row(row: Row, key: str, name: str, interval_s: float) -> Row:
    """Our side of another row with that interval, beside it as it comes; of its figures the one that counts here."""
    ours, figure = row.ours, next(figure for figure in row.figures if figure.key == key)
    assert isinstance(ours, Program)
    what = f"switch interval {interval_s * 1e3:g} ms: {figure.what}"
    return Row(
        name=f"{row.name}-interval-{name}",
        ours=replace(ours, command=(*ours.command, "--interval", str(interval_s))),
        theirs=replace(ours, name=SHIPPED),
        figures=(Figure(key=key, what=what, unit=figure.unit, at_most=None, digits=figure.digits),),
        method=f"As `{row.name}`, with {interval_s * 1e3:g} ms set once the runtime has started.",
        prepare=row.prepare,
        alike=row.alike,
        pairs=5,
    )


SWITCH_INTERVALS = tuple(
    _row(row, key, name, interval_s)
    for row, key in ((THREAD_HOP_200, "ns"), (MAIN_JOB, "wall_s"))
    for name, interval_s in INTERVALS.items()
)
