"""FileReader: a media file as a source of frames, paced in real time or as fast as its links take them.

`demuxer.py` reads and decodes; `pace.py` says when a frame is due.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from streamlib.clock import NEVER_NS, NS_PER_S
from streamlib.errors import MediaError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.video import VideoFrame
from streamlib.media.demuxer import Demuxer, Media
from streamlib.media.file_claims import FileClaims
from streamlib.media.notices import Notices
from streamlib.media.pace import LONGEST_WAIT_NS, Pace, Speed
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.execution_mode import ErrorPolicy, ProcessExecution
from streamlib.processors.ports import LinkOutput
from streamlib.processors.processor import Processor


class FileReader(Processor):
    """Plays a media file: its first video stream and its first audio stream.

    Only what is connected is decoded, and nothing is read before something is. Timestamps start at zero with one
    offset for both streams; when it loops, they go on rising. Where the file is damaged, what can be decoded is
    sent, and how much could not be is said once, when it ends; a file of which nothing can be decoded is an error.
    So is one that has nothing of what is connected; a link to what it lacks, beside one to what it has, is warned of.
    In real time no frame is waited for longer than 10 s, however far ahead it is stamped; its timestamp stays as
    it is.
    """

    class Config(ProcessorConfig):
        """What to play, and how.

        Attributes:
            path: The file.
            pace: "realtime", or "fast": as fast as the links take it.
            loop: Whether it begins again at its end.
        """

        path: Annotated[str, Meta(min_length=1)]
        pace: Live[Speed] = Speed.REALTIME
        loop: Live[bool] = False

    config: Config

    video = LinkOutput(VideoFrame)
    audio = LinkOutput(AudioFrame)
    execution = ProcessExecution.continuous(interval_ms=0)
    error_policy = ErrorPolicy.FAIL

    def setup(self, ctx: RuntimeContext) -> None:
        """Open the file.

        Raises:
            MediaError: There is no such file, it cannot be read, or holds neither pictures nor sound.
        """
        self._demuxer: Demuxer | None = None
        self._files = ctx.shared(FileClaims)
        self._pace = Pace(self._say_jump)
        self._notices = Notices(ctx.log)
        self._held: tuple[Media, VideoFrame | AudioFrame] | None = None
        self._ended: set[Media] = set()
        self._log = ctx.log
        self._said_damage = False
        self._begun = False
        self._path = Path(self.config.path).resolve()
        self._demuxer = Demuxer(Path(self.config.path))
        self._files.begin_reading(self._path)
        self._pass_start_ns = 0

    def process(self, ctx: ProcessContext) -> None:
        """Send the next frame, or ask to be called when it is due."""
        demuxer = self._demuxer
        assert demuxer is not None
        if not self._follow_links(demuxer, ctx):
            return
        held = self._held or self._next(demuxer)
        if held is None:
            self._finish(demuxer, ctx)
            return
        self._held = held
        if self.config.pace is Speed.REALTIME and self._waits(held[1], ctx):
            return
        self._held = None
        self._send(*held)

    def config_changed(self, previous: Config) -> None:
        """Pace from the present frame on."""
        self._pace.reset()

    def teardown(self) -> None:
        """Close the file."""
        self._held = None
        if self._demuxer is not None:
            self._say_damage(_damage(self._demuxer, is_over=False))
            self._files.end_reading(self._path)
            self._demuxer.close()
            self._demuxer = None

    def _follow_links(self, demuxer: Demuxer, ctx: ProcessContext) -> bool:
        """Read what is connected; False while nothing has been. Without any link left it plays on, to nobody."""
        video, audio = self.video.connected, self.audio.connected
        if video or audio:
            demuxer.want(Media.VIDEO, video)
            demuxer.want(Media.AUDIO, audio)
            self._check_streams(demuxer, video=video, audio=audio)
            self._begun = True
        if not self._begun:
            self._notices.once("idle", "reads nothing until its video or audio is connected")
            ctx.wake_at(NEVER_NS)  # it is called again when its links change
        return self._begun

    def _check_streams(self, demuxer: Demuxer, *, video: bool, audio: bool) -> None:
        """Say of a link that it will carry nothing; where none will carry anything, that is an error."""
        connected = [media for media, is_ in ((Media.VIDEO, video), (Media.AUDIO, audio)) if is_]
        lacking = [media for media in connected if media not in demuxer.media]
        if lacking and lacking == connected:
            there = " and ".join(demuxer.media)
            raise MediaError(
                f"{demuxer.path} has no {lacking[0]}; it has {there}: connect that, or choose another file"
            )
        for media in lacking:
            words = f"{demuxer.path} has no {media}; whoever is connected there gets nothing"
            self._notices.once(f"no {media}", words)

    def _next(self, demuxer: Demuxer) -> tuple[Media, VideoFrame | AudioFrame] | None:
        found = demuxer.next()
        if found is None and self.config.loop and demuxer.end_ns > self._pass_start_ns:
            self._say_damage(_early_end(demuxer), _damage(demuxer))
            self._pass_start_ns = demuxer.end_ns
            demuxer.rewind()
            found = demuxer.next()
        if not self.config.loop:
            self._end_streams(demuxer, found[0] if found else None)
        return found

    def _waits(self, frame: VideoFrame | AudioFrame, ctx: ProcessContext) -> bool:
        now_ns = ctx.now_ns()
        due_ns = self._pace.due_ns(frame.timestamp_ns, now_ns)
        if due_ns > now_ns:
            ctx.wake_at(due_ns)
        return due_ns > now_ns

    def _say_jump(self, from_ns: int, to_ns: int) -> None:
        wait, jump = LONGEST_WAIT_NS // NS_PER_S, (to_ns - from_ns) / NS_PER_S
        self._notices.once(
            "jump",
            f"{self._path} jumps from {from_ns / NS_PER_S:.1f} s to {to_ns / NS_PER_S:.1f} s; the next frame is "
            f"waited for {wait} s and not {jump:.0f} s, here and where that happens again. Timestamps stay as they are",
        )

    def _send(self, media: Media, frame: VideoFrame | AudioFrame) -> None:
        if isinstance(frame, VideoFrame):
            self.video.write(frame)
        else:
            self.audio.write(frame)

    def _end_streams(self, demuxer: Demuxer, held: Media | None) -> None:
        """End the port of a stream that is over while the other goes on."""
        for media, port in ((Media.VIDEO, self.video), (Media.AUDIO, self.audio)):
            if media not in self._ended and media != held and demuxer.is_over(media):
                self._ended.add(media)
                port.end()

    def _finish(self, demuxer: Demuxer, ctx: ProcessContext) -> None:
        early, damage = _early_end(demuxer), _damage(demuxer)
        if (early or damage) and not any(tally.frames for tally in demuxer.tallies.values()):
            self._said_damage = True
            reason = damage or f"nothing could be decoded, {early}"
            raise MediaError(f"{demuxer.path} is damaged: {reason}; choose another file")
        self._say_damage(early, damage)
        ctx.end()

    def _say_damage(self, *clauses: str) -> None:
        """Say once, in one sentence, what could not be read and how much that was."""
        if any(clauses) and not self._said_damage:
            self._said_damage = True
            self._log.warning("%s is damaged: %s", self._path, "; ".join(filter(None, clauses)))


def _early_end(demuxer: Demuxer) -> str:
    """Where and why a pass ended before the file's end, in words; empty where it did not."""
    missing_ns = demuxer.missing_ns
    reason = demuxer.cut_short or (missing_ns and f"{missing_ns / NS_PER_S:.2f} s before the end it names")
    return f"it ended at {demuxer.end_ns / NS_PER_S:.1f} s, {reason}" if reason else ""


def _damage(demuxer: Demuxer, *, is_over: bool = True) -> str:
    """How much of each stream could not be decoded, in words; empty where all could."""
    words = [tally.words(media, is_over=is_over) for media, tally in demuxer.tallies.items()]
    return "; ".join(filter(None, words))
