"""A schema from a class: one that msgspec, dataclasses or typing made of annotated fields.

`class Detections(msgspec.Struct)`, a dataclass, a TypedDict or a NamedTuple come in, a `Schema` goes out; `types` has
the words for what Python has none for (`Float32`, `described`). A class that has a schema as its `schema`, as frames
do, is referred to by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from msgspec import inspect

from streamlib.errors import DeclarationError
from streamlib.schema.docstrings import attributes, description
from streamlib.schema.types import (
    FIELD_TYPE,
    ArrayType,
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
)

_ANY = ScalarType(ScalarKind.ANY)

_SCALARS: Mapping[type, ScalarKind] = {
    inspect.AnyType: ScalarKind.ANY,
    inspect.BoolType: ScalarKind.BOOL,
    inspect.IntType: ScalarKind.INT64,
    inspect.FloatType: ScalarKind.FLOAT64,
    inspect.StrType: ScalarKind.STRING,
    inspect.BytesType: ScalarKind.BYTES,
    inspect.ByteArrayType: ScalarKind.BYTES,
    inspect.MemoryViewType: ScalarKind.BYTES,
}

_CLASSES = (inspect.StructType, inspect.DataclassType, inspect.TypedDictType, inspect.NamedTupleType)


def schema_of(described: type | Schema) -> Schema:
    """The schema of a class of fields; a schema is its own.

    The class says its version by `schema_version: ClassVar[str] = "1.2.0"` (1.0.0 unless given) and may say another
    name by `schema_name`. What its docstring says of its attributes is what the fields say of themselves.

    Raises:
        DeclarationError: It is no class of fields, or a field is of a type that has no field type.
    """
    if isinstance(described, Schema):
        return described
    own = own_schema(described)
    if own is not None:
        return own
    try:
        read = inspect.type_info(described)
    except (NameError, TypeError) as error:
        raise DeclarationError(
            f"{_name(described)}: {error}; define or import what it names at its module's top"
        ) from error
    if not isinstance(read, _CLASSES):
        raise DeclarationError(
            f"{_name(described)} is no class of fields; write class {_name(described)}(msgspec.Struct) with "
            "annotated fields, or a Schema"
        )
    cls = read.cls
    name, version = str(getattr(cls, "schema_name", cls.__name__)), str(getattr(cls, "schema_version", "1.0.0"))
    around = {cls: SchemaRef(name, version)}
    return Schema(name, _fields(read, around), version, description(cls) if _is_documented(cls) else "")


def own_schema(cls: object) -> Schema | None:
    """The schema that a class has as its `schema`, as frames do; None where it has none."""
    found = getattr(cls, "schema", None) if isinstance(cls, type) else None
    return found if isinstance(found, Schema) else None


def _fields(read: Any, around: Mapping[type, SchemaRef]) -> tuple[Field, ...]:
    docs = attributes(read.cls) if _is_documented(read.cls) else {}
    return tuple(
        Field(
            field.encode_name,
            _type(f"{read.cls.__name__}.{field.name}", field.type, around),
            field.required,
            _doc_of(field.type) or docs.get(field.name, ""),
        )
        for field in _field_list(read)
    )


def _field_list(read: Any) -> list[inspect.Field]:
    return list(read.fields)


def _type(where: str, read: inspect.Type, around: Mapping[type, SchemaRef]) -> FieldType:
    """`around` are the classes that are being read, which a field of theirs refers to by name."""
    if isinstance(read, inspect.Metadata):
        said = (read.extra or {}).get(FIELD_TYPE)
        return cast("FieldType", said) if said is not None else _type(where, read.type, around)
    kind = _SCALARS.get(type(read))
    if kind is not None:
        return ScalarType(kind)
    if isinstance(read, _CLASSES):
        return _class(read, around)
    maker = _MAKERS.get(type(read))
    if maker is not None:
        return maker(where, read, around)
    own = own_schema(getattr(read, "cls", None))
    if own is not None:
        return own.ref
    raise DeclarationError(
        f"{where} is of {_name(getattr(read, 'cls', type(read)))}, which has no field type; write "
        "Annotated[..., described(BufferType(...))] or another type"
    )


def _class(read: Any, around: Mapping[type, SchemaRef]) -> FieldType:
    own = own_schema(read.cls)
    if own is not None:
        return own.ref
    if read.cls in around:
        return around[read.cls]
    version = str(getattr(read.cls, "schema_version", "1.0.0"))
    inside = {**around, read.cls: SchemaRef(read.cls.__name__, version)}
    return StructType(_fields(read, inside), read.cls.__name__)


def _items(where: str, read: Any, around: Mapping[type, SchemaRef]) -> FieldType:
    return ArrayType(_type(where, read.item_type, around))


def _tuple(where: str, read: inspect.TupleType, around: Mapping[type, SchemaRef]) -> FieldType:
    items = tuple(dict.fromkeys(_type(where, item, around) for item in read.item_types))
    if not items:
        return ArrayType(_ANY, 0)
    return ArrayType(items[0] if len(items) == 1 else ChoiceType(items), len(read.item_types))


def _mapping(where: str, read: inspect.DictType, around: Mapping[type, SchemaRef]) -> FieldType:
    return MapType(_type(where, read.value_type, around))


def _union(where: str, read: inspect.UnionType, around: Mapping[type, SchemaRef]) -> FieldType:
    kept = [option for option in read.types if not isinstance(option, inspect.NoneType)]
    options = tuple(dict.fromkeys(_type(where, option, around) for option in kept))
    value = options[0] if len(options) == 1 else ChoiceType(options)
    return OptionalType(value) if len(kept) < len(read.types) else value


def _enum(_: str, read: inspect.EnumType, __: Mapping[type, SchemaRef]) -> FieldType:
    return EnumType(tuple(member.value for member in read.cls))


def _literal(_: str, read: inspect.LiteralType, __: Mapping[type, SchemaRef]) -> FieldType:
    return EnumType(tuple(value for value in read.values if value is not None))


def _nothing(_: str, __: inspect.NoneType, ___: Mapping[type, SchemaRef]) -> FieldType:
    return OptionalType(_ANY)


def _text(_: str, __: inspect.Type, ___: Mapping[type, SchemaRef]) -> FieldType:
    return ScalarType(ScalarKind.STRING)


_MAKERS: Mapping[type, Callable[[str, Any, Mapping[type, SchemaRef]], FieldType]] = {
    inspect.ListType: _items,
    inspect.VarTupleType: _items,
    inspect.SetType: _items,
    inspect.FrozenSetType: _items,
    inspect.CollectionType: _items,
    inspect.TupleType: _tuple,
    inspect.DictType: _mapping,
    inspect.UnionType: _union,
    inspect.EnumType: _enum,
    inspect.LiteralType: _literal,
    inspect.NoneType: _nothing,
    inspect.DateTimeType: _text,
    inspect.DateType: _text,
    inspect.TimeType: _text,
    inspect.TimeDeltaType: _text,
    inspect.UUIDType: _text,
    inspect.DecimalType: _text,
}


def _doc_of(read: inspect.Type) -> str:
    schema = read.extra_json_schema if isinstance(read, inspect.Metadata) else None
    return str((schema or {}).get("description", ""))


def _is_documented(cls: type) -> bool:
    """Whether its docstring is its author's: a dataclass without one is given its signature."""
    return not str(cls.__doc__ or "").startswith(f"{cls.__name__}(")


def _name(thing: object) -> str:
    return thing.__name__ if isinstance(thing, type) else repr(thing)
