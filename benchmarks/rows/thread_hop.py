"""What one more processor costs a frame when it has a thread of its own and all are busy."""

from __future__ import annotations

from benchmarks.row import Figure, Row
from benchmarks.rows.chains import gstreamer_chain, streamlib_chain

NAME = "GStreamer's `queue ! identity`"
LOCK = (
    "GStreamer's threads run side by side on all cores, Python's take turns for the interpreter lock, so a hop costs "
    "all of its work and not its share of the cores'."
)


def _row(capacity: int, frames: int, at_most: float, held_back: str) -> Row:
    chains = {"short": 2, "long": 10, "frames": frames, "capacity": capacity, "repeats": 3}
    return Row(
        name=f"thread-hop-{capacity}",
        ours=streamlib_chain("threads", **chains),
        theirs=gstreamer_chain("threads", NAME, **chains),
        figures=(
            Figure(
                key="ns",
                what=f"a frame through a thread hop, saturated, capacity {capacity}",
                unit="ns",
                at_most=at_most,
            ),
        ),
        method=f"{frames:,} frames through chains of 2 and of 10 processors, each on its own thread behind a link of "
        f"capacity {capacity}, with a source that never waits for itself; three times in turn; the median difference, "
        f"divided by 8 and the frames. GStreamer: `queue max-size-buffers={capacity}`, no limit in bytes or time, and "
        "`identity signal-handoffs=false`.",
        held_back=f"{LOCK} {held_back}",
    )


THREAD_HOP_200 = _row(
    200,
    50_000,
    1.0,
    "Within a burst a frame costs its call, with a read, a write and a count; the rest is what a thread does around "
    "each hundred frames: ask for room, fall asleep, hand over the lock.",
)
THREAD_HOP_8 = _row(
    8,
    20_000,
    3.0,
    "A link of 8 is full or empty every fifth frame or so: then a thread sleeps and the lock changes hands. The barest "
    "chain of threads and deques that can be written in Python, without processors, counts or errors, sleeps as often "
    "(0.18 times a frame and hop; a link of 8 allows no less than 0.125) and takes 0.9 µs a frame where all threads "
    "share one core, 0.76 of them for 0.19 changes of threads; ours takes 1.3 there. On two cores both take about "
    "twice as long, and threads change more often: 0.25 times a frame and hop in the barest, 0.33 times in ours. To "
    "wake a reader behind the writer's burst, and a writer when the link is empty, not half empty, was tried: a thread "
    "sleeps as often (0.20 times a frame and hop on one core, 0.21 on two) and takes as long.",
)
