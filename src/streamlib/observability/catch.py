"""What a look keeps of the frames that pass: references to as few as it needs, and no more.

Told on the thread that writes, it puts a frame aside or lets it pass, and wakes who waits when it has enough; it never
copies, converts or waits. `sampler` puts it at a tap, and makes something of what it holds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from streamlib.clock import NS_PER_MS, NS_PER_S
from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame

MOST_FRAMES = 16_384
"""Frames of sound that one sample holds at most, however short they are."""
RUN_IN_NS = 80 * NS_PER_MS
"""What decoders of sound that begin in mid-stream need before they are right (RFC 7845, 4.6: Opus; AAC needs less)."""


class Catch:
    """Has enough at some time; from then on it takes nothing.

    Attributes:
        enough: Set when it needs no more.
        passed: Frames that it let pass.
        stranger: The first frame that was none of those it looks for, in words; empty where there was none.
    """

    def __init__(self, woken: Callable[[], None] | None = None) -> None:
        self.enough = threading.Event()
        self.passed = 0
        self.stranger = ""
        self._woken = woken

    def pushed(self, frame: Any) -> None:
        """Put a frame aside, or let it pass."""
        if not self.enough.is_set() and self.takes(frame):
            self.enough.set()
            if self._woken is not None:
                self._woken()

    def takes(self, frame: Any) -> bool:
        """Keep the frame or not; True when this is enough."""
        raise NotImplementedError

    def full(self, *, dropped: bool) -> None:
        """It sees frames alone."""

    def emptied(self) -> None:
        """It sees frames alone."""

    def lets_pass(self, frame: Any, wanted: str) -> bool:
        """Count a frame that is not kept; True where packets are of another medium, and so all behind them."""
        self.passed += 1
        media = frame.stream.media if isinstance(frame, EncodedPacket) else ""
        if media == wanted:
            return False
        if not self.stranger:
            self.stranger = f"packets of {media} ({frame.stream.codec})" if media else type(frame).__name__
        return bool(media)


class PictureCatch(Catch):
    """Keeps the first picture, or the first packet of video that is a key frame.

    Attributes:
        frame: What it keeps.
    """

    frame: VideoFrame | EncodedPacket | None = None

    def takes(self, frame: Any) -> bool:
        """The first one is enough."""
        is_key = isinstance(frame, EncodedPacket) and frame.keyframe and frame.stream.media == "video"
        if not is_key and not isinstance(frame, VideoFrame):
            return self.lets_pass(frame, "video")
        self.frame = frame
        return True


class SoundCatch(Catch):
    """Keeps sound, in frames or in packets, until it has so much of it.

    Attributes:
        frames: What it keeps, all of one kind.
        begins_ns: The media time where the sample begins; packets before that only serve the decoder.
    """

    def __init__(self, duration_ns: int, woken: Callable[[], None] | None = None) -> None:
        super().__init__(woken)
        self.frames: list[AudioFrame | EncodedPacket] = []
        self.begins_ns = 0
        self._left_ns = duration_ns

    def takes(self, frame: Any) -> bool:
        """Enough is when their durations add up; frames that go on at another rate, or otherwise encoded, end it."""
        is_sound = isinstance(frame, AudioFrame) or (isinstance(frame, EncodedPacket) and frame.stream.media == "audio")
        if not is_sound:
            return self.lets_pass(frame, "audio")
        if self.frames and _kind(frame) != _kind(self.frames[0]):
            return True
        if not self.frames:
            run_in_ns = RUN_IN_NS if isinstance(frame, EncodedPacket) else 0
            self.begins_ns, self._left_ns = frame.timestamp_ns + run_in_ns, self._left_ns + run_in_ns
        self.frames.append(frame)
        self._left_ns -= _length_ns(frame)
        return self._left_ns <= 0 or len(self.frames) >= MOST_FRAMES


def _kind(frame: AudioFrame | EncodedPacket) -> object:
    return frame.stream if isinstance(frame, EncodedPacket) else (frame.sample_rate, frame.channels)


def _length_ns(frame: AudioFrame | EncodedPacket) -> int:
    if isinstance(frame, EncodedPacket):
        return frame.duration_ns
    return round(frame.num_samples * NS_PER_S / frame.sample_rate)
