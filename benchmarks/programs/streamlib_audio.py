"""StreamLib's side of the blocks of sound: five processors in a row, beside a busy one and an encode of 720p."""

from __future__ import annotations

import sys
from typing import ClassVar

import numpy as np

from benchmarks.programs.audio_blocks import BLOCK, GAIN, SAMPLE_RATE, STEPS, Timetable, compute, parse
from streamlib import (
    AudioFrame,
    LinkInput,
    LinkOutput,
    ProcessContext,
    ProcessExecution,
    Processor,
    SchedulingStrategy,
    StreamRuntime,
    __version__,
)
from streamlib.frames.packet import EncodedPacket
from streamlib.graph.node import ProcessorNode
from streamlib.media import H264Encoder, TestPatternGenerator
from streamlib.runtime.edit import Edit


class Device(Processor):
    """Sends a block whenever one is due."""

    out = LinkOutput(AudioFrame)
    execution = ProcessExecution.continuous()
    timetable: ClassVar[Timetable]

    def process(self, ctx: ProcessContext) -> None:
        self.timetable.wait()
        self.out.write(AudioFrame(np.zeros((BLOCK, 2), np.float32), SAMPLE_RATE))
        if self.timetable.sent == self.timetable.blocks:
            ctx.end()


class Gain(Processor):
    """One of the five."""

    audio_in = LinkInput(AudioFrame)
    audio_out = LinkOutput(AudioFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.audio_in.read()
        if frame is not None:
            self.audio_out.write(frame.with_samples(frame.samples * np.float32(GAIN)))


class Speaker(Processor):
    """Where the blocks are awaited."""

    audio_in = LinkInput(AudioFrame)

    def process(self, ctx: ProcessContext) -> None:
        if self.audio_in.read() is not None:
            Device.timetable.came()


class Busy(Processor):
    """Computes in Python all the time."""

    execution = ProcessExecution.continuous()

    def process(self, ctx: ProcessContext) -> None:
        compute()


class Packets(Processor):
    """Where the packets go."""

    packets_in = LinkInput(EncodedPacket)

    def process(self, ctx: ProcessContext) -> None:
        self.packets_in.read()


STRATEGIES = {
    "realtime": SchedulingStrategy.dedicated_thread(priority="realtime"),
    "pool": SchedulingStrategy.work_stealing_pool(),
    "inlined": SchedulingStrategy.lightweight(),
}


class Placed:
    """The five and the speaker run where the row says, and the device with them if that is at a priority."""

    def __init__(self, placing: str) -> None:
        self._placing = placing

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        if self._placing == "realtime" and node.processor_type == "Device":
            return STRATEGIES["realtime"]
        if self._placing in STRATEGIES and node.processor_type in {"Gain", "Speaker"}:
            return STRATEGIES[self._placing]
        return SchedulingStrategy.dedicated_thread()


def main() -> None:
    """Measure, or say which StreamLib this is."""
    options = parse(sys.argv[1:])
    if options.version:
        print(f"StreamLib {__version__}")
        return
    Device.timetable = Timetable(options.blocks)
    with StreamRuntime(scheduler=Placed(options.placing)) as runtime:
        with runtime.edit() as edit:
            _add_company(edit)
            last = edit.add_processor(Device)
            for _ in range(STEPS):
                added = edit.add_processor(Gain)
                edit.connect(last, added)
                last = added
            edit.connect(last, edit.add_processor(Speaker))
        runtime.start()
        if options.interval:
            sys.setswitchinterval(options.interval)
        assert Device.timetable.done.wait(4 * options.seconds), "not all blocks arrived"
    print(Device.timetable.figures())


def _add_company(edit: Edit) -> None:
    edit.add_processor(Busy)
    pictures = edit.add_processor(TestPatternGenerator, width=1280, height=720)
    encoder = edit.add_processor(H264Encoder)
    edit.connect(pictures, encoder)
    edit.connect(encoder, edit.add_processor(Packets))


if __name__ == "__main__":
    main()
