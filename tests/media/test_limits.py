from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from streamlib import StreamRuntime, media
from streamlib.errors import ConfigError
from streamlib.media.limits import FRAME_RATES
from streamlib.processors.processor import Processor
from tests.media.clips import pictures, sound
from tests.media.rig import Rig

NEEDED: dict[str, dict[str, Any]] = {
    "FFmpegFilter": {"description": "hflip"},
    "FileReader": {"path": "x.mp4"},
    "FilterSource": {"video": "testsrc2"},
    "Mp4Writer": {"path": "x.mp4"},
}
COUNTS = {("TestPatternGenerator", "frames"), ("InputSelector", "active")}  # which no number is too large for


def built(name: str, **fields: object) -> Processor:
    made: Processor = getattr(media, name).from_config({**NEEDED.get(name, {}), **fields})
    return made


def numbers(annotation: object) -> set[type]:
    """The kinds of numbers that an annotation stands for."""
    if annotation in (int, float):
        return {annotation}
    return set().union(*(numbers(part) for part in get_args(annotation) if isinstance(part, type) or get_args(part)))


def number_fields() -> Iterator[tuple[str, str, type]]:
    for name in media.__all__:
        for field in getattr(media, name).declaration.config.fields.values():
            for kind in numbers(field.type):
                yield name, field.name, kind


@pytest.mark.promise("media.legal-ranges")
@pytest.mark.parametrize(("name", "field", "kind"), [*number_fields()])
def test_no_number_of_any_config_is_without_limits(name: str, field: str, kind: type) -> None:
    nonsense: list[float] = [-1, 2**70] if kind is int else [-1.0, 1e12, math.inf, -math.inf, math.nan]
    for value in nonsense:
        if value > 0 and (name, field) in COUNTS:
            continue
        with pytest.raises(ConfigError, match=field) as refused:
            built(name, **{field: value})
        assert str(value) in str(refused.value)


@pytest.mark.promise("media.legal-ranges")
@pytest.mark.parametrize(
    ("name", "fields", "words"),
    [
        ("H264Encoder", {"bitrate": 2}, r"H264Encoder\.bitrate: .* given 2; the range is 10,000 to 1,000,000,000"),
        ("H264Encoder", {"gop_seconds": -1.0}, r"gop_seconds: .* given -1.0; the range is above 0 to 3,600"),
        ("H264Encoder", {"frame_rate": 1e-9}, "frame_rate: expected 0, or 0.001 to 1,000; given 1e-09"),
        ("Mp4Writer", {"frame_rate": 1e-9}, "frame_rate: expected 0, or 0.001 to 1,000; given 1e-09"),
        ("Mp4Writer", {"audio_bitrate": 2}, "audio_bitrate: expected 0, or 6,000 to 2,048,000; given 2"),
        ("AacEncoder", {"bitrate": 2}, "bitrate: expected 0, or 6,000 to 2,048,000; given 2"),
        ("OpusEncoder", {"bitrate": 2}, "bitrate: expected 0, or 6,000 to 2,048,000; given 2"),
        ("TestPatternGenerator", {"frame_rate": 1e-9}, "frame_rate: expected 0, or 0.001 to 1,000"),
        ("TestPatternGenerator", {"width": 1 << 20}, r"width: .* given 1048576; the range is 0 to 16,384"),
        ("TestPatternGenerator", {"duration": -1.0}, r"duration: .* given -1.0; the range is 0 to 1,000,000,000"),
        ("ToneGenerator", {"sample_rate": 1}, "sample_rate: expected 0, or 1,000 to 384,000; given 1"),
        ("VideoScaler", {"height": -4}, r"height: .* given -4; the range is 0 to 16,384"),
        ("StreamSync", {"deadline_ms": math.inf}, r"deadline_ms: .* given inf; the range is 0 to 3,600,000"),
    ],
)
def test_what_means_nothing_is_refused_with_the_field_the_value_and_the_range(
    name: str, fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(ConfigError, match=words):
        built(name, **fields)


@pytest.mark.promise("media.legal-ranges")
def test_a_live_change_is_refused_as_a_config_is() -> None:
    runtime = StreamRuntime()
    encoder = runtime.add_processor(media.H264Encoder)
    for fields in ({"bitrate": 2}, {"frame_rate": math.inf}, {"frame_rate": 1e-9}):
        with pytest.raises(ConfigError, match=next(iter(fields))):
            runtime.update_config(encoder, fields)
    with pytest.raises(ConfigError, match="frame_rate"):
        runtime.add_processor(media.H264Encoder, media.H264Encoder.Config(frame_rate=math.nan))


@pytest.mark.parametrize("rate", [0.0, FRAME_RATES[0], 1000.0])
@pytest.mark.parametrize("bitrate", [10_000, 1_000_000_000])
def test_what_is_at_the_ends_of_a_range_is_encoded(rate: float, bitrate: int) -> None:
    encoder = media.H264Encoder.from_config({"frame_rate": rate, "bitrate": bitrate, "gop_seconds": 3600})
    assert len(Rig(encoder, inputs={"video": pictures(3)}, outputs=["packets"]).run().out("packets")) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"frame_rate": FRAME_RATES[0]},
        {"frame_rate": 1000.0},
        {"width": 1, "height": 1},
        {"width": 16_384, "height": 2},
        {"duration": 1e9},
    ],
)
def test_what_is_at_the_ends_of_a_range_is_painted(fields: dict[str, Any]) -> None:
    generator = built("TestPatternGenerator", **{"width": 16, "height": 16, "frames": 3, "pace": "fast"} | fields)
    assert len(Rig(generator, outputs=["video"]).run().out("video")) == 3


@pytest.mark.parametrize("fields", [{"sample_rate": 1000}, {"sample_rate": 384_000}, {"duration": 1e9}])
def test_what_is_at_the_ends_of_a_range_is_heard(fields: dict[str, Any]) -> None:
    run = Rig(built("ToneGenerator", pace="fast", **fields), outputs=["audio"]).setup()
    run.step()
    assert run.out("audio")[0].num_samples == 480


@pytest.mark.parametrize("name", ["AacEncoder", "OpusEncoder"])
def test_the_lowest_bitrate_of_sound_is_encoded(name: str) -> None:
    run = Rig(built(name, bitrate=6000), inputs={"audio": sound(0.2, channels=8)}, outputs=["packets"]).run()
    assert run.out("packets")
