"""H.264: pictures in, packets out, without ports. The encoder processor and the MP4 writer both use this.

A frame is fitted to the size, range and matrix that the codec opened with, gets its place in time
(`timeline.py`) and goes through libx264; what it carries comes out with its packet. Parameter sets are both
in the stream's extradata and in front of every key frame, so that whoever joins late can begin at one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

import av
from av.codec.context import Flags
from av.video.frame import PictureType
from msgspec.structs import replace

from streamlib.clock import NS_PER_S
from streamlib.errors import FormatError, MediaError
from streamlib.frames.packet import EncodedPacket, StreamInfo
from streamlib.frames.pixel_format import PixelFormat, is_subsampled
from streamlib.frames.video import VideoFrame
from streamlib.media.limits import FRAME_RATES, FrameRate, Interval, PictureBitrate, Threads, zero_or
from streamlib.media.notices import Notices
from streamlib.media.ticks import LARGEST_DENOMINATOR, nanoseconds, ticks
from streamlib.media.timeline import PictureTimes
from streamlib.media.video.picture import to_av
from streamlib.media.video.swscale import MATRICES, RANGES, reformat
from streamlib.processors.config import Live, ProcessorConfig

TICKS_PER_S = 90_000  # the unit of time of MPEG systems; finer ones overflow what MP4 keeps per frame
TIME_BASE = Fraction(1, TICKS_PER_S)
DEFAULT_FRAME_RATE = 30.0
# Key frames are asked for by time, since frames may come at any rate; this is libx264's own limit behind it.
LONGEST_GOP_FRAMES = 1200


class Preset(StrEnum):
    """How much time libx264 takes to make a packet smaller."""

    ULTRAFAST = "ultrafast"
    SUPERFAST = "superfast"
    VERYFAST = "veryfast"
    FASTER = "faster"
    FAST = "fast"
    MEDIUM = "medium"
    SLOW = "slow"
    SLOWER = "slower"
    VERYSLOW = "veryslow"


class Latency(StrEnum):
    """Whether a packet leaves with its frame (`low`), or frames are held to compress them better (`normal`)."""

    LOW = "low"
    NORMAL = "normal"


class H264Settings(ProcessorConfig):
    """What the codec opens with; the configs of those who use it are made of this.

    Attributes:
        bitrate: Of pictures, bits per second, held over a second.
        preset: How much time a picture may take.
        latency: "low" sends each packet with its picture; "normal" holds pictures back to compress them better.
        gop_seconds: The longest time between two key frames.
        frame_rate: A hint for the rate control, per second; 0 takes it from the first picture.
        threads: For pictures; 0 is one per core, and half as many again at "normal" latency, where each has a picture
            of its own.
    """

    bitrate: Live[PictureBitrate] = 4_000_000
    preset: Preset = Preset.VERYFAST
    latency: Latency = Latency.LOW
    gop_seconds: Interval = 2.0
    frame_rate: FrameRate = 0.0
    threads: Threads = 0

    def __post_init__(self) -> None:
        """Refuse a rate that is none."""
        zero_or(self, frame_rate=FRAME_RATES)


@dataclass(frozen=True, slots=True)
class _Mark:
    """What a frame carries through the codec."""

    timestamp_ns: int
    duration_ns: int
    entered_ns: int
    sequence: int
    metadata: Mapping[str, object] | None


class H264Codec:
    """One H.264 encoder; it opens with its first frame and keeps that frame's size, range and matrix.

    Args:
        settings: What it opens with.
        notices: Told once each about what is done to frames.
        in_ticks: Whether pictures that 1/90000 s do not tell apart are set that far apart: a file has no other times,
            and shows pictures that were held back in a wrong order without. Else packets keep the nanoseconds.
    """

    def __init__(self, settings: H264Settings, notices: Notices, *, in_ticks: bool = False) -> None:
        self._settings = settings
        self._in_ticks = in_ticks
        self._notices = notices
        self._context: av.VideoCodecContext | None = None
        self._opened_bitrate = 0
        self._stream: StreamInfo | None = None
        self._rate = settings.frame_rate or DEFAULT_FRAME_RATE
        self._last_tick: int | None = None
        self._key_ns: int | None = None

    @property
    def stream(self) -> StreamInfo | None:
        """What it encodes to; None until the first frame has opened it."""
        return self._stream

    def set_bitrate(self, bitrate: int) -> None:
        """Aim at another rate, in bits per second, from the next frame on.

        libx264 follows up to the rate it opened with; beyond, it is opened anew at the next frame, which then is
        a key frame.
        """
        self._settings = replace(self._settings, bitrate=bitrate)
        if self._context is not None and bitrate <= self._opened_bitrate:
            self._context.bit_rate = bitrate

    def ask_for_key(self) -> None:
        """Have the next frame be a key frame: somebody is to begin there."""
        self._key_ns = None

    def encode(self, frame: VideoFrame) -> list[EncodedPacket]:
        """The packets that are ready once this frame is in.

        Raises:
            FormatError: The frame is smaller than 2x2, or its pixels cannot be converted.
            MediaError: libx264 refuses.
        """
        if self._stream is None:
            self._begin(frame)
        held = self.flush() if self._settings.bitrate > self._opened_bitrate else []
        if self._context is None:
            self._open()
        return held + self._packets(self._stamped(self._fitted(frame), frame))

    def flush(self) -> list[EncodedPacket]:
        """What was held back; a frame that comes after this opens the codec again, with a key frame."""
        if self._context is None:
            return []
        held = self._packets(None)
        self._context = None
        return held

    def close(self) -> None:
        """Let go of the codec and of its threads."""
        self._context = None

    def _begin(self, frame: VideoFrame) -> None:
        width, height = frame.width & ~1, frame.height & ~1
        if not width or not height:
            raise FormatError(
                f"H.264 needs pictures of 2x2 or more, not {frame.width}x{frame.height}; scale them first"
            )
        if (width, height) != (frame.width, frame.height):
            self._notices.once(
                "odd", f"H.264 has even sizes: {frame.width}x{frame.height} is scaled to {width}x{height}"
            )
        if not self._settings.frame_rate and frame.duration_ns:
            self._rate = NS_PER_S / frame.duration_ns
        self._times = PictureTimes(round(NS_PER_S / self._rate))
        self._size = (width, height)
        self._range, self._matrix = frame.color_range, frame.color_matrix

    def _open(self) -> None:
        width, height = self._size
        self._context, self._opened_bitrate, self._key_ns = self._opened(width, height), self._settings.bitrate, None
        self._stream = StreamInfo(
            media="video",
            codec="h264",
            width=width,
            height=height,
            frame_rate=self._rate,
            extradata=self._context.extradata or b"",
            color_range=self._range,
            color_matrix=self._matrix,
        )

    def _opened(self, width: int, height: int) -> av.VideoCodecContext:
        context = av.CodecContext.create("libx264", "w")
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.color_range, context.colorspace = RANGES[self._range], MATRICES[self._matrix]
        context.time_base, context.framerate = TIME_BASE, Fraction(self._rate).limit_denominator(LARGEST_DENOMINATOR)
        context.bit_rate, context.gop_size = self._settings.bitrate, LONGEST_GOP_FRAMES
        context.thread_count, context.thread_type = self._settings.threads, self._thread_type()
        context.flags |= int(Flags.global_header)
        context.copy_opaque = True
        context.options = self._options()
        try:
            context.open()
        except av.error.FFmpegError as error:
            raise MediaError(
                f"libx264 does not open for {width}x{height}: {error.strerror}; choose another size"
            ) from error
        return context

    def _thread_type(self) -> str:
        """Threads that share a picture wait for its slowest slice; each has its own where pictures are held back."""
        return "SLICE" if self._settings.latency is Latency.LOW else "FRAME"

    def _options(self) -> dict[str, str]:
        """libx264's own; with maxrate and bufsize it follows a bitrate that changes while it is open."""
        rate = str(self._settings.bitrate)
        tune = {"tune": "zerolatency"} if self._settings.latency is Latency.LOW else {}
        return {
            "preset": str(self._settings.preset),
            "maxrate": rate,
            "bufsize": rate,
            "x264-params": "repeat-headers=1",
            **tune,
        }

    def _fitted(self, frame: VideoFrame) -> av.VideoFrame:
        """A picture of our own with the size, format and colour that the codec opened with."""
        if (frame.width & ~1, frame.height & ~1) != self._size:
            width, height = self._size
            self._notices.once("size", f"goes on at {width}x{height}; {frame.width}x{frame.height} is scaled to that")
        picture = to_av(frame)
        coded = is_subsampled(frame.format)
        if coded and frame.color_matrix != self._matrix:
            picture, coded = reformat(picture, PixelFormat.RGB24, frame.color_range, frame.color_matrix), False
        same_color = coded and frame.color_range == self._range
        if same_color and picture.format.name == "yuv420p" and (picture.width, picture.height) == self._size:
            return picture
        return reformat(picture, PixelFormat.YUV420P, self._range, self._matrix, *self._size)

    def _stamped(self, picture: av.VideoFrame, frame: VideoFrame) -> av.VideoFrame:
        placed = self._times.place(frame.timestamp_ns, frame.duration_ns)
        if self._times.repaired:
            self._notices.once("times", "timestamps that are missing, repeat or run backwards are set one frame apart")
        tick = self._tick(placed)
        if self._in_ticks and tick > ticks(placed, TIME_BASE):
            placed = nanoseconds(tick, TIME_BASE)
            self._notices.once("ticks", "pictures less than 1/90000 s apart are set that far apart")
        picture.pts, picture.time_base = tick, TIME_BASE
        picture.pict_type = PictureType.I if self._is_key_due(placed) else PictureType.NONE
        picture.opaque = _Mark(placed, frame.duration_ns, frame.entered_ns, frame.sequence, frame.metadata)
        return picture

    def _tick(self, timestamp_ns: int) -> int:
        tick = ticks(timestamp_ns, TIME_BASE)
        if self._last_tick is not None and tick <= self._last_tick:
            tick = self._last_tick + 1
        self._last_tick = tick
        return tick

    def _is_key_due(self, timestamp_ns: int) -> bool:
        due = self._key_ns is None or timestamp_ns - self._key_ns >= self._settings.gop_seconds * NS_PER_S
        if due:
            self._key_ns = timestamp_ns
        return due

    def _packets(self, picture: av.VideoFrame | None) -> list[EncodedPacket]:
        assert self._context is not None
        try:
            return [self._packet(packet) for packet in self._context.encode(picture)]
        except av.error.FFmpegError as error:
            raise MediaError(f"libx264 refused a frame: {error.strerror}; look at what feeds it") from error

    def _packet(self, packet: av.Packet[Any]) -> EncodedPacket:
        assert self._stream is not None
        mark = packet.opaque
        assert isinstance(mark, _Mark)
        if packet.is_keyframe and self._key_ns is not None:  # libx264 makes some on its own, where the scene changes
            self._key_ns = max(self._key_ns, mark.timestamp_ns)
        ahead = (packet.pts or 0) - (packet.dts or 0)
        return EncodedPacket(
            data=bytes(packet),
            stream=self._stream,
            keyframe=packet.is_keyframe,
            timestamp_ns=mark.timestamp_ns,
            decode_ns=mark.timestamp_ns - nanoseconds(ahead, TIME_BASE),
            duration_ns=mark.duration_ns,
            entered_ns=mark.entered_ns,
            sequence=mark.sequence,
            metadata=mark.metadata,
        )
