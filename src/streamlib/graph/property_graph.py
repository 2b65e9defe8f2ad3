"""The one place where the state of a graph lives.

Who is joined to whom is in `topology`; everything else is a component of an entity, one entity per processor and
per link (`entities`). Neither has locks of its own, so every method here takes the graph's one lock; who needs several
calls to be one takes it around them. Nothing in here runs, wires or decides: the compiler does, by attaching
components.

Next on the path of a change: what it has touched is noted in `dirty`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace
from tcod.ecs import Entity

from streamlib.errors import ConnectError, DuplicateIdError, StateError
from streamlib.graph.dirty import Dirty, DirtySet
from streamlib.graph.entities import Entities, Subject, serial_of
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.numbering import Numbering
from streamlib.graph.topology import Topology
from streamlib.ids import LinkId, PortRef, ProcessorId
from streamlib.processors.config import ProcessorConfig
from streamlib.states import GraphState, ProcessorState, check_transition

C = TypeVar("C")


class PropertyGraph:
    """Processors and links, and the components attached to them.

    `lock` is re-entrant and held by every method; a call never waits for anything else.

    Attributes:
        picture: Draws the graph as HTML; the runtime gives it, since what draws stands above the graph.
        whole: The entity of the graph as a whole, for components that are about neither a processor nor a link.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._topology = Topology()
        self._entities = Entities()
        self._numbering = Numbering()
        self._dirty = DirtySet()
        self._state = GraphState.IDLE
        self.picture: Callable[[PropertyGraph], str] | None = None
        self.whole = self._entities.make()

    def __repr__(self) -> str:
        with self.lock:
            counts = f"{len(self._entities.processors)} processors, {len(self._entities.links)} links"
        return f"<PropertyGraph {self._state}: {counts}>"

    def _repr_html_(self) -> str | None:
        """The picture of it, for notebooks; None, so that they show the words, where nobody draws it."""
        return None if self.picture is None else self.picture(self)

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
        with self.lock:
            return self._numbering.issue(processor_type, self._entities.processors)

    @property
    def version(self) -> int:
        """Grows with each change of the graph; two that are equal mean the same graph."""
        return self._dirty.touches

    def is_as_of(self, version: int) -> None:
        """Everything since a version was taken back, under the lock, so that nobody has seen it."""
        self._dirty.touches = version

    @property
    def dirty_processors(self) -> tuple[ProcessorId, ...]:
        """Processors added, removed or configured since `take_dirty`."""
        with self.lock:
            return self._dirty.so_far().processors

    @property
    def dirty_links(self) -> tuple[LinkId, ...]:
        """Links added, removed or changed since `take_dirty`."""
        with self.lock:
            return self._dirty.so_far().links

    def take_dirty(self) -> Dirty:
        """What edits have touched since the last call; after it nothing is dirty."""
        with self.lock:
            return self._dirty.take()

    # -------------------------------------------------------------------------------------------------- processors

    def add_processor(self, node: ProcessorNode) -> Entity:
        """Take in a processor, idle at first; DuplicateIdError where its id is taken."""
        with self.lock:
            self._check_free(node.id)
            entity = self._entities.make()
            self._entities.attach(entity, node.born(serial_of(entity)), ProcessorState.IDLE)
            self._seat_processor(node.id, entity)
            return entity

    def remove_processor(self, processor_id: ProcessorId) -> Entity:
        """Let go of a processor and return its entity, with all that is attached to it.

        Whoever removes it either brings it back with `restore_processor` or ends it with `forget`.

        Raises:
            StateError: it has links; they go first.
        """
        with self.lock:
            entity = self._entities.processor(processor_id)
            links = [*self._topology.links_into(processor_id), *self._topology.links_from(processor_id)]
            if links:
                raise StateError(f"{processor_id} still has the links {', '.join(links)}; disconnect them first")
            self._topology.remove_processor(processor_id)
            self._entities.unseat(entity)
            self._numbering.never_issue(processor_id)
            self._dirty.touch_processor(processor_id)
            return entity

    def restore_processor(self, entity: Entity) -> None:
        """Bring a removed processor back as it was; DuplicateIdError where its id is taken by now."""
        with self.lock:
            node = self._entities.get(entity, ProcessorNode)
            assert node is not None
            self._check_free(node.id)
            self._seat_processor(node.id, entity)

    def set_config(self, processor_id: ProcessorId, config: ProcessorConfig) -> ProcessorConfig:
        """Replace the config asked for and return the one before."""
        with self.lock:
            return self.exchange(replace(self.node(processor_id), config=config)).config

    def exchange(self, node: ProcessorNode) -> ProcessorNode:
        """Put another node in the place of the one with its id, and return that one; links and components stay."""
        with self.lock:
            entity = self._entities.processor(node.id)
            before = self._entities.get(entity, ProcessorNode)
            assert before is not None
            self._entities.attach(entity, node)
            self._dirty.touch_processor(node.id)
            return before

    def new_generation(self) -> int:
        """A number greater than that of any processor so far."""
        return self._entities.new_serial()

    def node(self, processor_id: ProcessorId) -> ProcessorNode:
        """The processor of an id, or UnknownProcessorError."""
        with self.lock:
            node = self._entities.get(self._entities.processor(processor_id), ProcessorNode)
        assert node is not None
        return node

    def processors(self) -> list[ProcessorNode]:
        """All processors, in the order in which they came."""
        with self.lock:
            return self._entities.each(self._entities.processors, ProcessorNode)

    def processor_ids(self) -> list[ProcessorId]:
        """The ids of all processors, in the order in which they came."""
        with self.lock:
            return list(self._entities.processors)

    # ------------------------------------------------------------------------------------------------------- links

    def add_link(self, link: Link, place: int | None = None) -> Entity:
        """Join two ports.

        That the ports exist and fit each other is for the caller to see to.

        Args:
            link: The link.
            place: Where it stands among the links (`place_of`), for one that had been there; None is behind them all.

        Raises:
            UnknownProcessorError: an end is not in the graph.
            ConnectError: the input has a link already.
            CycleError: the link would close a circle.
            DuplicateIdError: the link's id is taken.
        """
        with self.lock:
            self._check_link(link)
            self._topology.add_link(link.id, link.source.processor_id, link.target.processor_id)
            entity = self._entities.make()
            self._entities.attach(entity, link)
            if place is not None:
                self._entities.put_at(entity, place)
            self._seat_link(link.id, entity)
            return entity

    def remove_link(self, link_id: LinkId) -> Entity:
        """Part two ports and return the link's entity, to be restored or forgotten."""
        with self.lock:
            entity = self._entities.link(link_id)
            self._topology.remove_link(link_id)
            self._entities.unseat(entity)
            self._dirty.touch_link(link_id)
            return entity

    def restore_link(self, entity: Entity) -> None:
        """Bring a removed link back as it was; raises as `add_link` does."""
        with self.lock:
            link = self._entities.get(entity, Link)
            assert link is not None
            self._check_link(link)
            self._topology.add_link(link.id, link.source.processor_id, link.target.processor_id)
            self._seat_link(link.id, entity)

    def link(self, link_id: LinkId) -> Link:
        """The link of an id, or UnknownLinkError."""
        with self.lock:
            link = self._entities.get(self._entities.link(link_id), Link)
        assert link is not None
        return link

    def exchange_link(self, link: Link) -> Link:
        """Put another record in the place of the link with its id, and return that one; its ends stay."""
        with self.lock:
            entity = self._entities.link(link.id)
            before = self._entities.get(entity, Link)
            assert before is not None
            self._entities.attach(entity, link)
            self._dirty.touch_link(link.id)
            return before

    def place_of(self, link_id: LinkId) -> int:
        """Where a link stands among the others: of two, the one in front has the smaller number."""
        with self.lock:
            return self._entities.place_of(self._entities.link(link_id))

    def rearrange_links(self, places: Mapping[LinkId, int]) -> dict[LinkId, int]:
        """Have links stand at other places (`place_of`), and return those where they stood."""
        with self.lock:
            before = {link_id: self.place_of(link_id) for link_id in places}
            self._entities.rearrange(places)
            for link_id in places:
                self._dirty.touch_link(link_id)
            return before

    def links(self) -> list[Link]:
        """All links, in order: that in which they came, unless they were put elsewhere."""
        with self.lock:
            return self._entities.each(self._entities.links, Link)

    def link_ids(self) -> list[LinkId]:
        """The ids of all links, in order."""
        with self.lock:
            return list(self._entities.links)

    def links_into(self, processor_id: ProcessorId) -> list[Link]:
        """The links that end at a processor, in order."""
        with self.lock:
            return [self.link(id_) for id_ in self.link_ids_into(processor_id)]

    def link_ids_into(self, processor_id: ProcessorId) -> list[LinkId]:
        """The ids of the links that end at a processor, in order."""
        with self.lock:
            self._entities.processor(processor_id)
            return self._entities.in_place(self._topology.links_into(processor_id))

    def links_from(self, processor_id: ProcessorId) -> list[Link]:
        """The links that begin at a processor, in order."""
        with self.lock:
            self._entities.processor(processor_id)
            return [self.link(id_) for id_ in self._entities.in_place(self._topology.links_from(processor_id))]

    def predecessors(self, processor_id: ProcessorId) -> list[ProcessorId]:
        """The processors that feed one, each named once."""
        with self.lock:
            self._entities.processor(processor_id)
            return self._topology.predecessors(processor_id)

    def successors(self, processor_id: ProcessorId) -> list[ProcessorId]:
        """The processors that one feeds, each named once."""
        with self.lock:
            self._entities.processor(processor_id)
            return self._topology.successors(processor_id)

    def behind(self, ids: Iterable[ProcessorId]) -> set[ProcessorId]:
        """Those of some processors that are in the graph, and all that they feed, however far."""
        with self.lock:
            return self._topology.behind([id_ for id_ in ids if id_ in self._entities.processors])

    def order(self, ids: Iterable[ProcessorId]) -> list[ProcessorId]:
        """The same ids, each behind those of them that feed it directly."""
        with self.lock:
            chosen = list(ids)
            for processor_id in chosen:
                self._entities.processor(processor_id)
            return self._topology.order(chosen)

    # -------------------------------------------------------------------------------------------------- components

    def entity(self, subject: Subject) -> Entity:
        """The entity of a processor or link of the graph; an entity is its own."""
        with self.lock:
            return self._entities.of(subject)

    def find(self, id_: str) -> Entity | None:
        """The entity of a processor or link, None where it is not in the graph."""
        with self.lock:
            return self._entities.find(id_)

    def insert(self, subject: Subject, *components: object) -> None:
        """Attach components, each in the place of one of the same type."""
        with self.lock:
            self._entities.attach(self._entities.of(subject), *components)

    def get(self, subject: Subject, component_type: type[C]) -> C | None:
        """The component of that very type, or None."""
        with self.lock:
            return self._entities.get(self._entities.of(subject), component_type)

    def get_each(self, subject: Subject, *component_types: type[object]) -> list[Any]:
        """The components of these very types, None for each that is not there: at once, and quicker than one by one."""
        with self.lock:
            return self._entities.get_each(self._entities.of(subject), component_types)

    def insert_each(self, component_type: type[C], components: Mapping[Entity, C]) -> None:
        """Attach a component of that very type to each of many: at once, and quicker than one by one."""
        with self.lock:
            self._entities.attach_each(component_type, components)

    def remove_all(self, subjects: Iterable[Subject], component_types: Iterable[type[object]]) -> None:
        """Detach from these what is attached of these types: at once, and quicker than one by one."""
        with self.lock:
            self._entities.detach([self._entities.of(subject) for subject in subjects], component_types)

    def remove(self, subject: Subject, component_type: type[C]) -> C | None:
        """Detach a component and return it, None where there was none."""
        with self.lock:
            entity = self._entities.of(subject)
            component = self._entities.get(entity, component_type)
            if component is not None:
                self._entities.detach((entity,), (component_type,))
            return component

    def has(self, subject: Subject, component_type: type[object]) -> bool:
        """Whether a component of that very type is attached."""
        with self.lock:
            return self._entities.get(self._entities.of(subject), component_type) is not None

    def component_types(self, subject: Subject) -> list[type[object]]:
        """The types of all that is attached, in the order in which it came."""
        with self.lock:
            return self._entities.types(self._entities.of(subject))

    def forget(self, entity: Entity) -> None:
        """Detach everything from a removed processor or link: nothing of it lingers."""
        with self.lock:
            id_ = self._entities.id_of(entity)
            if id_ is not None:
                raise StateError(f"{id_} is still in the graph; remove it first")
            self._entities.clear(entity)

    def holds(self, subject: Subject) -> bool:
        """Whether a processor or link is in the graph; one named by its entity may have left its id to another."""
        with self.lock:
            return self._entities.id_of(subject) is not None if isinstance(subject, Entity) else subject in self

    def __contains__(self, id_: object) -> bool:
        return id_ in self._entities

    # ----------------------------------------------------------------------------------------------------- queries

    def query(
        self, *components: type[object], without: type[object] | Iterable[type[object]] = ()
    ) -> list[ProcessorId | LinkId]:
        """Ids of the processors and links that have all of `components` and none of `without`, oldest first."""
        excluded = (without,) if isinstance(without, type) else tuple(without)
        with self.lock:
            return self._entities.query(components, excluded)

    def having(self, component_type: type[C]) -> dict[ProcessorId | LinkId, C]:
        """The components of that very type, by the ids of those that have one; in no order. For all at once."""
        with self.lock:
            return self._entities.having(component_type)

    def holders(self, component_type: type[C]) -> dict[Entity, C]:
        """The entities of those in the graph that have a component of that very type, with it, oldest first."""
        with self.lock:
            return self._entities.holders(component_type)

    def entities(self) -> tuple[list[Entity], list[Entity]]:
        """The entities of all processors and of all links, each in order: what `column` is asked about."""
        with self.lock:
            return list(self._entities.processors.values()), list(self._entities.links.values())

    def column(self, entities: Iterable[Entity], component_type: type[C]) -> list[C | None]:
        """The component of that very type of each of many, None where there is none or it has left the graph.

        The quickest way to those of all: what is read of one kind after the other stands at the same places.
        """
        with self.lock:
            return self._entities.column(entities, component_type)

    def query_filter(self, predicate: Callable[[ProcessorNode], bool]) -> list[ProcessorId]:
        """Ids of the processors that a predicate picks; it is called without the lock."""
        return [node.id for node in self.processors() if predicate(node)]

    def query_links_filter(self, predicate: Callable[[Link], bool]) -> list[LinkId]:
        """Ids of the links that a predicate picks; it is called without the lock."""
        return [link.id for link in self.links() if predicate(link)]

    # ------------------------------------------------------------------------------------------- under the lock

    def _seat_processor(self, processor_id: ProcessorId, entity: Entity) -> None:
        self._topology.add_processor(processor_id)
        self._entities.seat_processor(processor_id, entity)
        self._dirty.touch_processor(processor_id)

    def _seat_link(self, link_id: LinkId, entity: Entity) -> None:
        self._entities.seat_link(link_id, entity)
        self._dirty.touch_link(link_id)

    def _check_free(self, id_: ProcessorId | LinkId) -> None:
        if id_ in self:
            raise DuplicateIdError(id_)

    def _check_link(self, link: Link) -> None:
        self._entities.processor(link.source.processor_id)
        self._entities.processor(link.target.processor_id)
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
        for link_id in self._topology.links_into(target.processor_id):
            link = self.link(link_id)
            if link.target.port == target.port:
                return link
        return None
