from __future__ import annotations

from fractions import Fraction

import av
import pytest
from msgspec.structs import replace

from streamlib.errors import FormatError
from streamlib.frames.packet import StreamInfo
from streamlib.media.audio.samples import LAYOUTS
from streamlib.media.mp4.formats import audio_specific_config, check_codec, extradata, opus_head, parameter_sets, unit
from tests.media.clips import pictures, sound
from tests.media.mp4.streams import aac, h264


def test_only_what_a_player_expects_goes_in() -> None:
    check_codec(StreamInfo(media="video", codec="h264"))
    with pytest.raises(FormatError, match="not vp9"):
        check_codec(StreamInfo(media="video", codec="vp9"))


def test_pictures_count_in_ninety_thousandths_and_sound_in_samples() -> None:
    assert unit(StreamInfo(media="video", codec="h264")) == Fraction(1, 90_000)
    assert unit(StreamInfo(media="audio", codec="aac", sample_rate=44_100)) == Fraction(1, 44_100)


def test_the_parameter_sets_are_found_in_a_key_frame() -> None:
    first, second = h264(pictures(2))
    sets = parameter_sets(first.data)
    assert sets.startswith(b"\x00\x00\x00\x01\x67")
    assert sets == first.stream.extradata
    assert parameter_sets(second.data) == b""


@pytest.mark.parametrize(("rate", "channels"), [(48_000, 1), (48_000, 2), (44_100, 6), (16_000, 3), (96_000, 5)])
def test_the_description_of_aac_is_what_the_encoder_writes(rate: int, channels: int) -> None:
    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = rate, LAYOUTS[channels], "fltp"
    encoder.flags |= int(av.codec.context.Flags.global_header)
    encoder.open()
    assert (encoder.extradata or b"")[:2] == audio_specific_config(rate, channels)


@pytest.mark.parametrize("channels", range(1, 9))
def test_a_decoder_opens_by_that_description_alone(channels: int) -> None:
    decoder = av.CodecContext.create("aac", "r")
    decoder.extradata = audio_specific_config(48_000, channels)
    decoder.open()
    assert decoder.layout.nb_channels == channels


def test_a_rate_that_aac_does_not_have_is_refused_in_words() -> None:
    with pytest.raises(FormatError, match="47000 Hz"):
        audio_specific_config(47_000, 2)


def test_what_the_maker_left_out_is_taken_from_the_first_packet() -> None:
    packet = aac(sound(0.1))[0]
    assert extradata(packet) == audio_specific_config(48_000, 2)
    assert extradata(replace(packet, data=b"\xff\xf1" + packet.data)) is None  # with ADTS headers the muxer reads those
    key = h264(pictures(1))[0]
    assert extradata(key) == key.stream.extradata


@pytest.mark.parametrize("channels", [1, 2])
def test_the_head_of_opus_is_what_a_decoder_takes(channels: int) -> None:
    decoder = av.CodecContext.create("opus", "r")
    decoder.extradata = opus_head(channels)
    decoder.open()
    assert decoder.layout.nb_channels == channels


def test_opus_of_more_channels_needs_what_its_encoder_says() -> None:
    with pytest.raises(FormatError, match="Opus of 6 channels needs the OpusHead"):
        opus_head(6)
