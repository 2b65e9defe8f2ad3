"""TestPatternGenerator: a source of pictures for whoever has no camera, or wants to see what became of each picture.

`pattern.py` paints; `pace.py` says when a frame is due.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated

from msgspec import Meta

from streamlib.clock import NS_PER_S
from streamlib.frames.pixel_format import PixelFormat, is_subsampled
from streamlib.frames.video import VideoFrame
from streamlib.media.limits import FRAME_RATES, Duration, FrameRate, Side, zero_or
from streamlib.media.pace import Pace, Speed
from streamlib.media.ticks import LARGEST_DENOMINATOR
from streamlib.media.video.pattern import Pattern, PatternPainter, PictureShape
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import MediaConfig, ProcessContext, RuntimeContext
from streamlib.processors.execution_mode import ErrorPolicy, ProcessExecution
from streamlib.processors.ports import LinkOutput
from streamlib.processors.processor import Processor


class TestPatternGenerator(Processor):
    """Sends pictures of bars with a moving ball, the number of the frame and its time burnt in.

    Frame n, from 0, has the time n / rate and shows both: eight digits above `hours:minutes:seconds.milliseconds`, in
    the upper left corner. What of it does not fit into a small picture is left out. Range and matrix of the colours
    are the runtime's. Without a limit it does not end.
    """

    __test__ = False  # pytest takes a class of this name for tests

    class Config(ProcessorConfig):
        """What the pictures look like, how many there are and how fast they come.

        Attributes:
            width: In pixels; 0 is the runtime's.
            height: In pixels; 0 is the runtime's.
            frame_rate: Frames per second; 0 is the runtime's.
            format: Of the pixels; None is yuv420p, or rgb24 where a side is odd.
            pattern: "bars", "grid", "black" or "white".
            ball: Whether the ball is there.
            text: Whether number and time are there.
            frames: How many are sent; 0 does not limit them.
            duration: How many seconds of them are sent; 0 does not limit them.
            pace: "realtime", or "fast": as fast as the links take them.
        """

        width: Side = 0
        height: Side = 0
        frame_rate: FrameRate = 0.0
        format: PixelFormat | None = None
        pattern: Live[Pattern] = Pattern.BARS
        ball: Live[bool] = True
        text: Live[bool] = True
        frames: Live[Annotated[int, Meta(ge=0)]] = 0
        duration: Live[Duration] = 0.0
        pace: Live[Speed] = Speed.REALTIME

        def __post_init__(self) -> None:
            """Refuse a rate that is none, and what no array can hold."""
            zero_or(self, frame_rate=FRAME_RATES)
            if self.format is not None and is_subsampled(self.format) and (self.width % 2 or self.height % 2):
                raise ValueError(
                    f"{self.format} needs an even width and height, not {self.width}x{self.height}; choose rgb24, or "
                    "leave out the format"
                )

    config: Config

    video = LinkOutput(VideoFrame)
    execution = ProcessExecution.continuous(interval_ms=0)
    error_policy = ErrorPolicy.FAIL
    examples = ({"width": 1280, "height": 720, "frame_rate": 30.0, "duration": 10.0},)

    def setup(self, ctx: RuntimeContext) -> None:
        """Draw what does not move."""
        config = self.config
        self._pace = Pace()
        self._number = 0
        self._rate = Fraction(config.frame_rate or ctx.media.frame_rate).limit_denominator(LARGEST_DENOMINATOR)
        self._shape = _shape(config, ctx.media)
        self._painter = PatternPainter(self._shape)

    def process(self, ctx: ProcessContext) -> None:
        """Send the next frame, or ask to be called when it is due."""
        timestamp_ns = self._time_of(self._number)
        if self._is_over(timestamp_ns):
            ctx.end()
            return
        now_ns = ctx.now_ns()
        due_ns = self._pace.due_ns(timestamp_ns, now_ns)
        if self.config.pace is Speed.REALTIME and due_ns > now_ns:
            ctx.wake_at(due_ns)
            return
        self.video.write(self._frame(timestamp_ns))
        self._number += 1

    def config_changed(self, previous: Config) -> None:
        """Pace from the present frame on; the next one is painted as is said now."""
        if self.config.pace is not previous.pace:
            self._pace.reset()

    def _is_over(self, timestamp_ns: int) -> bool:
        frames, duration = self.config.frames, self.config.duration
        return bool((frames and self._number >= frames) or (duration and timestamp_ns >= duration * NS_PER_S))

    def _time_of(self, number: int) -> int:
        return number * NS_PER_S * self._rate.denominator // self._rate.numerator

    def _frame(self, timestamp_ns: int) -> VideoFrame:
        config, shape = self.config, self._shape
        pixels = self._painter.paint(
            self._number, timestamp_ns, pattern=config.pattern, ball=config.ball, text=config.text
        )
        return VideoFrame.from_ndarray(
            pixels,
            shape.format,
            timestamp_ns=timestamp_ns,
            duration_ns=self._time_of(self._number + 1) - timestamp_ns,
            color_range=shape.color_range,
            color_matrix=shape.color_matrix,
        )


def _shape(config: TestPatternGenerator.Config, media: MediaConfig) -> PictureShape:
    width, height = config.width or media.width, config.height or media.height
    odd = width % 2 or height % 2
    format = config.format or (PixelFormat.RGB24 if odd else PixelFormat.YUV420P)
    return PictureShape(width, height, format, media.color_range, media.color_matrix)
