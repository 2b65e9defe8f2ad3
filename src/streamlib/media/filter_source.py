"""FilterSource: pictures and sound that libavfilter makes, as a source of frames.

The chains go to libavformat's device `lavfi`, which runs them and says in which order their frames come;
`pace.py` says when a frame is due.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import av
from av.container import InputContainer

from streamlib.errors import ConfigError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.video import VideoFrame
from streamlib.media.audio.samples import SampleReader
from streamlib.media.pace import Pace, Speed
from streamlib.media.ticks import nanoseconds
from streamlib.media.video.picture import from_av
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.execution_mode import ErrorPolicy, ProcessExecution
from streamlib.processors.ports import LinkOutput
from streamlib.processors.processor import Processor


class FilterSource(Processor):
    """Plays what filters of libavfilter make: `testsrc2`, `sine`, `color`, and what may be chained to them.

    A chain is written as FFmpeg has it: `testsrc2=size=1280x720:rate=30:duration=5,hue=s=0`. It ends where its
    filters do; without a `duration` it does not end. (Chains: https://ffmpeg.org/ffmpeg-filters.html)
    """

    class Config(ProcessorConfig):
        """What to make.

        Attributes:
            video: The chain that makes pictures; empty for none.
            audio: The chain that makes sound; empty for none.
            pace: "realtime", or "fast": as fast as the links take it.
        """

        video: str = ""
        audio: str = ""
        pace: Live[Speed] = Speed.REALTIME

        def __post_init__(self) -> None:
            """Refuse a source of nothing."""
            if not self.video and not self.audio:
                raise ValueError('video and audio are both empty; give one a chain, as video="testsrc2=rate=30"')

    config: Config

    video = LinkOutput(VideoFrame)
    audio = LinkOutput(AudioFrame)
    execution = ProcessExecution.continuous(interval_ms=0)
    error_policy = ErrorPolicy.FAIL

    def setup(self, ctx: RuntimeContext) -> None:
        """Have the chains made.

        Raises:
            ConfigError: A chain names a filter or an option that does not exist, or does not make what it should.
        """
        self._container: InputContainer | None = None
        self._pace = Pace()
        self._samples = SampleReader()
        self._held: deque[VideoFrame | AudioFrame] = deque()  # what one packet holds
        self._container = _open(self.config)
        self._packets: Iterator[av.Packet[Any]] = self._container.demux()

    def process(self, ctx: ProcessContext) -> None:
        """Send the next frame, or ask to be called when it is due."""
        while not self._held:
            packet = next(self._packets, None)
            if packet is None:
                ctx.end()
                return
            self._held.extend(self._frames(packet))
        frame = self._held[0]
        due_ns = self._pace.due_ns(frame.timestamp_ns, ctx.now_ns())
        if self.config.pace is Speed.REALTIME and due_ns > ctx.now_ns():
            ctx.wake_at(due_ns)
            return
        self._send(self._held.popleft())

    def config_changed(self, previous: Config) -> None:
        """Pace from the present frame on."""
        self._pace.reset()

    def teardown(self) -> None:
        """Let go of the chains."""
        self._held.clear()
        if self._container is not None:
            self._container.close()
            self._container = None

    def _frames(self, packet: av.Packet[Any]) -> Iterator[VideoFrame | AudioFrame]:
        decoded: Iterable[object] = packet.decode()
        for made in decoded:
            if isinstance(made, av.VideoFrame):
                yield from_av(made)
            elif isinstance(made, av.AudioFrame):
                yield AudioFrame(
                    self._samples.read(made), made.sample_rate, timestamp_ns=nanoseconds(made.pts, made.time_base)
                )

    def _send(self, frame: VideoFrame | AudioFrame) -> None:
        if isinstance(frame, VideoFrame):
            self.video.write(frame)
        else:
            self.audio.write(frame)


def _open(config: FilterSource.Config) -> InputContainer:
    chains = [chain for chain in (config.video, config.audio) if chain]
    graph = ";".join(f"{chain}[out{index}]" for index, chain in enumerate(chains))
    try:
        container = av.open(graph, "r", format="lavfi")
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"FilterSource cannot make {graph!r}: {reason}", processor_type="FilterSource") from error
    made = [stream.type for stream in container.streams]
    asked = [name for name in ("video", "audio") if getattr(config, name)]
    if made != asked:
        container.close()
        message = f"FilterSource: {graph!r} makes {' and '.join(made)} where {' and '.join(asked)} was asked for"
        raise ConfigError(message, processor_type="FilterSource")
    return container
