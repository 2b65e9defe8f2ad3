"""What a graph consists of, in a form in which two can be compared: of a graph, or of what a file says.

Settings that are as declared are left out, groups are dissolved into their members, and links are known by their
ports. A file as it is written may name a default, and not name a port; loaded into a graph it is like any other, and
that is how a runtime compares.
`difference.py` compares two outlines. Nothing here runs, and nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self

from streamlib.graph.components import ComponentView, TransientMarker
from streamlib.graph.entities import Subject
from streamlib.graph.file_saving import is_default
from streamlib.graph.graph_file import GraphFile
from streamlib.graph.group import GroupMember, all_members, member_id
from streamlib.graph.node import ProcessorNode
from streamlib.graph.plain_values import to_plain
from streamlib.graph.property_graph import PropertyGraph
from streamlib.graph.saved import SavedEnd, SavedGroup, SavedLink, SavedProcessor
from streamlib.graph.saved_components import class_name, saved_component
from streamlib.graph.saved_ends import Groups, inner_end
from streamlib.links.delivery import Delivery
from streamlib.processors.execution_mode import ErrorPolicy

Values = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class OutlinedProcessor:
    """A processor: its type, what it was told beyond the defaults, what is attached to it, and its group."""

    type: str
    config: Values = field(default_factory=dict)
    on_error: ErrorPolicy | None = None
    components: Values = field(default_factory=dict)
    member: GroupMember | None = None


@dataclass(frozen=True, slots=True)
class OutlinedLink:
    """A link: its ends, `reader.video` or where no port is known `reader`, and what it overrides."""

    source: str
    target: str
    delivery: Delivery | None = None
    capacity: int | None = None
    components: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outline:
    """A graph at one moment.

    Attributes:
        processors: By their ids, members of groups too, in the order in which they came.
        links: By their ids, in the order in which they came.
    """

    processors: Mapping[str, OutlinedProcessor] = field(default_factory=dict)
    links: Mapping[str, OutlinedLink] = field(default_factory=dict)

    @classmethod
    def of_graph(cls, graph: PropertyGraph) -> Self:
        """A graph as it is now, without what serves those who look on."""
        with graph.lock:
            passing = frozenset(graph.query(TransientMarker))
            members = all_members(graph)
            processors = {
                str(node.id): _outlined_node(graph, node, members.get(node.id))
                for node in graph.processors()
                if node.id not in passing
            }
            links = {
                str(link.id): OutlinedLink(
                    str(link.source), str(link.target), link.delivery, link.capacity, _components(graph, link.id)
                )
                for link in graph.links()
                if link.source.processor_id not in passing and link.target.processor_id not in passing
            }
        return cls(processors, links)

    @classmethod
    def of_file(cls, file: GraphFile) -> Self:
        """A file as it is written; what its types declare is not asked for."""
        processors = {id_: _outlined(saved, None) for id_, saved in file.processors.items()}
        links: dict[str, OutlinedLink] = {}
        for group, saved in file.groups.items():
            for name, inside in saved.processors.items():
                processors[member_id(group, name)] = _outlined(inside, _member(group, name, saved))
            for link in saved.links:
                source, target = (SavedEnd(member_id(group, end.processor_id), end.port) for end in link.ends)
                _add(links, source, target, link)
        for link in file.links:
            source, target = link.ends
            _add(links, _inside(source, file.groups, "outputs"), _inside(target, file.groups, "inputs"), link)
        return cls(processors, links)


def _outlined_node(graph: PropertyGraph, node: ProcessorNode, member: GroupMember | None) -> OutlinedProcessor:
    config = {
        name: _plain(value)
        for name, declared in node.declaration.config.fields.items()
        if not is_default(value := getattr(node.config, name), declared)
    }
    return OutlinedProcessor(node.processor_type, config, node.error_policy, _components(graph, node.id), member)


def _components(graph: PropertyGraph, subject: Subject) -> Values:
    view = ComponentView(graph, subject)
    return {class_name(kind): _saved_or_itself(view[kind]) for kind in view}


def _plain(value: object) -> object:
    """What a file would hold of it; itself where no file can, so that it is still told from another."""
    try:
        return to_plain(value)
    except ValueError:
        return value


def _saved_or_itself(component: object) -> object:
    try:
        return saved_component(component)
    except ValueError:
        return component


def _outlined(saved: SavedProcessor, member: GroupMember | None) -> OutlinedProcessor:
    return OutlinedProcessor(saved.type, saved.config, saved.on_error, saved.components, member)


def _member(group: str, name: str, saved: SavedGroup) -> GroupMember:
    return GroupMember(group, dict(_own_ports(name, saved.inputs)), dict(_own_ports(name, saved.outputs)))


def _own_ports(name: str, offered: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for outer, text in offered.items():
        end = SavedEnd.parse(text)
        if end.processor_id == name:
            yield outer, end.port or ""


def _inside(end: SavedEnd, groups: Groups, side: str) -> SavedEnd:
    return inner_end(end, groups, side) or end


def _add(links: dict[str, OutlinedLink], source: SavedEnd, target: SavedEnd, saved: SavedLink) -> None:
    from_, to = _written(source), _written(target)
    id_, number = f"{from_}->{to}", 1
    while id_ in links:  # two links of which no port is said
        number += 1
        id_ = f"{from_}->{to}#{number}"
    links[id_] = OutlinedLink(from_, to, saved.delivery, saved.capacity, saved.components)


def _written(end: SavedEnd) -> str:
    return end.processor_id if end.port is None else f"{end.processor_id}.{end.port}"
