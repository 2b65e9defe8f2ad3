"""The operation that makes a graph another one: what is the same in both is not touched.

What differs is found out when the edit is committed and not before, so that no other commit can come between. The
graph that is wanted is a `sketch`; `streamlib.graph.difference` compares; what is done are `operations`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from msgspec.structs import replace

from streamlib.errors import StrategyError
from streamlib.execution.strategy import SchedulingStrategy, check_strategy
from streamlib.graph.components import ComponentView, TransientMarker
from streamlib.graph.difference import ChangeKind, GraphDifference, difference
from streamlib.graph.group import GroupMember
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.outline import Outline
from streamlib.graph.property_graph import PropertyGraph
from streamlib.graph.saved_components import class_name
from streamlib.ids import LinkId, PortRef, ProcessorId
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ExecutionMode
from streamlib.processors.ports import Port
from streamlib.runtime.operations import (
    AddLink,
    AddProcessor,
    Applied,
    Attach,
    Configure,
    Detach,
    Operation,
    OrderLinks,
    RemoveLink,
    RemoveProcessor,
    ReplaceProcessors,
    UpdateLink,
    link_misfit,
    links_at,
    told,
)

PORT_TERMS = ("name", "frame_types", "schema", "audio", "delivery", "capacity", "many")
NODE_CHANGES = (ChangeKind.TYPE_CHANGED, ChangeKind.CONFIG_CHANGED, ChangeKind.ON_ERROR_CHANGED)
TERM_CHANGES = (ChangeKind.DELIVERY_CHANGED, ChangeKind.CAPACITY_CHANGED)
COMPONENT_CHANGES = (ChangeKind.DETACHED, ChangeKind.ATTACHED, ChangeKind.COMPONENT_CHANGED)


@dataclass(slots=True)
class Become:
    """Make the graph the one that is wanted.

    Attributes:
        wanted: A graph that is not run.
        difference: What was changed; before that, what would have been when it was asked for.
        operations: What was done.
    """

    wanted: PropertyGraph
    difference: GraphDifference
    operations: tuple[Operation, ...] = field(default=(), init=False)

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Change what differs.

        Raises:
            ReplaceError: A link that somebody looks on by does not fit.
        """
        before = Outline.of_graph(graph)
        self.difference = difference(before, self.wanted)
        self.operations = tuple(Steps(self.difference, graph, self.wanted))
        for operation in self.operations:
            operation.apply(graph, applied)

    def __str__(self) -> str:
        return "\n".join(told(self.operations))


class Steps:
    """The operations that a difference comes to, to be iterated over once: links and processors go before others come.

    Args:
        found: How the two graphs differ.
        graph: The graph that is changed.
        wanted: The one that it is to be.
    """

    def __init__(self, found: GraphDifference, graph: PropertyGraph, wanted: PropertyGraph) -> None:
        self._found = found
        self._graph = graph
        self._wanted = wanted

    def __iter__(self) -> Iterator[Operation]:
        replaced, configured, remade = self._sorted
        cut = [*self._links(ChangeKind.LINK_REMOVED), *self._links_of(remade)]
        cut += [link.id for link in self._looking_on(replaced) if link.id not in cut]
        yield from map(RemoveLink, dict.fromkeys(cut))
        gone = [ProcessorId(change.subject) for change in self._found.of(ChangeKind.PROCESSOR_REMOVED)]
        yield from map(RemoveProcessor, [*gone, *remade])
        yield from (Configure(node.id, node.config, self._graph.node(node.id).config) for node in configured.values())
        if replaced:
            yield ReplaceProcessors(tuple(replaced.values()))
        added = [ProcessorId(change.subject) for change in self._found.of(ChangeKind.PROCESSOR_ADDED)]
        yield from (AddProcessor(self._wanted.node(id_)) for id_ in (*remade, *added))
        made = [link for link in self._wanted.links() if link.id in cut or link.id not in self._graph]
        yield from map(AddLink, made)
        yield from self._ordered([link.id for link in made])
        terms = dict.fromkeys(change.subject for kind in TERM_CHANGES for change in self._found.of(kind))
        made_ids = {link.id for link in made}
        yield from (UpdateLink(self._wanted.link(LinkId(id_))) for id_ in terms if id_ not in made_ids)
        anew = {*remade, *added, *made_ids}
        for id_ in (*remade, *added, *(link.id for link in made)):
            yield from self._all_attached(id_)
        yield from self._attached(anew)

    @cached_property
    def _sorted(self) -> tuple[dict[str, ProcessorNode], dict[str, ProcessorNode], list[ProcessorId]]:
        """Those to be replaced, those to be configured, and those to be removed and added, since they run elsewhere."""
        replaced: dict[str, ProcessorNode] = {}
        configured: dict[str, ProcessorNode] = {}
        remade: list[ProcessorId] = []
        changed = dict.fromkeys(change.subject for kind in NODE_CHANGES for change in self._found.of(kind))
        for id_ in map(ProcessorId, changed):
            before, after = self._graph.node(id_), self._wanted.node(id_)
            if not (_runs_in_place(self._graph, before, after) and self._has_ports_of_both(before, after)):
                remade.append(id_)
            elif before.error_policy != after.error_policy or not _is_alike(before.declaration, after.declaration):
                replaced[id_] = after
            else:
                configured[id_] = replace(before, config=after.config)
        return replaced, configured, remade

    def _has_ports_of_both(self, before: ProcessorNode, after: ProcessorNode) -> bool:
        """Whether two types both have each port that is linked before or after: frames go on by it where it stays."""
        links_in = [*self._graph.links_into(before.id), *self._wanted.links_into(after.id)]
        links_out = [*self._graph.links_from(before.id), *self._wanted.links_from(after.id)]
        inputs, outputs = {link.target.port for link in links_in}, {link.source.port for link in links_out}
        both = (before.declaration, after.declaration)
        return all(inputs <= one.inputs.keys() and outputs <= one.outputs.keys() for one in both)

    def _links(self, kind: ChangeKind) -> list[LinkId]:
        return [LinkId(change.subject) for change in self._found.of(kind)]

    def _ordered(self, made: list[LinkId]) -> Iterator[Operation]:
        """What puts the links of inputs of many in the wanted order, once those that are `made` have come last."""
        wanted: dict[PortRef, list[LinkId]] = {}
        for link in self._wanted.links():
            wanted.setdefault(link.target, []).append(link.id)
        new = frozenset(made)
        for target, ids in wanted.items():
            before = links_at(self._graph, target) if target.processor_id in self._graph else []
            here = frozenset(ids)
            staying = [id_ for id_ in before if id_ in here and id_ not in new]
            if len(ids) > 1 and [*staying, *(id_ for id_ in made if id_ in here)] != ids:
                yield OrderLinks(target, tuple(ids))

    def _links_of(self, ids: list[ProcessorId]) -> list[LinkId]:
        return [link.id for id_ in ids for link in (*self._graph.links_into(id_), *self._graph.links_from(id_))]

    def _looking_on(self, replaced: dict[str, ProcessorNode]) -> Iterator[Link]:
        """The links to those who look on that no longer fit: an apply does not fail for them."""
        new = {node.id: node for node in replaced.values()}
        for id_ in new:
            for link in self._graph.links_from(id_):
                passing = self._graph.has(link.target.processor_id, TransientMarker)
                if passing and link_misfit(self._graph, link, new) is not None:
                    yield link

    def _all_attached(self, id_: str) -> Iterator[Operation]:
        """What one that is made anew has: its group, and the user's own components."""
        member = self._wanted.get(id_, GroupMember)
        if member is not None:
            yield Attach(_subject(id_), member)
        view = ComponentView(self._wanted, id_)
        yield from (Attach(_subject(id_), view[kind]) for kind in view)

    def _attached(self, anew: set[str]) -> Iterator[Operation]:
        """What is attached to, or taken off, those that stay."""
        for change in self._found.of(ChangeKind.GROUP_CHANGED):
            if change.subject in anew:
                continue
            member = self._wanted.get(change.subject, GroupMember)
            subject = _subject(change.subject)
            yield Detach(subject, GroupMember) if member is None else Attach(subject, member)
        for change in (change for kind in COMPONENT_CHANGES for change in self._found.of(kind)):
            if change.subject in anew:
                continue
            holder = self._graph if change.kind is ChangeKind.DETACHED else self._wanted
            view = ComponentView(holder, change.subject)
            kind = next(kind for kind in view if class_name(kind) == change.field)
            subject = _subject(change.subject)
            yield Detach(subject, kind) if change.kind is ChangeKind.DETACHED else Attach(subject, view[kind])


def _subject(id_: str) -> ProcessorId | LinkId:
    return LinkId(id_) if "->" in id_ else ProcessorId(id_)


def _runs_in_place(graph: PropertyGraph, before: ProcessorNode, after: ProcessorNode) -> bool:
    """Whether a processor can run where another one does; the compiler refuses it otherwise."""
    old, new = before.declaration, after.declaration
    manual = [one.execution.mode is ExecutionMode.MANUAL for one in (old, new)]
    if manual[0] != manual[1] or old.is_async != new.is_async:
        return False
    strategy = graph.get(before.id, SchedulingStrategy)
    try:
        if strategy is not None:
            check_strategy(after.id, new.execution.mode, strategy)
    except StrategyError:
        return False
    return True


def _is_alike(one: Declaration, other: Declaration) -> bool:
    """Whether two declarations are of one class and have the same ports."""
    return one.processor is other.processor and all(
        [*map(_terms, mine.values())] == [*map(_terms, yours.values())]
        for mine, yours in ((one.inputs, other.inputs), (one.outputs, other.outputs))
    )


def _terms(port: Port) -> list[object]:
    return [getattr(port, name, None) for name in PORT_TERMS]
