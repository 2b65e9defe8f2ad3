"""The built-in schemas say what the frames' classes have."""

from __future__ import annotations

import msgspec
import pytest

from streamlib.frames import (
    AudioFrame,
    ColorMatrix,
    ColorRange,
    DataFrame,
    EncodedPacket,
    PixelFormat,
    StreamInfo,
    VideoFrame,
)
from streamlib.frames.stamped import Stamped
from streamlib.schema.builtins import BUILTINS, SCHEMA_VIDEO_FRAME, STAMPS
from streamlib.schema.types import EnumType, Schema, TextureType

CLASSES = (VideoFrame, AudioFrame, DataFrame, EncodedPacket, StreamInfo)
INSTEAD = {"pixels": "native"}  # what a schema says of a field that its class keeps to itself


@pytest.mark.promise("schema.builtins")
@pytest.mark.parametrize("cls", CLASSES)
def test_a_frame_refers_to_its_schema_which_has_its_fields(cls: type[msgspec.Struct]) -> None:
    schema: Schema = vars(cls)["schema"]
    assert BUILTINS[cls.__name__] is schema
    own = {name for name in cls.__struct_fields__ if not name.startswith("_")}
    assert {INSTEAD.get(field.name, field.name) for field in schema.fields} == own


@pytest.mark.promise("schema.builtins")
def test_every_frame_has_the_stamps() -> None:
    assert [field.name for field in STAMPS] == list(Stamped.__struct_fields__)
    assert all(
        cls.schema.fields[-len(STAMPS) :] == STAMPS for cls in (VideoFrame, AudioFrame, DataFrame, EncodedPacket)
    )


def test_a_picture_has_the_formats_ranges_and_matrices_that_there_are() -> None:
    types = {field.name: field.type for field in SCHEMA_VIDEO_FRAME.fields}
    assert types["format"] == EnumType(tuple(PixelFormat))
    assert types["pixels"] == TextureType(tuple(PixelFormat))
    assert types["color_range"] == EnumType(tuple(ColorRange))
    assert types["color_matrix"] == EnumType(tuple(ColorMatrix))


@pytest.mark.promise("schema.builtins")
@pytest.mark.parametrize("schema", BUILTINS.values(), ids=str)
def test_a_built_in_schema_says_what_each_field_is_and_goes_through_json(schema: Schema) -> None:
    assert schema.doc
    assert all(field.doc for field in schema.fields)
    assert Schema.from_json(schema.to_json()) == schema


def test_a_frame_carries_its_schema_at_its_class_alone() -> None:
    assert "schema" not in DataFrame.__struct_fields__
    assert DataFrame({}).schema is DataFrame.schema
