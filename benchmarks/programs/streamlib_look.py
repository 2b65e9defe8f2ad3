"""How long a look at a large running graph takes: its health, and a snapshot of all of it.

The graph is that of the rows about scale: `streamlib_scale` builds it, and its source has sent a few frames.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable

from benchmarks.programs.streamlib_scale import (
    NS_PER_S,
    PATIENCE_S,
    Last,
    Placed,
    Source,
    grow,
    look_at,
    parents,
)
from streamlib import StreamRuntime

LOOKS = 5
FRAMES = 3


def measure(kind: str, processors: int, deep: int) -> dict[str, float]:
    """Build, start, send, and look: milliseconds of each look, and how long another waited for the graph meanwhile."""
    runtime = StreamRuntime(scheduler=Placed(kind), workers=1)
    Last.frames = FRAMES
    with runtime.edit() as edit:
        Last.ends = grow(edit, edit.add_processor(Source, frames=FRAMES), parents(processors, deep))
    runtime.start()
    Source.begin.set()
    assert Last.all_done.wait(PATIENCE_S), f"{len(Last.done)} of {Last.ends} ends have all {Last.frames} frames"
    figures = {
        "health_ms": median_ms(runtime.inspector.health),
        "snapshot_ms": median_ms(runtime.inspector.snapshot),
        "held_ms": longest_wait_ms(runtime),
    }
    Source.end.set()
    runtime.stop(timeout=PATIENCE_S)
    return figures


def median_ms(look: Callable[[], object]) -> float:
    """How long a look takes."""
    took = []
    for _ in range(LOOKS):
        began = time.perf_counter_ns()
        look()
        took.append((time.perf_counter_ns() - began) / NS_PER_S * 1e3)
    return statistics.median(took)


def longest_wait_ms(runtime: StreamRuntime) -> float:
    """How long somebody else waits for the graph at most while a snapshot is taken."""
    waits, done = [0.0], threading.Event()

    def ask() -> None:
        while not done.wait(0.001):
            began = time.perf_counter_ns()
            with runtime.graph.lock:
                waits.append((time.perf_counter_ns() - began) / NS_PER_S * 1e3)

    asking = threading.Thread(target=ask)
    asking.start()
    runtime.inspector.snapshot()
    done.set()
    asking.join()
    return max(waits)


if __name__ == "__main__":
    look_at(measure)
