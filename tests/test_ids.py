from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.errors import ConfigError
from streamlib.ids import PortRef, ProcessorId, given_id, link_id, type_stem, written_link_id

OUT, IN = PortRef(ProcessorId("camera_0"), "video"), PortRef(ProcessorId("encoder_0"), "video_in")


def test_a_port_is_written_with_its_processor() -> None:
    assert str(OUT) == "camera_0.video"


def test_a_port_is_named_by_value() -> None:
    assert PortRef(ProcessorId("camera_0"), "video") == OUT
    assert len({OUT, IN, PortRef(ProcessorId("camera_0"), "video")}) == 2
    assert msgspec.json.decode(msgspec.json.encode(OUT), type=PortRef) == OUT


def test_a_port_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        OUT.port = "audio"  # type: ignore[misc]


def test_a_link_is_named_by_its_ports() -> None:
    assert link_id(OUT, IN) == "camera_0.video->encoder_0.video_in"


@pytest.mark.parametrize("written", ["a.x->b.y", "a.x -> b.y", " a.x→b.y", "a.x  →  b.y "])
def test_a_link_may_be_written_with_spaces_and_another_arrow(written: str) -> None:
    assert written_link_id(written) == "a.x->b.y"


@pytest.mark.promise("runtime.readable-ids")
@pytest.mark.parametrize(
    ("processor_type", "stem"),
    [
        ("H264Encoder", "h264_encoder"),
        ("Mp4Writer", "mp4_writer"),
        ("AV1Encoder", "av1_encoder"),
        ("RGBToYUV", "rgb_to_yuv"),
        ("HTTPSource", "http_source"),
        ("CameraProcessor", "camera_processor"),
        ("grayscale", "grayscale"),
        ("add_noise", "add_noise"),
        ("My_Mixer", "my_mixer"),
        ("Blur2D", "blur2_d"),
        ("FFmpegFilter", "ffmpeg_filter"),
        ("AFilter", "afilter"),
        ("MyFFmpeg", "my_ffmpeg"),
        ("X", "x"),
        ("", ""),
    ],
)
def test_the_stem_of_an_id_is_the_type_in_words(processor_type: str, stem: str) -> None:
    assert type_stem(processor_type) == stem


@given(st.text(st.characters(codec="ascii", categories=["Lu", "Ll", "Nd"]), max_size=20))
def test_a_stem_keeps_every_letter_and_digit(processor_type: str) -> None:
    stem = type_stem(processor_type)
    assert stem.replace("_", "") == processor_type.lower()
    assert type_stem(stem) == stem
    assert not stem.startswith("_")
    assert "__" not in stem


@pytest.mark.parametrize("id_", ["cam", "kamera-tür_2", "recording_0/mp4_writer_0"])
def test_an_id_of_ones_own_is_a_word(id_: str) -> None:
    assert given_id(id_) == id_


@pytest.mark.parametrize("id_", ["", 5, None, "a.b", "a>b", "a\n", "a:b", "*", "a/", " a"])
def test_an_id_that_is_none_is_refused_with_what_one_may_have(id_: object) -> None:
    with pytest.raises(ConfigError, match="letters, digits, '_' and '-'"):
        given_id(id_)
