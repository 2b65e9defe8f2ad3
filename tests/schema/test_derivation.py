"""Schemas read from classes of fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypedDict

import msgspec
import numpy as np
import pytest

from streamlib.errors import DeclarationError
from streamlib.frames import EncodedPacket, VideoFrame
from streamlib.schema.derivation import own_schema, schema_of
from streamlib.schema.types import (
    ArrayType,
    Duration,
    Field,
    FieldType,
    Float32,
    ScalarKind,
    ScalarType,
    Schema,
    SchemaRef,
    TextureType,
    Timestamp,
    described,
)

ELSEWHERE: FieldType = SchemaRef("Elsewhere", "3.0.0")


class Kind(Enum):
    CAR = "car"
    BUS = "bus"


class Box(msgspec.Struct):
    """Where something is.

    Attributes:
        score: How sure it is.
    """

    score: Float32
    kind: Kind = Kind.CAR
    inner: list[Box] = []


class Detections(msgspec.Struct):
    """What is seen."""

    schema_version: ClassVar[str] = "1.2.0"

    boxes: list[Box]
    at: Timestamp
    mask: Annotated[np.ndarray[Any, Any], described(TextureType(("gray8",)))]
    frame: VideoFrame
    source: Annotated[str, msgspec.Meta(description="Who saw it.")] = ""


class Everything(msgspec.Struct):
    a: bool
    b: int
    c: float
    d: str
    e: bytes
    f: Any
    g: int | None
    h: int | str
    i: tuple[float, float]
    j: tuple[int, ...]
    k: Mapping[str, int]
    l: Literal["x", "y"] | None  # noqa: E741
    m: datetime
    n: frozenset[str]
    o: tuple[int, str]
    p: tuple[()]
    q: Duration
    r: None
    s: Sequence[bytearray]


class Typed(TypedDict, total=False):
    n: int


class Named(NamedTuple):
    n: int
    m: int = 0


@dataclass
class Data:
    n: int


class Renamed(msgspec.Struct, rename="camel"):
    schema_name: ClassVar[str] = "Other"
    frame_number: int


@pytest.mark.promise("schema.types")
def test_a_class_is_read_with_name_version_fields_and_what_they_say() -> None:
    schema = schema_of(Detections)
    assert (str(schema), schema.doc) == ("Detections 1.2.0", "What is seen.")
    assert [str(field) for field in schema.fields] == [
        "boxes: array of Box",
        "at: timestamp",
        "mask: texture gray8",
        "frame: VideoFrame 1.0.0",
        "source: string",
    ]
    assert [(field.required, field.doc) for field in schema.fields[-2:]] == [(True, ""), (False, "Who saw it.")]


def test_a_class_within_is_read_once_and_referred_to_from_within_itself() -> None:
    boxes = schema_of(Detections).fields[0].type
    assert isinstance(boxes, ArrayType)
    box: Any = boxes.items
    assert [str(field) for field in box.fields] == [
        "score: float32",
        "kind: enum of car, bus",
        "inner: array of Box 1.0.0",
    ]
    assert box.fields[0].doc == "How sure it is."


def test_every_type_of_python_that_data_has_is_read() -> None:
    words = {field.name: str(field.type) for field in schema_of(Everything).fields}
    assert words == {
        "a": "bool",
        "b": "int64",
        "c": "float64",
        "d": "string",
        "e": "bytes",
        "f": "any",
        "g": "optional int64",
        "h": "int64 or string",
        "i": "array of 2 float64",
        "j": "array of int64",
        "k": "map of int64",
        "l": "optional enum of x, y",
        "m": "string",
        "n": "array of string",
        "o": "array of 2 int64 or string",
        "p": "array of 0 any",
        "q": "duration",
        "r": "optional any",
        "s": "array of bytes",
    }


@pytest.mark.parametrize(("cls", "required"), [(Typed, [False]), (Named, [True, False]), (Data, [True])])
def test_typed_dicts_named_tuples_and_dataclasses_are_classes_of_fields(cls: type, required: list[bool]) -> None:
    schema = schema_of(cls)
    assert (schema.name, [field.required for field in schema.fields]) == (cls.__name__, required)
    assert schema.doc == ""


def test_a_schema_has_the_names_that_are_written() -> None:
    schema = schema_of(Renamed)
    assert (schema.name, schema.fields[0].name) == ("Other", "frameNumber")


def test_a_schema_and_a_class_that_has_one_are_read_as_they_are() -> None:
    schema = Schema("A", (Field("x", ScalarType(ScalarKind.BOOL)),))
    assert schema_of(schema) is schema
    assert schema_of(EncodedPacket) is own_schema(EncodedPacket)
    assert own_schema(Data) is None


@pytest.mark.parametrize("thing", [int, list[int], Kind])
def test_what_is_no_class_of_fields_is_refused(thing: Any) -> None:
    with pytest.raises(DeclarationError, match="is no class of fields; write class"):
        schema_of(thing)


def test_an_annotation_that_names_nothing_is_refused() -> None:
    class Lost(msgspec.Struct):
        x: Nowhere  # type: ignore[name-defined]  # noqa: F821

    with pytest.raises(DeclarationError, match="Lost: name 'Nowhere' is not defined; define or import"):
        schema_of(Lost)


def test_a_type_without_field_type_is_refused_by_the_name_of_its_field() -> None:
    class Opaque(msgspec.Struct):
        pixels: np.ndarray[Any, Any]

    with pytest.raises(DeclarationError, match=r"Opaque\.pixels is of ndarray, which has no field type"):
        schema_of(Opaque)


def test_what_is_described_may_be_any_field_type() -> None:
    class Referring(msgspec.Struct):
        other: Annotated[Any, described(ELSEWHERE)]

    assert schema_of(Referring).fields[0].type == ELSEWHERE
