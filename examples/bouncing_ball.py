"""A source of pictures written by hand, recorded to ball.mp4: `streamlib run examples/bouncing_ball.py`."""

from __future__ import annotations

import numpy as np

from streamlib import (
    LinkOutput,
    ProcessContext,
    ProcessExecution,
    Processor,
    ProcessorConfig,
    RuntimeContext,
    StreamRuntime,
    VideoFrame,
)
from streamlib.media import H264Encoder, Mp4Writer

WIDTH, HEIGHT, RADIUS = 640, 360, 24
FRAME_NS = 1_000_000_000 // 30


class BouncingBall(Processor):
    """A white ball on dark blue, 30 pictures a second."""

    class Config(ProcessorConfig):
        """How many pictures there are."""

        frames: int = 300

    config: Config
    video = LinkOutput(VideoFrame)
    execution = ProcessExecution.continuous(interval_ms=33)

    def setup(self, ctx: RuntimeContext) -> None:
        """Lay out the plane that the ball moves on."""
        self._count = 0
        self._rows, self._columns = np.ogrid[:HEIGHT, :WIDTH]

    def process(self, ctx: ProcessContext) -> None:
        """Draw the next picture, and end after the last."""
        self.video.write(VideoFrame.from_ndarray(self._picture(), timestamp_ns=self._count * FRAME_NS))
        self._count += 1
        if self._count == self.config.frames:
            ctx.end()

    def _picture(self) -> np.ndarray:
        x, y = _bounce(self._count * 5, WIDTH), _bounce(self._count * 3, HEIGHT)
        pixels = np.full((HEIGHT, WIDTH, 3), (16, 24, 48), dtype=np.uint8)
        pixels[(self._rows - y) ** 2 + (self._columns - x) ** 2 <= RADIUS**2] = 255
        return pixels


def _bounce(way: int, side: int) -> int:
    """Where a ball is after `way` pixels between two walls, which it touches with its rim."""
    room = side - 2 * RADIUS
    return RADIUS + room - abs(way % (2 * room) - room)


def setup(runtime: StreamRuntime, frames: int = 300) -> None:
    """Build the graph; `streamlib run` starts it and waits for its end."""
    ball = runtime.add_processor(BouncingBall, frames=frames)
    encoder = runtime.add_processor(H264Encoder, bitrate=1_000_000)
    writer = runtime.add_processor(Mp4Writer, path="ball.mp4")
    runtime.connect(ball, encoder)
    runtime.connect(encoder.output("packets"), writer.input("video"))
