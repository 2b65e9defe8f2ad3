"""The one place where the state of a graph lives.

Who is joined to whom is in `topology`; everything else is a component of an entity, one entity per processor and
per link. The ECS has no locks of its own, so every method here takes the graph's one lock; who needs several calls
to be one takes it around them. Nothing in here runs, wires or decides: the compiler does, by attaching components.

Next on the path of a change: `streamlib.compiler.delta`, which reads the dirty set.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar, cast

from tcod.ecs import Entity, Registry
from tcod.ecs.entity import EntityComponents

from streamlib.errors import ConnectError, DuplicateIdError, StateError, UnknownLinkError, UnknownProcessorError
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.topology import Topology
from streamlib.ids import LinkId, PortRef, ProcessorId, type_stem
from streamlib.processors.config import ProcessorConfig
from streamlib.states import GraphState, ProcessorState, check_transition

C = TypeVar("C")

# What holds components: named by its id while it is in the graph, by its entity also afterwards.
Subject: TypeAlias = str | Entity


@dataclass(frozen=True, slots=True)
class Dirty:
    """The ids that edits have touched, in the order in which they were touched first."""

    processors: tuple[ProcessorId, ...] = ()
    links: tuple[LinkId, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.processors or self.links)


class PropertyGraph:
    """Processors and links, and the components attached to them.

    `lock` is re-entrant and held by every method; a call never waits for anything else.

    Attributes:
        whole: The entity of the graph as a whole, for components that are about neither a processor nor a link.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._topology = Topology()
        self._registry = Registry()
        # An entity's own key is a serial, not its id: an id may come back while its first holder is torn down.
        self._serials = itertools.count()
        self._processors: dict[ProcessorId, Entity] = {}
        self._links: dict[LinkId, Entity] = {}
        self._ids: dict[Entity, ProcessorId | LinkId] = {}
        self._numbers: dict[str, int] = {}
        self._dirty_processors: dict[ProcessorId, None] = {}
        self._dirty_links: dict[LinkId, None] = {}
        self._state = GraphState.IDLE
        self.whole = self._registry[next(self._serials)]

    # --------------------------------------------------------------------------------------------- state, ids, dirt

    @property
    def state(self) -> GraphState:
        """What the graph as a whole is doing."""
        return self._state

    def set_state(self, new: GraphState) -> GraphState:
        """Go to another state and return the one before; StateError where the table forbids it."""
        with self.lock:
            old = self._state
            check_transition(old, new)
            self._state = new
            return old

    def new_id(self, processor_type: str) -> ProcessorId:
        """The next id of a type, `h264_encoder_0`; never the same twice, and never one that was given by hand."""
        stem = type_stem(processor_type)
        with self.lock:
            number = self._numbers.get(stem, 0)
            while f"{stem}_{number}" in self._processors:
                number += 1
            self._numbers[stem] = number + 1
            return ProcessorId(f"{stem}_{number}")

    @property
    def dirty_processors(self) -> tuple[ProcessorId, ...]:
        """Processors added, removed or configured since `take_dirty`."""
        with self.lock:
            return tuple(self._dirty_processors)

    @property
    def dirty_links(self) -> tuple[LinkId, ...]:
        """Links added or removed since `take_dirty`."""
        with self.lock:
            return tuple(self._dirty_links)

    def take_dirty(self) -> Dirty:
        """What edits have touched since the last call; after it nothing is dirty."""
        with self.lock:
            taken = Dirty(tuple(self._dirty_processors), tuple(self._dirty_links))
            self._dirty_processors.clear()
            self._dirty_links.clear()
            return taken

    # -------------------------------------------------------------------------------------------------- processors

    def add_processor(self, node: ProcessorNode) -> Entity:
        """Take in a processor, idle at first; DuplicateIdError where its id is taken."""
        with self.lock:
            self._check_free(node.id)
            entity = self._registry[next(self._serials)]
            components = _components(entity)
            components[ProcessorNode] = node
            components[ProcessorState] = ProcessorState.IDLE
            self._seat_processor(node.id, entity)
            return entity

    def remove_processor(self, processor_id: ProcessorId) -> Entity:
        """Let go of a processor and return its entity, with all that is attached to it.

        Whoever removes it either brings it back with `restore_processor` or ends it with `forget`.

        Raises:
            StateError: it has links; they go first.
        """
        with self.lock:
            entity = self._processor_entity(processor_id)
            links = [*self._topology.links_into(processor_id), *self._topology.links_from(processor_id)]
            if links:
                raise StateError(f"{processor_id} still has the links {', '.join(links)}; disconnect them first")
            self._topology.remove_processor(processor_id)
            del self._processors[processor_id], self._ids[entity]
            self._never_issue(processor_id)
            self._dirty_processors[processor_id] = None
            return entity

    def restore_processor(self, entity: Entity) -> None:
        """Bring a removed processor back as it was; DuplicateIdError where its id is taken by now."""
        with self.lock:
            node: ProcessorNode = _components(entity)[ProcessorNode]
            self._check_free(node.id)
            self._seat_processor(node.id, entity)

    def set_config(self, processor_id: ProcessorId, config: ProcessorConfig) -> ProcessorConfig:
        """Replace the config asked for and return the one before."""
        with self.lock:
            components = _components(self._processor_entity(processor_id))
            node: ProcessorNode = components[ProcessorNode]
            components[ProcessorNode] = replace(node, config=config)
            self._dirty_processors[processor_id] = None
            return node.config

    def node(self, processor_id: ProcessorId) -> ProcessorNode:
        """The processor of an id, or UnknownProcessorError."""
        with self.lock:
            return _components(self._processor_entity(processor_id))[ProcessorNode]

    def processors(self) -> list[ProcessorNode]:
        """All processors, in the order in which they came."""
        with self.lock:
            return [_components(entity)[ProcessorNode] for entity in self._processors.values()]

    def processor_ids(self) -> list[ProcessorId]:
        """The ids of all processors, in the order in which they came."""
        with self.lock:
            return list(self._processors)

    # ------------------------------------------------------------------------------------------------------- links

    def add_link(self, link: Link) -> Entity:
        """Join two ports.

        That the ports exist and fit each other is for the caller to see to.

        Raises:
            UnknownProcessorError: an end is not in the graph.
            ConnectError: the input has a link already.
            CycleError: the link would close a circle.
            DuplicateIdError: the link's id is taken.
        """
        with self.lock:
            self._check_link(link)
            self._topology.add_link(link.id, link.source.processor_id, link.target.processor_id)
            entity = self._registry[next(self._serials)]
            _components(entity)[Link] = link
            self._seat_link(link.id, entity)
            return entity

    def remove_link(self, link_id: LinkId) -> Entity:
        """Part two ports and return the link's entity, to be restored or forgotten."""
        with self.lock:
            entity = self._link_entity(link_id)
            self._topology.remove_link(link_id)
            del self._links[link_id], self._ids[entity]
            self._dirty_links[link_id] = None
            return entity

    def restore_link(self, entity: Entity) -> None:
        """Bring a removed link back as it was; raises as `add_link` does."""
        with self.lock:
            link: Link = _components(entity)[Link]
            self._check_link(link)
            self._topology.add_link(link.id, link.source.processor_id, link.target.processor_id)
            self._seat_link(link.id, entity)

    def link(self, link_id: LinkId) -> Link:
        """The link of an id, or UnknownLinkError."""
        with self.lock:
            return _components(self._link_entity(link_id))[Link]

    def links(self) -> list[Link]:
        """All links, in the order in which they came."""
        with self.lock:
            return [_components(entity)[Link] for entity in self._links.values()]

    def link_ids(self) -> list[LinkId]:
        """The ids of all links, in the order in which they came."""
        with self.lock:
            return list(self._links)

    def links_into(self, processor_id: ProcessorId) -> list[Link]:
        """The links that end at a processor, oldest first."""
        with self.lock:
            self._processor_entity(processor_id)
            return [self.link(link_id) for link_id in self._topology.links_into(processor_id)]

    def links_from(self, processor_id: ProcessorId) -> list[Link]:
        """The links that begin at a processor, oldest first."""
        with self.lock:
            self._processor_entity(processor_id)
            return [self.link(link_id) for link_id in self._topology.links_from(processor_id)]

    def predecessors(self, processor_id: ProcessorId) -> list[ProcessorId]:
        """The processors that feed one, each named once."""
        with self.lock:
            self._processor_entity(processor_id)
            return self._topology.predecessors(processor_id)

    def successors(self, processor_id: ProcessorId) -> list[ProcessorId]:
        """The processors that one feeds, each named once."""
        with self.lock:
            self._processor_entity(processor_id)
            return self._topology.successors(processor_id)

    def order(self, ids: Iterable[ProcessorId]) -> list[ProcessorId]:
        """The same ids, each behind those of them that feed it directly."""
        with self.lock:
            chosen = list(ids)
            for processor_id in chosen:
                self._processor_entity(processor_id)
            return self._topology.order(chosen)

    # -------------------------------------------------------------------------------------------------- components

    def entity(self, subject: Subject) -> Entity:
        """The entity of a processor or link of the graph; an entity is its own."""
        if isinstance(subject, Entity):
            return subject
        with self.lock:
            entity = self._processors.get(ProcessorId(subject)) or self._links.get(LinkId(subject))
        if entity is not None:
            return entity
        if "->" in subject:
            raise UnknownLinkError(subject, self._links)
        raise UnknownProcessorError(subject, self._processors)

    def insert(self, subject: Subject, component: object) -> None:
        """Attach a component, in the place of one of the same type."""
        with self.lock:
            _components(self.entity(subject))[type(component)] = component

    def get(self, subject: Subject, component_type: type[C]) -> C | None:
        """The component of that very type, or None."""
        with self.lock:
            return _components(self.entity(subject)).get(component_type)

    def remove(self, subject: Subject, component_type: type[C]) -> C | None:
        """Detach a component and return it, None where there was none."""
        with self.lock:
            return _components(self.entity(subject)).pop(component_type, None)

    def has(self, subject: Subject, component_type: type[object]) -> bool:
        """Whether a component of that very type is attached."""
        with self.lock:
            return component_type in _components(self.entity(subject))

    def component_types(self, subject: Subject) -> list[type[object]]:
        """The types of all that is attached, in the order in which it came."""
        with self.lock:
            return [key for key in _components(self.entity(subject)) if isinstance(key, type)]

    def forget(self, entity: Entity) -> None:
        """Detach everything from a removed processor or link: nothing of it lingers."""
        with self.lock:
            if entity in self._ids:
                raise StateError(f"{self._ids[entity]} is still in the graph; remove it first")
            _components(entity).clear()

    def __contains__(self, id_: object) -> bool:
        return id_ in self._processors or id_ in self._links

    # ----------------------------------------------------------------------------------------------------- queries

    def query(
        self, *components: type[object], without: type[object] | Iterable[type[object]] = ()
    ) -> list[ProcessorId | LinkId]:
        """Ids of the processors and links that have all of `components` and none of `without`, oldest first."""
        excluded = (without,) if isinstance(without, type) else tuple(without)
        with self.lock:
            found = self._registry.Q.none_of(excluded, traverse=())
            # The library refuses a query that only excludes; every member has one of these two.
            found = (
                found.all_of(components, traverse=())
                if components
                else found.any_of((ProcessorNode, Link), traverse=())
            )
            members = [entity for entity in found.get_entities() if entity in self._ids]
            members.sort(key=_serial)
            return [self._ids[entity] for entity in members]

    def query_filter(self, predicate: Callable[[ProcessorNode], bool]) -> list[ProcessorId]:
        """Ids of the processors that a predicate picks; it is called without the lock."""
        return [node.id for node in self.processors() if predicate(node)]

    def query_links_filter(self, predicate: Callable[[Link], bool]) -> list[LinkId]:
        """Ids of the links that a predicate picks; it is called without the lock."""
        return [link.id for link in self.links() if predicate(link)]

    # ------------------------------------------------------------------------------------------- under the lock

    def _processor_entity(self, processor_id: ProcessorId) -> Entity:
        try:
            return self._processors[processor_id]
        except KeyError:
            raise UnknownProcessorError(processor_id, self._processors) from None

    def _link_entity(self, link_id: LinkId) -> Entity:
        try:
            return self._links[link_id]
        except KeyError:
            raise UnknownLinkError(link_id, self._links) from None

    def _seat_processor(self, processor_id: ProcessorId, entity: Entity) -> None:
        self._topology.add_processor(processor_id)
        self._processors[processor_id] = entity
        self._ids[entity] = processor_id
        self._dirty_processors[processor_id] = None

    def _seat_link(self, link_id: LinkId, entity: Entity) -> None:
        self._links[link_id] = entity
        self._ids[entity] = link_id
        self._dirty_links[link_id] = None

    def _check_free(self, id_: ProcessorId | LinkId) -> None:
        if id_ in self:
            raise DuplicateIdError(id_)

    def _check_link(self, link: Link) -> None:
        self._processor_entity(link.source.processor_id)
        self._processor_entity(link.target.processor_id)
        holder = None if self._takes_many(link.target) else self._link_at(link.target)
        if holder is not None:
            raise ConnectError(
                f"{link.target} already has the link {holder.id}; disconnect that one first",
                source=str(link.source),
                target=str(link.target),
            )
        self._check_free(link.id)

    def _takes_many(self, target: PortRef) -> bool:
        """Whether any number of links may lead to an input port."""
        node = self.node(target.processor_id)
        port = node.declaration.inputs.get(target.port)
        return port is not None and port.many

    def _link_at(self, target: PortRef) -> Link | None:
        """The link that an input port holds."""
        return next((link for link in self.links_into(target.processor_id) if link.target.port == target.port), None)

    def _never_issue(self, processor_id: ProcessorId) -> None:
        """See that counting does not arrive at an id that was given by hand and is free again."""
        stem, _, number = processor_id.rpartition("_")
        if len(number) < 10 and number.isdecimal() and int(number) >= self._numbers.get(stem, 0):
            self._numbers[stem] = int(number) + 1


def _components(entity: Entity) -> EntityComponents:
    """The components of one entity alone: without the walk along relations, which costs three times as much."""
    return EntityComponents(entity, ())


def _serial(entity: Entity) -> int:
    return cast("int", entity.uid)
