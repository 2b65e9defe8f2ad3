"""Opus: audio frames in, packets out, without ports, by libopus.

What is particular to Opus is here; `sound_codec.py` encodes. Opus works at 48,000 Hz whatever came in, and the samples
that a decoder has to leave out at the beginning (pre-skip) are in the stream's extradata, an OpusHead (RFC 7845, 5.1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from streamlib.media.audio.samples import LAYOUTS
from streamlib.media.audio.sound_codec import SoundCodec, SoundCoding
from streamlib.media.notices import Notices

SAMPLE_RATE = 48_000
SAMPLES_PER_MS = 48
# RFC 7845, 5.1.1.2: of four channels Opus knows the two at the front and two at the back.
OPUS_LAYOUTS: Mapping[int, str] = MappingProxyType({**LAYOUTS, 4: "quad"})
# FFmpeg's libopus encoder (5, 8 and 9 were tried) takes channels of these numbers out of order: decoders,
# its own too, give them back in another. A test listens to each channel, and fails once that is mended.
OPUS_ORDERS: Mapping[int, Sequence[int]] = MappingProxyType({5: [0, 1, 4, 2, 3], 7: [0, 1, 4, 3, 5, 2, 6]})


class Application(StrEnum):
    """What the encoder is tuned for: `voip` for speech, `lowdelay` for the shortest delay, `audio` for all else."""

    AUDIO = "audio"
    VOIP = "voip"
    LOWDELAY = "lowdelay"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpusSettings:
    """What the codec opens with; `bitrate` in bits per second, 0 for 64,000 a channel; a packet lasts `packet_ms`."""

    bitrate: int = 0
    application: Application = Application.AUDIO
    packet_ms: int = 20


class OpusCodec(SoundCodec):
    """One Opus encoder."""

    def __init__(self, settings: OpusSettings, notices: Notices) -> None:
        super().__init__(_coding(settings), settings.bitrate, notices)


def _coding(settings: OpusSettings) -> SoundCoding:
    return SoundCoding(
        codec="opus",
        encoder="libopus",
        sample_format="flt",
        block=settings.packet_ms * SAMPLES_PER_MS,
        rate_for=lambda _: SAMPLE_RATE,
        layouts=OPUS_LAYOUTS,
        orders=OPUS_ORDERS,
        options={"application": str(settings.application), "frame_duration": str(settings.packet_ms)},
    )
