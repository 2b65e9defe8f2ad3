"""One stream of a file: packets wait in it, and become frames that know their time.

`demuxer.py` fills it and takes the frames; it knows neither the file nor the other streams.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import deque
from typing import Any

import av
from av.stream import Discard

from streamlib.clock import NS_PER_S
from streamlib.frames.audio import AudioFrame
from streamlib.frames.video import VideoFrame
from streamlib.media.audio.samples import SampleReader
from streamlib.media.tally import Tally
from streamlib.media.ticks import NANOSECOND, nanoseconds
from streamlib.media.video.picture import from_av

# What a packet takes beside its data, in bytes: without it the smallest ones would be read ahead by the million.
PACKET_BYTES = 512
# Matroska knows no length of a stream, and FFmpeg puts the file's there; whoever writes it tags streams with their end.
TAGGED = frozenset({"matroska,webm"})
CLOCK = re.compile(r"(\d+):(\d\d):(\d\d)(?:\.(\d+))?")
USUAL_FRAME_NS = NS_PER_S // 25  # where a file says nothing about the rate of its pictures


class Track(ABC):
    """What video and audio tracks have in common.

    Args:
        stream: The stream of the open file.
        origin_ns: The file's time zero on the stream's own clock.
        tally: Where its packets are counted, if that goes on from another track.

    Attributes:
        frames: What is decoded and has not been given out.
        wanted: Whether packets are kept.
        is_over: Whether nothing comes any more in this pass.
        awaits_key: Whether packets are left out until a key frame comes.
        tally: What became of its packets.
        backlog: How much the packets that wait take, in bytes.
        end_ns: The time behind the last frame decoded, in nanoseconds.
    """

    def __init__(self, stream: av.VideoStream | av.AudioStream, origin_ns: int, tally: Tally | None = None) -> None:
        self.stream = stream
        self.index = stream.index
        self.has_pictures = isinstance(stream, av.VideoStream)
        self.frames: deque[VideoFrame | AudioFrame] = deque()  # of one packet, or all that a decoder holds at its end
        self.wanted = False
        self.is_over = False
        self.tally = tally or Tally()
        self.backlog = 0
        self.end_ns = 0
        self._start_ns = 0
        self._origin_ns = origin_ns
        self._packets: deque[av.Packet[Any]] = deque()  # bounded by who fills it, by `backlog`
        self.awaits_key = False
        stream.discard = Discard.all
        self._unit = stream.time_base or NANOSECOND
        self._named_ns = self._named_end()

    @property
    def has_packets(self) -> bool:
        """Whether a packet waits to be decoded."""
        return bool(self._packets)

    @property
    def expected_ns(self) -> int:
        """Where this pass should end, by the length that the stream names; 0 where it names none."""
        return self._start_ns + self._named_ns if self._named_ns else 0

    @property
    @abstractmethod
    def frame_ns(self) -> int:
        """How long a frame usually is, in nanoseconds."""

    def want(self, wanted: bool, *, late: bool) -> None:
        """Begin or stop keeping packets; a stream that joins late has to wait for a key frame."""
        if wanted == self.wanted:
            return
        self.wanted = wanted
        self.stream.discard = Discard.default if wanted else Discard.all
        self.awaits_key = late
        self._drop()
        self.stream.codec_context.flush_buffers()

    def take(self, packet: av.Packet[Any]) -> None:
        """Keep a packet for later, if it is wanted and a decoder can begin with it."""
        if not self.wanted or not packet.size:
            return
        if self.awaits_key and not packet.is_keyframe:
            return
        self.awaits_key = False
        self._packets.append(packet)
        self.backlog += _weight(packet)

    def decode(self) -> None:
        """Turn the oldest packet into frames, of which there may be none."""
        packet = self._packets.popleft()
        self.backlog -= _weight(packet)
        self.tally.packets += 1
        self._decode(packet)

    def finish(self) -> None:
        """Take what the decoder holds back; there is nothing behind it in this pass."""
        self._decode(None)
        self.is_over = True

    def rewind(self, start_ns: int) -> None:
        """Begin another pass, at `start_ns`; the decoder was reset with the file."""
        self._drop()
        self._start_ns = self.end_ns = start_ns
        self.awaits_key = self.is_over = False

    @abstractmethod
    def _frame(self, decoded: av.VideoFrame | av.AudioFrame, timestamp_ns: int) -> VideoFrame | AudioFrame:
        """A frame of ours."""

    def _decode(self, packet: av.Packet[Any] | None) -> None:
        try:
            for decoded in self.stream.codec_context.decode(packet):
                self._take_frame(decoded)
        except av.error.EOFError:
            return  # the decoder was drained before
        except av.error.FFmpegError as error:
            self.tally.refuse(error.strerror or str(error))

    def _take_frame(self, decoded: av.VideoFrame | av.AudioFrame) -> None:
        """Keep a frame; one without a timestamp follows the one before."""
        self.tally.frames += 1
        self.tally.spoilt += decoded.is_corrupt
        timestamp_ns = self.end_ns if decoded.pts is None else self._time_of(decoded.pts)
        if self._start_ns:  # after a way back some decoders begin before the beginning
            timestamp_ns = max(timestamp_ns, self._start_ns)
        frame = self._frame(decoded, timestamp_ns)
        self.end_ns = frame.timestamp_ns + frame.duration_ns
        self.frames.append(frame)

    def _time_of(self, pts: int) -> int:
        return nanoseconds(pts, self._unit) - self._origin_ns + self._start_ns

    def _named_end(self) -> int:
        if self.stream.container.format.name in TAGGED:
            return max(0, clock_ns(self.stream.metadata.get("DURATION", "")) - self._origin_ns)
        return self._time_of((self.stream.start_time or 0) + self.stream.duration) if self.stream.duration else 0

    def _drop(self) -> None:
        self._packets.clear()
        self.frames.clear()
        self.backlog = 0


class VideoTrack(Track):
    """Pictures; decoded on as many threads as there are cores."""

    def __init__(self, stream: av.VideoStream, origin_ns: int, tally: Tally | None = None) -> None:
        super().__init__(stream, origin_ns, tally)
        stream.thread_type = "AUTO"
        rate = stream.average_rate or stream.guessed_rate
        self._usual_ns = nanoseconds(1, 1 / rate) if rate else USUAL_FRAME_NS

    @property
    def frame_ns(self) -> int:
        """By the rate of the pictures."""
        return self._usual_ns

    def _frame(self, decoded: av.VideoFrame | av.AudioFrame, timestamp_ns: int) -> VideoFrame:
        assert isinstance(decoded, av.VideoFrame)
        duration_ns = nanoseconds(decoded.duration, self._unit) or self._usual_ns
        return from_av(decoded, timestamp_ns=timestamp_ns, duration_ns=duration_ns)


class AudioTrack(Track):
    """Sound; up to eight channels are kept."""

    def __init__(self, stream: av.AudioStream, origin_ns: int, tally: Tally | None = None) -> None:
        super().__init__(stream, origin_ns, tally)
        self._samples = SampleReader()
        self._longest_ns = 0

    @property
    def frame_ns(self) -> int:
        """The longest so far: a last frame may be cut to its sound."""
        return self._longest_ns

    def _frame(self, decoded: av.VideoFrame | av.AudioFrame, timestamp_ns: int) -> AudioFrame:
        assert isinstance(decoded, av.AudioFrame)
        frame = AudioFrame(self._samples.read(decoded), decoded.sample_rate, timestamp_ns=timestamp_ns)
        self._longest_ns = max(self._longest_ns, frame.duration_ns)
        return frame


def _weight(packet: av.Packet[Any]) -> int:
    return packet.size + PACKET_BYTES


def clock_ns(text: str) -> int:
    """Nanoseconds of a time of day as `01:02:03.5`; 0 of any other text."""
    found = CLOCK.fullmatch(text)
    if found is None:
        return 0
    hours, minutes, seconds, fraction = found.groups()
    whole = (int(hours) * 60 + int(minutes)) * 60 + int(seconds)
    return whole * NS_PER_S + int((fraction or "").ljust(9, "0")[:9])
