"""FFmpegFilter: a port on each side of any filters of libavfilter.

`graph.py` says what a description makes of what, `frame_filter.py` filters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any

from msgspec import Meta

from streamlib.errors import ConfigError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.video import VideoFrame
from streamlib.media.filters.frame_filter import FrameFilter
from streamlib.media.filters.graph import AUDIO, VIDEO, media_of
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.declaration import Declaration
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor

FRAMES: Mapping[str, type[VideoFrame | AudioFrame]] = MappingProxyType({VIDEO: VideoFrame, AUDIO: AudioFrame})


class FFmpegFilter(Processor):
    """Filters pictures or sound by a description as FFmpeg has it behind `-vf`, `-af` or `-filter_complex`.

    `hflip`, `scale=640:-2,unsharp`, `afftdn`, `split[a][b];[a]hflip[c];[b][c]hstack`; any filters with one open input
    and one open output. The description says what the ports carry: `afftdn` takes and gives AudioFrame, `showwaves`
    takes AudioFrame and gives VideoFrame. What filters hold back comes out at the end of the stream; frames of another
    size, format or rate are filtered anew from there on, and when the filters end by themselves (`trim=end=5`) so does
    this. (Filters: https://ffmpeg.org/ffmpeg-filters.html)
    """

    class Config(ProcessorConfig):
        """Which filters.

        Attributes:
            description: The filters. A new one takes over at the next frame; it takes and gives what the old did.
            threads: For filters that can use several; 0 is one per core.
        """

        description: Live[Annotated[str, Meta(min_length=1)]]
        threads: Annotated[int, Meta(ge=0, le=64)] = 0

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
        self._filter = FrameFilter(self.config.description, self.config.threads)

    def process(self, ctx: ProcessContext) -> None:
        """Filter one frame."""
        frame = self.input.read()
        if frame is None:
            return
        if self._filter.description != self.config.description:
            self._send(self._filter.flush())
            self._filter = FrameFilter(self.config.description, self.config.threads)
        self._send(self._filter.push(frame))
        if self._filter.has_ended:
            ctx.end()

    def flush(self, ctx: ProcessContext) -> None:
        """Send what the filters hold back."""
        self._send(self._filter.flush())

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

    def _send(self, frames: Iterable[VideoFrame | AudioFrame]) -> None:
        for frame in frames:
            self.output.write(frame)
