"""StreamLib's side of the rows about edits: one processor comes and goes again, in a running graph of a given size."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time

from streamlib import (
    DataFrame,
    Edit,
    LinkInput,
    LinkOutput,
    ProcessContext,
    ProcessExecution,
    Processor,
    SchedulingStrategy,
    StreamRuntime,
    __version__,
)
from streamlib.graph.node import ProcessorNode
from streamlib.runtime.handles import ProcessorHandle


class Source(Processor):
    """Sends nothing: edits are measured, not frames."""

    execution = ProcessExecution.manual()
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        self.out.write(DataFrame({}))


class Pass(Processor):
    """Passes frames on."""

    frame_in = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.frame_in.read()
        if frame is not None:
            self.out.write(frame)


class Placed:
    """Everything runs where the row says."""

    def __init__(self, strategy: SchedulingStrategy) -> None:
        self._strategy = strategy

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        return self._strategy


STRATEGIES = {"inlined": SchedulingStrategy.lightweight(), "pool": SchedulingStrategy.work_stealing_pool()}


def measure(kind: str, processors: int, edits: int, row: int, *, wide: bool) -> dict[str, float]:
    """Medians: microseconds until one more is added, joined and running, and until it has drained and gone.

    The graph is made of rows of so many processors, or is one source that feeds all of them.
    """
    runtime = StreamRuntime(scheduler=Placed(STRATEGIES[kind]))
    with runtime.edit() as edit:
        rows = [_fan(edit, processors)] if wide else [_row(edit, row) for _ in range(processors // row)]
    runtime.start()
    added, removed = [], []
    for number in range(edits):
        began = time.perf_counter_ns()
        with runtime.edit() as edit:
            one_more = edit.add_processor(Pass)
            edit.connect(rows[number % len(rows)], one_more)
        middle = time.perf_counter_ns()
        runtime.remove(one_more)
        added.append(middle - began)
        removed.append(time.perf_counter_ns() - middle)
    runtime.stop()
    return {"add_us": statistics.median(added) / 1e3, "remove_us": statistics.median(removed) / 1e3}


def _row(edit: Edit, length: int) -> ProcessorHandle:
    """A row of processors; returns its last."""
    last = edit.add_processor(Source)
    for _ in range(length - 1):
        added = edit.add_processor(Pass)
        edit.connect(last, added)
        last = added
    return last


def _fan(edit: Edit, readers: int) -> ProcessorHandle:
    """A source whose output so many read; returns it."""
    source = edit.add_processor(Source)
    for _ in range(readers):
        edit.connect(source, edit.add_processor(Pass))
    return source


def main() -> None:
    """Measure, or say which StreamLib this is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", nargs="?", choices=sorted(STRATEGIES))
    parser.add_argument("--processors", type=int, default=10_000)
    parser.add_argument("--row", type=int, default=10)
    parser.add_argument("--wide", action="store_true")
    parser.add_argument("--edits", type=int, default=300)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--version", action="store_true")
    options = parser.parse_args(sys.argv[1:])
    if options.version:
        print(f"StreamLib {__version__}")
        return
    edits = max(30, round(options.edits * options.share))
    print(json.dumps(measure(options.kind, options.processors, edits, options.row, wide=options.wide)))


if __name__ == "__main__":
    main()
