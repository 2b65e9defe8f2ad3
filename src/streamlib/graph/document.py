"""Plain values with the line that each stands at: what a graph file is before anybody asks what it means.

Text comes in, YAML or JSON, and a `Document` goes out, with which every later error says file, line and field. The
YAML is its plain part: texts, numbers, true, false, null, lists and mappings; no tags, no anchors, nothing that
could make an object. A key is always a text, so that both formats say the same. PyYAML is loaded on first use.
Nothing here knows graphs: `graph_file.py` does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from streamlib.errors import GraphFileError

if TYPE_CHECKING:
    from yaml import SafeDumper, ScalarNode

Path: TypeAlias = tuple[str | int, ...]

DEPTH_LIMIT = 64
"""How many lists and mappings may stand in each other."""

_HALF = "half a character (a lone surrogate, as Python has for a file name in another encoding) fits no file"

DIGITS_LIMIT = 400
"""How many digits a number may have; a longer one is taken for a text."""

LINE_WIDTH = 110


class FileFormat(StrEnum):
    """How a graph file is written."""

    YAML = "yaml"
    JSON = "json"


SUFFIXES = {".yaml": FileFormat.YAML, ".yml": FileFormat.YAML, ".json": FileFormat.JSON}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where values come from: the name of a file, and the line of each value by its path."""

    name: str
    lines: Mapping[Path, int] = field(default_factory=dict)

    def error(self, path: Path, words: str) -> GraphFileError:
        """The error about the value at a path, or about the whole."""
        known = next((path[:end] for end in range(len(path), -1, -1) if path[:end] in self.lines), None)
        line = 0 if known is None else self.lines[known]
        return GraphFileError(words, file=self.name, line=line, field=dotted(path))


@dataclass(frozen=True, slots=True)
class Document:
    """The values of one file, and where they come from."""

    value: object
    origin: Origin


def dotted(path: Path) -> str:
    """A path as one reads it: `processors.encoder.config.bitrate`, `links[2]`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def read_document(text: str, name: str, format: FileFormat | None = None) -> Document:
    """The values of a text.

    Args:
        text: What the file says.
        name: What the file is called in errors.
        format: YAML or JSON; None takes JSON for a text that begins with a brace.

    Raises:
        GraphFileError: It is not written in that format.
    """
    if not _is_text(text):
        line = next(number for number, one in enumerate(text.split("\n"), 1) if not _is_text(one))
        raise GraphFileError(f"this is no text; {_HALF}", file=name, line=line)
    if format is None:
        format = FileFormat.JSON if text.lstrip().startswith("{") else FileFormat.YAML
    events = _json_events(text, name) if format is FileFormat.JSON else _yaml_events(text, name)
    return _built(events, name)


def write_document(value: object, format: FileFormat, origin: Origin) -> str:
    """Plain values as text.

    Raises:
        GraphFileError: There is something in it that would not be read again; the message names it.
    """
    _check_readable(value, origin)
    return _json_text(value, origin) if format is FileFormat.JSON else _yaml_text(value)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _check_readable(value: object, origin: Origin) -> None:
    """Refuse what `read_document` would; a loop and not a recursion, since it may be deep."""
    waiting: list[tuple[Path, object]] = [((), value)]
    while waiting:
        path, one = waiting.pop()
        if isinstance(one, str):
            if not _is_text(one):
                raise origin.error(path, f"{one!r:.60} cannot be written; {_HALF}")
        elif isinstance(one, dict | list):
            if len(path) >= DEPTH_LIMIT:
                words = f"more than {DEPTH_LIMIT} levels would stand in each other, and no file is read that has them"
                raise origin.error(path[:4], words)
            items = one.items() if isinstance(one, dict) else enumerate(one)
            waiting += [((*path, key), item) for key, item in items]
            waiting += [(path, key) for key in one if isinstance(one, dict)]


# ----------------------------------------------------------------------------------------------------------- building


class _Kind(Enum):
    SCALAR = "scalar"
    LIST = "list"
    MAPPING = "mapping"
    END = "end"


class _Event(NamedTuple):
    """One step through a text: a scalar, or the beginning or end of a list or mapping."""

    kind: _Kind
    line: int
    value: Any = None
    text: str = ""  # of a scalar, as it stands there: what it is called as a key


class _Open:
    """A list or mapping that has begun and not ended."""

    def __init__(self, into: list[Any] | dict[str, Any], path: Path) -> None:
        self.into = into
        self.path = path
        self.key: str | None = None


def _built(events: Iterable[_Event], name: str) -> Document:
    """The value that events step through; a loop and not a recursion, since the text may come from anybody."""
    lines: dict[Path, int] = {}
    origin = Origin(name, lines)
    holders: list[_Open] = []
    whole: object = None
    for kind, line, value, text in events:
        if kind is _Kind.END:
            holders.pop()
            continue
        holder = holders[-1] if holders else None
        if holder is not None and isinstance(holder.into, dict) and holder.key is None:
            _open_key(holder, kind, line, text, origin)
            continue
        made = value if kind is _Kind.SCALAR else [] if kind is _Kind.LIST else {}
        path = _place(holder, made)
        lines.setdefault(path, line)
        if holder is None:
            whole = made
        if kind is not _Kind.SCALAR:
            if len(holders) == DEPTH_LIMIT:
                raise _too_deep(name, line)
            holders.append(_Open(made, path))
    return Document(whole, origin)


def _too_deep(name: str, line: int = 0) -> GraphFileError:
    return GraphFileError(f"more than {DEPTH_LIMIT} levels stand in each other", file=name, line=line)


def _open_key(holder: _Open, kind: _Kind, line: int, text: str, origin: Origin) -> None:
    lines = cast("dict[Path, int]", origin.lines)
    if kind is not _Kind.SCALAR:
        raise GraphFileError("a key is a text, not a list or mapping", file=origin.name, line=line)
    path = (*holder.path, text)
    if text in holder.into:
        first, lines[path] = lines[path], line
        raise origin.error(path, f"it stands here a second time, first in line {first}; keep one of the two")
    lines[path] = line
    holder.key = text


def _place(holder: _Open | None, value: object) -> Path:
    """Put a value where it belongs, and say where that is."""
    if holder is None:
        return ()
    if isinstance(holder.into, list):
        holder.into.append(value)
        return (*holder.path, len(holder.into) - 1)
    assert holder.key is not None
    key, holder.key = holder.key, None
    holder.into[key] = value
    return (*holder.path, key)


# --------------------------------------------------------------------------------------------------------------- YAML

_WORDS: dict[str, object] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*(_[0-9]+)*)|0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+")
_REAL = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(_[0-9]+)*(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"([-+]?)\.(inf|Inf|INF|nan|NaN|NAN)")
_ZERO_LED = re.compile(r"[-+]?0[0-9_]+")  # octal to one reader, decimal to another: left a text


def plain_scalar(text: str) -> object:
    """What a text without quotes means in YAML 1.2: `1e6` is a number, `yes`, `12:30` and `2026-01-01` are texts."""
    if text in _WORDS:
        return _WORDS[text]
    if len(text) > DIGITS_LIMIT or _ZERO_LED.fullmatch(text):
        return text
    if _INTEGER.fullmatch(text):
        return int(text, 0)
    if _REAL.fullmatch(text):
        return float(text)
    special = _SPECIAL.fullmatch(text)
    return float(special[1] + special[2].lower()) if special else text


def _yaml_events(text: str, name: str) -> Iterator[_Event]:
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    documents = 0
    try:
        for event in yaml.parse(text, Loader=loader):
            line = event.start_mark.line + 1 if event.start_mark else 0
            documents += isinstance(event, yaml.DocumentStartEvent)
            _check_plain(event, documents, name, line)
            if isinstance(event, yaml.ScalarEvent):
                value = plain_scalar(event.value) if event.implicit[0] else event.value
                yield _Event(_Kind.SCALAR, line, value, event.value)
            elif isinstance(event, yaml.SequenceStartEvent):
                yield _Event(_Kind.LIST, line)
            elif isinstance(event, yaml.MappingStartEvent):
                yield _Event(_Kind.MAPPING, line)
            elif isinstance(event, yaml.CollectionEndEvent):
                yield _Event(_Kind.END, line)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = " ".join(part for part in (error.context, error.problem) if part)
        line = mark.line + 1 if mark else 0
        if "maximum nesting depth" in words:  # the parser reads ahead, and PyYAML from 6.0.4 on has a limit of its own
            raise _too_deep(name, line) from error
        raise GraphFileError(f"this is no YAML: {words}{_advice(text, words, line)}", file=name, line=line) from error
    except yaml.YAMLError as error:  # a character that no YAML may hold
        first = str(error).partition("\n")[0]
        raise GraphFileError(f"this is no YAML: {first}", file=name) from error


def _advice(text: str, words: str, line: int) -> str:
    """What to do about the two mistakes that the words of the parser do not name."""
    if _begins_with_a_tab(text, line):
        return "; the line begins with a tab: indent it with spaces"
    if "mapping values are not allowed" in words:
        return "; the first ':' of the line is missing, or what holds another has to be in quotes"
    return ""


def _begins_with_a_tab(text: str, line: int) -> bool:
    lines = text.splitlines()
    here = lines[line - 1] if 0 < line <= len(lines) else ""
    return "\t" in here[: len(here) - len(here.lstrip())]


def _check_plain(event: Any, documents: int, name: str, line: int) -> None:
    """Refuse what is YAML and not plain."""
    words = ""
    if documents > 1:
        words = "a second document begins here; a file holds one graph"
    elif getattr(event, "anchor", None) is not None:
        words = f"{event.anchor!r} is an anchor or an alias; write the value at each place"
    elif getattr(event, "tag", None) is not None:
        words = f"the tag {event.tag!r} asks for an object; write plain texts, numbers, lists and mappings"
    if words:
        raise GraphFileError(words, file=name, line=line)


def _yaml_text(value: object) -> str:
    import yaml

    class Dumper(yaml.SafeDumper):
        """Sets in quotes also what another reader of YAML would take for a number."""

        def ignore_aliases(self, data: Any) -> bool:
            return True

    Dumper.add_implicit_resolver(
        "tag:yaml.org,2002:float", re.compile(rf"(?:{_REAL.pattern}|{_INTEGER.pattern})\Z"), list("-+0123456789.")
    )
    Dumper.add_representer(str, _quoted_where_lines_break)
    return yaml.dump(
        value, Dumper=Dumper, sort_keys=False, allow_unicode=True, default_flow_style=None, width=LINE_WIDTH
    )


def _quoted_where_lines_break(dumper: SafeDumper, text: str) -> ScalarNode:
    """A break of a line is written as an escape: each reader of YAML has its own list of what breaks one."""
    style = '"' if len(f"{text}.".splitlines()) > 1 else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


# --------------------------------------------------------------------------------------------------------------- JSON

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|[^\s{}\[\],:"]+|\n')


def _json_events(text: str, name: str) -> Iterator[_Event]:
    _check_json(text, name)
    line = 1
    for word in _WORD.findall(text):
        if word == "\n":
            line += 1
        elif word == "{":
            yield _Event(_Kind.MAPPING, line)
        elif word == "[":
            yield _Event(_Kind.LIST, line)
        elif word in "}]":
            yield _Event(_Kind.END, line)
        else:
            value = json.loads(word)
            if isinstance(value, str) and not _is_text(value):
                raise GraphFileError(f"{word:.60} is no text; {_HALF}", file=name, line=line)
            yield _Event(_Kind.SCALAR, line, value, str(value))


def _check_json(text: str, name: str) -> None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise GraphFileError(f"this is no JSON: {error.msg}", file=name, line=error.lineno) from error
    except ValueError as error:
        raise GraphFileError("this is no JSON: a number has too many digits", file=name) from error
    except RecursionError as error:
        raise _too_deep(name) from error


def _json_text(value: object, origin: Origin) -> str:
    try:
        return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    except ValueError as error:
        words = f"{error}, since JSON has no infinity; save it as YAML"
        raise GraphFileError(words, file=origin.name) from error
