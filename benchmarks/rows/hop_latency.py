"""How long a frame takes to another thread: paced, beside busy Python, and with the link full."""

from __future__ import annotations

import sys

from benchmarks.program import Program
from benchmarks.row import Figure, Row
from benchmarks.target import Target
from streamlib.runtime.process_settings import SWITCH_INTERVAL_S

INTERVAL_US = SWITCH_INTERVAL_S * 1e6
ALLOWED_US = INTERVAL_US + 100
PAIRS = 7
PACED = ("--rate", "1000", "--frames", "20000")
BUSY = ("--rate", "100", "--frames", "2000", "--busy")
BUSY_METHOD = (
    "2,000 frames, 100 a second, beside a third thread that computes in Python all the time and never lets go of the "
    "lock. The source sleeps, as in `hop-paced`, and has the lock again when it stamps its frame, so that only the "
    "hop counts: when it goes back to sleep, the busy thread and the sink both want the lock. 2,000 are too few for a "
    "p99.9."
)


def _side(name: str, module: str, *arguments: str) -> Program:
    command = (sys.executable, "-m", f"benchmarks.programs.{module}")
    return Program(
        name=name,
        command=(*command, *arguments),
        version_command=(*command, "--version"),
        install="run scripts/install",
    )


def _percentiles(what: str, p50: float | None, p99: float | None, *, rare: bool = True) -> tuple[Figure, ...]:
    figures = (
        Figure(key="p50_us", what=f"{what}: p50", unit="µs", at_most=p50, digits=1),
        Figure(key="p99_us", what="the same: p99", unit="µs", at_most=p99, digits=1),
    )
    return (*figures, Figure(key="p999_us", what="the same: p99.9", unit="µs", at_most=None, digits=1))[: 2 + rare]


HOP_PACED = Row(
    name="hop-paced",
    ours=_side("StreamLib", "streamlib_hop", *PACED),
    theirs=_side("a bare `queue.SimpleQueue` between two threads", "queue_hop", *PACED),
    figures=_percentiles("a frame through a thread hop, paced", 1.1, 1.5),
    method="20,000 frames, 1,000 a second, so 19 of those that count are beyond the p99.9 of a sample. From just "
    "before `write` or `put` in one thread to just after `read` or `get` in the other. Both sources sleep by the same "
    "code.",
    held_back="On either side most is the system call that wakes, and the woken thread's way to the interpreter lock, "
    "which is free by then: threads change 2.1 times a frame, with the queue 2.0. Ours adds what Python does around "
    "`write`, and from waking to `process`, some microseconds each, because after a millisecond of rest nothing of it "
    "is in a cache. Each 50 ms a frame is timed on its way: at this rate one in fifty, which is the p99. And the queue "
    "has Python's own switch interval, 5 ms: with 1 ms the p50 of ours was a third less than with 0.1 (decision 21).",
    pairs=PAIRS,
)

HOP_BUSY = Row(
    name="hop-busy",
    ours=_side("StreamLib", "streamlib_hop", *BUSY),
    theirs=Target({"p50_us": ALLOWED_US, "p99_us": ALLOWED_US}, "one switch interval and 0.1 ms"),
    figures=_percentiles("a paced hop beside a busy Python thread", 1.0, 1.0, rare=False),
    method=f"{BUSY_METHOD} With the switch interval that StreamLib ships, {INTERVAL_US:.0f} µs.",
    held_back="The median hop waits for one switch interval, but one in a hundred for five of them and more, and one "
    "through a bare queue for four (`hop-busy-queue`). Who wants the lock asks for it after an interval, and waits for "
    "another one where it went to somebody else meanwhile; and so short a wait often ends late on this machine "
    "(decision 21). What part each has was not measured.",
    pairs=PAIRS,
)

HOP_BUSY_QUEUE = Row(
    name="hop-busy-queue",
    ours=_side("StreamLib", "streamlib_hop", *BUSY),
    theirs=_side(
        "a bare `queue.SimpleQueue`, the same switch interval",
        "queue_hop",
        *BUSY,
        "--interval",
        str(SWITCH_INTERVAL_S),
    ),
    figures=_percentiles("a paced hop beside a busy Python thread, and a queue's", None, None, rare=False),
    method=f"{BUSY_METHOD} The queue's side sets the switch interval to {INTERVAL_US:.0f} µs, too; without, "
    "Python's own is 5,000.",
    pairs=PAIRS,
)


def _full(capacity: int) -> Row:
    arguments = ("--frames", "200000", "--capacity", str(capacity))
    return Row(
        name=f"hop-full-{capacity}",
        ours=_side("StreamLib", "streamlib_hop", *arguments),
        theirs=_side(f"`queue.Queue({capacity})` between two threads", "queue_hop", *arguments),
        figures=_percentiles(f"a frame through a thread hop, saturated, capacity {capacity}", None, None),
        method="200,000 frames as fast as they are taken. A frame waits for those before it, so this is what a full "
        "link holds, and how evenly it moves. `SimpleQueue` has no capacity; `queue.Queue` has.",
    )


def _full_busy(capacity: int) -> Row:
    arguments = ("--frames", "20000", "--capacity", str(capacity), "--busy")
    interval = ("--interval", str(SWITCH_INTERVAL_S))
    return Row(
        name=f"hop-full-{capacity}-busy",
        ours=_side("StreamLib", "streamlib_hop", *arguments),
        theirs=_side(f"`queue.Queue({capacity})`, the same switch interval", "queue_hop", *arguments, *interval),
        figures=_percentiles(f"the same, capacity {capacity}, beside a busy Python thread", None, None),
        method=f"As `hop-full-{capacity}` with 20,000 frames, beside a third thread that computes in Python all the "
        "time.",
        pairs=PAIRS,
    )


HOP_FULL_8 = _full(8)
HOP_FULL_200 = _full(200)
HOP_FULL_8_BUSY = _full_busy(8)
HOP_FULL_200_BUSY = _full_busy(200)
