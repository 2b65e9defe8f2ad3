"""What a processor's class says of itself, for people: its ports, its config and its examples as descriptors.

Ports and config fields come in as the class declares them, plain records of `streamlib.schema` go out. Read when
somebody asks, not per frame and not at import. `declaration.py` puts them together.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from os import PathLike
from pathlib import PurePath
from typing import Annotated, Any, get_args, get_origin

import msgspec
from msgspec.structs import FieldInfo, replace

from streamlib.errors import ConfigError, DeclarationError
from streamlib.processors.config import ConfigFields
from streamlib.processors.conversion import type_words
from streamlib.processors.ports import LinkInput, Port
from streamlib.schema.derivation import own_schema
from streamlib.schema.descriptors import ConfigField, Direction, Example, PortDescriptor
from streamlib.schema.docstrings import attributes, description
from streamlib.schema.json_schema import DIALECT
from streamlib.schema.types import Schema

_MOST_OF_A_DEFAULT = 60  # characters
_EMPTY = (list, dict, set)  # what a default is often made by
_REF = "#/$defs/{name}"


def described_port(port: Port, docs: Mapping[str, str]) -> PortDescriptor:
    """A port as a record; `docs` is what the docstring of its class says of its attributes."""
    frames = tuple(frame_type.__name__ for frame_type in port.frame_types)
    said = PortDescriptor(port.name, Direction.OUTPUT, frames, port.schema, port.audio, doc=docs.get(port.name, ""))
    if not isinstance(port, LinkInput):
        return said
    delivery, capacity = str(port.delivery), port.capacity
    return replace(said, direction=Direction.INPUT, delivery=delivery, capacity=capacity, many=port.many)


def carried_schemas(ports: Iterable[Port]) -> tuple[Schema, ...]:
    """The schemas of the frame classes that ports name, each once; a class without one has none."""
    classes = [frame_type for port in ports for frame_type in port.frame_types]
    return tuple(dict.fromkeys(schema for cls in classes if (schema := own_schema(cls)) is not None))


def described_fields(config: ConfigFields) -> tuple[ConfigField, ...]:
    """The fields of a config as records."""
    docs = attributes(config.config_type)
    return tuple(
        ConfigField(
            name=name,
            type=_type_words(field.type),
            default=_default(field),
            required=field.required,
            live=name in config.live,
            doc=_meta_description(field.type) or docs.get(name, ""),
        )
        for name, field in config.fields.items()
    )


def config_json_schema(config: ConfigFields) -> dict[str, Any]:
    """The JSON Schema of a config; each field has what is said of it and, as "x-live", whether it is live.

    A field whose type JSON has no word for may be anything there.
    """
    definitions: dict[str, Any] = {}
    described = {field.name: field for field in described_fields(config)}
    properties = {name: _property(field, described[name], definitions) for name, field in config.fields.items()}
    required = [field.name for field in described.values() if field.required]
    about = {"description": text} if (text := description(config.config_type)) else {}
    return {
        "$schema": DIALECT,
        "title": f"{config.processor_type}.Config",
        **about,
        "type": "object",
        "properties": properties,
        **({"required": required} if required else {}),
        "additionalProperties": False,
        **({"$defs": definitions} if definitions else {}),
    }


def _property(field: FieldInfo, described: ConfigField, definitions: dict[str, Any]) -> dict[str, Any]:
    try:
        (schema,), components = msgspec.json.schema_components([field.type], schema_hook=_open, ref_template=_REF)
    except (TypeError, ValueError):
        schema, components = _open(field.type), {}
    definitions |= components
    about = {"description": described.doc} if described.doc else {}
    return {**about, **schema, **_json_default(field), "x-live": described.live}


def _json_default(field: FieldInfo) -> dict[str, Any]:
    """The default under its key, if there is one that JSON has a word for."""
    made = field.default_factory in _EMPTY
    if field.required or (field.default is msgspec.NODEFAULT and not made):
        return {}
    try:
        return {"default": json_value(field.default_factory() if made else field.default)}
    except (TypeError, ValueError):
        return {}


def json_value(value: object) -> Any:
    """A value of a config as JSON has it; a path is its text.

    Raises:
        TypeError: JSON has no word for it.
    """
    return msgspec.json.decode(msgspec.json.encode(value, enc_hook=_path_text))


def _path_text(value: object) -> str:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no value of JSON")


def checked_examples(where: str, given: object, config: ConfigFields) -> tuple[Example, ...]:
    """The examples of a class: a mapping is a config that its type takes, a text is Python that compiles.

    Raises:
        DeclarationError: One of them is neither; the message names its place.
    """
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise DeclarationError(f"{where}.examples is {type(given).__name__}; write a tuple of configs or of code")
    return tuple(_example(f"{where}.examples[{at}]", one, config) for at, one in enumerate(given))


def _example(where: str, given: object, config: ConfigFields) -> Example:
    if isinstance(given, Mapping):
        try:
            config.build(given)
        except ConfigError as error:
            raise DeclarationError(f"{where}: {error}") from error
        try:
            return Example(config=json_value(given))
        except (TypeError, ValueError) as error:
            raise DeclarationError(f"{where}: {error}; write what needs more as code") from error
    if not isinstance(given, str):
        raise DeclarationError(f"{where} is {given!r}; write a config as a mapping, or code as a string")
    code = textwrap.dedent(given).strip()
    try:
        compile(code, where, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        raise DeclarationError(f"{where} is no Python: {error}; write a config as a mapping, or code") from error
    return Example(code=code)


def _type_words(annotation: object) -> str:
    """A type as one reads it; an enum by what may be given for it."""
    bare = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if isinstance(bare, type) and issubclass(bare, Enum):
        return " | ".join(repr(member.value) for member in bare)
    return type_words(annotation)


def _default(field: FieldInfo) -> str:
    if field.required:
        return ""
    if field.default_factory is not msgspec.NODEFAULT:
        return _made_default(field.default_factory)
    return _value_words(field.default)


def _made_default(factory: Callable[[], object]) -> str:
    """A default that is made anew each time, as it is written: `[]`, `Collected()`."""
    if factory in _EMPTY:
        return repr(factory())
    return f"{getattr(factory, '__name__', type(factory).__name__)}()"


def _value_words(value: object) -> str:
    if isinstance(value, Enum):
        return repr(value.value)
    if isinstance(value, type):
        return value.__name__
    if isinstance(value, PathLike):
        return repr(str(value))
    words = repr(value)
    return words if len(words) <= _MOST_OF_A_DEFAULT else f"{words[: _MOST_OF_A_DEFAULT - 3]}..."


def _meta_description(annotation: object) -> str:
    if get_origin(annotation) is Annotated:
        said = [mark.description for mark in get_args(annotation)[1:] if isinstance(mark, msgspec.Meta)]
        return next((text for text in said if text), "")
    return ""


def _open(type_: Any) -> dict[str, Any]:
    """The JSON Schema of a type that msgspec has none for."""
    if isinstance(type_, type) and issubclass(type_, PurePath):
        return {"type": "string", "format": "path"}
    return {"description": type_words(type_)}
