"""What there is to know of a type of processor, as plain records: for people, for the command line, for agents.

`processors/declaration.py` derives them from a class, once, when somebody first asks. They go out as JSON, with JSON
Schemas of the config and of what is carried, and as Markdown. Nothing here knows a class.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import force_setattr

from streamlib.errors import DeclarationError
from streamlib.schema import markdown
from streamlib.schema.docstrings import summary
from streamlib.schema.json_schema import json_schema
from streamlib.schema.types import ArrayType, Field, FieldType, MapType, OptionalType, Schema, StructType
from streamlib.schema.version import SemanticVersion


class Direction(StrEnum):
    """Which end of links a port is."""

    INPUT = "input"
    OUTPUT = "output"


class AudioRequirements(msgspec.Struct, frozen=True):
    """Which sound an input takes, or an output emits; what is left empty may be anything.

    A single number may be given for a tuple of one: `AudioRequirements(rates=48_000, channels=(1, 2), block=128)`.

    Attributes:
        rates: Sample rates in Hz.
        channels: Numbers of channels.
        block: Samples of each channel in a frame.

    Raises:
        DeclarationError: A number is not whole or not above 0.
    """

    rates: tuple[int, ...] | int = ()
    channels: tuple[int, ...] | int = ()
    block: tuple[int, ...] | int = ()

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            force_setattr(self, name, _numbers(name, getattr(self, name)))

    def choices(self, name: str) -> tuple[int, ...]:
        """The numbers of "rates", "channels" or "block", in order; empty for any."""
        return _numbers(name, getattr(self, name))

    def difference(self, wanted: AudioRequirements) -> tuple[str, str] | None:
        """The first of what this sound may be and the wanted may not, in words, and what the wanted may be.

        What one of the two does not say is not compared.
        """
        for name in self.__struct_fields__:
            taken = wanted.choices(name)
            odd = [number for number in self.choices(name) if taken and number not in taken]
            if odd:
                return _amount(name, odd), _amount(name, taken)
        return None

    def says_all_of(self, wanted: AudioRequirements) -> bool:
        """Whether nothing that the wanted one fixes is left open here."""
        return all(self.choices(name) or not wanted.choices(name) for name in self.__struct_fields__)

    def __str__(self) -> str:
        said = [_amount(name, self.choices(name)) for name in self.__struct_fields__ if self.choices(name)]
        return ", ".join(said) or "any sound"


class PortDescriptor(msgspec.Struct, frozen=True):
    """One port of a type of processor.

    Attributes:
        name: As in the class.
        direction: Input or output.
        frames: The names of the classes of frames that it takes or emits.
        schema: What the data of a DataFrame holds, where the port says so.
        audio: Which sound it takes or emits, where it says so.
        delivery: Of an input: what becomes of frames that come faster than they are read.
        capacity: Of an input: frames that a link to it holds.
        many: Of an input: whether it takes any number of links.
        doc: What the processor's docstring says of it.
    """

    name: str
    direction: Direction
    frames: tuple[str, ...]
    schema: Schema | None = None
    audio: AudioRequirements | None = None
    delivery: str = ""
    capacity: int = 0
    many: bool = False
    doc: str = ""

    @property
    def carries(self) -> str:
        """What passes through it, in words: `VideoFrame or DataFrame of Detections 1.0.0`."""
        return " or ".join(self._frame(frame) for frame in self.frames)

    def _frame(self, name: str) -> str:
        if name == "DataFrame" and self.schema is not None:
            return f"{name} of {self.schema}"
        if name == "AudioFrame" and self.audio is not None:
            return f"{name} of {self.audio}"
        return "any frame" if name == "object" else name


class ConfigField(msgspec.Struct, frozen=True):
    """One field of a config.

    Attributes:
        name: As in the class.
        type: Its type in Python's words.
        default: As one would write it in Python; empty where the field is required.
        required: Whether it must be given.
        live: Whether a change is applied while the processor runs; otherwise it restarts.
        doc: What the config's docstring, or its `Meta`, says of it.
    """

    name: str
    type: str
    default: str = ""
    required: bool = False
    live: bool = False
    doc: str = ""


class Example(msgspec.Struct, frozen=True, omit_defaults=True):
    """How to use a type: a config, or a few lines of Python."""

    config: dict[str, Any] | None = None
    code: str = ""


class ProcessorDescriptor(msgspec.Struct, frozen=True):
    """What a type of processor is, does and needs.

    Attributes:
        name: Of the type.
        description: Its docstring.
        version: Its semantic version.
        inputs: In the order in which they are declared.
        outputs: In the order in which they are declared.
        config: The fields of its config.
        config_schema: The JSON Schema of its config.
        execution: Its execution mode, with the interval.
        wake: Whether one input or all of them must hold a frame to call it.
        placement: What it asks of its thread.
        live: Whether it is a source that cannot be slowed.
        error_policy: What follows an exception in `process`.
        examples: How to use it.
        frames: The schemas of all classes of frames that its ports name, as far as they have one.
    """

    name: str
    description: str = ""
    version: str = "1.0.0"
    inputs: tuple[PortDescriptor, ...] = ()
    outputs: tuple[PortDescriptor, ...] = ()
    config: tuple[ConfigField, ...] = ()
    config_schema: dict[str, Any] = {}
    execution: str = "reactive"
    wake: str = "any"
    placement: str = "any"
    live: bool = False
    error_policy: str = "skip"
    examples: tuple[Example, ...] = ()
    frames: tuple[Schema, ...] = ()

    def __post_init__(self) -> None:
        SemanticVersion.parse(self.version)

    @property
    def summary(self) -> str:
        """The first sentence of the description."""
        return summary(self.description)

    @property
    def ports(self) -> tuple[PortDescriptor, ...]:
        """Inputs, then outputs."""
        return *self.inputs, *self.outputs

    def schemas(self) -> tuple[Schema, ...]:
        """The schemas of its frames and of their data, each once."""
        data = (port.schema for port in self.ports if port.schema is not None)
        return tuple(dict.fromkeys((*self.frames, *data)))

    def json_schemas(self) -> dict[str, dict[str, Any]]:
        """The JSON Schema of each of its schemas, by name and version."""
        schemas = self.schemas()
        return {str(schema): json_schema(schema, schemas) for schema in schemas}

    def to_json(self) -> str:
        """All of it as a JSON document, with the JSON Schemas; `from_json` reads it."""
        document = {**msgspec.to_builtins(self), "json_schemas": self.json_schemas()}
        return msgspec.json.format(msgspec.json.encode(document)).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> ProcessorDescriptor:
        """The descriptor that a JSON document of `to_json` holds.

        Raises:
            DeclarationError: The document is no descriptor; the message names the place.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError as error:
            raise DeclarationError(f"this is no descriptor: {error}; ProcessorDescriptor.to_json writes one") from error

    def to_markdown(self) -> str:
        """A page about it in Markdown."""
        return markdown.page(
            f"# {self.name}",
            self.description,
            _section("Ports", _ports_table(self.ports)),
            _section("Config", _config_table(self.config)),
            _section("How it runs", self._runs()),
            _section("Examples", *(self._example(example) for example in self.examples)),
            *(_schema_section(schema) for schema in self.schemas() if schema not in self.frames),
        )

    def runs(self) -> Mapping[str, str]:
        """How it runs, a word for each of the settings that its class declares."""
        return {
            "execution": self.execution,
            "wake": "all inputs" if self.wake == "all" else "any input",
            "placement": self.placement,
            "on error": self.error_policy,
            "live source": "yes" if self.live else "no",
            "version": self.version,
        }

    def _runs(self) -> str:
        return "\n".join(f"- {what}: {word}" for what, word in self.runs().items())

    def _example(self, example: Example) -> str:
        return markdown.code(self.example_code(example), "python")

    def example_code(self, example: Example) -> str:
        """An example as Python code."""
        if example.config is None:
            return example.code
        fields = "".join(f", {name}={_literal(value)}" for name, value in example.config.items())
        return f'runtime.add_processor("{self.name}"{fields})'


def _literal(value: object) -> str:
    """A value as Python code, a text in the marks that code is formatted with."""
    code = repr(value)
    return f'"{code[1:-1]}"' if isinstance(value, str) and code[0] == "'" and '"' not in code else code


def _section(title: str, *parts: str) -> str:
    body = "\n\n".join(part for part in parts if part)
    return f"## {title}\n\n{body}" if body else ""


def _ports_table(ports: Iterable[PortDescriptor]) -> str:
    titles = ("port", "", "frames", "delivery", "capacity", "")
    return markdown.table(titles, ([markdown.word(port.name), *port_words(port)] for port in ports))


def port_words(port: PortDescriptor) -> list[str]:
    """A port in five words: direction, what it carries, delivery, capacity and what is said of it."""
    direction = f"{port.direction}, many links" if port.many else str(port.direction)
    return [direction, port.carries, port.delivery, str(port.capacity or ""), port.doc]


def _config_table(fields: Iterable[ConfigField]) -> str:
    titles = ("field", "type", "default", "a change", "")
    return markdown.table(titles, ([markdown.word(field.name), *_config_words(field)] for field in fields))


def _config_words(field: ConfigField) -> list[str]:
    default = "required" if field.required else markdown.word(field.default)
    return [markdown.word(field.type), default, change_word(field), field.doc]


def change_word(field: ConfigField) -> str:
    """What a change of a config field does."""
    return "is applied live" if field.live else "restarts"


def _schema_section(schema: Schema) -> str:
    rows = ([markdown.word(path), *words] for path, *words in schema_words(schema.fields))
    return _section(str(schema), schema.doc, markdown.table(("field", "type", "", ""), rows))


def schema_words(fields: Iterable[Field], before: str = "") -> Iterator[tuple[str, str, str, str]]:
    """The fields of a schema and those within them: path, type, whether it may be absent, and what is said of it."""
    for field in fields:
        path = f"{before}{field.name}"
        yield path, str(field.type), "" if field.required else "may be absent", field.doc
        inner, path = _innermost(field.type, path)
        if isinstance(inner, StructType):
            yield from schema_words(inner.fields, f"{path}.")


def _innermost(type_: FieldType, path: str) -> tuple[FieldType, str]:
    match type_:
        case ArrayType(items=inner) | MapType(values=inner):
            return _innermost(inner, f"{path}[]")
        case OptionalType(value=inner):
            return _innermost(inner, path)
        case _:
            return type_, path


_UNITS: Mapping[str, str] = {"rates": "Hz", "channels": "channels", "block": "samples a frame"}


def _amount(name: str, numbers: Sequence[int]) -> str:
    unit = "channel" if name == "channels" and list(numbers) == [1] else _UNITS[name]
    return f"{' or '.join(map(str, numbers))} {unit}"


def _numbers(name: str, given: object) -> tuple[int, ...]:
    numbers = given if isinstance(given, tuple | list) else (given,)
    for number in numbers:
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            raise DeclarationError(
                f"AudioRequirements.{name} is {given!r}; give whole numbers above 0, as (44100, 48000)"
            )
    return tuple(sorted(set(numbers)))
