"""Processors and links as entities of the ECS: by id while they are in the graph, and the components of each.

All of the ECS library that the graph uses is in here and in `tables`. It has no locks of its own and no rules:
`property_graph` calls this under its one lock, and sees to who may come and go.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeAlias, TypeVar, cast

from tcod.ecs import Entity, Registry

from streamlib.errors import UnknownLinkError, UnknownProcessorError
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.tables import Tables, components_of
from streamlib.ids import LinkId, ProcessorId

Id = TypeVar("Id", ProcessorId, LinkId)
C = TypeVar("C")

# What holds components: named by its id while it is in the graph, by its entity also afterwards.
Subject: TypeAlias = str | Entity


class Entities:
    """The entities of one graph.

    Attributes:
        processors: Those of the processors in the graph, in the order in which they came.
        links: Those of its links.
    """

    def __init__(self) -> None:
        self._registry = Registry()
        self._tables = Tables(self._registry)
        # An entity's own key is a serial, not its id: an id may come back while its first holder is torn down.
        self._serials = itertools.count()
        self.processors: dict[ProcessorId, Entity] = {}
        self.links: dict[LinkId, Entity] = {}
        self._places: dict[Entity, int] = {}  # of links that do not stand where their serials say
        self._ids: dict[Entity, ProcessorId | LinkId] = {}

    def new_serial(self) -> int:
        """A number greater than that of any entity so far."""
        return next(self._serials)

    def make(self) -> Entity:
        """An entity with no components, which is not in the graph yet."""
        entity: Entity = object.__new__(Entity)  # the library's way notes each by its key, where nobody here looks
        entity.registry, entity.uid = self._registry, self.new_serial()  # type: ignore[misc]
        return entity

    def seat_processor(self, processor_id: ProcessorId, entity: Entity) -> None:
        """The entity is in the graph from now on; one that comes back stands where it stood."""
        self.processors = _seated(self.processors, processor_id, entity, serial_of)
        self._ids[entity] = processor_id

    def seat_link(self, link_id: LinkId, entity: Entity) -> None:
        """The entity is in the graph from now on; one that comes back stands where it stood."""
        self.links = _seated(self.links, link_id, entity, self.place_of)
        self._ids[entity] = link_id

    def place_of(self, entity: Entity) -> int:
        """Where a link stands among the others: of two, the one in front has the smaller number."""
        return self._places.get(entity, serial_of(entity))

    @property
    def _order(self) -> Callable[[Entity], int]:
        """What gives the place of each: its number alone, as long as nobody has been put anywhere else."""
        return self.place_of if self._places else serial_of

    def put_at(self, entity: Entity, place: int) -> None:
        """Have a link that is not in the graph stand at a place from the time when it is."""
        self._places[entity] = place

    def rearrange(self, places: Mapping[LinkId, int]) -> None:
        """Put links of the graph at other places."""
        for link_id, place in places.items():
            self._places[self.links[link_id]] = place
        self.links = dict(sorted(self.links.items(), key=lambda seat: self.place_of(seat[1])))

    def in_place(self, link_ids: Iterable[LinkId]) -> list[LinkId]:
        """Links in the order in which they stand: that in which they came, unless they were put elsewhere."""
        return sorted(link_ids, key=lambda link_id: self.place_of(self.links[link_id]))

    def get(self, entity: Entity, component_type: type[C]) -> C | None:
        """Its component of one type, or None."""
        return self._tables.get(entity, component_type)

    def get_each(self, entity: Entity, component_types: Iterable[type[object]]) -> list[Any]:
        """Its components of these types, None for each that is not there."""
        return self._tables.get_each(entity, component_types)

    def attach(self, entity: Entity, *components: object) -> None:
        """Attach components, each in the place of one of the same type."""
        self._tables.attach(entity, components)

    def attach_each(self, kind: type[C], components: Mapping[Entity, C]) -> None:
        """Attach one component of that very type to each of many."""
        self._tables.attach_each(kind, components)

    def detach(self, entities: Collection[Entity], component_types: Iterable[type[object]]) -> None:
        """Detach from these what is attached of these types."""
        self._tables.detach(entities, component_types)

    def types(self, entity: Entity) -> list[type[object]]:
        """The types of all that is attached, in the order in which it came."""
        return [key for key in components_of(entity) if isinstance(key, type)]

    def clear(self, entity: Entity) -> None:
        """Leave nothing of an entity that is not in the graph any more."""
        self._places.pop(entity, None)
        components_of(entity).clear()

    def unseat(self, entity: Entity) -> None:
        """The entity is not in the graph any more; it keeps its components."""
        id_ = self._ids.pop(entity)
        if self.processors.get(ProcessorId(id_)) is entity:
            del self.processors[ProcessorId(id_)]
        else:
            del self.links[LinkId(id_)]

    def id_of(self, entity: Entity) -> ProcessorId | LinkId | None:
        """Its id, None where it is not in the graph."""
        return self._ids.get(entity)

    def processor(self, processor_id: ProcessorId) -> Entity:
        """The entity of a processor, or UnknownProcessorError."""
        try:
            return self.processors[processor_id]
        except KeyError:
            raise UnknownProcessorError(processor_id, self.processors) from None

    def link(self, link_id: LinkId) -> Entity:
        """The entity of a link, or UnknownLinkError."""
        try:
            return self.links[link_id]
        except KeyError:
            raise UnknownLinkError(link_id, self.links) from None

    def find(self, id_: str) -> Entity | None:
        """The entity of a processor or link, None where there is none of that id."""
        # An id of either kind; to call it one of the two costs as much as the look.
        entity: Entity | None = self.processors.get(id_) or self.links.get(id_)  # type: ignore[call-overload]
        return entity

    def of(self, subject: Subject) -> Entity:
        """The entity of a processor or link; an entity is its own."""
        if isinstance(subject, Entity):
            return subject
        entity = self.find(subject)
        if entity is not None:
            return entity
        if "->" in subject:
            raise UnknownLinkError(subject, self.links)
        raise UnknownProcessorError(subject, self.processors)

    def having(self, component_type: type[C]) -> dict[ProcessorId | LinkId, C]:
        """The components of one type, by the ids of those in the graph; in no order, and quicker than one by one."""
        ids = self._ids
        # Those that are being torn down have components and are not in the graph any more.
        return {ids[entity]: found for entity, found in self._tables.of_type(component_type).items() if entity in ids}

    def holders(self, component_type: type[C]) -> dict[Entity, C]:
        """Those in the graph that have a component of one type, with it, in order."""
        ids = self._ids
        table = self._tables.of_type(component_type)
        return {entity: table[entity] for entity in sorted([one for one in table if one in ids], key=self._order)}

    def each(self, seats: Mapping[Id, Entity], component_type: type[C]) -> list[C]:
        """The component of one type of all processors or all links, in order; each of them has one."""
        table = self._tables.of_type(component_type)
        return [table[entity] for entity in seats.values()]

    def column(self, entities: Iterable[Entity], component_type: type[C]) -> list[C | None]:
        """The component of one type of each of these, None where it has none or has left the graph."""
        table, ids = self._tables.of_type(component_type), self._ids
        if not table:
            return [None for _ in entities]
        return [table.get(entity) if entity in ids else None for entity in entities]

    def __contains__(self, id_: object) -> bool:
        return id_ in self.processors or id_ in self.links

    def query(self, components: Iterable[type[object]], without: Iterable[type[object]]) -> list[ProcessorId | LinkId]:
        """Ids of those in the graph that have all of `components` and none of `without`, in order."""
        found = self._registry.Q.none_of(without, traverse=())
        # The library refuses a query that only excludes; every member has one of these two.
        found = (
            found.all_of(components, traverse=()) if components else found.any_of((ProcessorNode, Link), traverse=())
        )
        members = [entity for entity in found.get_entities() if entity in self._ids]
        members.sort(key=self._order)
        return [self._ids[entity] for entity in members]


def _seated(seats: dict[Id, Entity], id_: Id, entity: Entity, place_of: Callable[[Entity], int]) -> dict[Id, Entity]:
    """The seats with one more, in the order of their places."""
    last = next(reversed(seats.values()), None)
    seats[id_] = entity
    if last is None or place_of(last) < place_of(entity):
        return seats
    return dict(sorted(seats.items(), key=lambda seat: place_of(seat[1])))


def serial_of(entity: Entity) -> int:
    """Its number: of two entities, the later has the greater one."""
    return cast("int", entity.uid)
