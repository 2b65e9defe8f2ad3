"""FFmpegFilter: a port on each side of any filters of libavfilter.

`graph.py` says what a description makes of what, `frame_filter.py` filters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from types import MappingProxyType
from typing import Annotated, Any

from msgspec import Meta

from streamlib.errors import ConfigError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.video import VideoFrame
from streamlib.media.filters.frame_filter import FrameFilter
from streamlib.media.filters.graph import AUDIO, VIDEO, media_of
from streamlib.media.limits import Threads
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.declaration import Declaration
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor

AT_ONCE = 64
"""How many frames one call writes; what else is ready waits for the next, and the input with it."""

FRAMES: Mapping[str, type[VideoFrame | AudioFrame]] = MappingProxyType({VIDEO: VideoFrame, AUDIO: AudioFrame})


class FFmpegFilter(Processor):
    """Filters pictures or sound by a description as FFmpeg has it behind `-vf`, `-af` or `-filter_complex`.

    `hflip`, `scale=640:-2,unsharp`, `afftdn`, `split[a][b];[a]hflip[c];[b][c]hstack`; any filters with one open input
    and one open output. The description says what the ports carry: `afftdn` takes and gives AudioFrame, `showwaves`
    takes AudioFrame and gives VideoFrame. What filters hold back comes out at the end of the stream; frames of another
    size, format or rate are filtered anew from there on, and when the filters end by themselves (`trim=end=5`) so does
    this. Filters that never end (`loop=-1:10`, `tpad=stop=-1`) end with their input: after 10,000 frames made of one,
    they give one for each that comes, and at the end of the stream so many are made at most; the log says so.
    (Filters: https://ffmpeg.org/ffmpeg-filters.html)
    """

    class Config(ProcessorConfig):
        """Which filters.

        Attributes:
            description: The filters. A new one takes over at the next frame; it takes and gives what the old did.
            threads: For filters that can use several; 0 is one per core.
        """

        description: Live[Annotated[str, Meta(min_length=1)]]
        threads: Threads = 0

        def __post_init__(self) -> None:
            """Refuse what no filters can be made of."""
            try:
                media_of(self.description)
            except ValueError as error:
                raise ValueError(f"description: {error}") from error

    config: Config

    input: LinkInput[Any] = LinkInput((VideoFrame, AudioFrame))
    output: LinkOutput[Any] = LinkOutput((VideoFrame, AudioFrame))
    examples = ({"description": "hflip"}, {"description": "afftdn=noise_floor=-40"})

    @classmethod
    def declaration_for(cls, config: Any) -> Declaration:
        """The ports carry what the filters take and give."""
        taken, given = media_of(config.description)
        input_: LinkInput[Any] = LinkInput(FRAMES[taken])
        output: LinkOutput[Any] = LinkOutput(FRAMES[given])
        input_.name, output.name = "input", "output"
        return replace(cls.declaration, inputs={"input": input_}, outputs={"output": output})

    def setup(self, ctx: RuntimeContext) -> None:
        """The filters are made when the first frame says what they are for."""
        self._log = ctx.log
        self._filter = self._made()
        self._ready: Iterator[VideoFrame | AudioFrame] = iter(())  # what has been made and not sent

    def process(self, ctx: ProcessContext) -> None:
        """Filter one frame, or send more of what the one before has become."""
        if self._filter.is_endless or not self._sends_more(ctx):
            self._take(ctx)

    def flush(self, ctx: ProcessContext) -> None:
        """Send what the filters hold back."""
        ready = () if self._filter.is_endless else self._ready
        for frame in chain(ready, self._filter.flush()):
            if ctx.is_cut_off:
                return
            self.output.write(frame)

    def config_changed(self, previous: Config) -> None:
        """Change the filters at the next frame.

        Raises:
            ConfigError: The new ones take or give something else than the links carry.
        """
        old, new = media_of(previous.description), media_of(self.config.description)
        if new != old:
            raise ConfigError(
                f"FFmpegFilter.description: {self.config.description!r} makes {new[1]} of {new[0]}, and this one "
                f"makes {old[1]} of {old[0]}; add another processor for it",
                processor_type="FFmpegFilter",
                field="description",
            )

    def teardown(self) -> None:
        """Let go of the filters."""
        self._filter.close()
        self._ready = iter(())

    def _take(self, ctx: ProcessContext) -> None:
        """Filter the next frame; endless filters do not ask for it, and give one of theirs in its place."""
        frame = self.input.read()
        if frame is None:
            return
        before = self._filter
        if before.description != self.config.description:
            self._filter = self._made()
            self._ready = chain(before.flush(), self._filter.push(frame))
        elif before.is_endless and (made := next(self._ready, None)) is not None:
            self.output.write(made)
            return
        else:
            self._ready = before.push(frame)
        if not self._sends_more(ctx) and self._filter.has_ended:
            ctx.end()

    def _sends_more(self, ctx: ProcessContext) -> bool:
        """Send what is ready, up to a number. True when there may be more, for which another call is asked."""
        sent = 0
        for frame in islice(self._ready, AT_ONCE):
            self.output.write(frame)
            sent += 1
            if ctx.is_cut_off:
                break
        if sent < AT_ONCE:
            return False
        ctx.wake()
        return True

    def _made(self) -> FrameFilter:
        return FrameFilter(self.config.description, self.config.threads, self._log.warning)
