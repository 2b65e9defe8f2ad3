"""Packets of one stream into what a decoder makes of them, each with the packet that it came from.

PyAV's frames go out; times are the packets' own, and are not looked at. `video/decoder.py` and `audio/decoder.py` make
frames of ours of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import av
from av.codec.codec import UnknownCodecError

from streamlib.errors import FormatError, MediaError, nearest
from streamlib.frames.packet import EncodedPacket, StreamInfo
from streamlib.media.notices import Notices
from streamlib.media.tally import Tally
from streamlib.media.ticks import NANOSECOND

Decoded = av.VideoFrame | av.AudioFrame


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderSettings:
    """What a decoder opens with.

    `threads` 0 is one per core; `by_frame` lets each decode a picture of its own, which is faster and holds back as
    many pictures as there are threads. `layouts` are those of sound by the number of its channels, for codecs that do
    not say theirs.
    """

    threads: int = 1
    by_frame: bool = False
    layouts: Mapping[int, str] = field(default_factory=dict)


class PacketDecoder:
    """Decodes packets of one kind of media, also when they change to another stream of it.

    Args:
        media: "video" or "audio"; packets of the other kind are refused.
        settings: What decoders open with.
        notices: Told of packets that are left out.

    Attributes:
        left_out: How many packets were left out since no key frame had come.
        tally: What became of the others.
    """

    def __init__(self, media: str, settings: DecoderSettings, notices: Notices) -> None:
        self.left_out = 0
        self.tally = Tally()
        self._media = media
        self._settings = settings
        self._notices = notices
        self._context: av.VideoCodecContext | av.AudioCodecContext | None = None
        self._stream: StreamInfo | None = None
        self._awaits_key = True
        self._last: EncodedPacket | None = None

    def decode(self, packet: EncodedPacket) -> Iterator[tuple[Decoded, EncodedPacket]]:
        """What is ready once this packet is in; without a key frame to begin with nothing is.

        Raises:
            FormatError: The packet is of the other kind of media, or there is no decoder for it.
            MediaError: It is damaged; the next one can be decoded.
        """
        if not packet.data:  # to a decoder that would be the end
            self.tally.packets += 1
            self.tally.refuse("empty")
            raise MediaError(f"{packet!r} is empty; look at what sends it")
        if packet.stream is not self._stream and packet.stream != self._stream:
            yield from self._changed(packet.stream)
        if self._awaits_key and not packet.keyframe:
            self.left_out += 1
            self._notices.once("key", "waits for a key frame; what comes before it is left out")
            return
        self._awaits_key = False
        self._last = packet
        self.tally.packets += 1
        yield from self._decoded(packet)

    def flush(self) -> Iterator[tuple[Decoded, EncodedPacket]]:
        """What the decoder holds back; a packet that comes after this has to be a key frame."""
        if self._context is not None and not self._awaits_key:
            yield from self._decoded(None)
        self.close()

    def close(self) -> None:
        """Let go of the decoder."""
        self._context = self._stream = self._last = None
        self._awaits_key = True

    def _changed(self, stream: StreamInfo) -> Iterator[tuple[Decoded, EncodedPacket]]:
        """Begin with another stream, behind what the old one's decoder held back."""
        if stream.media != self._media:
            raise FormatError(
                f"a packet of {stream.media} ({stream.codec}) came in, and this decodes {self._media}; connect it to "
                f"the decoder of {stream.media}"
            )
        yield from self.flush()
        self._context = self._opened(stream)
        self._stream = stream

    def _opened(self, stream: StreamInfo) -> av.VideoCodecContext | av.AudioCodecContext:
        try:
            context = av.CodecContext.create(stream.codec, "r")
        except UnknownCodecError as error:
            known = nearest(stream.codec, av.codecs_available)
            raise FormatError(f"there is no decoder of {stream.codec!r}; {known}") from error
        if not isinstance(context, av.VideoCodecContext | av.AudioCodecContext) or context.type != self._media:
            raise FormatError(f"{stream.codec} is no codec of {self._media}; correct what makes the packets")
        context.extradata = stream.extradata or None
        context.copy_opaque = True
        context.thread_count = self._settings.threads
        context.thread_type = "AUTO" if self._settings.by_frame else "SLICE"
        _describe(context, stream, self._settings.layouts)
        try:
            context.open()
        except (av.error.FFmpegError, OSError) as error:
            raise MediaError(f"the decoder of {stream.codec} does not open: {_reason(error)}") from error
        return context

    def _decoded(self, packet: EncodedPacket | None) -> Iterator[tuple[Decoded, EncodedPacket]]:
        assert self._context is not None
        try:
            made = self._context.decode(_given(packet))
        except av.error.EOFError:
            return  # it was drained before
        except (av.error.FFmpegError, OSError) as error:
            self.tally.refuse(_reason(error))
            about = "its last packets" if packet is None else repr(packet)
            raise MediaError(f"{about} cannot be decoded: {_reason(error)}; look at what sends them") from error
        for frame in made:
            self.tally.frames += 1
            if frame.is_corrupt:
                self.tally.spoilt += 1
                self._notices.once("damage", "shows what it can of pictures that are damaged")
            mark = frame.opaque if isinstance(frame.opaque, EncodedPacket) else self._last
            assert mark is not None
            yield frame, mark


def _describe(
    context: av.VideoCodecContext | av.AudioCodecContext, stream: StreamInfo, layouts: Mapping[int, str]
) -> None:
    """Tell what some codecs do not say themselves."""
    if isinstance(context, av.VideoCodecContext):
        context.width, context.height = stream.width, stream.height
        return
    if stream.sample_rate:
        context.sample_rate = stream.sample_rate
    if stream.channels in layouts:
        context.layout = layouts[stream.channels]


def _given(packet: EncodedPacket | None) -> av.Packet[Any] | None:
    """The packet as PyAV has it; it carries ours along, which comes out with its frame."""
    if packet is None:
        return None
    given: av.Packet[Any] = av.Packet(packet.data)
    given.pts, given.dts = packet.timestamp_ns, packet.decode_ns
    given.time_base = NANOSECOND
    given.is_keyframe = packet.keyframe
    given.opaque = packet
    return given


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
