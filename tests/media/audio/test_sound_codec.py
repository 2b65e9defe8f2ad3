from __future__ import annotations

import logging

import numpy as np
import pytest

from streamlib.errors import MediaError
from streamlib.frames.audio import AudioFrame
from streamlib.media.audio.aac import CODING, AacCodec, AacSettings
from streamlib.media.audio.opus import OpusCodec, OpusSettings
from streamlib.media.audio.sound_codec import MARKS, PRIMING, SoundCodec, SoundCoding
from streamlib.media.notices import Notices
from tests.media.clips import SECOND, sound

NOTICES = Notices(logging.getLogger("streamlib.test"))


def codecs() -> list[SoundCodec]:
    return [AacCodec(AacSettings(), NOTICES), OpusCodec(OpusSettings(), NOTICES)]


@pytest.mark.parametrize("codec", codecs(), ids=["aac", "opus"])
def test_no_more_marks_are_kept_than_the_codec_holds_blocks(codec: SoundCodec) -> None:
    kept = 0
    for frame in [*sound(2), *sound(2, start_ns=60 * SECOND), *sound(2, start_ns=0), *sound(3, block=48_000)]:
        codec.encode(frame)
        kept = max(kept, len(codec._marks))
    codec.flush()
    assert 0 < kept < MARKS
    assert not codec._marks


@pytest.mark.parametrize(("codec", "priming"), list(zip(codecs(), (1024, 312), strict=True)), ids=["aac", "opus"])
def test_each_time_it_opens_the_first_packet_says_how_much_comes_before_the_sound(
    codec: SoundCodec, priming: int
) -> None:
    for start_ns in (0, 5 * SECOND):
        packets = [p for frame in sound(0.2, start_ns=start_ns) for p in codec.encode(frame)] + codec.flush()
        assert [packet.metadata for packet in packets] == [{PRIMING: priming}] + [None] * (len(packets) - 1)
        assert packets[0].timestamp_ns == pytest.approx(start_ns - priming * SECOND / 48_000, abs=1)
        last = packets[-1]
        assert last.timestamp_ns + last.duration_ns == pytest.approx(start_ns + SECOND // 5, abs=10)


def test_what_the_encoder_refuses_is_said() -> None:
    coding = SoundCoding(codec="opus", encoder="libopus", sample_format="flt", block=960, rate_for=lambda rate: rate)
    with pytest.raises(MediaError, match="libopus does not open for 1 channels at 44100 Hz and 64000 bits"):
        SoundCodec(coding, 0, NOTICES).encode(AudioFrame(np.zeros((960, 1), np.float32), 44_100))


def test_it_says_nothing_of_its_stream_before_a_frame_came() -> None:
    codec = SoundCodec(CODING, 0, NOTICES)
    assert (codec.stream, codec.flush()) == (None, [])
