"""Field types and schemas as records: in words, in JSON, and what they refuse."""

from __future__ import annotations

import pytest
from hypothesis import given

from streamlib.errors import DeclarationError
from streamlib.schema.types import (
    ArrayType,
    BufferType,
    ChoiceType,
    EnumType,
    Field,
    FieldType,
    MapType,
    OptionalType,
    ScalarKind,
    ScalarType,
    Schema,
    SchemaRef,
    StructType,
    TextureType,
)
from streamlib.schema.version import SemanticVersion
from tests.schema.strategies import schemas

FLOAT = ScalarType(ScalarKind.FLOAT32)
BOX = StructType((Field("x", FLOAT), Field("y", FLOAT)))


@pytest.mark.promise("schema.types")
@pytest.mark.parametrize(
    ("type_", "words"),
    [
        (FLOAT, "float32"),
        (ArrayType(FLOAT), "array of float32"),
        (ArrayType(FLOAT, 4), "array of 4 float32"),
        (MapType(FLOAT), "map of float32"),
        (BOX, "struct of x, y"),
        (StructType(()), "struct of nothing"),
        (StructType(BOX.fields, "Box"), "Box"),
        (EnumType(("car", "bus", 3)), "enum of car, bus, 3"),
        (OptionalType(FLOAT), "optional float32"),
        (ChoiceType((FLOAT, ScalarType(ScalarKind.STRING))), "float32 or string"),
        (TextureType(), "texture"),
        (TextureType(("rgba", "nv12"), 640, 480), "texture 640x480 rgba or nv12"),
        (TextureType(width=640), "texture 640xany"),
        (BufferType(ScalarKind.UINT8), "buffer of uint8"),
        (BufferType(ScalarKind.FLOAT32, ("samples", 2)), "buffer of float32 (samples, 2)"),
        (SchemaRef("VideoFrame"), "VideoFrame 1.0.0"),
    ],
)
def test_each_type_can_be_said(type_: FieldType, words: str) -> None:
    assert str(type_) == words


@pytest.mark.promise("schema.types")
@given(schemas)
def test_a_schema_is_read_back_from_its_json(schema: Schema) -> None:
    read = Schema.from_json(schema.to_json())
    assert read == schema
    assert hash(read) == hash(schema)


def test_a_schema_and_a_field_can_be_said() -> None:
    schema = Schema("Boxes", (Field("box", BOX),), "1.2.0")
    assert (str(schema), str(schema.fields[0])) == ("Boxes 1.2.0", "box: struct of x, y")
    assert schema.ref == SchemaRef("Boxes", "1.2.0")
    assert schema.semantic_version == schema.ref.semantic_version == SemanticVersion(1, 2)


@pytest.mark.parametrize(
    "text", ["", "{", '{"name": 3}', '{"name": "A", "fields": [{"name": "x", "type": {"type": "y"}}]}']
)
def test_a_document_that_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(DeclarationError, match=r"this is no schema: .*; Schema\.to_json writes one"):
        Schema.from_json(text)


def test_a_refusal_names_the_place() -> None:
    with pytest.raises(DeclarationError, match=r"\$\.fields\[0\]\.type"):
        Schema.from_json('{"name": "A", "fields": [{"name": "x", "type": {"type": "y"}}]}')


def test_a_schema_has_a_name_a_version_and_no_field_twice() -> None:
    with pytest.raises(DeclarationError, match="a schema has a name"):
        Schema("")
    with pytest.raises(DeclarationError, match="no semantic version"):
        Schema("A", version="1")
    with pytest.raises(DeclarationError, match="no semantic version"):
        SchemaRef("A", "next")
    with pytest.raises(DeclarationError, match="two fields named 'x'"):
        Schema("A", (Field("x", FLOAT), Field("x", FLOAT)))
