"""An encoder of sound: audio frames in, packets out, without ports; which codec it is comes from outside.

`feed.py` makes blocks of equal length of the frames; here they are encoded, and what a frame carries goes on to the
packet that it completes. `aac.py` and `opus.py` say what their codecs want; the encoder processors and the MP4 writer
use those.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
from av.codec.context import Flags

from streamlib.errors import MediaError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket, StreamInfo
from streamlib.media.audio.feed import Block, SampleFeed
from streamlib.media.audio.samples import LAYOUTS, to_av
from streamlib.media.notices import Notices
from streamlib.media.ticks import samples_ns

DEFAULT_BITRATE_PER_CHANNEL = 64_000
# Blocks whose marks are kept. Codecs hold one back and give a packet for each that goes in, so that three marks
# are kept at most; were one to hold more, the oldest would go, and its packet carry the next one's.
MARKS = 8

# The key in a packet's metadata that counts the samples at its front that come before the sound (encoder delay).
PRIMING = "priming_samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundCoding:
    """What one codec wants.

    Attributes:
        codec: FFmpeg's name of it.
        encoder: FFmpeg's name of the encoder.
        sample_format: What the encoder takes.
        block: Samples of one channel in a packet.
        rate_for: The rate at which sound of another is encoded, in Hz.
        layouts: By number of channels.
        orders: By number of channels, in which order the encoder wants them where that is not the layout's.
        options: The encoder's own.
    """

    codec: str
    encoder: str
    sample_format: str
    block: int
    rate_for: Callable[[int], int]
    layouts: Mapping[int, str] = field(default_factory=lambda: LAYOUTS)
    orders: Mapping[int, Sequence[int]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Mark:
    """What the frame that completed a block had to say, kept while the codec holds the block."""

    position: int
    entered_ns: int = 0
    metadata: dict[str, object] | None = None


class SoundCodec:
    """One encoder; it opens with its first frame and keeps that frame's channels, and the rate it gets from its own.

    Args:
        coding: What the codec wants.
        bitrate: In bits per second; 0 is 64,000 for each channel.
        notices: Told once each about frames that differ.
    """

    def __init__(self, coding: SoundCoding, bitrate: int, notices: Notices) -> None:
        self._coding = coding
        self._bitrate = bitrate
        self._notices = notices
        self._context: av.AudioCodecContext | None = None
        self._feed: SampleFeed | None = None
        self._stream: StreamInfo | None = None
        self._marks: deque[_Mark] = deque(maxlen=MARKS)
        self._first: int | None = None  # the position of the first block, until its packet has come
        self._sequence = 0

    @property
    def stream(self) -> StreamInfo | None:
        """What it encodes to; None until the first frame has opened it."""
        return self._stream

    def encode(self, frame: AudioFrame) -> list[EncodedPacket]:
        """The packets that are ready once this frame is in, each of one block.

        Raises:
            MediaError: The encoder refuses the rate, the channels or the bitrate.
        """
        feed = self._feed or self._open(frame)
        return [packet for block in feed.push(frame) for packet in self._encoded(block, frame)]

    def flush(self) -> list[EncodedPacket]:
        """What was held back; a frame that comes after this opens the codec again."""
        if self._feed is None or self._context is None:
            return []
        packets = [packet for block in self._feed.flush() for packet in self._encoded(block, None)]
        packets += self._packets(self._context.encode(None))
        self.close()
        return packets

    def close(self) -> None:
        """Let go of the codec."""
        self._context = None
        self._feed = None
        self._marks.clear()

    def _open(self, frame: AudioFrame) -> SampleFeed:
        rate = self._coding.rate_for(frame.sample_rate)
        self._context, self._first = self._opened(rate, frame.channels), None
        self._stream = StreamInfo(
            media="audio",
            codec=self._coding.codec,
            sample_rate=rate,
            channels=frame.channels,
            extradata=self._context.extradata or b"",
        )
        self._feed = SampleFeed(frame, sample_rate=rate, block=self._coding.block, notices=self._notices)
        return self._feed

    def _opened(self, sample_rate: int, channels: int) -> av.AudioCodecContext:
        context = av.CodecContext.create(self._coding.encoder, "w")
        assert isinstance(context, av.AudioCodecContext)
        context.sample_rate = sample_rate
        context.layout = self._coding.layouts[channels]
        context.format = self._coding.sample_format
        context.bit_rate = self._bitrate or DEFAULT_BITRATE_PER_CHANNEL * channels
        context.time_base = Fraction(1, sample_rate)
        context.flags |= int(Flags.global_header)
        context.options = dict(self._coding.options)
        try:
            context.open()
        except (av.error.FFmpegError, OSError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise MediaError(
                f"{self._coding.encoder} does not open for {channels} channels at {sample_rate} Hz and "
                f"{context.bit_rate} bits per second: {reason}; choose other settings"
            ) from error
        return context

    def _encoded(self, block: Block, frame: AudioFrame | None) -> list[EncodedPacket]:
        assert self._context is not None
        assert self._stream is not None
        if self._first is None:
            self._first = block.position
        if frame is not None:
            self._marks.append(_Mark(block.position, frame.entered_ns, dict(frame.metadata or {})))
        order = self._coding.orders.get(self._stream.channels)
        samples = block.samples if order is None else block.samples[:, order]
        sound = to_av(samples, self._stream.sample_rate, self._coding.layouts)
        sound.pts = block.position
        sound.time_base = Fraction(1, self._stream.sample_rate)
        return self._packets(self._context.encode(sound))

    def _packets(self, encoded: Iterable[av.Packet[Any]]) -> list[EncodedPacket]:
        return [self._packet(packet) for packet in encoded]

    def _packet(self, packet: av.Packet[Any]) -> EncodedPacket:
        assert self._stream is not None
        rate, pts = self._stream.sample_rate, packet.pts or 0
        mark = self._mark_at(pts)
        metadata = dict(mark.metadata or {}) | self._priming(pts)
        self._sequence += 1
        return EncodedPacket(
            data=bytes(packet),
            stream=self._stream,
            keyframe=True,
            timestamp_ns=samples_ns(pts, rate),
            decode_ns=samples_ns(pts, rate),
            duration_ns=samples_ns(packet.duration or self._coding.block, rate),
            entered_ns=mark.entered_ns,
            sequence=self._sequence - 1,
            metadata=metadata or None,
        )

    def _priming(self, pts: int) -> dict[str, object]:
        """What only the packets before the first block have to say, of which there is one."""
        return {PRIMING: self._first - pts} if self._first is not None and pts < self._first else {}

    def _mark_at(self, position: int) -> _Mark:
        """The mark of the block around `position`; those before it are done with."""
        while len(self._marks) > 1 and self._marks[1].position <= position:
            self._marks.popleft()
        return self._marks[0] if self._marks else _Mark(position)
