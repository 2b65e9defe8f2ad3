"""FileReader: a media file as a source of frames, paced in real time or as fast as its links take them.

`demuxer.py` reads and decodes; `pace.py` says when a frame is due.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from streamlib.clock import NEVER_NS, NS_PER_S
from streamlib.frames.audio import AudioFrame
from streamlib.frames.video import VideoFrame
from streamlib.media.demuxer import Demuxer, Media
from streamlib.media.mp4.finished_files import FinishedFiles
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
    sent, and the rest is reported when it ends. In real time no frame is waited for longer than 10 s, however far
    ahead it is stamped; its timestamp stays as it is.
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
        self._files = ctx.shared(FinishedFiles)
        self._pace = Pace(self._say_jump)
        self._notices = Notices(ctx.log)
        self._held: tuple[Media, VideoFrame | AudioFrame] | None = None
        self._ended: set[Media] = set()
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
            self._files.end_reading(self._path)
            self._demuxer.close()
            self._demuxer = None

    def _follow_links(self, demuxer: Demuxer, ctx: ProcessContext) -> bool:
        """Read what is connected; False while nothing has been. Without any link left it plays on, to nobody."""
        video, audio = self.video.connected, self.audio.connected
        if video or audio:
            demuxer.want(Media.VIDEO, video)
            demuxer.want(Media.AUDIO, audio)
            self._begun = True
        if not self._begun:
            self._notices.once("idle", "reads nothing until its video or audio is connected")
            ctx.wake_at(NEVER_NS)  # it is called again when its links change
        return self._begun

    def _next(self, demuxer: Demuxer) -> tuple[Media, VideoFrame | AudioFrame] | None:
        found = demuxer.next()
        if found is None and self.config.loop and demuxer.end_ns > self._pass_start_ns:
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
        reason = demuxer.cut_short
        if not reason and demuxer.missing_ns:
            reason = f"{demuxer.missing_ns / NS_PER_S:.2f} s before the end it names"
        if reason or demuxer.damaged:
            damage = f"; packets that could not be decoded: {demuxer.damaged}" if demuxer.damaged else ""
            why = f", {reason}" if reason else ""
            ctx.log.warning(
                "%s is damaged: it ended at %.1f s%s%s", demuxer.path, demuxer.end_ns / NS_PER_S, why, damage
            )
        ctx.end()
