"""What is in a recorded file: a graph plays it to its end, as fast as it can, and counts.

That a file was completed shows in that it can be opened and that every picture can be decoded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from streamlib.errors import DeadlineError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.video import VideoFrame
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext
from streamlib.processors.ports import LinkInput
from streamlib.processors.processor import Processor
from streamlib.runtime.runtime import StreamRuntime

PLAYING_S = 600.0


@dataclass(slots=True)
class Contents:
    """What was seen and heard of a file so far; `end_ns` is the time behind the last frame, in nanoseconds."""

    pictures: int = 0
    width: int = 0
    height: int = 0
    channels: int = 0
    sample_rate: int = 0
    end_ns: int = 0


class Counter(Processor):
    """Counts what it sees and hears."""

    class Config(ProcessorConfig):
        """`into`: where it counts."""

        into: Contents = msgspec.field(default_factory=Contents)

    config: Config
    video = LinkInput(VideoFrame)
    audio = LinkInput(AudioFrame)

    def process(self, ctx: ProcessContext) -> None:
        """Count what each input has."""
        into = self.config.into
        picture, sound = self.video.read(), self.audio.read()
        if picture is not None:
            into.pictures += 1
            into.width, into.height = picture.width, picture.height
            into.end_ns = max(into.end_ns, picture.timestamp_ns + picture.duration_ns)
        if sound is not None:
            into.channels, into.sample_rate = sound.channels, sound.sample_rate
            into.end_ns = max(into.end_ns, sound.timestamp_ns + sound.duration_ns)


def play_back(path: Path) -> Contents:
    """Play a file to its end.

    Raises:
        CommitError: It cannot be opened: it is missing, or was not completed.
        DeadlineError: It does not come to an end.
    """
    runtime = StreamRuntime()
    reader = runtime.add_processor("FileReader", path=str(path), pace="fast")
    contents = Contents()
    counter = runtime.add_processor(Counter, into=contents)
    runtime.connect(reader.output("video"), counter.input("video"))
    runtime.connect(reader.output("audio"), counter.input("audio"))
    with runtime:
        runtime.start()
        if not runtime.wait(PLAYING_S):
            raise DeadlineError(f"playing {path}", PLAYING_S, [reader.id])
    return contents
