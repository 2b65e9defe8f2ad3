"""What a schema is made of: fields, each of one of the field types; all plain records that go to JSON and back.

Classes and frames are not known here. `derivation` reads a class into a schema, `compatibility` compares two, and
`json_schema` writes one for others.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, TypeAlias

import msgspec

from streamlib.errors import DeclarationError
from streamlib.schema.version import SemanticVersion

FIELD_TYPE = "field_type"
"""The key of a `Meta`'s extra under which a field type stands."""


class ScalarKind(StrEnum):
    """The types of one value. `timestamp` and `duration` are whole nanoseconds; `any` says nothing."""

    BOOL = "bool"
    INT8 = "int8"
    INT16 = "int16"
    INT32 = "int32"
    INT64 = "int64"
    UINT8 = "uint8"
    UINT16 = "uint16"
    UINT32 = "uint32"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    STRING = "string"
    BYTES = "bytes"
    TIMESTAMP = "timestamp"
    DURATION = "duration"
    ANY = "any"


class ScalarType(msgspec.Struct, frozen=True, tag_field="type", tag="scalar"):
    """One value."""

    kind: ScalarKind

    def __str__(self) -> str:
        return str(self.kind)


class ArrayType(msgspec.Struct, frozen=True, tag_field="type", tag="array"):
    """Values of one type in order; `length` of them, or any number where it is None."""

    items: FieldType
    length: int | None = None

    def __str__(self) -> str:
        return f"array of {self.items}" if self.length is None else f"array of {self.length} {self.items}"


class MapType(msgspec.Struct, frozen=True, tag_field="type", tag="map"):
    """Values of one type by names."""

    values: FieldType

    def __str__(self) -> str:
        return f"map of {self.values}"


class StructType(msgspec.Struct, frozen=True, tag_field="type", tag="struct"):
    """Fields of its own; `name` is that of the class that they were read from, if there is one."""

    fields: tuple[Field, ...]
    name: str = ""

    def __str__(self) -> str:
        return self.name or f"struct of {', '.join(field.name for field in self.fields) or 'nothing'}"


class EnumType(msgspec.Struct, frozen=True, tag_field="type", tag="enum"):
    """One of these words or numbers."""

    values: tuple[str | int, ...]

    def __str__(self) -> str:
        return f"enum of {', '.join(map(str, self.values))}"


class OptionalType(msgspec.Struct, frozen=True, tag_field="type", tag="optional"):
    """A value, or None."""

    value: FieldType

    def __str__(self) -> str:
        return f"optional {self.value}"


class ChoiceType(msgspec.Struct, frozen=True, tag_field="type", tag="choice"):
    """A value of one of several types."""

    options: tuple[FieldType, ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self.options))


class TextureType(msgspec.Struct, frozen=True, tag_field="type", tag="texture"):
    """A picture, in memory or on a GPU; pixel formats and sizes in pixels where they are fixed, else empty and 0."""

    formats: tuple[str, ...] = ()
    width: int = 0
    height: int = 0

    def __str__(self) -> str:
        size = f" {self.width or 'any'}x{self.height or 'any'}" if self.width or self.height else ""
        return f"texture{size}{' ' if self.formats else ''}{' or '.join(self.formats)}"


class BufferType(msgspec.Struct, frozen=True, tag_field="type", tag="buffer"):
    """Numbers of one kind in memory; an axis of `shape` has a fixed length or the name of what varies."""

    element: ScalarKind
    shape: tuple[int | str, ...] = ()

    def __str__(self) -> str:
        shape = f" ({', '.join(map(str, self.shape))})" if self.shape else ""
        return f"buffer of {self.element}{shape}"


class SchemaRef(msgspec.Struct, frozen=True, tag_field="type", tag="schema"):
    """What another schema describes, by its name and version."""

    name: str
    version: str = "1.0.0"

    def __post_init__(self) -> None:
        SemanticVersion.parse(self.version)

    @property
    def semantic_version(self) -> SemanticVersion:
        """The version, for comparing."""
        return SemanticVersion.parse(self.version)

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


FieldType: TypeAlias = (
    ScalarType
    | ArrayType
    | MapType
    | StructType
    | EnumType
    | OptionalType
    | ChoiceType
    | TextureType
    | BufferType
    | SchemaRef
)
"""The type of a field; each is told apart in JSON by its "type"."""


class Field(msgspec.Struct, frozen=True):
    """One named value; where it is not `required`, it may be absent."""

    name: str
    type: FieldType
    required: bool = True
    doc: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.type}"


class Schema(msgspec.Struct, frozen=True):
    """What a frame or its data holds, under a name and a semantic version.

    Raises:
        DeclarationError: The version is none, the name is empty, or two fields have the same name.
    """

    name: str
    fields: tuple[Field, ...] = ()
    version: str = "1.0.0"
    doc: str = ""

    def __post_init__(self) -> None:
        SemanticVersion.parse(self.version)
        if not self.name:
            raise DeclarationError("a schema has a name; write Schema('Detections', fields)")
        names = [field.name for field in self.fields]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise DeclarationError(f"schema {self.name} has two fields named {twice!r}; rename one")

    @property
    def semantic_version(self) -> SemanticVersion:
        """The version, for comparing."""
        return SemanticVersion.parse(self.version)

    @property
    def ref(self) -> SchemaRef:
        """What names this schema in another one."""
        return SchemaRef(self.name, self.version)

    def to_json(self) -> str:
        """The schema as a JSON document, which `from_json` reads."""
        return msgspec.json.format(msgspec.json.encode(self)).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Schema:
        """The schema that a JSON document of `to_json` holds.

        Raises:
            DeclarationError: The document is no schema; the message names the place.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:  # a ValidationError is one, too
            raise DeclarationError(f"this is no schema: {error}; Schema.to_json writes one") from error

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def described(field_type: FieldType) -> msgspec.Meta:
    """The mark that gives a field of a class a type that Python has no word for.

    mask: Annotated[numpy.ndarray, described(TextureType(("gray8",)))]
    """
    return msgspec.Meta(extra={FIELD_TYPE: field_type})


Float32 = Annotated[float, described(ScalarType(ScalarKind.FLOAT32))]
Int32 = Annotated[int, described(ScalarType(ScalarKind.INT32))]
UInt8 = Annotated[int, described(ScalarType(ScalarKind.UINT8))]
UInt32 = Annotated[int, described(ScalarType(ScalarKind.UINT32))]
Timestamp = Annotated[int, described(ScalarType(ScalarKind.TIMESTAMP))]
Duration = Annotated[int, described(ScalarType(ScalarKind.DURATION))]
Anything = Annotated[Any, described(ScalarType(ScalarKind.ANY))]
