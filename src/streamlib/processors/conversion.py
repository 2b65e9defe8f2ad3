"""One value against one annotation: what a config field is given, as the field wants it, or why not.

msgspec checks; what it does not know by itself (paths, classes, callables, numpy's numbers, structs made by hand)
is said here. Nothing here knows configs or processors. `config.py` asks, field by field.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Iterable
from enum import Enum, StrEnum
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin

import msgspec

from streamlib.errors import ConfigError, nearest

E = TypeVar("E", bound=StrEnum)
UNIONS = frozenset({Union, UnionType})


def convert(value: object, type_: object) -> object:
    """`value` as the annotation `type_` wants it, strictly: an int serves as float, a str as an enum, a path as a str.

    Raises:
        msgspec.ValidationError: It is not of that type, or outside the limits of its `Meta`.
        TypeError: msgspec has no rule for the annotation.
    """
    try:
        return cast("object", msgspec.convert(_plain(value), cast("Any", type_), dec_hook=_custom))
    except msgspec.ValidationError:
        if not isinstance(value, os.PathLike):
            raise
        return convert(os.fspath(value), type_)
    except TypeError:
        classes = _classes(type_)
        if not classes:
            raise
    if isinstance(value, classes):
        return value
    raise msgspec.ValidationError(f"Expected `{type_words(type_)}`, got `{type(value).__name__}`")


def _classes(annotation: object) -> tuple[type, ...]:
    """The classes of a plain class or union, for which msgspec may have no rule; empty for anything else."""
    if get_origin(annotation) is Annotated:
        return _classes(get_args(annotation)[0])
    members = get_args(annotation) if get_origin(annotation) in UNIONS else (annotation,)
    classes = tuple(member for member in members if isinstance(member, type) and get_origin(member) is None)
    return classes if len(classes) == len(members) else ()


def _plain(value: object) -> object:
    """Unwrap what msgspec would take on trust (a struct made by hand) or not know (a numpy number)."""
    if isinstance(value, msgspec.Struct):
        return _revalidated(value)
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        return value.item()
    return value


def _revalidated(struct: msgspec.Struct) -> msgspec.Struct:
    try:
        for field in msgspec.structs.fields(struct):
            convert(getattr(struct, field.name), field.type)
    except TypeError:
        return struct  # it has a field that msgspec has no rule for, as frames have: its maker answers for it
    return struct


def _custom(type_: Any, value: object) -> object:
    """Accept what msgspec asks about: paths from strings, classes, callables, anything for `object`."""
    origin = get_origin(type_) or type_
    if isinstance(origin, type) and issubclass(origin, pathlib.PurePath) and isinstance(value, str | os.PathLike):
        return origin(value)
    if origin is type:
        accepted = isinstance(value, type) and all(_is_subclass(value, wanted) for wanted in get_args(type_))
    elif origin is Callable:
        accepted = callable(value)
    else:
        accepted = isinstance(value, origin)
    if not accepted:
        raise TypeError(f"Expected `{type_words(type_)}`, got `{type(value).__name__}`")
    return value


def _is_subclass(value: type, wanted: object) -> bool:
    classes = get_args(wanted) or (wanted,)
    return any(not isinstance(one, type) or issubclass(value, one) for one in classes)


def chosen(setting: str, choices: type[E], value: str) -> E:
    """The choice that a user names as the setting of a call.

    Raises:
        ConfigError: There is none of that name; the message names the nearest.
    """
    try:
        return choices(value)
    except ValueError:
        known = [choice.value for choice in choices]
        raise ConfigError(f"{setting} is {value!r}; {nearest(str(value), known)}", field=setting) from None


def reason(error: Exception, annotation: object, value: object) -> str:
    """What a message says after `Type.field:` when `convert` refused `value`: expected, got, and what would do."""
    text = str(error).replace("`", "").replace("Expected object, got", f"Expected {type_words(annotation)}, got")
    choices = list(_choices(annotation))
    hint = f"; {nearest(str(value), choices)}" if choices else _limits(annotation)
    shown = repr(value)
    told = text.startswith("Invalid enum value") and shown in text
    given = "" if told else f"; given {shown if len(shown) <= 60 else shown[:57] + '...'}"
    return f"{text[:1].lower()}{text[1:]}{given}{hint}"


def _limits(annotation: object) -> str:
    """The legal range of a number, for the end of a message; empty where it has none on both sides."""
    bounds: dict[str, float] = {}
    for meta in getattr(annotation, "__metadata__", ()):
        if isinstance(meta, msgspec.Meta):
            bounds |= {end: bound for end in ("ge", "gt", "le", "lt") if (bound := getattr(meta, end)) is not None}
    low = bounds.get("ge", bounds.get("gt"))
    high = bounds.get("le", bounds.get("lt"))
    if low is None or high is None:
        return ""
    return f"; the range is {'above ' * ('ge' not in bounds)}{low:,} to {'below ' * ('le' not in bounds)}{high:,}"


def _choices(annotation: object) -> Iterable[str]:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return [str(member.value) for member in annotation]
    if get_origin(annotation) is Literal:
        return [str(choice) for choice in get_args(annotation)]
    return [choice for part in get_args(annotation) for choice in _choices(part)]


def type_words(annotation: object) -> str:
    """An annotation as one reads it, without the marks of `Annotated`."""
    if get_origin(annotation) is Annotated:
        return type_words(get_args(annotation)[0])
    if get_origin(annotation) in UNIONS:
        return " | ".join("None" if part is type(None) else type_words(part) for part in get_args(annotation))
    if get_origin(annotation) is Literal:
        return " | ".join(repr(choice) for choice in get_args(annotation))
    return annotation.__name__ if isinstance(annotation, type) and not get_args(annotation) else str(annotation)
