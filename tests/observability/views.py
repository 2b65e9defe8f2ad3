"""What there is to look at: sources of pictures, sound and packets, and a sink that counts what arrives."""

from __future__ import annotations

import queue
from typing import Any

import numpy as np

from streamlib import (
    AudioFrame,
    EncodedPacket,
    LinkInput,
    LinkOutput,
    ProcessContext,
    ProcessExecution,
    Processor,
    ProcessorConfig,
    RuntimeContext,
    StreamInfo,
    VideoFrame,
)

WIDTH, HEIGHT = 64, 48
RATE = 48_000
STEP_NS = 1_000_000_000 // 25

VIDEO = StreamInfo(media="video", codec="h264", width=WIDTH, height=HEIGHT)
AUDIO = StreamInfo(media="audio", codec="opus", sample_rate=RATE, channels=1)


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> VideoFrame:
    """A picture of one colour, which tells its number."""
    pixels = np.full((height, width, 3), (number % 250, 200, 50), np.uint8)
    return VideoFrame.from_ndarray(pixels, timestamp_ns=number * STEP_NS, duration_ns=STEP_NS)


def block(number: int, samples: int = RATE // 100, channels: int = 2, rate: int = RATE) -> AudioFrame:
    """A block of a sine of 1 kHz, at a quarter of full scale, that goes on from the block before."""
    at = np.arange(number * samples, (number + 1) * samples) / rate
    wave = (0.25 * np.sin(2 * np.pi * 1_000 * at)).astype(np.float32)
    timestamp_ns = number * samples * 1_000_000_000 // rate
    return AudioFrame(np.repeat(wave[:, None], channels, axis=1), rate, timestamp_ns=timestamp_ns)


def packet(stream: StreamInfo = VIDEO, *, keyframe: bool = False, data: bytes = b"?") -> EncodedPacket:
    """A packet that no decoder can read."""
    return EncodedPacket(data=data, stream=stream, keyframe=keyframe, decode_ns=0, duration_ns=STEP_NS)


class Pictures(Processor):
    """Sends pictures as fast as its links take them, up to `count` where that is given."""

    class Config(ProcessorConfig):
        count: int = -1
        width: int = WIDTH
        height: int = HEIGHT

    out = LinkOutput(VideoFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.n = 0

    def process(self, ctx: ProcessContext) -> None:
        if self.n == self.config.count:
            ctx.end()
            return
        self.out.write(picture(self.n, self.config.width, self.config.height))
        self.n += 1


class PicturesByHand(Pictures):
    """Sends a picture a step."""

    execution = ProcessExecution.manual()


class Sounds(Processor):
    """Sends blocks of sound as fast as its links take them, up to `count` where that is given."""

    class Config(ProcessorConfig):
        count: int = -1

    out = LinkOutput(AudioFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.n = 0

    def process(self, ctx: ProcessContext) -> None:
        if self.n == self.config.count:
            ctx.end()
            return
        self.out.write(block(self.n))
        self.n += 1


class Given(Processor):
    """A manual source: sends what it is given, a frame a step, and a frame of any class at that."""

    class Config(ProcessorConfig):
        frames: Any

    execution = ProcessExecution.manual()
    out: LinkOutput[Any] = LinkOutput(object)

    def process(self, ctx: ProcessContext) -> None:
        try:
            self.out.write(self.config.frames.get_nowait())
        except queue.Empty:
            ctx.end()


class Both(Processor):
    """Sends nothing, of several kinds."""

    left = LinkOutput(VideoFrame)
    right = LinkOutput(VideoFrame)
    sound = LinkOutput(AudioFrame)

    def process(self, ctx: ProcessContext) -> None:
        ctx.end()


class See(Processor):
    """Writes the number of every picture into its record."""

    class Config(ProcessorConfig):
        record: Any

    into = LinkInput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.config.record.add(frame.sequence)


class Hear(Processor):
    """A sink of sound and pictures, with an input for each."""

    video: LinkInput[VideoFrame | EncodedPacket] = LinkInput(VideoFrame | EncodedPacket)
    audio: LinkInput[AudioFrame | EncodedPacket] = LinkInput(AudioFrame | EncodedPacket)

    def process(self, ctx: ProcessContext) -> None:
        self.video.read()
        self.audio.read()


class Many(Processor):
    """A sink of any number of links."""

    into = LinkInput(VideoFrame, many=True)

    def process(self, ctx: ProcessContext) -> None:
        self.into.read()
