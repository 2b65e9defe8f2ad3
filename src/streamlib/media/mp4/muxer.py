"""Packets into one MP4 file, interleaved by time, starting at zero with one offset for sound and pictures.

No port is known here and nothing is encoded. Packets are kept until it is known which streams there are,
which `formats.py` then describes; from there on they go to the library's muxer, which interleaves them and
waits for a stream that lags for ten seconds of media time at most.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.stream import Stream

from streamlib.clock import NS_PER_S
from streamlib.errors import MediaError
from streamlib.frames.packet import EncodedPacket, StreamInfo
from streamlib.media.audio.sound_codec import PRIMING
from streamlib.media.file_lock import FileLock, begin_file
from streamlib.media.mp4.formats import add_stream, check_codec, unit
from streamlib.media.mp4.fragments import cut_to_fragments, is_whole
from streamlib.media.notices import Notices
from streamlib.media.ticks import NS_PER_US, samples_ns, ticks

MEDIA = ("video", "audio")
LOST = "; what is there does not play"
IO_ERRORS = (av.error.FFmpegError, OSError)
# A stream that is connected and silent holds the file up for this long, in media time or bytes, whichever is first.
PATIENCE_NS = 30 * NS_PER_S
PATIENCE_BYTES = 64 * 1024 * 1024
# FFmpeg's muxer counts the time from one packet to the next in 31 bits.
LONGEST_TICKS = 2**31 - 2
# So much is kept before an input without a link is taken to stay so: edits of a running graph come one by one.
GRACE_NS = NS_PER_S


@dataclass(slots=True)
class _Track:
    """One stream of the file: how far it has come."""

    info: StreamInfo
    stream: Stream
    unit: Fraction
    last_dts: int | None = None
    packets: int = 0
    end_ns: int = 0

    def ticks(self, timestamp_ns: int) -> int:
        return ticks(timestamp_ns, self.unit)


@dataclass(frozen=True, slots=True)
class Written:
    """What a file holds once it is closed."""

    path: Path
    pictures: int
    sounds: int
    seconds: float
    bytes: int

    def __str__(self) -> str:
        counts = {"pictures": self.pictures, "blocks of sound": self.sounds}
        held = " and ".join(f"{count} {what}" for what, count in counts.items() if count)
        return f"{self.path}: {held}, {self.seconds:.2f} s, {self.bytes / 1e6:.2f} MB"


class Mp4Muxer:
    """Writes one file; nothing is there before its streams are known.

    Args:
        path: The file; what stands there is written over.
        notices: Told once each about what is left out.
        fragment_ns: How long a fragment is at most; each is on the disk when the next begins, and plays whatever
            happens then. 0 writes a file without fragments, which plays once it is closed.
    """

    def __init__(self, path: Path, notices: Notices, *, fragment_ns: int = 0) -> None:
        self.path = path
        self._notices = notices
        self._fragment_ns = fragment_ns
        self._gathered: list[EncodedPacket] = []  # bounded by PATIENCE_NS and PATIENCE_BYTES
        self._gathered_bytes = 0
        self._container: OutputContainer | None = None
        self._lock: FileLock | None = None  # from the file's first byte to its last
        self._tracks: dict[str, _Track] = {}
        self._offset_ns = 0
        self.is_broken = False
        self.lacks_key_frame = False

    @property
    def has_begun(self) -> bool:
        """Whether there is a file of it, or was."""
        return bool(self._tracks)

    def write(self, packet: EncodedPacket) -> None:
        """Take a packet; pictures before the first key frame are left out.

        Raises:
            FormatError: The codec does not go into an MP4 file.
            MediaError: The file cannot be written, or the stream has changed to what the file cannot hold.
        """
        if self._container is not None:
            self._mux(packet)
            return
        check_codec(packet.stream)
        if packet.keyframe or packet.stream.media in self._firsts():
            self._gathered.append(packet)
            self._gathered_bytes += packet.nbytes
        else:
            self.lacks_key_frame = True
            self._notices.once("key", "begins at the first key frame; the pictures before it are left out")

    def settle(self, connected: Collection[str]) -> None:
        """Begin the file, when all that are connected have sent a packet or have been waited for long enough.

        Args:
            connected: The inputs ("video", "audio") from which packets may still come.

        Raises:
            MediaError: The file cannot be written.
        """
        if self._container is not None or not self._gathered:
            return
        firsts = self._firsts()
        missing = [media for media in connected if media not in firsts]
        if missing and not self._is_patience_over():
            return
        if len(firsts) < len(MEDIA) and self._span_ns() < GRACE_NS and self._gathered_bytes <= PATIENCE_BYTES:
            return
        for media in missing:
            self._notices.once(media, f"nothing came from {media!r} for a long time; {self.path} is written without it")
        self._begin()

    def close(self) -> Written | None:
        """Write what is kept and complete the file; None when nothing came, and there is no file.

        After an error it does nothing: the error said what has become of the file.

        Raises:
            MediaError: The file could not be completed.
        """
        if self.is_broken:
            return None
        if self._container is None:
            if not self._gathered:
                return None
            self._begin()
        assert self._container is not None
        try:
            self._container.close()
            if self._fragment_ns and not is_whole(self.path):  # FFmpeg forgets errors of its last fragment
                raise OSError(0, "not all of it could be written")
        except IO_ERRORS as error:
            self.is_broken = True
            raise self._failure("completed", error, self._left()) from error
        finally:
            self._unlock()
        return self._written()

    def _firsts(self) -> dict[str, EncodedPacket]:
        firsts: dict[str, EncodedPacket] = {}
        for packet in self._gathered:
            firsts.setdefault(packet.stream.media, packet)
        return firsts

    def _span_ns(self) -> int:
        times = [packet.decode_ns for packet in self._gathered]
        return max(times) - min(times)

    def _is_patience_over(self) -> bool:
        return self._gathered_bytes > PATIENCE_BYTES or self._span_ns() > PATIENCE_NS

    def _begin(self) -> None:
        firsts = self._firsts()
        self._offset_ns = min(_starts_ns(packet) for packet in firsts.values())
        try:
            # It writes a page: where that fails, the library's muxer would too, and forget to close the file (PyAV 18).
            self._lock = begin_file(self.path)
            self._container = self._opened(firsts)
        except IO_ERRORS as error:
            self.is_broken = True
            self._unlock()
            raise self._failure("written", error) from error
        gathered, self._gathered = self._gathered, []
        for packet in sorted(gathered, key=lambda packet: packet.decode_ns):
            self._mux(packet)

    def _opened(self, firsts: dict[str, EncodedPacket]) -> OutputContainer:
        options = fragment_options(self._fragment_ns) if self._fragment_ns else {}
        container = av.open(f"file:{self.path}", "w", format="mp4", options=options)
        for media in MEDIA:
            if media in firsts:
                info = firsts[media].stream
                self._tracks[media] = _Track(info, add_stream(container, firsts[media]), unit(info))
        container.start_encoding()
        return container

    def _mux(self, packet: EncodedPacket) -> None:
        track = self._tracks.get(packet.stream.media)
        if track is None:
            self._notices.once(
                "late", f"{packet.stream.media!r} came too late for {self.path}, which goes on without it"
            )
            return
        if packet.stream is not track.info:
            self._check_change(track.info, packet.stream)
        stamped = self._stamped(packet, track)
        try:
            assert self._container is not None
            self._container.mux_one(stamped)
        except IO_ERRORS as error:
            raise self._failure("written", error, self._abandoned()) from error
        track.packets += 1
        track.end_ns = max(track.end_ns, packet.timestamp_ns + packet.duration_ns - self._offset_ns)

    def _stamped(self, packet: EncodedPacket, track: _Track) -> av.Packet[Stream]:
        """The packet on the file's own time; decoding times must rise, and a picture is not shown before its own."""
        made: av.Packet[Stream] = av.Packet(packet.data)
        dts = track.ticks(packet.decode_ns - self._offset_ns)
        if track.last_dts is not None:
            dts = max(dts, track.last_dts + 1)
        pts = max(dts, track.ticks(packet.timestamp_ns - self._offset_ns))
        before = dts if track.last_dts is None else track.last_dts
        self._check_gap(packet, max(dts - before, pts - dts))
        track.last_dts = dts
        made.dts, made.pts = dts, pts
        made.duration = min(track.ticks(packet.duration_ns), LONGEST_TICKS)
        made.time_base = track.unit
        made.is_keyframe = packet.keyframe
        made.stream = track.stream
        return made

    def _check_gap(self, packet: EncodedPacket, gap: int) -> None:
        """Complete the file before a packet that is too far from the one before, in units of its track."""
        if gap <= LONGEST_TICKS:
            return
        hours, most = (float(count * unit(packet.stream) / 3600) for count in (gap, LONGEST_TICKS))
        raise MediaError(
            f"{self.path} cannot go on: at {packet.timestamp_ns} ns of {packet.stream.media} there is a gap of "
            f"{hours:,.1f} h, and an MP4 file has {most:.1f} h at most{self._abandoned()}; "
            "see what sets the timestamps, or write another file behind the gap"
        )

    def _abandoned(self) -> str:
        """Complete what can be completed after a failed write, and say what has become of the file."""
        self.is_broken = True
        assert self._container is not None
        try:
            self._container.close()
            whole = f"; it plays up to {self._end_ns() / NS_PER_S:.1f} s" if self._end_ns() > 0 else LOST
            left = self._left() if self._fragment_ns else whole
        except IO_ERRORS:
            left = self._left()
        self._unlock()
        return left

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()

    def _left(self) -> str:
        """What has become of a file that could not be closed."""
        self._container = None  # lets go of the file, which may write a last time
        if not self._fragment_ns:
            return LOST
        try:
            plays = cut_to_fragments(self.path)
        except OSError:
            return LOST
        return "; it plays up to its last whole fragment" if plays else LOST

    def _check_change(self, old: StreamInfo, new: StreamInfo) -> None:
        if _shape(old) != _shape(new):
            raise MediaError(
                f"{self.path} holds {_words(old)} and cannot go on with {_words(new)}; "
                "keep the encoder's settings, or write another file"
            )

    def _failure(self, done: str, error: Exception, note: str = "") -> MediaError:
        reason = getattr(error, "strerror", None) or str(error)
        return MediaError(f"{self.path} could not be {done}: {reason}{note}; make room, or choose another path")

    def _end_ns(self) -> int:
        return max(track.end_ns for track in self._tracks.values())

    def _written(self) -> Written:
        counts = {media: track.packets for media, track in self._tracks.items()}
        try:
            size = self.path.stat().st_size
        except OSError as error:
            raise self._failure("kept: it was removed while it was written", error) from error
        return Written(self.path, counts.get("video", 0), counts.get("audio", 0), self._end_ns() / NS_PER_S, size)


def fragment_options(fragment_ns: int) -> dict[str, str]:
    """What has FFmpeg's muxer write fragments, each to the disk at once, and cut them at key frames, too.

    `delay_moov` has it wait for the first fragment before it says which streams there are: only so does the file
    say how much of a codec's priming is to be left out.
    """
    return {
        "movflags": "frag_keyframe+delay_moov+default_base_moof",
        "frag_duration": str(fragment_ns // NS_PER_US),
        "flush_packets": "1",
    }


def _starts_ns(packet: EncodedPacket) -> int:
    """When a stream that begins with this packet is first seen or heard."""
    priming = (packet.metadata or {}).get(PRIMING, 0)
    if not isinstance(priming, int) or not packet.stream.sample_rate:
        return packet.timestamp_ns
    return packet.timestamp_ns + samples_ns(priming, packet.stream.sample_rate)


def _shape(info: StreamInfo) -> tuple[object, ...]:
    return info.codec, info.width, info.height, info.sample_rate, info.channels


def _words(info: StreamInfo) -> str:
    if info.media == "video":
        return f"{info.codec} of {info.width}x{info.height}"
    return f"{info.codec} with {info.channels} channels at {info.sample_rate} Hz"
