"""A function's signature, read as the ports and the config of a processor.

Annotations come in; frame classes of inputs and output, and typed settings with their defaults, go out.
Nothing here runs the function. `function.py` makes the processor of it.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import Parameter
from typing import Annotated, Any, TypedDict

from streamlib.errors import DeclarationError
from streamlib.frames.stamped import Stamped
from streamlib.processors.config import ConfigMeta, LiveField, ProcessorConfig
from streamlib.processors.conversion import UNIONS
from streamlib.processors.ports import frame_classes, words
from streamlib.schema.descriptors import AudioRequirements
from streamlib.schema.types import Schema

NOTHING = type(None)
INPUT_KINDS = frozenset({Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD})
HINT = "define or import what its annotations name at the module's top"


class Said(TypedDict, total=False):
    """What a port says beyond its frame classes."""

    schema: type[Any] | Schema
    audio: AudioRequirements


@dataclass(frozen=True, slots=True)
class FunctionSignature:
    """The inputs in order, each with its frame classes; the output's, empty for a sink; the settings, with defaults.

    `said` is what the annotation of a parameter, or of "return", says beyond the frame class, as keywords of a port.
    """

    name: str
    inputs: tuple[tuple[str, tuple[type, ...]], ...]
    output: tuple[type, ...]
    settings: tuple[tuple[str, object, object], ...]
    said: Mapping[str, Said]

    def config_type(self, qualname: str, module: str) -> ConfigMeta:
        """A config class with a live field for each setting.

        Raises:
            DeclarationError: A default cannot be one of a field.
        """
        annotations = {name: typing.Annotated[hint, LiveField] for name, hint, _ in self.settings}
        defaults = {name: default for name, _, default in self.settings}
        namespace = {"__module__": module, "__qualname__": qualname, "__annotations__": annotations, **defaults}
        try:
            return ConfigMeta("Config", (ProcessorConfig,), namespace)
        except (TypeError, ValueError) as error:
            raise DeclarationError(f"{self.name}: {error}") from error


def read_signature(function: Callable[..., Any], name: str) -> FunctionSignature:
    """Read what a function takes and returns.

    Raises:
        DeclarationError: An annotation is missing, cannot be resolved, or is no frame class.
    """
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise DeclarationError(f"{name} is async or a generator; a processor function returns one frame, or None")
    hints = _hints(function, name)
    parameters = inspect.signature(function).parameters.values()
    return FunctionSignature(
        name=name,
        inputs=tuple((p.name, _input(name, p, hints)) for p in parameters if p.default is Parameter.empty),
        output=_output(name, hints),
        settings=tuple(_setting(name, p, hints) for p in parameters if p.default is not Parameter.empty),
        said={port: _said(hint) for port, hint in hints.items()},
    )


def _hints(function: Callable[..., Any], name: str) -> dict[str, Any]:
    around = inspect.getclosurevars(function).nonlocals
    try:
        return typing.get_type_hints(function, localns=dict(around), include_extras=True)
    except (NameError, TypeError, SyntaxError) as error:
        raise DeclarationError(f"{name}: {error}; {HINT}") from error


def _input(name: str, parameter: Parameter, hints: dict[str, Any]) -> tuple[type, ...]:
    where = f"{name}({parameter.name})"
    if parameter.kind not in INPUT_KINDS:
        raise DeclarationError(f"{where}: an input is an ordinary parameter without default; a setting has a default")
    if parameter.name not in hints:
        raise DeclarationError(f"{where} has no annotation; write the class of the frames that come in")
    return _frames(where, hints[parameter.name])


def _setting(name: str, parameter: Parameter, hints: dict[str, Any]) -> tuple[str, object, object]:
    if parameter.kind is Parameter.POSITIONAL_ONLY:
        raise DeclarationError(f"{name}({parameter.name}): a setting is given by name; move it behind the /")
    guessed = Any if parameter.default is None else type(parameter.default)
    return parameter.name, hints.get(parameter.name, guessed), parameter.default


def _output(name: str, hints: dict[str, Any]) -> tuple[type, ...]:
    if "return" not in hints:
        raise DeclarationError(f"{name} has no return annotation; write -> VideoFrame, or -> None for a sink")
    annotation = hints["return"]
    if annotation is NOTHING:
        return ()
    members = typing.get_args(annotation) if typing.get_origin(annotation) in UNIONS else ()
    sometimes = tuple(member for member in members if member is not NOTHING) if NOTHING in members else annotation
    return _frames(f"{name} -> {annotation}", sometimes)


def _bare(annotation: object) -> object:
    """An annotation without the marks of `Annotated`; a union as a tuple."""
    if isinstance(annotation, tuple) or typing.get_origin(annotation) in UNIONS:
        members = annotation if isinstance(annotation, tuple) else typing.get_args(annotation)
        return tuple(_bare(member) for member in members)
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is Annotated else annotation


def _said(annotation: object) -> Said:
    """What `Annotated` says of frames: a class of fields or a schema, and audio requirements."""
    said: Said = {}
    if typing.get_origin(annotation) in UNIONS:
        for member in typing.get_args(annotation):
            said |= _said(member)
    if typing.get_origin(annotation) is Annotated:
        for mark in typing.get_args(annotation)[1:]:
            if isinstance(mark, AudioRequirements):
                said["audio"] = mark
            elif isinstance(mark, type | Schema):
                said["schema"] = mark
    return said


def _frames(where: str, annotation: object) -> tuple[type, ...]:
    try:
        classes = frame_classes(_bare(annotation))
    except DeclarationError:
        classes = ()
    if not classes or not all(issubclass(one, Stamped) for one in classes):
        found = words(classes) or annotation
        raise DeclarationError(
            f"{where}: {found} is no frame class; inputs and output are frames, a setting has a default"
        )
    return classes
