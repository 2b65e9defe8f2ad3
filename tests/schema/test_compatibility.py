"""Who can read what whom writes, and the first field that differs."""

from __future__ import annotations

import pytest
from hypothesis import given

from streamlib.schema.compatibility import Difference, Reason, first_difference
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
from tests.schema.strategies import schemas, types

F32, F64 = ScalarType(ScalarKind.FLOAT32), ScalarType(ScalarKind.FLOAT64)
I32, I64 = ScalarType(ScalarKind.INT32), ScalarType(ScalarKind.INT64)
U8, TEXT = ScalarType(ScalarKind.UINT8), ScalarType(ScalarKind.STRING)
ANY, TIME = ScalarType(ScalarKind.ANY), ScalarType(ScalarKind.TIMESTAMP)


def schema(*fields: Field, version: str = "1.0.0", name: str = "Boxes") -> Schema:
    return Schema(name, fields, version)


def between(written: FieldType, wanted: FieldType) -> Difference | None:
    return first_difference(schema(Field("f", written)), schema(Field("f", wanted)))


@pytest.mark.promise("schema.versions")
def test_a_reader_may_lack_fields_that_the_writer_has() -> None:
    assert first_difference(schema(Field("x", F32), Field("y", F32), version="1.4.0"), schema(Field("y", F32))) is None


@pytest.mark.promise("schema.versions")
def test_a_field_that_the_reader_needs_and_the_writer_lacks_is_named() -> None:
    found = first_difference(schema(Field("x", F32)), schema(Field("x", F32), Field("y", F32), version="1.1.0"))
    assert (found and found.reason, str(found)) == (Reason.MISSING, "the field y (float32) is missing")


def test_a_field_that_the_reader_can_do_without_may_be_missing() -> None:
    assert first_difference(schema(), schema(Field("y", F32, required=False))) is None


def test_a_field_that_may_be_absent_is_missing_to_a_reader_that_needs_it() -> None:
    found = first_difference(schema(Field("y", F32, required=False)), schema(Field("y", F32)))
    assert str(found) == "the field y (float32) is missing"


@pytest.mark.promise("schema.versions")
def test_the_first_field_that_differs_is_named_by_its_path() -> None:
    written = StructType((Field("x", F32), Field("score", TEXT), Field("z", TEXT)))
    wanted = StructType((Field("x", F32), Field("score", F32), Field("z", F32)))
    found = between(ArrayType(MapType(OptionalType(written))), ArrayType(MapType(OptionalType(wanted))))
    assert str(found) == "the field f[][].score is string and float32 is wanted"


@pytest.mark.promise("schema.versions")
def test_another_major_version_is_refused_and_the_first_field_that_differs_is_named() -> None:
    found = first_difference(schema(Field("x", F32)), schema(Field("x", TEXT), version="2.0.0"))
    assert str(found) == "Boxes 1.0.0 is written and Boxes 2.0.0 is wanted; the first field that differs is x"
    same = first_difference(schema(), schema(version="2.0.0"))
    assert (same and same.reason, str(same)) == (Reason.VERSION, "Boxes 1.0.0 is written and Boxes 2.0.0 is wanted")


def test_schemas_of_different_names_are_different_things() -> None:
    found = first_difference(schema(), schema(name="Tracks"))
    assert (found and found.reason, str(found)) == (Reason.NAME, "Boxes 1.0.0 is written and Tracks 1.0.0 is wanted")


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (F32, F64),
        (I32, F64),
        (U8, I32),
        (TIME, I64),
        (TEXT, ANY),
        (ArrayType(F32), ANY),
        (I32, OptionalType(I64)),
        (OptionalType(I32), OptionalType(I64)),
        (ArrayType(I32, 4), ArrayType(I64)),
        (EnumType(("a",)), EnumType(("a", "b"))),
        (I32, ChoiceType((TEXT, I64))),
        (ChoiceType((I32, TEXT)), ChoiceType((TEXT, I64))),
        (ChoiceType((I32, U8)), I64),
        (TextureType(("rgba",), 640, 480), TextureType(("rgba", "nv12"), 640)),
        (TextureType(), TextureType()),
        (BufferType(ScalarKind.FLOAT32, (128, 2)), BufferType(ScalarKind.FLOAT32, ("samples", 2))),
        (BufferType(ScalarKind.FLOAT32, (128,)), BufferType(ScalarKind.FLOAT32)),
        (SchemaRef("A", "1.3.0"), SchemaRef("A", "1.0.0")),
    ],
)
def test_a_wider_type_reads_a_narrower_one(written: FieldType, wanted: FieldType) -> None:
    assert between(written, wanted) is None


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        (F64, F32),
        (I64, F64),
        (I64, TIME),
        (I64, I32),
        (ANY, TEXT),
        (OptionalType(I32), I32),
        (ArrayType(I32), ArrayType(I32, 4)),
        (ArrayType(I32), MapType(I32)),
        (EnumType(("a", "b")), EnumType(("a",))),
        (ChoiceType((I32, TEXT)), I64),
        (F32, ChoiceType((TEXT, I64))),
        (TextureType(), TextureType(("rgba",))),
        (TextureType(("rgba",)), TextureType(("rgba",), 640)),
        (BufferType(ScalarKind.FLOAT32, ("n", 2)), BufferType(ScalarKind.FLOAT32, (128, 2))),
        (BufferType(ScalarKind.FLOAT32, ("n",)), BufferType(ScalarKind.FLOAT32, ("n", "m"))),
        (BufferType(ScalarKind.UINT8), BufferType(ScalarKind.FLOAT32)),
        (SchemaRef("A", "2.0.0"), SchemaRef("A", "1.0.0")),
        (SchemaRef("A"), SchemaRef("B")),
    ],
)
def test_what_a_type_cannot_hold_exactly_differs(written: FieldType, wanted: FieldType) -> None:
    found = between(written, wanted)
    assert found is not None
    assert (found.reason, found.field.startswith("f")) == (Reason.TYPE, True)


@given(schemas)
def test_every_schema_reads_itself(one: Schema) -> None:
    assert first_difference(one, one) is None


@given(types, types)
def test_what_fits_a_type_fits_it_made_optional(written: FieldType, wanted: FieldType) -> None:
    if between(written, wanted) is None:
        assert between(written, OptionalType(wanted)) is None
        assert between(ArrayType(written), ArrayType(wanted)) is None


@given(types, types, types)
def test_reading_goes_through_a_third(one: FieldType, other: FieldType, third: FieldType) -> None:
    if between(one, other) is None and between(other, third) is None:
        assert between(one, third) is None


@given(schemas, schemas)
def test_a_difference_can_be_said(one: Schema, other: Schema) -> None:
    found = first_difference(one, other)
    assert found is None or "wanted" in str(found) or "missing" in str(found)
