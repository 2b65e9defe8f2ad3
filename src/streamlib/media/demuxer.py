"""A media file on its way to frames: opened, taken apart into packets, decoded, in the order of time.

No port and no clock is known here. Only streams that somebody wants are read, and their packets are decoded
when their frame is asked for. `file_reader.py` asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import Disposition

from streamlib.errors import FormatError, MediaError, nearest_file
from streamlib.frames.audio import AudioFrame
from streamlib.frames.video import VideoFrame
from streamlib.media.lengths import missing_ns
from streamlib.media.tally import Tally
from streamlib.media.ticks import NS_PER_US, nanoseconds
from streamlib.media.track import AudioTrack, Track, VideoTrack
from streamlib.media.video.picture import nearest_format

# How far one stream is read ahead while another has nothing: a file may hold its sound far from its pictures.
BACKLOG_BYTES = 16 * 1024 * 1024

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://?(.+)")


class Media(StrEnum):
    """The streams of a file that are read."""

    VIDEO = "video"
    AUDIO = "audio"


class Demuxer:
    """One open file; its first video stream, and its first audio stream that has a rate.

    Frames start at zero, with one offset for both streams, and go on rising from one pass to the next.

    Raises:
        MediaError: There is no such file, it cannot be read, or holds neither pictures nor sound.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.cut_short = ""  # why reading stopped before the end, when it did
        self._start_ns = 0
        self._begun = self._exhausted = False
        self._container = _open(path)
        self._tracks: dict[Media, Track] = {}
        try:
            self._add_tracks()
        except BaseException:
            self._container.close()
            raise
        self._packets = self._demux()

    @property
    def media(self) -> tuple[Media, ...]:
        """What the file has."""
        return tuple(self._tracks)

    @property
    def tallies(self) -> Mapping[Media, Tally]:
        """What became of the packets of each stream that is wanted."""
        return {media: track.tally for media, track in self._tracks.items() if track.wanted}

    @property
    def end_ns(self) -> int:
        """The time behind the last frame that was decoded, in nanoseconds."""
        return max(track.end_ns for track in self._tracks.values())

    @property
    def missing_ns(self) -> int:
        """How much did not come of what is wanted, by the lengths that the file names; 0 where it is whole."""
        file_end_ns = self._start_ns + self._named_ns if self._named_ns else 0
        return missing_ns(self._container.format.name, file_end_ns, self._tracks.values())

    def want(self, media: Media, wanted: bool) -> None:
        """Say whether frames of a stream are wanted from here on; one that joins late begins at a key frame."""
        track = self._tracks.get(media)
        if track is not None:
            track.want(wanted, late=self._begun)

    def is_over(self, media: Media) -> bool:
        """Whether a stream has no further frame in this pass."""
        track = self._tracks.get(media)
        return track is None or (track.is_over and not track.frames)

    def next(self) -> tuple[Media, VideoFrame | AudioFrame] | None:
        """The earliest frame that is wanted and has not been given out; None at the end of the pass."""
        wanted = {media: track for media, track in self._tracks.items() if track.wanted}
        while True:
            for track in wanted.values():
                self._fill(track)
            ready = [(track.frames[0].timestamp_ns, media) for media, track in wanted.items() if track.frames]
            if ready:
                _, media = min(ready)
                return media, wanted[media].frames.popleft()
            if all(track.is_over for track in wanted.values()):
                return None

    def rewind(self) -> None:
        """Begin another pass, in time behind this one.

        Raises:
            MediaError: The file cannot be read any more.
        """
        start_ns = self._start_ns = self.end_ns
        try:
            self._container.seek(self._container.start_time or 0)
        except av.error.FFmpegError:
            self._reopen()  # raw streams know no way back
        self._begun = self._exhausted = False
        for track in self._tracks.values():
            track.rewind(start_ns)
        self._packets = self._demux()

    def close(self) -> None:
        """Close the file and its decoders."""
        self._container.close()

    def _reopen(self) -> None:
        wanted = [media for media, track in self._tracks.items() if track.wanted]
        self._container.close()
        self._container = _open(self.path)
        self._add_tracks()
        for media in wanted:
            self.want(media, True)

    def _add_tracks(self) -> None:
        pictures = next((s for s in self._container.streams.video if _has_pictures(s)), None)
        sound = next((s for s in self._container.streams.audio if _has_sound(s)), None)
        starts = [_start_ns(stream) for stream in (pictures, sound) if stream is not None]
        if not starts:
            raise MediaError(f"{self.path} holds neither pictures nor sound that can be decoded; choose another file")
        # Those that are exact count from the clock's zero, not from the first frame.
        self._named_ns = max(0, (self._container.duration or 0) * NS_PER_US - max(0, min(starts)))
        if pictures is not None:
            _check_pictures(self.path, pictures)
            self._tracks[Media.VIDEO] = VideoTrack(pictures, min(starts), self._tally(Media.VIDEO))
        if sound is not None:
            self._tracks[Media.AUDIO] = AudioTrack(sound, min(starts), self._tally(Media.AUDIO))

    def _tally(self, media: Media) -> Tally | None:
        """What a stream's packets are counted in, also after the file was opened anew."""
        before = self._tracks.get(media)
        return before.tally if before is not None else None

    def _fill(self, track: Track) -> None:
        """Get a frame for a track, unless it is over or the file keeps it too far behind the others."""
        while not track.frames and not track.is_over:
            if track.has_packets:
                track.decode()
            elif self._exhausted:
                track.finish()
            elif sum(other.backlog for other in self._tracks.values()) > BACKLOG_BYTES:
                return
            else:
                self._read_packet()

    def _read_packet(self) -> None:
        self._begun = True
        try:
            packet = next(self._packets, None)
        except av.error.FFmpegError as error:
            self.cut_short, packet = error.strerror or str(error), None
        if packet is None:
            self._exhausted = True
            return
        for track in self._tracks.values():
            if track.index == packet.stream_index:
                track.take(packet)

    def _demux(self) -> Iterator[av.Packet[Any]]:
        return self._container.demux([track.stream for track in self._tracks.values()])


def _open(path: Path) -> InputContainer:
    if not path.exists():
        if address := _ADDRESS.match(str(path)):  # a Path has one slash where an address has two
            words = f"{address[1]}://{address[2]} is an address, and this reads files"
            raise MediaError(f"{words}; write a processor of your own that opens it by av.open")
        raise MediaError(f"there is no file {path}; {nearest_file(path)}")
    if path.is_dir():
        raise MediaError(f"{path} is a folder; name a file in it")
    if path.is_fifo():  # to open it would wait for somebody who writes, and hold up every other edit
        raise MediaError(f"{path} is a pipe; write what comes from it to a file, and name that")
    try:
        return av.open(f"file:{path}", "r")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise MediaError(f"{path} cannot be read as a media file: {reason}; it may be cut short or no media") from error


def _has_pictures(stream: av.VideoStream) -> bool:
    """Whether it can be decoded and is no picture of a record's cover."""
    return _has_decoder(stream) and not stream.disposition & Disposition.attached_pic


def _has_sound(stream: av.AudioStream) -> bool:
    """Whether it can be decoded and has a rate, which damaged ones have not."""
    return _has_decoder(stream) and stream.codec_context.sample_rate > 0


def _has_decoder(stream: object) -> bool:
    return getattr(stream, "codec_context", None) is not None  # which PyAV's types say it always has


def _check_pictures(path: Path, stream: av.VideoStream) -> None:
    format = stream.codec_context.format
    if format is None or not stream.codec_context.width:
        raise MediaError(f"{path} does not say what its pictures look like; it may be cut short")
    try:
        nearest_format(format.name)
    except FormatError as error:
        raise MediaError(f"{path}: {error}") from error


def _start_ns(stream: av.VideoStream | av.AudioStream) -> int:
    return nanoseconds(stream.start_time, stream.time_base)
