"""Whether a reader of one schema can read what a writer of another writes, and what differs first if not.

Two schemas come in, the first difference goes out, in the order of the reader's fields. Compared once, when ports
are joined; nothing here is asked per frame. `version` says which versions may be compared at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

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

_WIDER: Mapping[ScalarKind, str] = {
    ScalarKind.INT8: "int16 int32 int64 float32 float64",
    ScalarKind.INT16: "int32 int64 float32 float64",
    ScalarKind.INT32: "int64 float64",
    ScalarKind.UINT8: "uint16 uint32 uint64 int16 int32 int64 float32 float64",
    ScalarKind.UINT16: "uint32 uint64 int32 int64 float32 float64",
    ScalarKind.UINT32: "uint64 int64 float64",
    ScalarKind.FLOAT32: "float64",
    ScalarKind.TIMESTAMP: "int64",
    ScalarKind.DURATION: "int64",
}
"""The kinds that hold every value of a kind exactly."""


class Reason(StrEnum):
    """In what two schemas differ."""

    NAME = "name"
    VERSION = "version"
    MISSING = "missing field"
    TYPE = "type of a field"


class Difference(msgspec.Struct, frozen=True):
    """The first thing that differs. `field` is its path, `boxes[].score`; empty where no field does."""

    reason: Reason
    field: str
    written: str
    wanted: str

    def __str__(self) -> str:
        if self.reason is Reason.MISSING:
            return f"the field {self.field} ({self.wanted}) is missing"
        if self.reason is Reason.TYPE:
            return f"the field {self.field} is {self.written} and {self.wanted} is wanted"
        field = f"; the first field that differs is {self.field}" if self.field else ""
        return f"{self.written} is written and {self.wanted} is wanted{field}"


def first_difference(written: Schema, wanted: Schema) -> Difference | None:
    """What keeps a reader of `wanted` from reading what is written as `written`; None where nothing does.

    The name is the same, and the major version. The writer may have fields that the reader lacks; a field that the
    reader requires is there, always, and of a type that the reader's type holds exactly (an int32 is an int64).
    """
    field = _fields("", written.fields, wanted.fields)
    if written.name != wanted.name:
        return Difference(Reason.NAME, field.field if field else "", str(written), str(wanted))
    if not wanted.semantic_version.reads(written.semantic_version):
        return Difference(Reason.VERSION, field.field if field else "", str(written), str(wanted))
    return field


def _fields(path: str, written: tuple[Field, ...], wanted: tuple[Field, ...]) -> Difference | None:
    offered = {field.name: field for field in written}
    for field in wanted:
        place = f"{path}.{field.name}" if path else field.name
        found = _field(place, offered.get(field.name), field)
        if found is not None:
            return found
    return None


def _field(path: str, written: Field | None, wanted: Field) -> Difference | None:
    if written is None or (wanted.required and not written.required):
        return Difference(Reason.MISSING, path, "", str(wanted.type)) if wanted.required else None
    return _type(path, written.type, wanted.type)


def _type(path: str, written: FieldType, wanted: FieldType) -> Difference | None:
    if written == wanted or wanted == ScalarType(ScalarKind.ANY):
        return None
    if isinstance(wanted, OptionalType):
        return _type(path, written.value if isinstance(written, OptionalType) else written, wanted.value)
    if isinstance(written, ChoiceType):
        return next((found for option in written.options if (found := _type(path, option, wanted))), None)
    if isinstance(wanted, ChoiceType):
        fits = any(_type(path, written, option) is None for option in wanted.options)
    else:
        compare = _COMPARISONS.get(type(wanted))
        if compare is None or type(written) is not type(wanted):
            fits = False
        else:
            answer = compare(path, written, wanted)
            if not isinstance(answer, bool):
                return answer
            fits = answer
    return None if fits else Difference(Reason.TYPE, path, str(written), str(wanted))


def _scalars(_: str, written: ScalarType, wanted: ScalarType) -> bool:
    return str(wanted.kind) in _WIDER.get(written.kind, "").split()


def _arrays(path: str, written: ArrayType, wanted: ArrayType) -> Difference | bool | None:
    if wanted.length is not None and wanted.length != written.length:
        return False
    return _type(f"{path}[]", written.items, wanted.items)


def _maps(path: str, written: MapType, wanted: MapType) -> Difference | None:
    return _type(f"{path}[]", written.values, wanted.values)


def _structs(path: str, written: StructType, wanted: StructType) -> Difference | None:
    return _fields(path, written.fields, wanted.fields)


def _enums(_: str, written: EnumType, wanted: EnumType) -> bool:
    return set(written.values) <= set(wanted.values)


def _textures(_: str, written: TextureType, wanted: TextureType) -> bool:
    formats = not wanted.formats or (bool(written.formats) and set(written.formats) <= set(wanted.formats))
    return formats and wanted.width in {0, written.width} and wanted.height in {0, written.height}


def _buffers(_: str, written: BufferType, wanted: BufferType) -> bool:
    if written.element is not wanted.element:
        return False
    if not wanted.shape:
        return True
    axes = zip(written.shape, wanted.shape, strict=False)
    return len(written.shape) == len(wanted.shape) and all(isinstance(b, str) or a == b for a, b in axes)


def _references(_: str, written: SchemaRef, wanted: SchemaRef) -> bool:
    return written.name == wanted.name and wanted.semantic_version.reads(written.semantic_version)


_Comparison: TypeAlias = Callable[[str, Any, Any], Difference | bool | None]

_COMPARISONS: Mapping[type, _Comparison] = {
    ScalarType: _scalars,
    ArrayType: _arrays,
    MapType: _maps,
    StructType: _structs,
    EnumType: _enums,
    TextureType: _textures,
    BufferType: _buffers,
    SchemaRef: _references,
}
"""How two types of one class are compared: by True and False, or by the difference within them (None is none)."""
