"""Sound beside everything else: how many blocks come too late, and what can be done about it."""

from __future__ import annotations

import sys

from benchmarks.program import Program
from benchmarks.row import Figure, Row
from benchmarks.rows.switch_interval import INTERVALS
from streamlib.runtime.process_settings import SWITCH_INTERVAL_S

PAIRS = 3
METHOD = (
    "Half a minute of blocks of 128 samples at 48 kHz, one every 2.67 ms, from a paced source through five processors "
    "that multiply them, beside a processor that computes in Python all the time and an encode of 720p, 30 a second. A "
    "block is late when it is at the end more than its own length after it was due at the beginning."
)
VARIANTS = {
    "realtime": ("real-time priority for the row", "The source, the five and the end ask for real-time priority."),
    "pool": ("the five on the pool", "The five and the end run on the pool."),
    "inlined": ("the five inlined", "The five and the end run in the source's loop: one thread instead of seven."),
}


def _side(name: str, module: str, placing: str = "threads", interval_s: float = 0.0) -> Program:
    command = (sys.executable, "-m", f"benchmarks.programs.{module}")
    return Program(
        name=name,
        command=(*command, "--placing", placing, "--interval", str(interval_s)),
        version_command=(*command, "--version"),
        install="run scripts/install",
    )


def _row(name: str, what: str, ours: Program, theirs: Program, method: str) -> Row:
    return Row(
        name=name,
        ours=ours,
        theirs=theirs,
        figures=(
            Figure(key="late_per_hour", what=f"blocks of sound late an hour, {what}", unit="", at_most=None),
            Figure(key="p50_us", what="the same: how long after it was due, p50", unit="µs", at_most=None),
            Figure(key="p99_us", what="the same: p99", unit="µs", at_most=None),
            Figure(key="p999_us", what="the same: p99.9", unit="µs", at_most=None),
        ),
        method=method,
        pairs=PAIRS,
    )


AS_IT_COMES = _side("StreamLib as it comes", "streamlib_audio")
AUDIO = _row(
    "audio",
    "as it comes",
    _side("StreamLib", "streamlib_audio"),
    _side("threads and `SimpleQueue`s by hand", "queue_audio", interval_s=SWITCH_INTERVAL_S),
    f"{METHOD} A thread for each on both sides, and the same switch interval, {SWITCH_INTERVAL_S * 1e3:g} ms. By hand, "
    "the pictures are plainer.",
)
AUDIO_PLACED = tuple(
    _row(f"audio-{placing}", what, _side("StreamLib", "streamlib_audio", placing), AS_IT_COMES, f"As `audio`. {method}")
    for placing, (what, method) in VARIANTS.items()
)
AUDIO_INTERVALS = tuple(
    _row(
        f"audio-interval-{name}",
        f"switch interval {interval_s * 1e3:g} ms",
        _side("StreamLib", "streamlib_audio", interval_s=interval_s),
        AS_IT_COMES,
        f"As `audio`, with the switch interval set to {interval_s * 1e3:g} ms once the runtime has started.",
    )
    for name, interval_s in INTERVALS.items()
)
