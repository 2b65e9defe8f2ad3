"""What a class's docstring says, for those who read about it elsewhere: the text, and its attributes one by one.

Docstrings are Google's style: `Attributes:` stands alone on its line, each attribute below it, indented.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping

_SECTION = re.compile(r"(Attributes|Args|Raises|Returns|Yields|Example|Examples):")
_ENTRY = re.compile(r"(\w+)(?: \([^)]*\))?: *(.*)")


def description(cls: type) -> str:
    """The docstring of a class itself, without its sections of attributes and the like; empty where it has none."""
    kept: list[str] = []
    for line in _lines(cls):
        if _SECTION.fullmatch(line):
            break
        kept.append(line)
    return "\n".join(kept).strip()


def attributes(cls: type) -> Mapping[str, str]:
    """What the section `Attributes:` says, by name; that of a subclass before that of its bases."""
    found: dict[str, str] = {}
    for owner in reversed(cls.__mro__):
        found |= _attributes(owner)
    return found


def summary(text: str) -> str:
    """The first sentence of a text, on one line."""
    paragraph = " ".join(text.strip().partition("\n\n")[0].split())
    sentence = re.match(r".*?[.!?](?= [A-Z]|$)", paragraph)
    return sentence.group() if sentence else paragraph


def _attributes(cls: type) -> dict[str, str]:
    found: dict[str, str] = {}
    name, inside, depth = "", False, 0
    for line in _lines(cls):
        if _SECTION.fullmatch(line):
            inside, depth = line == "Attributes:", 0
            continue
        indent = len(line) - len(line.lstrip())
        if not inside or not line.strip():
            continue
        if not indent:
            break
        depth = depth or indent
        entry = _ENTRY.fullmatch(line.strip()) if indent == depth else None
        if entry:
            name, text = entry.groups()
            found[name] = text
        elif name:
            found[name] = f"{found[name]} {line.strip()}".strip()
    return found


def _lines(cls: type) -> list[str]:
    own = vars(cls).get("__doc__")
    return inspect.cleandoc(own).splitlines() if isinstance(own, str) else []
