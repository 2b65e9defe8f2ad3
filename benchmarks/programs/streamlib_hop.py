"""StreamLib's side of the latency of one hop: a source and a sink, each with a thread of its own, as they come."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack

from benchmarks.programs.latency import Busy, Pace, figures, parse
from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    ProcessorConfig,
    RuntimeContext,
    StreamRuntime,
    __version__,
)

PATIENCE_S = 250.0


class Source(Processor):
    """Sends one frame a call and keeps when."""

    class Config(ProcessorConfig):
        frames: int
        rate: float

    config: Config
    out = LinkOutput(DataFrame)
    sent: list[int] = []  # noqa: RUF012 - one source per process

    def setup(self, ctx: RuntimeContext) -> None:
        self._pace = Pace(self.config.rate)
        self._left = self.config.frames
        self._data: dict[str, object] = {"n": 0}

    def process(self, ctx: ProcessContext) -> None:
        self._pace.wait()
        frame = DataFrame(self._data)
        self.sent.append(time.perf_counter_ns())
        self.out.write(frame)
        self._left -= 1
        if not self._left:
            ctx.end()


class Sink(Processor):
    """Keeps when each frame came."""

    frame_in = LinkInput(DataFrame)
    taken: list[int] = []  # noqa: RUF012 - one sink per process

    def process(self, ctx: ProcessContext) -> None:
        if self.frame_in.read() is not None:
            self.taken.append(time.perf_counter_ns())


def main() -> None:
    """Measure, or say which StreamLib this is."""
    options = parse(sys.argv[1:])
    if options.version:
        print(f"StreamLib {__version__}")
        return
    with ExitStack() as stack:
        runtime = stack.enter_context(StreamRuntime())
        source = runtime.add_processor(Source, frames=options.frames, rate=options.rate)
        runtime.connect(source, runtime.add_processor(Sink), capacity=options.capacity or None)
        if options.busy:
            busy = Busy()
            busy.start()
            stack.callback(busy.stop)
        runtime.start()
        if options.interval:
            sys.setswitchinterval(options.interval)
        assert runtime.wait(timeout=PATIENCE_S), f"it took more than {PATIENCE_S:.0f} s"
    print(figures(Source.sent, Sink.taken))


if __name__ == "__main__":
    main()
