"""What numbers mean anything in a config of media: the types that its fields share, each with its legal range.

Annotations go out, and msgspec checks them when a config is built; so one field is refused in the same words wherever
it stands. A field for which 0 leaves the choice to somebody else has a gap above 0, which `zero_or` refuses.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from streamlib.processors.config import ProcessorConfig

FRAME_RATES = (0.001, 1000)  # from one in a quarter of an hour
SAMPLE_RATES = (1000, 384_000)
SOUND_BITRATES = (6000, 2_048_000)  # RFC 6716, 2.1.1, for one channel to eight; AAC sounds no better below

Side = Annotated[int, Meta(ge=0, le=16_384)]
"""Of a picture, in pixels."""

FrameRate = Annotated[float, Meta(ge=0, le=FRAME_RATES[1])]
"""Per second; to be checked with `zero_or(self, frame_rate=FRAME_RATES)`."""

PictureBitrate = Annotated[int, Meta(ge=10_000, le=1_000_000_000)]
"""In bits per second."""

SoundBitrate = Annotated[int, Meta(ge=0, le=SOUND_BITRATES[1])]
"""In bits per second; to be checked with `zero_or(self, bitrate=SOUND_BITRATES)`."""

SampleRate = Annotated[int, Meta(ge=0, le=SAMPLE_RATES[1])]
"""In Hz; to be checked with `zero_or(self, sample_rate=SAMPLE_RATES)`."""

Threads = Annotated[int, Meta(ge=0, le=64)]
"""0 is one per core."""

Duration = Annotated[float, Meta(ge=0, le=1_000_000_000)]
"""In seconds, up to 31 years: what nanoseconds count without overflow."""

Interval = Annotated[float, Meta(gt=0, le=3600)]
"""Between two things that come again, in seconds."""

Patience = Annotated[float, Meta(ge=0, le=3_600_000)]
"""In milliseconds."""


def zero_or(config: ProcessorConfig, **ranges: tuple[float, float]) -> None:
    """Refuse values between 0 and the least that means anything; for a `__post_init__`.

    Raises:
        ValueError: A field has one; the message names it.
    """
    for name, (least, most) in ranges.items():
        value = getattr(config, name)
        if 0 < value < least:
            raise ValueError(f"{name}: expected 0, or {least:,} to {most:,}; given {value!r}")
