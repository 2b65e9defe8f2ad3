"""A config in words, as plans, histories and differences say it: what it was told, and what is changed in it.

Values come in as they are, one line comes out, as short as a message needs it. Who says it does so after a commit was
carried out, too: nothing here raises, whatever a user's values do.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from streamlib.graph.file_saving import is_default
from streamlib.processors.config import ConfigFields, ProcessorConfig

SHOWN_LENGTH = 60
"""Characters that are shown of one value."""


def shown(value: object) -> str:
    """A value in one line."""
    try:
        text = str(value) if isinstance(value, StrEnum) else " ".join(repr(value).split())
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= SHOWN_LENGTH else f"{text[: SHOWN_LENGTH - 1]}…"


def told(config: ProcessorConfig, fields: ConfigFields) -> str:
    """What is not as declared: `factor=2, name='left'`; empty where all is."""
    return ", ".join(f"{name}={shown(value)}" for name, value in _told(config, fields))


def changed(old: ProcessorConfig, new: ProcessorConfig) -> str:
    """What differs in two configs of one class: `factor 2 -> 3`; empty where nothing does."""
    pairs = [(name, getattr(old, name), getattr(new, name)) for name in new.__struct_fields__]
    return ", ".join(f"{name} {shown(was)} -> {shown(is_)}" for name, was, is_ in pairs if not _is_same(was, is_))


def _told(config: ProcessorConfig, fields: ConfigFields) -> Iterator[tuple[str, object]]:
    for name, declared in fields.fields.items():
        value = getattr(config, name)
        try:
            as_declared = is_default(value, declared)
        except Exception:  # an array is neither true nor false
            as_declared = False
        if not as_declared:
            yield name, value


def _is_same(one: object, other: object) -> bool:
    try:
        return one is other or bool(one == other)
    except Exception:
        return False
