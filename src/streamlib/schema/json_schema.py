"""A schema as JSON Schema (draft 2020-12), for those who read and write data without StreamLib.

A `Schema` comes in and a plain mapping goes out, in which every reference can be followed: what a field refers to
stands under `$defs`, if it is known. Bytes, buffers and textures are base64 in JSON; `x-streamlib` says what they are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

from streamlib.schema.builtins import BUILTINS
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

Json: TypeAlias = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(schema: Schema, known: Iterable[Schema] = ()) -> Json:
    """The JSON Schema of a schema; `known` are others that its fields may refer to, besides the built-in ones."""
    writer = _Writer(schema, {**BUILTINS, **{other.name: other for other in known}})
    body = writer.fields(schema.fields)
    head = {"$schema": DIALECT, "$id": urn(schema.ref), "title": schema.name, "version": schema.version}
    about = {"description": schema.doc} if schema.doc else {}
    return {**head, **about, **body, **({"$defs": writer.definitions} if writer.definitions else {})}


def urn(ref: SchemaRef) -> str:
    """The name of a schema as an URN, which is its `$id`."""
    return f"urn:streamlib:schema:{ref.name}:{ref.version}"


class _Writer:
    """Writes types, and collects what they refer to."""

    def __init__(self, root: Schema, known: dict[str, Schema]) -> None:
        self._root = root
        self._known = known
        self.definitions: Json = {}

    def fields(self, fields: tuple[Field, ...]) -> Json:
        required = [field.name for field in fields if field.required]
        properties = {field.name: self._field(field) for field in fields}
        return {"type": "object", "properties": properties, **({"required": required} if required else {})}

    def _field(self, field: Field) -> Json:
        return {**self._type(field.type), **({"description": field.doc} if field.doc else {})}

    def _type(self, type_: FieldType) -> Json:
        match type_:
            case ScalarType(kind=kind):
                return _scalar(kind)
            case ArrayType(items=items, length=length):
                fixed = {} if length is None else {"minItems": length, "maxItems": length}
                return {"type": "array", "items": self._type(items), **fixed}
            case MapType(values=values):
                return {"type": "object", "additionalProperties": self._type(values)}
            case StructType(fields=fields, name=name):
                return self._defined(name, fields) if name else self.fields(fields)
            case EnumType(values=values):
                return {"enum": list(values)}
            case OptionalType(value=value):
                return {"anyOf": [self._type(value), {"type": "null"}]}
            case ChoiceType(options=options):
                return {"anyOf": [self._type(option) for option in options]}
            case TextureType() | BufferType():
                return {"type": "string", "contentEncoding": "base64", "x-streamlib": str(type_)}
            case SchemaRef():
                return self._reference(type_)

    def _reference(self, ref: SchemaRef) -> Json:
        if ref == self._root.ref:
            return {"$ref": "#"}
        known = self._known.get(ref.name)
        if ref.name in self.definitions:
            return {"$ref": f"#/$defs/{ref.name}"}
        return self._defined(ref.name, known.fields) if known is not None else {"$ref": urn(ref)}

    def _defined(self, name: str, fields: tuple[Field, ...]) -> Json:
        if name not in self.definitions:
            self.definitions[name] = {}  # known by name while its own fields are written, which may refer to it
            self.definitions[name] = self.fields(fields)
        return {"$ref": f"#/$defs/{name}"}


def _scalar(kind: ScalarKind) -> Json:
    if kind is ScalarKind.ANY:
        return {}
    if kind is ScalarKind.BOOL:
        return {"type": "boolean"}
    if kind is ScalarKind.STRING:
        return {"type": "string"}
    if kind is ScalarKind.BYTES:
        return {"type": "string", "contentEncoding": "base64", "x-streamlib": "bytes"}
    if kind in {ScalarKind.FLOAT32, ScalarKind.FLOAT64}:
        return {"type": "number", "x-streamlib": str(kind)}
    if kind in {ScalarKind.TIMESTAMP, ScalarKind.DURATION}:
        return {"type": "integer", "x-streamlib": f"{kind}, nanoseconds"}
    return {"type": "integer", **_limits(kind)}


def _limits(kind: ScalarKind) -> Json:
    bits = int(kind.removeprefix("u").removeprefix("int"))
    if kind.startswith("u"):
        return {"minimum": 0, "maximum": 2**bits - 1}
    return {"minimum": -(2 ** (bits - 1)), "maximum": 2 ** (bits - 1) - 1}
