"""What has to change so that one graph is another: pure, as data and as readable text.

    + small: H264Encoder, bitrate=300000
    - blur
    ~ encoder: bitrate 300000 -> 500000
    ~ encoder.packets -> writer.video: capacity 16 -> as declared

Two outlines come in (`outline.py`). `streamlib.runtime.becoming` makes an edit of what comes out.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from functools import singledispatch

from streamlib.graph.config_words import shown
from streamlib.graph.graph_file import GraphFile
from streamlib.graph.group import GroupMember
from streamlib.graph.outline import Outline, OutlinedLink, OutlinedProcessor
from streamlib.graph.plain_values import to_plain
from streamlib.graph.property_graph import PropertyGraph


class Unset(Enum):
    """What a setting is that was not given."""

    AS_DECLARED = "as declared"


AS_DECLARED = Unset.AS_DECLARED


class ChangeKind(StrEnum):
    """What is done to a processor or link."""

    PROCESSOR_REMOVED = "processor removed"
    LINK_REMOVED = "link removed"
    TYPE_CHANGED = "type changed"
    CONFIG_CHANGED = "config changed"
    ON_ERROR_CHANGED = "on_error changed"
    PROCESSOR_ADDED = "processor added"
    GROUP_CHANGED = "group changed"
    LINK_ADDED = "link added"
    LINK_MOVED = "link moved"
    DELIVERY_CHANGED = "delivery changed"
    CAPACITY_CHANGED = "capacity changed"
    ATTACHED = "attached"
    DETACHED = "detached"
    COMPONENT_CHANGED = "component changed"


@dataclass(frozen=True, slots=True)
class GraphChange:
    """One change.

    Attributes:
        kind: What is done.
        subject: The id of the processor or link.
        field: The field of the config, or the class of the component.
        before: The value there was; AS_DECLARED where it was not given. Of a link that moved: its place among the links
            of its input, from 0.
        after: The value there will be, likewise.
    """

    kind: ChangeKind
    subject: str
    field: str = ""
    before: object = AS_DECLARED
    after: object = AS_DECLARED

    def to_plain(self) -> dict[str, object]:
        """As texts, numbers, lists and mappings; a value that was not given is left out."""
        values = {"before": self.before, "after": self.after}
        return {
            "change": str(self.kind),
            "subject": self.subject,
            **({"field": self.field} if self.field else {}),
            **{name: _plain(value) for name, value in values.items() if value is not AS_DECLARED},
        }

    @property
    def sign(self) -> str:
        """`+` for what comes, `-` for what goes, `~` for what is changed."""
        if self.kind in {ChangeKind.PROCESSOR_ADDED, ChangeKind.LINK_ADDED}:
            return "+"
        return "-" if self.kind in {ChangeKind.PROCESSOR_REMOVED, ChangeKind.LINK_REMOVED} else "~"

    def __str__(self) -> str:
        return f"{self.sign} {self.subject.replace('->', ' -> ')}{_said(self)}"


@dataclass(frozen=True, slots=True)
class GraphDifference:
    """All that has to change, in an order in which it could be done; none where two graphs are the same."""

    changes: tuple[GraphChange, ...] = ()

    def of(self, kind: ChangeKind | str) -> tuple[GraphChange, ...]:
        """The changes of one kind."""
        wanted = ChangeKind(kind)
        return tuple(change for change in self.changes if change.kind is wanted)

    def to_plain(self) -> list[dict[str, object]]:
        """As texts, numbers, lists and mappings, an entry for each change."""
        return [change.to_plain() for change in self.changes]

    def __bool__(self) -> bool:
        return bool(self.changes)

    def __str__(self) -> str:
        return "\n".join(map(str, self.changes)) or "nothing changes"


def difference(
    before: Outline | GraphFile | PropertyGraph, after: Outline | GraphFile | PropertyGraph
) -> GraphDifference:
    """What has to change in the one so that it is the other.

    A file is taken as it is written: `a -> b` is another link there than `a.out -> b.in`. `runtime.diff` and
    `streamlib diff` look the ports up.
    """
    return GraphDifference(tuple(_changes(_outline(before), _outline(after))))


@singledispatch
def _outline(graph: Outline | GraphFile | PropertyGraph) -> Outline:
    assert isinstance(graph, Outline)
    return graph


_outline.register(GraphFile, Outline.of_file)
_outline.register(PropertyGraph, Outline.of_graph)


def _changes(before: Outline, after: Outline) -> Iterator[GraphChange]:
    for id_, link in before.links.items():
        if id_ not in after.links:
            yield GraphChange(ChangeKind.LINK_REMOVED, id_, before=_link_record(link))
    for id_, processor in before.processors.items():
        if id_ not in after.processors:
            yield GraphChange(ChangeKind.PROCESSOR_REMOVED, id_, before=_record(processor))
    for id_, processor in after.processors.items():
        if id_ in before.processors:
            yield from _processor_changes(id_, before.processors[id_], processor)
        else:
            yield GraphChange(ChangeKind.PROCESSOR_ADDED, id_, after=_record(processor))
    moved = _moved(before.links, after.links)
    for id_, link in after.links.items():
        if id_ in moved:
            yield GraphChange(ChangeKind.LINK_MOVED, id_, "", *moved[id_])
        if id_ in before.links:
            yield from _link_changes(id_, before.links[id_], link)
        else:
            yield GraphChange(ChangeKind.LINK_ADDED, id_, after=_link_record(link))


def _processor_changes(id_: str, before: OutlinedProcessor, after: OutlinedProcessor) -> Iterator[GraphChange]:
    if before.type != after.type:
        yield GraphChange(ChangeKind.TYPE_CHANGED, id_, before=before.type, after=after.type)
    for name in dict.fromkeys([*before.config, *after.config]):
        old, new = before.config.get(name, AS_DECLARED), after.config.get(name, AS_DECLARED)
        if not _same(old, new):
            yield GraphChange(ChangeKind.CONFIG_CHANGED, id_, name, old, new)
    if before.on_error != after.on_error:
        values = before.on_error or AS_DECLARED, after.on_error or AS_DECLARED
        yield GraphChange(ChangeKind.ON_ERROR_CHANGED, id_, "", *values)
    if before.member != after.member:
        members = before.member or AS_DECLARED, after.member or AS_DECLARED
        yield GraphChange(ChangeKind.GROUP_CHANGED, id_, "", *members)
    yield from _component_changes(id_, before.components, after.components)


def _link_changes(id_: str, before: OutlinedLink, after: OutlinedLink) -> Iterator[GraphChange]:
    if before.delivery != after.delivery:
        values = before.delivery or AS_DECLARED, after.delivery or AS_DECLARED
        yield GraphChange(ChangeKind.DELIVERY_CHANGED, id_, "", *values)
    if before.capacity != after.capacity:
        numbers = before.capacity or AS_DECLARED, after.capacity or AS_DECLARED
        yield GraphChange(ChangeKind.CAPACITY_CHANGED, id_, "", *numbers)
    yield from _component_changes(id_, before.components, after.components)


def _component_changes(id_: str, before: Mapping[str, object], after: Mapping[str, object]) -> Iterator[GraphChange]:
    for name in before:
        if name not in after:
            yield GraphChange(ChangeKind.DETACHED, id_, name, before=before[name])
    for name, fields in after.items():
        if name not in before:
            yield GraphChange(ChangeKind.ATTACHED, id_, name, after=fields)
        elif not _same(before[name], fields):
            yield GraphChange(ChangeKind.COMPONENT_CHANGED, id_, name, before[name], fields)


def _moved(before: Mapping[str, OutlinedLink], after: Mapping[str, OutlinedLink]) -> Mapping[str, tuple[int, int]]:
    """The links that go to another place of an input of many, with that place before and after, from 0.

    As few of them as will do: the others stand in the wanted order among themselves already.
    """
    moved: dict[str, tuple[int, int]] = {}
    old, new = _by_target(before), _by_target(after)
    for target, ids in new.items():
        places = {id_: place for place, id_ in enumerate(old.get(target, ()))}
        present = [id_ for id_ in ids if id_ in places]
        stay = _longest_rise([places[id_] for id_ in present])
        moved |= {id_: (places[id_], ids.index(id_)) for id_ in present if places[id_] not in stay}
    return moved


def _by_target(links: Mapping[str, OutlinedLink]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for id_, link in links.items():
        found.setdefault(link.target, []).append(id_)
    return found


def _longest_rise(numbers: list[int]) -> frozenset[int]:
    """The most of some numbers, all different, that stand in rising order."""
    ends: list[int] = []  # of the rises of each length so far, the one that ends lowest
    came_behind: dict[int, int | None] = {}
    for number in numbers:
        at = bisect_left(ends, number)
        came_behind[number] = ends[at - 1] if at else None
        ends[at : at + 1] = [number]
    rise: list[int] = []
    here = ends[-1] if ends else None
    while here is not None:
        rise.append(here)
        here = came_behind[here]
    return frozenset(rise)


def _same(one: object, other: object) -> bool:
    """Whether two values are the same in a file: 1 and 1.0 are not, and a NaN is what it is."""
    if one is other:
        return True
    try:
        return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    except (TypeError, ValueError):  # no plain value
        return type(one) is type(other) and bool(one == other)


# --------------------------------------------------------------------------------------------------------------- words


def _record(processor: OutlinedProcessor) -> dict[str, object]:
    """What there is to say of one that comes or goes."""
    said = {"config": processor.config, "on_error": processor.on_error, "components": processor.components}
    return {"type": processor.type, **{key: value for key, value in said.items() if value}}


def _link_record(link: OutlinedLink) -> dict[str, object]:
    said = {"delivery": link.delivery, "capacity": link.capacity, "components": link.components}
    return {key: value for key, value in said.items() if value}


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(inside) for key, inside in value.items()}
    try:
        return to_plain(value)
    except ValueError:
        return repr(value)


def _said(change: GraphChange) -> str:
    before, after = _words(change.before), _words(change.after)
    match change.kind:
        case ChangeKind.PROCESSOR_ADDED | ChangeKind.LINK_ADDED:
            return _listed(change.after)
        case ChangeKind.PROCESSOR_REMOVED | ChangeKind.LINK_REMOVED:
            return ""
        case ChangeKind.TYPE_CHANGED:
            return f": type {change.before} -> {change.after}"
        case ChangeKind.LINK_MOVED:
            return f": place {before} -> {after} among the links of its input"
        case ChangeKind.ATTACHED:
            return f": {change.field} {after} attached"
        case ChangeKind.DETACHED:
            return f": {change.field} {before} detached"
        case ChangeKind.CONFIG_CHANGED | ChangeKind.COMPONENT_CHANGED:
            return f": {change.field} {before} -> {after}"
        case _:
            return f": {change.kind.removesuffix(' changed')} {before} -> {after}"


def _words(value: object) -> str:
    if value is AS_DECLARED:
        return "as declared"
    if isinstance(value, GroupMember):
        ports = [*value.inputs, *value.outputs]
        return f"{value.group} with {', '.join(ports)}" if ports else value.group
    return shown(value)


def _listed(record: object) -> str:
    assert isinstance(record, Mapping)
    said = [str(record["type"])] if "type" in record else []
    said += [f"{name}={_words(value)}" for name, value in record.get("config", {}).items()]
    said += [f"{name} {record[name]}" for name in ("on_error", "delivery", "capacity") if name in record]
    said += [f"with {name}" for name in record.get("components", {})]
    return f": {', '.join(said)}" if said else ""
