"""How long the collector stands in the way of everybody while frames go through a large graph.

The graph is that of the rows about scale: `streamlib_scale` builds it. Each of its processors holds what it got last in
an object that the collector walks over, and leaves behind what only the collector takes away.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Mapping

from benchmarks.programs.streamlib_scale import (
    PATIENCE_S,
    Last,
    Pass,
    Placed,
    Source,
    grow,
    look_at,
    parents,
)
from streamlib import ProcessContext, StreamRuntime

FRAMES = 200
NS_PER_MS = 1_000_000


class Keep(Pass):
    """Passes frames on."""

    def process(self, ctx: ProcessContext) -> None:
        frame = self.frame_in.read()
        if frame is not None:
            self.held = [frame]
            left: list[object] = []
            left.append(left)
            self.out.write(frame)


class Watch:
    """Times each pause, beside what the runtime itself counts."""

    def __init__(self) -> None:
        self.pauses_ns: list[int] = []
        self._began_ns = 0

    def __call__(self, phase: str, info: Mapping[str, int]) -> None:
        del info
        if phase == "start":
            self._began_ns = time.perf_counter_ns()
        else:
            self.pauses_ns.append(time.perf_counter_ns() - self._began_ns)


def measure(kind: str, processors: int, deep: int) -> dict[str, float]:
    """Build, start, and send: milliseconds that the collector took at a time while frames went through."""
    runtime = StreamRuntime(scheduler=Placed(kind), workers=1)
    Last.frames = FRAMES
    with runtime.edit() as edit:
        Last.ends = grow(edit, edit.add_processor(Source, frames=FRAMES), parents(processors, deep), Keep)
    runtime.start()
    watch = Watch()
    gc.callbacks.append(watch)
    Source.begin.set()
    assert Last.all_done.wait(PATIENCE_S), f"{len(Last.done)} of {Last.ends} ends have all {Last.frames} frames"
    gc.callbacks.remove(watch)
    Source.end.set()
    runtime.stop(timeout=PATIENCE_S)
    pauses_ns = sorted(watch.pauses_ns)
    return {"p999_ms": pauses_ns[len(pauses_ns) * 999 // 1000] / NS_PER_MS, "max_ms": pauses_ns[-1] / NS_PER_MS}


if __name__ == "__main__":
    look_at(measure)
