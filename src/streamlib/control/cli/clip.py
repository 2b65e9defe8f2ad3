"""A short clip for the demo, where nobody has one: made by a graph, of what libavfilter can draw and sing."""

from __future__ import annotations

from pathlib import Path

from streamlib.errors import DeadlineError
from streamlib.runtime.runtime import StreamRuntime

CLIP_SECONDS = 5.0
MAKING_S = 60.0


def make_clip(path: Path, *, seconds: float = CLIP_SECONDS, size: str = "1280x720") -> None:
    """Record `testsrc2` and a beeping `sine` in stereo.

    Raises:
        CommitError: The file cannot be written.
        DeadlineError: It takes more than a minute.
    """
    runtime = StreamRuntime()
    source = runtime.add_processor(
        "FilterSource",
        video=f"testsrc2=size={size}:rate=30:duration={seconds}",
        audio=f"sine=frequency=330:beep_factor=4:sample_rate=48000:duration={seconds},aformat=channel_layouts=stereo",
        pace="fast",
    )
    pictures = runtime.add_processor("H264Encoder", preset="ultrafast", bitrate=8_000_000)
    sound = runtime.add_processor("AacEncoder")
    writer = runtime.add_processor("Mp4Writer", path=str(path))
    runtime.connect(source.output("video"), pictures)
    runtime.connect(source.output("audio"), sound)
    runtime.connect(pictures, writer.input("video"))
    runtime.connect(sound, writer.input("audio"))
    with runtime:
        runtime.start()
        if not runtime.wait(MAKING_S):
            raise DeadlineError("making a clip", MAKING_S, ["the encoders"])
