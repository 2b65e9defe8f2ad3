"""StreamLib's side of the hops: a source, processors that pass frames on, a sink.

Everything is as it comes: frames are stamped, counted and sampled, and go through the public API. Inlined,
the processors run in the source's loop; otherwise each has a thread.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.programs.chain_arguments import parse, price
from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    ProcessorConfig,
    RuntimeContext,
    SchedulingStrategy,
    StreamRuntime,
    __version__,
    processor,
)
from streamlib.graph.node import ProcessorNode

PATIENCE_S = 120.0


class Source(Processor):
    """Makes frames and sends them, one a call."""

    class Config(ProcessorConfig):
        frames: int
        bytes: int = 0

    config: Config
    out = LinkOutput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self._left = self.config.frames
        self._data: dict[str, object] = {"pixels": bytes(self.config.bytes)} if self.config.bytes else {}

    def process(self, ctx: ProcessContext) -> None:
        self.out.write(DataFrame(self._data))
        self._left -= 1
        if not self._left:
            ctx.end()


class Sink(Processor):
    """Takes frames, counts them and keeps the first."""

    frame_in = LinkInput(DataFrame)
    first: DataFrame | None = None
    taken = 0

    def process(self, ctx: ProcessContext) -> None:
        frame = self.frame_in.read()
        if frame is not None:
            self.taken += 1
            if self.first is None:
                self.first = frame


class Pass(Processor):
    """Passes frames on."""

    frame_in = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.frame_in.read()
        if frame is not None:
            self.out.write(frame)


@processor
def pass_on(frame: DataFrame) -> DataFrame:
    """Passes frames on, as a function."""
    return frame


class Inline:
    """Everything but the source runs in the loop of whoever feeds it."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        return SchedulingStrategy.lightweight() if node.declaration.inputs else SchedulingStrategy.dedicated_thread()


def run(options: argparse.Namespace, hops: int, frames: int) -> int:
    """Nanoseconds from the entry of the first frame to the end of the stream at the sink."""
    took: list[tuple[int, int]] = []

    class TimedSink(Sink):
        def flush(self, ctx: ProcessContext) -> None:
            assert self.first is not None
            took.append((self.taken, ctx.now_ns() - self.first.entered_ns))

    runtime = StreamRuntime() if options.kind == "threads" else StreamRuntime(scheduler=Inline())
    passing = pass_on if options.kind == "function" else Pass
    with runtime.edit() as edit:
        last = edit.add_processor(Source, frames=frames, bytes=options.bytes)
        for _ in range(hops):
            added = edit.add_processor(passing)
            edit.connect(last, added, capacity=options.capacity)
            last = added
        edit.connect(last, edit.add_processor(TimedSink), capacity=options.capacity)
    with runtime:
        runtime.start()
        if options.interval:
            sys.setswitchinterval(options.interval)
        assert runtime.wait(timeout=PATIENCE_S), f"the chain took more than {PATIENCE_S:.0f} s"
    [(taken, ns)] = took
    assert taken == frames, f"{taken} of {frames} frames arrived"
    return ns


def main() -> None:
    """Measure, or say which StreamLib this is."""
    options = parse(sys.argv[1:])
    if options.version:
        print(f"StreamLib {__version__}")
        return
    print(price(options, lambda hops, frames: run(options, hops, frames)))


if __name__ == "__main__":
    main()
