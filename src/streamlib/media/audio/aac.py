"""AAC: audio frames in, packets out, without ports. The encoder processor and the MP4 writer both use this.

`feed.py` makes blocks of 1024 samples of the frames; here they are encoded, and what a frame carries goes on
to the packet that it completes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
from av.codec.context import Flags

from streamlib.clock import NS_PER_S
from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket, StreamInfo
from streamlib.media.audio.feed import Block, SampleFeed
from streamlib.media.audio.samples import LAYOUTS, to_av
from streamlib.media.notices import Notices

# ISO/IEC 14496-3, table 1.18.
SAMPLE_RATES = (7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
DEFAULT_BITRATE_PER_CHANNEL = 64_000
BLOCK = 1024
# Blocks whose marks are kept. The codec holds one back and gives a packet for each that goes in, so that three marks
# are kept at most; were it to hold more, the oldest would go, and its packet carry the next one's.
MARKS = 8

# The key in a packet's metadata that counts the samples at its front that come before the sound (encoder delay).
PRIMING = "priming_samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class AacSettings:
    """What the codec opens with; `bitrate` in bits per second, 0 for 64,000 a channel."""

    bitrate: int = 0


def aac_rate(sample_rate: int) -> int:
    """The rate at which sound of `sample_rate` is encoded: its own, or the next that AAC has."""
    return next((rate for rate in SAMPLE_RATES if rate >= sample_rate), SAMPLE_RATES[-1])


@dataclass(frozen=True, slots=True)
class _Mark:
    """What the frame that completed a block had to say, kept while the codec holds the block."""

    position: int
    entered_ns: int = 0
    metadata: dict[str, object] | None = None


class AacCodec:
    """One AAC encoder; it opens with its first frame and keeps that frame's rate and channels."""

    def __init__(self, settings: AacSettings, notices: Notices) -> None:
        self._settings = settings
        self._notices = notices
        self._context: av.AudioCodecContext | None = None
        self._feed: SampleFeed | None = None
        self._stream: StreamInfo | None = None
        self._marks: deque[_Mark] = deque(maxlen=MARKS)
        self._sequence = 0

    @property
    def stream(self) -> StreamInfo | None:
        """What it encodes to; None until the first frame has opened it."""
        return self._stream

    def encode(self, frame: AudioFrame) -> list[EncodedPacket]:
        """The packets that are ready once this frame is in, each of 1024 samples."""
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
        rate = aac_rate(frame.sample_rate)
        self._context = self._opened(rate, frame.channels)
        self._stream = StreamInfo(
            media="audio",
            codec="aac",
            sample_rate=rate,
            channels=frame.channels,
            extradata=self._context.extradata or b"",
        )
        self._feed = SampleFeed(frame, sample_rate=rate, block=BLOCK, notices=self._notices)
        return self._feed

    def _opened(self, sample_rate: int, channels: int) -> av.AudioCodecContext:
        context = av.CodecContext.create("aac", "w")
        context.sample_rate = sample_rate
        context.layout = LAYOUTS[channels]
        context.format = "fltp"
        context.bit_rate = self._settings.bitrate or DEFAULT_BITRATE_PER_CHANNEL * channels
        context.time_base = Fraction(1, sample_rate)
        context.flags |= int(Flags.global_header)
        context.open()
        return context

    def _encoded(self, block: Block, frame: AudioFrame | None) -> list[EncodedPacket]:
        assert self._context is not None
        assert self._stream is not None
        if frame is not None:
            self._marks.append(_Mark(block.position, frame.entered_ns, dict(frame.metadata or {})))
        sound = to_av(block.samples, self._stream.sample_rate)
        sound.pts = block.position
        sound.time_base = Fraction(1, self._stream.sample_rate)
        return self._packets(self._context.encode(sound))

    def _packets(self, encoded: Iterable[av.Packet[Any]]) -> list[EncodedPacket]:
        return [self._packet(packet) for packet in encoded]

    def _packet(self, packet: av.Packet[Any]) -> EncodedPacket:
        assert self._stream is not None
        rate, pts = self._stream.sample_rate, packet.pts or 0
        mark = self._mark_at(pts)
        metadata = dict(mark.metadata or {}) | ({} if self._sequence else {PRIMING: BLOCK})
        self._sequence += 1
        return EncodedPacket(
            data=bytes(packet),
            stream=self._stream,
            keyframe=True,
            timestamp_ns=pts * NS_PER_S // rate,
            decode_ns=pts * NS_PER_S // rate,
            duration_ns=(packet.duration or BLOCK) * NS_PER_S // rate,
            entered_ns=mark.entered_ns,
            sequence=self._sequence - 1,
            metadata=metadata or None,
        )

    def _mark_at(self, position: int) -> _Mark:
        """The mark of the block around `position`; those before it are done with."""
        while len(self._marks) > 1 and self._marks[1].position <= position:
            self._marks.popleft()
        return self._marks[0] if self._marks else _Mark(position)
