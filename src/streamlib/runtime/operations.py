"""The changes that an edit is made of: what each does to the graph, and what takes it back.

Applying one notes two ways back: `undo`, for a commit that fails, brings back the very entities; `inverse`, for
`runtime.undo`, are operations like any other. `edit` collects operations, `committer` applies them; nothing here knows
what runs. Printed, an operation says what it does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
from msgspec.structs import replace

from streamlib.errors import ConfigError, ReplaceError
from streamlib.events.event import Event
from streamlib.events.graph import (
    GraphDidAddProcessor,
    GraphDidCreateLink,
    GraphDidRemoveLink,
    GraphDidRemoveProcessor,
    GraphDidReplaceProcessor,
    GraphDidUpdateLink,
    GraphWillAddProcessor,
    GraphWillCreateLink,
    GraphWillRemoveLink,
    GraphWillRemoveProcessor,
    GraphWillReplaceProcessor,
    GraphWillUpdateLink,
)
from streamlib.graph import Entity, config_words
from streamlib.graph.components import LAST_FIGURES, RUNNING_COMPONENTS, TransientMarker
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, PortRef, ProcessorId
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.ports import misfit
from streamlib.states import ProcessorState


def _nobody_listens(event: Event) -> None:
    """What is only tried is no event."""
    del event


@dataclass(slots=True)
class Applied:
    """What applying operations has done to the graph so far: what to undo, and what to tell.

    Attributes:
        undo: Called last first, takes it back out of the graph as if it had never been.
        inverse: For each operation those that take it back, to be carried out last first.
        did: What to tell when it is committed.
        removed_processors: The entities of those that are no longer in the graph.
        removed_links: As above.
        restarted: Who is to be made anew though nothing of it has changed.
        moved: Links whose inputs are to be arranged anew: one for each input.
        stands: Whether it is not taken back any more, whatever may come.
    """

    publish: Callable[[Event], None] = _nobody_listens
    undo: list[Callable[[], object]] = field(default_factory=list)
    inverse: list[tuple[Operation, ...]] = field(default_factory=list)
    did: list[Event] = field(default_factory=list)
    removed_processors: list[Entity] = field(default_factory=list)
    removed_links: list[Entity] = field(default_factory=list)
    restarted: list[ProcessorId] = field(default_factory=list)
    moved: list[LinkId] = field(default_factory=list)
    stands: bool = False

    def note_undo(self, undo: Callable[[], object], *inverse: Operation) -> None:
        """Note what takes an operation back, either way."""
        self.undo.append(undo)
        self.inverse.append(inverse)

    def note_added(self, graph: PropertyGraph, id_: ProcessorId | LinkId) -> None:
        """Note that somebody came into the graph: with those right before him, so that very many need little memory."""
        last = self.undo[-1] if self.undo else None
        if not isinstance(last, _Uproot) or last.graph is not graph:
            last = _Uproot(graph, RemoveAdded([]))
            self.note_undo(last, last.added)
        last.added.ids.append(id_)

    def way_back(self) -> list[Operation]:
        """The operations that take all of it back, in their order."""
        return [operation for operations in reversed(self.inverse) for operation in operations]

    def take_back(self) -> None:
        """Have the graph as it was before; what is taken back already stays so."""
        while self.undo:
            self.undo.pop()()


class Operation(Protocol):
    """One change of a graph."""

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Make the change, and note how to take it back and what to tell when it is committed."""
        ...


class AddProcessor(msgspec.Struct, frozen=True):
    """Take a processor in."""

    node: ProcessorNode

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Add it to the graph."""
        id_, type_ = self.node.id, self.node.processor_type
        applied.publish(GraphWillAddProcessor(processor_id=id_, processor_type=type_))
        graph.add_processor(self.node)
        applied.note_added(graph, id_)
        applied.did.append(GraphDidAddProcessor(processor_id=id_, processor_type=type_))

    def __str__(self) -> str:
        return f"add {self.node.id} ({_described(self.node)})"


class RemoveProcessor(msgspec.Struct, frozen=True):
    """Let a processor go, and its links with it."""

    id: ProcessorId

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Remove it from the graph."""
        applied.publish(GraphWillRemoveProcessor(processor_id=self.id))
        for link in (*graph.links_into(self.id), *graph.links_from(self.id)):
            RemoveLink(link.id).apply(graph, applied)
        way_back = _lasting(graph, self.id, AddProcessor(graph.node(self.id)), *_attached(graph, self.id))
        entity = graph.remove_processor(self.id)
        applied.removed_processors.append(entity)
        applied.undo.append(lambda: graph.restore_processor(entity))
        applied.inverse.append(way_back)
        applied.did.append(GraphDidRemoveProcessor(processor_id=self.id))

    def __str__(self) -> str:
        return f"remove {self.id}"


@dataclass(frozen=True, slots=True)
class ReplaceProcessor:
    """Put a processor of another type in the place of one; the id, the links and all that is attached stay."""

    node: ProcessorNode

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Exchange the node in the graph.

        Raises:
            ReplaceError: A link of the one that is there does not fit the new one.
        """
        ReplaceProcessors((self.node,)).apply(graph, applied)

    def __str__(self) -> str:
        said = config_words.told(self.node.config, self.node.declaration.config)
        return f"replace {self.node.id} by {self.node.processor_type}{said and f' ({said})'}"


@dataclass(frozen=True, slots=True)
class ReplaceProcessors:
    """Put several in the place of others at once, so that links between them need to fit at the end alone."""

    nodes: tuple[ProcessorNode, ...]

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Exchange the nodes in the graph.

        Raises:
            ReplaceError: A link of one that is there does not fit the new one.
        """
        _check_links(graph, {node.id: node for node in self.nodes})
        before: list[ProcessorNode] = []
        applied.undo.append(lambda: [graph.exchange(node) for node in before])
        for node in self.nodes:
            id_, type_ = node.id, node.processor_type
            applied.publish(GraphWillReplaceProcessor(processor_id=id_, processor_type=type_))
            before.append(graph.exchange(replace(node, generation=graph.new_generation())))
            applied.did.append(GraphDidReplaceProcessor(processor_id=id_, processor_type=type_))
        lasting = tuple(node for node in before if not _is_passing(graph, node.id))
        applied.inverse.append((ReplaceProcessors(lasting),) if lasting else ())

    def __str__(self) -> str:
        return "\n".join(str(ReplaceProcessor(node)) for node in self.nodes)


class AddLink(msgspec.Struct, frozen=True):
    """Join two ports.

    Attributes:
        link: The link.
        place: Where it stands among the links of the graph, for one that had been there; None is behind them all.
    """

    link: Link
    place: int | None = None

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Add the link to the graph."""
        link = self.link
        applied.publish(GraphWillCreateLink(link_id=link.id, source=link.source, target=link.target))
        graph.add_link(link, self.place)
        applied.note_added(graph, link.id)
        applied.did.append(GraphDidCreateLink(link_id=link.id, source=link.source, target=link.target))

    def __str__(self) -> str:
        return f"connect {self.link.id}{_terms(self.link)}"


class RemoveLink(msgspec.Struct, frozen=True):
    """Part two ports."""

    id: LinkId

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Remove the link from the graph."""
        applied.publish(GraphWillRemoveLink(link_id=self.id))
        back = AddLink(graph.link(self.id), graph.place_of(self.id))
        way_back = _lasting(graph, self.id, back, *_attached(graph, self.id))
        entity = graph.remove_link(self.id)
        applied.removed_links.append(entity)
        applied.undo.append(lambda: graph.restore_link(entity))
        applied.inverse.append(way_back)
        applied.did.append(GraphDidRemoveLink(link_id=self.id))

    def __str__(self) -> str:
        return f"disconnect {self.id}"


@dataclass(frozen=True, slots=True)
class RemoveAdded:
    """Let go of processors and links that came one after the other: the last first.

    Attributes:
        ids: Theirs, in the order in which they came.
    """

    ids: list[ProcessorId | LinkId]

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Remove them from the graph."""
        for one in self.each():
            one.apply(graph, applied)

    def each(self) -> Iterator[RemoveProcessor | RemoveLink]:
        """What it does, one by one."""
        for id_ in reversed(self.ids):
            yield RemoveLink(LinkId(id_)) if "->" in id_ else RemoveProcessor(ProcessorId(id_))

    def __str__(self) -> str:
        return "\n".join(map(str, self.each()))


@dataclass(frozen=True, slots=True)
class UpdateLink:
    """Give a link another capacity or delivery."""

    link: Link

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Exchange the link's record in the graph."""
        applied.publish(GraphWillUpdateLink(link_id=self.link.id))
        before = graph.exchange_link(self.link)
        applied.undo.append(lambda: graph.exchange_link(before))
        applied.inverse.append(_lasting(graph, before.id, UpdateLink(before)))
        link = self.link
        applied.did.append(GraphDidUpdateLink(link_id=link.id, delivery=link.delivery, capacity=link.capacity))

    def __str__(self) -> str:
        return f"update {self.link.id}{_terms(self.link) or ': as declared'}"


@dataclass(frozen=True, slots=True)
class OrderLinks:
    """Have the links of an input of many stand in another order.

    Attributes:
        target: The input.
        ids: Its links, in the order in which they shall stand.
    """

    target: PortRef
    ids: tuple[LinkId, ...]

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Have them stand so in the graph, at the places that they have among the links of others."""
        before = links_at(graph, self.target)
        there = frozenset(before)
        wanted = dict.fromkeys([*(id_ for id_ in self.ids if id_ in there), *before])
        places = [graph.place_of(id_) for id_ in before]
        moved = {id_: place for id_, place, was in zip(wanted, places, before, strict=True) if id_ != was}
        back = graph.rearrange_links(moved)
        applied.moved += [*moved][:1]  # with one that moves, the whole input is arranged anew
        applied.undo.append(lambda: graph.rearrange_links(back))
        applied.inverse.append((OrderLinks(self.target, tuple(before)),))

    def __str__(self) -> str:
        return f"order the links into {self.target}: {', '.join(id_.partition('->')[0] for id_ in self.ids)}"


@dataclass(frozen=True, slots=True)
class Configure:
    """Give a processor another config.

    Attributes:
        id: The processor.
        config: The whole of it.
        before: The one that it had when it was asked for, of the same class: what is said is what differs.
    """

    id: ProcessorId
    config: ProcessorConfig
    before: ProcessorConfig

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Set the config in the graph, and what the processor declares with it.

        Raises:
            ConfigError: A link does not fit what its ports carry then.
        """
        node = graph.node(self.id)
        declaration = node.declaration.processor.declaration_for(self.config)
        new = replace(node, config=self.config, declaration=declaration)
        words = _misfits(graph, new)
        if words:
            message = f"{self.id} does not fit its links with this config: {words}; cut them before it in the same edit"
            raise ConfigError(message, processor_type=node.processor_type)
        before = graph.exchange(new)
        applied.undo.append(lambda: graph.exchange(before))
        applied.inverse.append(_lasting(graph, self.id, Configure(self.id, before.config, self.config)))

    def __str__(self) -> str:
        return f"configure {self.id}: {config_words.changed(self.before, self.config)}"


@dataclass(frozen=True, slots=True)
class Restart:
    """Replace a processor by a new one of the same kind."""

    id: ProcessorId

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Nothing changes in the graph, and nothing takes it back."""
        graph.node(self.id)
        applied.restarted.append(self.id)

    def __str__(self) -> str:
        return f"restart {self.id}"


@dataclass(frozen=True, slots=True)
class Attach:
    """Attach a component to a processor or link, in the place of one of its class."""

    subject: ProcessorId | LinkId
    component: object

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Insert it in the graph."""
        before = _taken_off(graph, self.subject, type(self.component))
        graph.insert(self.subject, self.component)
        way_back = before or Detach(self.subject, type(self.component))
        applied.undo.append(lambda: way_back.apply(graph, Applied(applied.publish)))
        applied.inverse.append(_lasting(graph, self.subject, way_back))

    def __str__(self) -> str:
        return f"attach {config_words.shown(self.component)} to {self.subject}"


@dataclass(frozen=True, slots=True)
class Detach:
    """Take a component off a processor or link."""

    subject: ProcessorId | LinkId
    kind: type[object]

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Remove it from the graph."""
        before = _taken_off(graph, self.subject, self.kind)
        if before is not None:
            applied.undo.append(lambda: graph.insert(self.subject, before.component))
            applied.inverse.append(_lasting(graph, self.subject, before))

    def __str__(self) -> str:
        return f"detach {self.kind.__name__} from {self.subject}"


@dataclass(frozen=True, slots=True)
class _Uproot:
    """Takes back out of the graph what has been added, as if it had never been there."""

    graph: PropertyGraph
    added: RemoveAdded

    def __call__(self) -> None:
        graph = self.graph
        for one in self.added.each():
            removed = graph.remove_link(one.id) if isinstance(one, RemoveLink) else graph.remove_processor(one.id)
            graph.forget(removed)


def _taken_off(graph: PropertyGraph, subject: ProcessorId | LinkId, kind: type[object]) -> Attach | None:
    component = graph.remove(subject, kind)
    return None if component is None else Attach(subject, component)


def _attached(graph: PropertyGraph, subject: ProcessorId | LinkId) -> Iterator[Attach]:
    """What is attached to somebody and is not made anew with it: components of the user's own, and its group."""
    made_anew = {ProcessorNode, Link, ProcessorState, *RUNNING_COMPONENTS, *LAST_FIGURES}
    for kind in graph.component_types(subject):
        component = graph.get(subject, kind)
        if kind not in made_anew and component is not None:
            yield Attach(subject, component)


def _lasting(graph: PropertyGraph, subject: ProcessorId | LinkId, *way_back: Operation) -> tuple[Operation, ...]:
    """What takes a change of somebody back; nothing for who looks on, and may have gone by the time of an undo."""
    return () if _is_passing(graph, subject) else way_back


def _is_passing(graph: PropertyGraph, subject: ProcessorId | LinkId) -> bool:
    """Whether it is a processor that looks on, or a link of one."""
    link = graph.get(subject, Link)
    ends = (subject,) if link is None else (link.source.processor_id, link.target.processor_id)
    return any(graph.has(end, TransientMarker) for end in ends)


def _check_links(graph: PropertyGraph, new: Mapping[ProcessorId, ProcessorNode]) -> None:
    """Refuse processors that the links in their places do not fit."""
    for node in new.values():
        words = _misfits(graph, node, new)
        if words:
            raise ReplaceError(node.id, node.processor_type, words)


def _misfits(graph: PropertyGraph, new: ProcessorNode, all_new: Mapping[ProcessorId, ProcessorNode] = {}) -> str:
    """What of the links in a place does not fit a processor that is to come there, with all that come with it."""
    coming = all_new or {new.id: new}
    links = (*graph.links_into(new.id), *graph.links_from(new.id))
    return "; ".join(said for link in links if (said := link_misfit(graph, link, coming)))


def link_misfit(graph: PropertyGraph, link: Link, new: Mapping[ProcessorId, ProcessorNode]) -> str | None:
    """Why a link does not fit its ends, with those in the places of the old ones who are to come; None if it does."""
    source, target = (new.get(id_) or graph.node(id_) for id_ in (link.source.processor_id, link.target.processor_id))
    output = source.declaration.outputs.get(link.source.port)
    input_ = target.declaration.inputs.get(link.target.port)
    if output is None:
        return f"{link.id} leaves its output {link.source.port!r}; it has {_names(source.declaration.outputs)}"
    if input_ is None:
        return f"{link.id} leads to its input {link.target.port!r}; it has {_names(target.declaration.inputs)}"
    others = [other for other in graph.links_into(target.id) if other.target == link.target]
    if len(others) > 1 and not input_.many:
        return f"{len(others)} links lead to {link.target}, and its input {link.target.port!r} takes one"
    return misfit(source.id, output, target.id, input_)


def changes(operations: Iterable[Operation]) -> int:
    """How many processors and links they are about."""
    count = 0
    for operation in operations:
        if isinstance(operation, RemoveAdded):
            count += len(operation.ids)
        else:
            count += len(operation.nodes) if isinstance(operation, ReplaceProcessors) else 1
    return count


def told(operations: Iterable[Operation]) -> tuple[str, ...]:
    """What operations have done, in words; one that stands for several has a line for each."""
    return tuple(line for operation in operations for line in str(operation).splitlines())


def links_at(graph: PropertyGraph, target: PortRef) -> list[LinkId]:
    """The ids of the links that lead to an input, in order."""
    return [link.id for link in graph.links_into(target.processor_id) if link.target == target]


def _described(node: ProcessorNode) -> str:
    """Its type, and what of its config is not as declared."""
    said = config_words.told(node.config, node.declaration.config)
    return f"{node.processor_type}, {said}" if said else node.processor_type


def _names(ports: Iterable[str]) -> str:
    return ", ".join(ports) or "none"


def _terms(link: Link) -> str:
    """What a link says of itself, in words; empty where it says nothing."""
    said = [] if link.delivery is None else [str(link.delivery)]
    said += [] if link.capacity is None else [f"capacity {link.capacity}"]
    return f": {', '.join(said)}" if said else ""
