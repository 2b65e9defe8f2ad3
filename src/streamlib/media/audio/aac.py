"""AAC: audio frames in, packets out, without ports. The encoder processor and the MP4 writer both use this.

What is particular to AAC is here; `sound_codec.py` encodes.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamlib.media.audio.sound_codec import SoundCodec, SoundCoding
from streamlib.media.notices import Notices

# ISO/IEC 14496-3, table 1.18.
SAMPLE_RATES = (7350, 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
BLOCK = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class AacSettings:
    """What the codec opens with; `bitrate` in bits per second, 0 for 64,000 a channel."""

    bitrate: int = 0


def aac_rate(sample_rate: int) -> int:
    """The rate at which sound of `sample_rate` is encoded: its own, or the next that AAC has."""
    return next((rate for rate in SAMPLE_RATES if rate >= sample_rate), SAMPLE_RATES[-1])


CODING = SoundCoding(codec="aac", encoder="aac", sample_format="fltp", block=BLOCK, rate_for=aac_rate)


class AacCodec(SoundCodec):
    """One AAC encoder."""

    def __init__(self, settings: AacSettings, notices: Notices) -> None:
        super().__init__(CODING, settings.bitrate, notices)
