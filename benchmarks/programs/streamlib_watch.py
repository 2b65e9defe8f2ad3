"""StreamLib's side of the row about looking: pictures at full speed through a chain, watched or not."""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time

import numpy as np

from streamlib import (
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    ProcessorHandle,
    RuntimeContext,
    SchedulingStrategy,
    StreamRuntime,
    VideoFrame,
    __version__,
)
from streamlib.graph.node import ProcessorNode

FILTERS = 5


class Source(Processor):
    """Sends one picture of 1080p again and again, as fast as it is taken."""

    out = LinkOutput(VideoFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        rows = np.linspace(0, 255, 1080).astype(np.uint8)
        self._pixels = np.repeat(np.repeat(rows[:, None, None], 1920, axis=1), 3, axis=2)

    def process(self, ctx: ProcessContext) -> None:
        self.out.write(VideoFrame.from_ndarray(self._pixels))


class Pass(Processor):
    """Passes frames on."""

    frame_in = LinkInput(VideoFrame)
    out = LinkOutput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.frame_in.read()
        if frame is not None:
            self.out.write(frame)


class Sink(Processor):
    """Takes frames, counts them, and looks at the time of all and of its thread each thousand."""

    frame_in = LinkInput(VideoFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.taken = 0
        self.looks: list[tuple[int, int, int]] = []

    def process(self, ctx: ProcessContext) -> None:
        if self.frame_in.read() is not None:
            self.taken += 1
            if not self.taken % 1_000:
                self.looks.append((self.taken, time.perf_counter_ns(), time.thread_time_ns()))


class Inlined:
    """All behind the source run in its loop."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        if not node.declaration.inputs:
            return SchedulingStrategy.dedicated_thread()
        return SchedulingStrategy.lightweight()


def measure(seconds: float, every_s: float) -> dict[str, float]:
    """Nanoseconds a frame over so many seconds, of all and of the graph's thread, and how many pictures were seen."""
    runtime = StreamRuntime(scheduler=Inlined())
    last = runtime.add_processor(Source)
    for _ in range(FILTERS):
        added = runtime.add_processor(Pass)
        runtime.connect(last, added)
        last = added
    sink = runtime.add_processor(Sink)
    runtime.connect(last, sink)
    runtime.start()
    pictures: list[object] = []
    watch = runtime.perception.watch_video(last, every_s or 1.0)
    watching = threading.Thread(target=lambda: pictures.extend(watch))
    if every_s:
        watching.start()
    time.sleep(seconds)
    watch.close()
    if every_s:
        watching.join()
    (first, began_ns, began_cpu_ns), *_, (taken, ended_ns, ended_cpu_ns) = _looks(sink)
    runtime.stop()
    frames = taken - first
    return {
        "ns": (ended_ns - began_ns) / frames,
        "cpu_ns": (ended_cpu_ns - began_cpu_ns) / frames,
        "pictures": len(pictures),
    }


def _looks(sink: ProcessorHandle) -> list[tuple[int, int, int]]:
    instance = sink.instance()
    assert instance is not None
    assert isinstance(instance.processor, Sink)
    return instance.processor.looks


def main() -> None:
    """Measure, or say which StreamLib this is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--every", type=float, default=0.0)
    parser.add_argument("--share", type=float, default=1.0)
    parser.add_argument("--version", action="store_true")
    options = parser.parse_args(sys.argv[1:])
    if options.version:
        print(f"StreamLib {__version__}")
        return
    print(json.dumps(measure(options.seconds * options.share, options.every)))


if __name__ == "__main__":
    main()
