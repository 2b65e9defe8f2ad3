"""From the graph to the records of a file: what is not as declared, as plain values.

`graph_file.py` asks, with the graph's lock held; the other way is `file_reading.py` and `streamlib.runtime.loader`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import FieldInfo

from streamlib.graph.components import ComponentView, TransientMarker
from streamlib.graph.document import Origin
from streamlib.graph.entities import Subject
from streamlib.graph.group import all_members, member_name, outer_ports
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.plain_values import comes_back, to_plain
from streamlib.graph.property_graph import PropertyGraph
from streamlib.graph.saved import ARROW, Components, SavedGraph, SavedGroup, SavedLink, SavedProcessor, check_id
from streamlib.graph.saved_components import class_name, saved_component
from streamlib.graph.saved_ends import check_ids
from streamlib.ids import PortRef


class Saving:
    """One saving of a graph.

    Args:
        graph: The graph; its lock is held until it is done.
        without: Classes of components that are left out.
        origin: What it is called in errors.
    """

    def __init__(self, graph: PropertyGraph, without: frozenset[type[object]], origin: Origin) -> None:
        self._graph = graph
        self._without = without
        self._origin = origin
        self._members = all_members(graph)
        self._passing = frozenset(graph.query(TransientMarker))

    def saved(self) -> SavedGraph:
        """The whole graph.

        Raises:
            GraphFileError: An id, a value or a component cannot be written; the message names it.
        """
        processors: dict[str, SavedProcessor] = {}
        inside: dict[str, dict[str, SavedProcessor]] = {}
        for node in self._graph.processors():
            if node.id in self._passing:
                continue
            saved = saved_processor(node, self._components(node.id), self._origin)
            member = self._members.get(node.id)
            if member is None:
                processors[node.id] = saved
            else:
                inside.setdefault(member.group, {})[member_name(member.group, node.id)] = saved
        links: list[SavedLink] = []
        joints: dict[str, list[SavedLink]] = {}
        for link in self._graph.links():
            if link.source.processor_id in self._passing or link.target.processor_id in self._passing:
                continue
            group = self._common_group(link)
            (links if group is None else joints.setdefault(group, [])).append(self._link(link, group))
        groups = {id_: self._group(id_, own, joints.get(id_, [])) for id_, own in inside.items()}
        check_ids(processors, groups, self._origin)
        return SavedGraph(processors, groups, tuple(links))

    def _components(self, subject: Subject) -> Components:
        return saved_components(self._graph, subject, self._without, self._origin)

    def _common_group(self, link: Link) -> str | None:
        source, target = (self._members.get(end.processor_id) for end in (link.source, link.target))
        return source.group if source and target and source.group == target.group else None

    def _link(self, link: Link, group: str | None) -> SavedLink:
        if group is None:
            ends = self._outer_end(link.source, "outputs"), self._outer_end(link.target, "inputs")
        else:
            ends = member_name(group, str(link.source)), member_name(group, str(link.target))
        return saved_link(ends, link, self._components(link.id))

    def _outer_end(self, port: PortRef, side: str) -> str:
        """How the outside calls a port: a group's own by its name there."""
        member = self._members.get(port.processor_id)
        offered: Mapping[str, str] = getattr(member, side) if member is not None else {}
        name = next((outer for outer, own in offered.items() if own == port.port), None)
        return str(port) if member is None or name is None else f"{member.group}.{name}"

    def _group(self, id_: str, processors: dict[str, SavedProcessor], links: list[SavedLink]) -> SavedGroup:
        check_id(id_, self._origin)
        own = {one: member for one, member in self._members.items() if member.group == id_}
        inputs, outputs = outer_ports(own)
        return SavedGroup(
            processors=processors,
            links=tuple(links),
            inputs={outer: member_name(id_, str(port)) for outer, port in inputs.items()},
            outputs={outer: member_name(id_, str(port)) for outer, port in outputs.items()},
        )


def saved_processor(node: ProcessorNode, components: Components, origin: Origin) -> SavedProcessor:
    """A processor with what it was told beyond the defaults.

    Raises:
        GraphFileError: Its id or a value of its config cannot be written; the message names it.
    """
    check_id(node.id, origin)
    config = _saved_config(node, origin)
    return SavedProcessor(type=node.processor_type, config=config, on_error=node.error_policy, components=components)


def _saved_config(node: ProcessorNode, origin: Origin) -> dict[str, Any]:
    """The fields that are not as declared."""
    saved: dict[str, Any] = {}
    for name, declared in node.declaration.config.fields.items():
        value = getattr(node.config, name)
        if is_default(value, declared):
            continue
        path = ("processors", node.id, "config", name)
        try:
            saved[name] = to_plain(value)
        except ValueError as error:
            raise origin.error(path, f"{error}; give it to the processor in Python") from error
        if not comes_back(value, saved[name], declared.type):
            words = f"{value!r:.60} would not come back from a file as it is; annotate the field with its type"
            raise origin.error(path, words)
    return saved


def is_default(value: object, declared: FieldInfo) -> bool:
    """Whether a field's value is as declared."""
    default = declared.default_factory() if declared.default_factory is not msgspec.NODEFAULT else declared.default
    return type(value) is type(default) and bool(value == default)


def saved_link(ends: tuple[str, str], link: Link, components: Components) -> SavedLink:
    """A link, with both ports named, and what it overrides."""
    return SavedLink(
        link=f" {ARROW} ".join(ends),
        delivery=link.delivery,
        capacity=link.capacity,
        components=components,
    )


def saved_components(
    graph: PropertyGraph, subject: Subject, left_out: frozenset[type[object]], origin: Origin
) -> Components:
    """The user's own components of a processor or link.

    Raises:
        GraphFileError: One cannot be saved; the message names it.
    """
    view = ComponentView(graph, subject)
    saved: Components = {}
    for kind in view:
        if kind in left_out:
            continue
        name = class_name(kind)
        try:
            saved[name] = saved_component(view[kind])
        except ValueError as error:
            words = f"the component {name} of {subject} cannot be saved: {error}; change that, or leave it out"
            raise origin.error((), f"{words} with without=[{kind.__name__}]") from error
    return saved
