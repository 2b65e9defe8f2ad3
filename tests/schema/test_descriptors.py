"""Descriptors as records: audio requirements compared, ports and types in words, JSON and Markdown."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.errors import DeclarationError
from streamlib.schema.builtins import SCHEMA_DATA_FRAME, SCHEMA_VIDEO_FRAME
from streamlib.schema.descriptors import (
    AudioRequirements,
    ConfigField,
    Direction,
    Example,
    PortDescriptor,
    ProcessorDescriptor,
)
from streamlib.schema.types import ArrayType, Field, OptionalType, ScalarKind, ScalarType, Schema, StructType
from tests.schema.strategies import schemas, versions

BOX = StructType((Field("x", ScalarType(ScalarKind.INT64), doc="In pixels."),), "Box")
BOXES = Schema("Boxes", (Field("boxes", ArrayType(OptionalType(BOX)), required=False),), "1.2.0", doc="What is seen.")
DETECTOR = ProcessorDescriptor(
    name="Detector",
    description="Finds boxes. Slowly.",
    version="2.1.0",
    inputs=(
        PortDescriptor("video", Direction.INPUT, ("VideoFrame",), delivery="latest", capacity=2, doc="What to see."),
    ),
    outputs=(PortDescriptor("boxes", Direction.OUTPUT, ("DataFrame",), BOXES),),
    config=(
        ConfigField("model", "str", required=True),
        ConfigField("least", "float", "0.5", live=True, doc="A score."),
    ),
    config_schema={"type": "object"},
    examples=(Example(config={"model": "yolo"}), Example(code="print('now')")),
    frames=(SCHEMA_VIDEO_FRAME, SCHEMA_DATA_FRAME),
)
amounts = st.lists(st.sampled_from([1, 2, 128, 44_100, 48_000]), unique=True).map(tuple)
sounds = st.builds(AudioRequirements, amounts, amounts, amounts)
ports = st.builds(
    PortDescriptor,
    st.sampled_from(["video", "audio"]),
    st.sampled_from(Direction),
    st.lists(st.sampled_from(["VideoFrame", "DataFrame", "AudioFrame"]), min_size=1, unique=True).map(tuple),
    st.one_of(st.none(), schemas),
    st.one_of(st.none(), sounds),
    st.sampled_from(["", "every"]),
    st.integers(0, 9),
    st.booleans(),
)
configs = st.builds(ConfigField, st.sampled_from(["rate", "a|b"]), st.just("int"), st.just("1"), st.booleans())
examples = st.one_of(st.builds(Example, config=st.just({"rate": 1})), st.builds(Example, code=st.just("x = 1")))
descriptors = st.builds(
    ProcessorDescriptor,
    name=st.just("Blur"),
    description=st.text(max_size=40),
    version=versions.map(str),
    inputs=st.lists(ports, max_size=2).map(tuple),
    outputs=st.lists(ports, max_size=2).map(tuple),
    config=st.lists(configs, max_size=2).map(tuple),
    config_schema=st.just({"type": "object"}),
    examples=st.lists(examples, max_size=2).map(tuple),
    frames=st.lists(st.just(SCHEMA_VIDEO_FRAME), max_size=1).map(tuple),
)


def test_a_single_number_stands_for_one_and_numbers_are_in_order() -> None:
    sound = AudioRequirements(rates=(48_000, 44_100, 48_000), channels=2, block=128)
    assert (sound.rates, sound.channels, sound.block) == ((44_100, 48_000), (2,), (128,))
    assert str(sound) == "44100 or 48000 Hz, 2 channels, 128 samples a frame"
    assert (str(AudioRequirements()), str(AudioRequirements(channels=1))) == ("any sound", "1 channel")


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "48000", True, (48_000, None)])
def test_audio_requirements_are_whole_numbers(wrong: Any) -> None:
    with pytest.raises(DeclarationError, match=r"AudioRequirements\.rates is .*; give whole numbers above 0"):
        AudioRequirements(rates=wrong)


def test_the_first_thing_that_differs_in_sound_is_said() -> None:
    wanted = AudioRequirements(rates=(16_000, 48_000), channels=1)
    assert AudioRequirements(rates=44_100, channels=2).difference(wanted) == ("44100 Hz", "16000 or 48000 Hz")
    assert AudioRequirements(rates=16_000, channels=(1, 2)).difference(wanted) == ("2 channels", "1 channel")
    assert AudioRequirements(rates=16_000, block=99).difference(wanted) is None


@given(sounds, sounds)
def test_a_sound_fits_itself_and_what_says_nothing_fits(one: AudioRequirements, other: AudioRequirements) -> None:
    assert one.difference(one) is None
    assert AudioRequirements().difference(one) is None
    assert one.difference(AudioRequirements()) is None
    assert not AudioRequirements().says_all_of(one) or one == AudioRequirements()
    assert one.says_all_of(AudioRequirements())
    if one.difference(other) is None and one.says_all_of(other):
        assert all(
            set(one.choices(name)) <= set(other.choices(name)) or not other.choices(name) for name in ("rates", "block")
        )


def test_a_port_says_what_passes_through_it() -> None:
    sound = AudioRequirements(rates=48_000)
    port = PortDescriptor("in", Direction.INPUT, ("DataFrame", "AudioFrame", "VideoFrame"), BOXES, sound)
    assert port.carries == "DataFrame of Boxes 1.2.0 or AudioFrame of 48000 Hz or VideoFrame"
    assert PortDescriptor("in", Direction.INPUT, ("object",)).carries == "any frame"


@pytest.mark.promise("schema.descriptors")
@given(descriptors)
def test_a_descriptor_is_read_back_from_its_json(descriptor: ProcessorDescriptor) -> None:
    assert ProcessorDescriptor.from_json(descriptor.to_json()) == descriptor


@given(descriptors)
def test_every_descriptor_has_a_page(descriptor: ProcessorDescriptor) -> None:
    assert descriptor.to_markdown().startswith("# Blur\n")


@pytest.mark.promise("schema.json-schema")
def test_the_json_has_the_json_schema_of_the_config_and_of_each_schema() -> None:
    document = json.loads(DETECTOR.to_json())
    assert document["config_schema"] == {"type": "object"}
    assert list(document["json_schemas"]) == ["VideoFrame 1.0.0", "DataFrame 1.0.0", "Boxes 1.2.0"]
    for schema in document["json_schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_what_is_no_descriptor_is_refused() -> None:
    with pytest.raises(DeclarationError, match=r"this is no descriptor: .*; ProcessorDescriptor\.to_json writes one"):
        ProcessorDescriptor.from_json('{"name": 1}')
    with pytest.raises(DeclarationError, match="semantic version"):
        ProcessorDescriptor("A", version="new")


@pytest.mark.promise("schema.descriptors")
def test_the_page_has_ports_config_how_it_runs_examples_and_schemas() -> None:
    page = DETECTOR.to_markdown()
    assert "Finds boxes. Slowly." in page
    assert "| `video` | input | VideoFrame | latest | 2 | What to see. |" in page
    assert "| `boxes` | output | DataFrame of Boxes 1.2.0 |  |  |  |" in page
    assert "| `model` | `str` | required | restarts |  |" in page
    assert "| `least` | `float` | `0.5` | is applied live | A score. |" in page
    assert "- placement: any" in page
    assert 'runtime.add_processor("Detector", model="yolo")' in page
    assert "print('now')" in page
    assert "| `boxes[].x` | int64 |  | In pixels. |" in page
    assert "## VideoFrame" not in page


def test_a_descriptor_is_summed_up_by_its_first_sentence() -> None:
    assert DETECTOR.summary == "Finds boxes."
    assert [port.name for port in DETECTOR.ports] == ["video", "boxes"]


def test_an_input_of_many_links_says_so() -> None:
    port = PortDescriptor("in", Direction.INPUT, ("object",), many=True)
    assert "| `in` | input, many links |" in msgspec.structs.replace(DETECTOR, inputs=(port,)).to_markdown()
