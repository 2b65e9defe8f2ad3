"""StreamLib's side of the row about explaining a graph of tens of thousands of processors while it runs.

They stand in rows of equal depth behind one source, which sends a frame now and then. Timed are whole calls of
`inspector.explain()`: while everything flows, with one processor paused, and with the source paused, so that nobody
gets anything; and one look of the watcher for stalls, of which many are made in a run.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from benchmarks.programs.streamlib_scale import Placed, grow, look_at, parents
from streamlib import DataFrame, LinkOutput, ProcessContext, ProcessExecution, Processor, StreamRuntime

CALLS = 15
PAUSE_S = 0.03


class Now(Processor):
    """Sends a frame now and then."""

    out = LinkOutput(DataFrame)
    execution = ProcessExecution.continuous(interval_ms=500)

    def process(self, ctx: ProcessContext) -> None:
        del ctx
        self.out.write(DataFrame({}))


def measure(kind: str, processors: int, deep: int) -> dict[str, float]:
    """Milliseconds of a call, the median of several."""
    runtime = StreamRuntime(scheduler=Placed(kind), workers=1, stall_after=3600)
    with runtime.edit() as edit:
        source = edit.add_processor(Now)
        grow(edit, source, parents(processors, deep))
    runtime.start()
    explain, watcher = runtime.inspector.explain, runtime._lifecycle.stalls
    assert watcher is not None
    figures = {"flows_ms": _median_ms(explain), "look_us": 1000 * _median_ms(watcher.look)}
    assert not explain(), explain()
    runtime.pause("pass_0")
    figures["one_ms"] = _median_ms(explain)
    assert explain().findings[0].root == "pass_0"
    runtime.resume("pass_0")
    runtime.pause(source)
    figures["all_ms"] = _median_ms(explain)
    assert explain().findings[0].root == source.id
    runtime.stop(drain=False)
    return figures


def _median_ms(call: Callable[[], object]) -> float:
    taken: list[int] = []
    for _ in range(CALLS):
        time.sleep(PAUSE_S)
        began = time.perf_counter_ns()
        call()
        taken.append(time.perf_counter_ns() - began)
    return statistics.median(taken) / 1e6


if __name__ == "__main__":
    look_at(measure)
