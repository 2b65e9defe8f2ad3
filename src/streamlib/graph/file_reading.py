"""From the plain values of a file to its records, checked as far as the text alone can tell: form, ids, circles.

Every error says file, line and field, and the nearest that is known. `document.py` has the values and their lines;
what needs the types of processors is checked when `streamlib.runtime.loader` adds them.
"""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import UNSET
from msgspec.structs import FieldInfo

from streamlib.errors import nearest
from streamlib.graph.document import Document, Origin
from streamlib.graph.document import Path as FieldPath
from streamlib.graph.saved import ARROW, VERSION, SavedGraph, SavedGroup, SavedLink, SavedProcessor, check_id
from streamlib.graph.saved_ends import Ends, check_circles, check_ends, check_group, check_ids
from streamlib.processors.conversion import convert, reason, type_words

_HEAD = ("streamlib", "processors", "groups", "links")
_MAPPINGS = {
    "config": "a mapping from fields to values",
    "components": "a mapping from classes, module:Name, to mappings of their fields",
}
S = TypeVar("S", bound=msgspec.Struct)


def read_saved(document: Document) -> SavedGraph:
    """The records of a document.

    Raises:
        GraphFileError: It says something wrong; the message has line and field.
    """
    _check_head(document)
    head, origin = cast("dict[str, Any]", document.value), document.origin
    processors = _read_processors(head.get("processors"), (), origin)
    groups = _read_groups(head.get("groups"), origin)
    links = _read_links(head.get("links"), (), origin)
    check_ids(processors, groups, origin)
    check_ends(processors, groups, links, Ends(origin))
    check_circles(groups, links, origin)
    return SavedGraph(processors, groups, links)


def _check_head(document: Document) -> None:
    head, origin = document.value, document.origin
    if not isinstance(head, dict):
        raise origin.error((), f"a graph file begins with 'streamlib: {VERSION}'; this one is {_words(head)}")
    version = head.get("streamlib", UNSET)
    if version is UNSET:
        unknown = "".join(f"; {key!r} is none of its keys" for key in head if key not in _HEAD)
        raise origin.error((), f"its version is missing; begin it with 'streamlib: {VERSION}'{unknown}")
    if type(version) is not int or version != VERSION:
        words = f"{version!r} is a version that this streamlib does not read; it reads {VERSION}"
        raise origin.error(("streamlib",), words)
    for key in head:
        if key not in _HEAD:
            raise origin.error((key,), f"a graph file has no {key!r}; {nearest(key, _HEAD)}")


def _read_processors(value: object, at: FieldPath, origin: Origin) -> dict[str, SavedProcessor]:
    hint = "; what the processor is told stands under config"
    entries = _read_mapping(value, (*at, "processors"), origin)
    return {
        id_: _entry(SavedProcessor, entry, (*at, "processors", id_), origin, "a processor", hint)
        for id_, entry in entries.items()
    }


def _read_groups(value: object, origin: Origin) -> dict[str, SavedGroup]:
    entries = _read_mapping(value, ("groups",), origin)
    return {id_: _read_group(id_, entry, origin) for id_, entry in entries.items()}


def _read_group(id_: str, value: object, origin: Origin) -> SavedGroup:
    path = ("groups", id_)
    known = [one.name for one in msgspec.structs.fields(SavedGroup)]
    if not isinstance(value, dict):
        raise origin.error(path, f"a group is a mapping with {', '.join(known)}; got {_words(value)}")
    for key in value:
        if key not in known:
            raise origin.error((*path, key), f"a group has no {key!r}; {nearest(key, known)}")
    read = SavedGroup(
        processors=_read_processors(value.get("processors"), path, origin),
        links=_read_links(value.get("links"), path, origin),
        inputs=_read_ports(value.get("inputs"), (*path, "inputs"), origin),
        outputs=_read_ports(value.get("outputs"), (*path, "outputs"), origin),
    )
    if not read.processors:
        raise origin.error(path, "a group has one processor or more; add one, or leave the group out")
    check_group(id_, read, origin)
    return read


def _read_ports(value: object, path: FieldPath, origin: Origin) -> dict[str, str]:
    if value is None:
        return {}
    try:
        return cast("dict[str, str]", convert(value, dict[str, str]))
    except msgspec.ValidationError as error:
        words = f"a mapping from names to member.port is expected; {reason(error, dict[str, str], value)}"
        raise origin.error(path, words) from error


def _read_mapping(value: object, path: FieldPath, origin: Origin) -> dict[str, object]:
    """What stands under its ids."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise origin.error(path, f"expected a mapping from ids to {path[-1]}, got {_words(value)}")
    for id_ in value:
        check_id(id_, origin, (*path, id_))
    return value


def _read_links(value: object, at: FieldPath, origin: Origin) -> tuple[SavedLink, ...]:
    path = (*at, "links")
    if value is None:
        return ()
    if not isinstance(value, list):
        words = f"expected a list of links, each 'processor.output {ARROW} processor.input'; got {_words(value)}"
        raise origin.error(path, words)
    return tuple(_read_link(entry, (*path, index), origin) for index, entry in enumerate(value))


def _read_link(entry: object, path: FieldPath, origin: Origin) -> SavedLink:
    given = {"link": entry} if isinstance(entry, str) else entry
    read = _entry(SavedLink, given, path, origin, "a link", f"; or write it as a text, a.output {ARROW} b.input")
    return msgspec.structs.replace(read, link=f" {ARROW} ".join(end.strip() for end in read.link.split(ARROW)))


def _entry(kind: type[S], value: object, path: FieldPath, origin: Origin, what: str, hint: str) -> S:
    """A processor or a link, checked field by field; a field without a value is as if it was left out."""
    known = _fields(kind)
    if not isinstance(value, dict):
        raise origin.error(path, f"{what} is a mapping with {', '.join(known)}; got {_words(value)}{hint}")
    read: dict[str, Any] = {}
    for name, given in value.items():
        if name not in known:
            raise origin.error((*path, name), f"{what} has no {name!r}; {nearest(name, known)}{hint}")
        if given is None and not known[name].required:
            continue
        try:
            read[name] = convert(given, known[name].type)
        except msgspec.ValidationError as error:
            raise origin.error((*path, name), _reason(name, error, known[name], given)) from error
    missing = next((name for name, one in known.items() if one.required and name not in read), None)
    if missing is not None:
        raise origin.error(path, f"{what} needs a {missing}{hint}")
    return kind(**read)


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, FieldInfo]:
    """The fields of a record; msgspec works them out anew at each call, and a file may have 50,000 processors."""
    return {one.name: one for one in msgspec.structs.fields(kind)}


def _reason(name: str, error: msgspec.ValidationError, declared: FieldInfo, given: object) -> str:
    if name == "link" and isinstance(given, str):
        return f"{given!r} is no link; write processor.output {ARROW} processor.input, or without the ports"
    if name in _MAPPINGS:
        return f"expected {_MAPPINGS[name]}; given {given!r:.60}"
    return reason(error, declared.type, given)


def _words(value: object) -> str:
    if value is None:
        return "empty"
    return f"{'a mapping' if isinstance(value, dict) else type_words(type(value))} ({value!r:.40})"
