"""Configs: what a processor is told, checked field by field, each field live or restart.

What passes through: the values a user, a graph file or an agent gives, on their way to a frozen
`ProcessorConfig`. Nothing here knows processors beyond their type's name. `declaration.py` makes one
`ConfigFields` per type; `processor.py` holds the checked config.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, TypeVar, cast, dataclass_transform, get_args

import msgspec
from msgspec.structs import FieldInfo

from streamlib.errors import ConfigError, DeclarationError, nearest
from streamlib.processors.conversion import convert, reason, type_words

T = TypeVar("T")

RESERVED_FIELDS = frozenset({"config", "id", "on_error"})  # keywords of add_processor, where fields stand beside them


PLAIN = (bool, int, float, str)


class LiveField:
    """The mark that `Live` leaves in a field's annotation."""


Live = Annotated[T, LiveField]
"""`Live[float]` marks a field whose change is applied while the processor runs; others restart it."""


class ConfigMeta(msgspec.StructMeta):
    """Makes every config frozen, keyword-only and strict: msgspec does not hand keyword-only down to subclasses."""

    def __new__(
        cls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        **options: Any,
    ) -> ConfigMeta:
        """Make the class, with these three options unless the author chose others."""
        return super().__new__(
            cls, name, bases, namespace, **{"kw_only": True, "frozen": True, "forbid_unknown_fields": True} | options
        )


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(msgspec.field,))
class ProcessorConfig(msgspec.Struct, metaclass=ConfigMeta, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a processor is told: subclass it as `Config` in the processor's body, one annotated field a setting."""


@dataclass(frozen=True)
class ConfigFields:
    """The fields of one processor type's config, and what can be done with them."""

    processor_type: str
    config_type: type[ProcessorConfig]
    fields: Mapping[str, FieldInfo]
    live: frozenset[str]

    @classmethod
    def of(cls, processor_type: str, config_type: type[ProcessorConfig]) -> ConfigFields:
        """Read the fields of a config class.

        Raises:
            DeclarationError: A name is reserved, an annotation cannot be resolved or checked, or a default is
                not of its field's type.
        """
        fields = {field.name: field for field in _resolved(processor_type, config_type)}
        for field in fields.values():
            _check_field(processor_type, field)
        live = frozenset(name for name, field in fields.items() if _is_live(field.type))
        return cls(processor_type, config_type, MappingProxyType(fields), live)

    def build(
        self, config: ProcessorConfig | Mapping[str, object] | None = None, /, **fields: object
    ) -> ProcessorConfig:
        """A checked config from an instance or a mapping, with `fields` on top.

        Raises:
            ConfigError: A field is unknown, missing or has a wrong value.
        """
        if not (fields or self.fields) and (config is None or type(config) is self.config_type):
            return config or self._without_fields
        return self._made(self._values(config) | fields)

    @cached_property
    def _without_fields(self) -> ProcessorConfig:
        """The one config of a type that is told nothing: all of its processors share it, and their nodes."""
        return self._made({})

    def changed(
        self, old: ProcessorConfig, config: ProcessorConfig | Mapping[str, object] | None = None, /, **fields: object
    ) -> ProcessorConfig:
        """The config that an update makes of `old`: a mapping and `fields` change it, an instance replaces it.

        Raises:
            ConfigError: A field is unknown or has a wrong value.
        """
        kept = {} if isinstance(config, ProcessorConfig) else self._values(old)
        return self._made(kept | self._values(config) | fields)

    def changes(self, old: ProcessorConfig, new: ProcessorConfig) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The names of the fields that differ: those applied live, and those that need a restart."""
        names = tuple(name for name in self.fields if _differ(getattr(old, name), getattr(new, name)))
        return tuple(n for n in names if n in self.live), tuple(n for n in names if n not in self.live)

    def _values(self, config: ProcessorConfig | Mapping[str, object] | None) -> dict[str, object]:
        if config is None:
            return {}
        if isinstance(config, self.config_type):
            return {name: getattr(config, name) for name in self.fields}
        if isinstance(config, Mapping):
            return dict(config)
        wanted = f"{self.processor_type} takes {self.config_type.__qualname__}, a mapping or keywords as its config"
        raise ConfigError(f"{wanted}, not {type(config).__name__}", processor_type=self.processor_type)

    def _made(self, values: Mapping[str, object]) -> ProcessorConfig:
        self._check_names(values)
        checked = {name: self._converted(name, value) for name, value in values.items()}
        try:
            return self.config_type(**checked)
        except (TypeError, ValueError) as error:  # the author's __post_init__ refuses a combination
            raise ConfigError(f"{self.processor_type}: {error}", processor_type=self.processor_type) from error

    def _check_names(self, names: Iterable[str]) -> None:
        given = dict.fromkeys(names)
        for name in given:
            if name not in self.fields:
                message = f"{self.processor_type} has no config field {name!r}; {nearest(str(name), self.fields)}"
                raise ConfigError(message, processor_type=self.processor_type, field=str(name))
        missing = [name for name, field in self.fields.items() if field.required and name not in given]
        if missing:
            wanted = ", ".join(f"{name} ({type_words(self.fields[name].type)})" for name in missing)
            message = f"{self.processor_type} needs {wanted}; give it as a keyword or in its config"
            raise ConfigError(message, processor_type=self.processor_type, field=missing[0])

    def _converted(self, name: str, value: object) -> object:
        try:
            return convert(value, self.fields[name].type)
        except msgspec.ValidationError as error:
            message = f"{self.processor_type}.{name}: {reason(error, self.fields[name].type, value)}"
            raise ConfigError(message, processor_type=self.processor_type, field=name) from error


def live_fields(config_type: type[ProcessorConfig]) -> frozenset[str]:
    """The names of the fields that `Live` marks."""
    return ConfigFields.of(config_type.__qualname__, config_type).live


def _resolved(processor_type: str, config_type: object) -> tuple[FieldInfo, ...]:
    where = f"{processor_type}.Config"
    if not isinstance(config_type, ConfigMeta):
        raise DeclarationError(f"{where} is no ProcessorConfig; write class Config(ProcessorConfig)")
    try:
        fields = msgspec.structs.fields(cast("type[ProcessorConfig]", config_type))
    except (NameError, TypeError) as error:
        raise DeclarationError(f"{where}: {error}; define or import what it names at the module's top") from error
    for name, value in vars(config_type).items():
        if isinstance(value, PLAIN) and not name.startswith("_") and name not in config_type.__annotations__:
            raise DeclarationError(
                f"{where}.{name} has no annotation; write {name}: {type(value).__name__} = {value!r}"
            )
    return fields


def _check_field(processor_type: str, field: FieldInfo) -> None:
    where = f"{processor_type}.Config.{field.name}"
    if field.name in RESERVED_FIELDS:
        raise DeclarationError(f"{where}: add_processor has a keyword of that name; rename the field")
    try:
        convert(None if field.default is msgspec.NODEFAULT else field.default, field.type)
    except TypeError as error:
        raise DeclarationError(f"{where}: {error}; choose a type that can be checked, or Any") from error
    except msgspec.ValidationError as error:
        if field.default is not msgspec.NODEFAULT:
            raise DeclarationError(f"{where}: {reason(error, field.type, field.default)}") from error


def _is_live(annotation: object) -> bool:
    marked = any(mark is LiveField for mark in getattr(annotation, "__metadata__", ()))
    return marked or any(_is_live(part) for part in get_args(annotation))


def _differ(old: object, new: object) -> bool:
    return old is not new and old != new
