"""One value as a file holds it (texts, numbers, true, false, null, lists, mappings), and back again."""

from __future__ import annotations

import os
from typing import Any, cast

import msgspec

from streamlib.processors.conversion import convert


def to_plain(value: object) -> object:
    """A value as plain values.

    Raises:
        ValueError: There is something in it that a file cannot hold; the message names its class.
    """
    try:
        return _listed(msgspec.to_builtins(value, enc_hook=_text_of_path, str_keys=True))
    except (TypeError, NotImplementedError, RecursionError) as error:
        raise ValueError(str(error)) from error


def from_plain(plain: object, kind: Any) -> object:
    """A value of an annotation or class, from plain ones.

    Raises:
        ValueError: It is not one; the message says what was expected, and where.
    """
    try:
        return convert(plain, kind)
    except msgspec.ValidationError as error:
        raise ValueError(str(error).replace("`", "")) from error


def comes_back(value: object, plain: object, kind: Any) -> bool:
    """Whether a field of that annotation takes the plain value for the same value."""
    try:
        again = convert(plain, kind)
    except (msgspec.ValidationError, TypeError):
        return False
    return is_same(again, value)


def is_same(one: object, other: object) -> bool:
    """Whether two values say the same; a NaN is not equal to itself, nor is what compares by identity."""
    return bool(one == other) or repr(one) == repr(other)


def _text_of_path(value: object) -> object:
    if isinstance(value, os.PathLike):
        return cast("str", os.fspath(value))
    raise NotImplementedError(f"a {type(value).__name__} cannot be written in a file")


def _listed(value: object) -> object:
    """Msgspec leaves tuples as they are; a file has lists."""
    if isinstance(value, dict):
        return {key: _listed(item) for key, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, list | tuple) else value
