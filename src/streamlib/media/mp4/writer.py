"""Mp4Writer: records pictures and sound, frames or packets, in an MP4 file.

`encoder.py` makes packets of what comes in, `muxer.py` writes them, `file_claims.py` says under which name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from streamlib.clock import NS_PER_S
from streamlib.errors import MediaError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame
from streamlib.media.audio.aac import AacCodec, AacSettings
from streamlib.media.audio.opus import OpusCodec, OpusSettings
from streamlib.media.audio.sound_codec import SoundCodec
from streamlib.media.file_claims import FileClaims
from streamlib.media.file_lock import FileLock
from streamlib.media.limits import FRAME_RATES, SOUND_BITRATES, SoundBitrate, zero_or
from streamlib.media.mp4.encoder import InputEncoder
from streamlib.media.mp4.muxer import Mp4Muxer
from streamlib.media.notices import Notices
from streamlib.media.video.h264 import H264Codec, H264Settings, Latency
from streamlib.processors.context import ProcessContext, ProcessorLog, RuntimeContext
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.processors.ports import LinkInput
from streamlib.processors.processor import Processor

SUFFIXES = (".mp4", ".m4v", ".m4a", ".mov")
"""What a file may end in; what is in it is MP4 all the same. A name without any of that kind is left as it is."""


class SoundFormat(StrEnum):
    """What sound that comes as frames is encoded to."""

    AAC = "aac"
    OPUS = "opus"


class Mp4Writer(Processor):
    """Writes what comes in at `video` and `audio` into one file; either may be left without a link.

    Packets of H.264, AAC and Opus go into the file as they are, frames are encoded first. The file starts at zero, with
    one offset for pictures and sound, and appears with the first of them. It plays once the writer has ended or was
    removed, also when that was by Ctrl-C. A file that this runtime has written is not written over: the next goes
    to `name-2.mp4`. A file that somebody else writes is refused: another runtime of this process at once, under
    whatever name, and another process with the first frame at the latest.

    A `fragmented` file plays at any moment up to its last whole fragment: whatever ends the program, a `kill -9` or
    the current, takes no more than `fragment_seconds` with it. It is somewhat larger, and some players cannot seek in
    it before it is closed.
    """

    class Config(H264Settings):
        """Where to write, and how to encode what comes as frames.

        Attributes:
            path: The file, in .mp4, .m4v, .m4a or .mov; a file from before is replaced.
            latency: "normal" holds pictures back to compress them better; "low" does not.
            audio_codec: What sound is encoded to, "aac" or "opus"; packets go into the file as they are.
            audio_bitrate: Bits per second; 0 is 64,000 for each channel.
            fragmented: Whether the file plays before it is closed.
            fragment_seconds: The longest time in a fragment; each key frame begins one, too.
        """

        path: Annotated[str, Meta(min_length=1)]
        latency: Latency = Latency.NORMAL
        audio_codec: SoundFormat = SoundFormat.AAC
        audio_bitrate: SoundBitrate = 0
        fragmented: bool = False
        fragment_seconds: Annotated[float, Meta(ge=0.02, le=3600)] = 1.0

        def __post_init__(self) -> None:
            """Refuse rates that are none, and a file whose name says that it is of another kind."""
            zero_or(self, frame_rate=FRAME_RATES, audio_bitrate=SOUND_BITRATES)
            if "\0" in self.path:
                raise ValueError(f"path: no file has a NUL in its name; given {self.path!r:.60}")
            suffix = Path(self.path).suffix
            if suffix and suffix.lower() not in SUFFIXES:
                raise ValueError(f"path: an MP4 file ends in {', '.join(SUFFIXES)}; given {self.path!r}")

    config: Config

    video = LinkInput(VideoFrame | EncodedPacket)
    audio = LinkInput(AudioFrame | EncodedPacket)
    error_policy = ErrorPolicy.FAIL

    @classmethod
    def exclusive(cls, config: Config) -> Collection[str]:
        """The file."""
        return (f"file:{Path(config.path).resolve()}",)

    def setup(self, ctx: RuntimeContext) -> None:
        """Choose the file's name and see that it can be written; nothing is written yet.

        Raises:
            MediaError: There is no such folder, or the file cannot be written.
            ResourceBusyError: Another runtime of this process writes it.
        """
        self._muxer: Mp4Muxer | None = None
        self._claimed: Path | None = None
        self._log: ProcessorLog = ctx.log
        self._files = ctx.shared(FileClaims)
        asked = Path(self.config.path).resolve()
        self._path = self._claimed = self._files.claim(asked, ctx.processor_id)
        check_writable(self._path)
        if self._path != asked:
            self._log.warning("%s is finished already; this goes to %s", asked, self._path)
        notices = Notices(ctx.log)
        self._h264 = H264Codec(self.config, notices, in_ticks=True)
        self._sound_codec = self._sound_codec_for(notices)
        self._pictures: InputEncoder[VideoFrame] = InputEncoder("video", self._h264)
        self._sound: InputEncoder[AudioFrame] = InputEncoder("audio", self._sound_codec)
        fragment_ns = round(self.config.fragment_seconds * NS_PER_S) if self.config.fragmented else 0
        self._muxer = Mp4Muxer(self._path, notices, fragment_ns=fragment_ns)

    def process(self, ctx: ProcessContext) -> None:
        """Take what each input has; neither waits for the other."""
        picture = self.video.read()
        if picture is not None:
            self._write(self._pictures.encode(picture))
        sound = self.audio.read()
        if sound is not None:
            self._write(self._sound.encode(sound))
        self._open_muxer().settle(self._connected())

    def flush(self, ctx: ProcessContext) -> None:
        """Encode what is held back and complete the file."""
        self._write(self._pictures.flush())
        self._write(self._sound.flush())
        self._complete()

    def config_changed(self, previous: Config) -> None:
        """Aim at the new bitrate."""
        self._h264.set_bitrate(self.config.bitrate)

    def teardown(self) -> None:
        """Complete the file, if that has not been done, and let go of the codecs."""
        if self._muxer is not None:
            try:
                self._complete()
            except MediaError as error:
                self._log.error("%s", error)
            self._h264.close()
            self._sound_codec.close()
        if self._claimed is not None:
            self._let_go(is_written=False)

    def _sound_codec_for(self, notices: Notices) -> SoundCodec:
        bitrate = self.config.audio_bitrate
        if self.config.audio_codec is SoundFormat.OPUS:
            return OpusCodec(OpusSettings(bitrate=bitrate), notices)
        return AacCodec(AacSettings(bitrate=bitrate), notices)

    def _connected(self) -> list[str]:
        return [
            name for name, port in (("video", self.video), ("audio", self.audio)) if port.connected and not port.ended
        ]

    def _open_muxer(self) -> Mp4Muxer:
        assert self._muxer is not None
        return self._muxer

    def _write(self, packets: Iterable[EncodedPacket]) -> None:
        muxer = self._open_muxer()
        for packet in packets:
            muxer.write(packet)

    def _complete(self) -> None:
        """Close the file and say what is in it; without any frame there is none, and its name is free again."""
        muxer, self._muxer = self._muxer, None
        if muxer is None:
            return
        try:
            written = muxer.close()
        finally:
            self._let_go(is_written=muxer.has_begun)
        if muxer.is_broken:
            return
        if written is None and muxer.lacks_key_frame:
            raise MediaError(
                f"{self._path} was not written: packets came in and none that a picture can begin with; connect the "
                "writer where the stream begins, or to an encoder, which begins anew for it"
            )
        if written is None:
            self._log.warning("nothing came in; %s was not written", self._path)
        else:
            self._log.info("wrote %s", written)

    def _let_go(self, *, is_written: bool) -> None:
        """Let others write the file; where nothing was, its name is free again."""
        claimed, self._claimed = self._claimed, None
        if claimed is not None:
            (self._files.finish if is_written else self._files.release)(claimed)


def check_writable(path: Path) -> None:
    """See that a file can be written, without changing one that is there.

    Raises:
        MediaError: It cannot.
    """
    try:
        _check_place(path)
        existed = path.exists()
        with FileLock(path):
            if not existed:
                path.unlink()
    except MediaError:
        raise
    except OSError as error:
        raise MediaError(f"{path} could not be written: {error.strerror}; choose another path") from error


def _check_place(path: Path) -> None:
    if not path.parent.is_dir():
        raise MediaError(f"{path} could not be written: there is no folder {path.parent}; create it first")
    if path.is_dir() or path.is_fifo():
        raise MediaError(f"{path} could not be written: it is no regular file; choose another path")
