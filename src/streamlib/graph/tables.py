"""What the ECS library holds of each entity, at the price of a look into a dictionary.

The library keeps each component twice, by its entity and by its type, and remembers what its queries have found. Its
views, which are all that is public, take six times as long for a change as these tables do, and a graph makes two
dozen changes for each processor and its link from being added to being stopped. So they are made in the tables, as
the views make them there. A change that a query may have to hear of goes through the views, and all of them where
somebody follows changes (`tcod.ecs.callbacks`), or where the library keeps its components elsewhere by now.

Called by `entities`, under the graph's lock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, MutableMapping
from typing import Any, TypeVar, cast

from tcod.ecs import Entity, Registry, callbacks
from tcod.ecs.entity import EntityComponents

C = TypeVar("C")

Seen = Mapping[object, object]


class Tables:
    """The components of one registry."""

    __slots__ = ("_by_entity", "_by_type", "_followed", "_queried", "_registry")

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        by_entity, by_type = (getattr(registry, f"_components_by_{key}", None) for key in ("entity", "type"))
        queried = getattr(getattr(registry, "_query_cache", None), "by_components", None)
        followed = getattr(callbacks, "_on_component_changed_callbacks", None)
        known = None not in (by_entity, by_type, queried, followed)
        self._by_entity = cast("MutableMapping[Entity, dict[object, Any]]", by_entity)
        self._by_type = cast("MutableMapping[object, dict[Entity, Any]]", by_type)
        self._queried = cast("Seen", queried)  # the types that queries have asked for
        self._followed = cast("Seen", followed) if known else _EVERYBODY  # the types whose changes somebody follows

    def get(self, entity: Entity, component_type: type[C]) -> C | None:
        """Its component of one type, or None."""
        if self._followed is _EVERYBODY:
            return components_of(entity).get(component_type)
        components = self._by_entity.get(entity)
        return None if components is None else components.get(component_type)

    def get_each(self, entity: Entity, component_types: Iterable[type[object]]) -> list[Any]:
        """Its components of these types, None for each that is not there."""
        known = self._followed is not _EVERYBODY
        components = self._by_entity.get(entity, {}) if known else components_of(entity)
        return [components.get(kind) for kind in component_types]

    def of_type(self, component_type: type[C]) -> Mapping[Entity, C]:
        """All components of one type; only to be read. The library's own query would copy them."""
        if self._followed is _EVERYBODY:
            return dict(self._registry.Q[Entity, component_type])
        return self._by_type.get(component_type, {})

    def attach(self, entity: Entity, components: Iterable[object]) -> None:
        """Attach components, each in the place of one of the same type."""
        for component in components:
            kind = type(component)
            if self._followed or kind in self._queried:
                components_of(entity)[kind] = component
            else:
                self._by_entity[entity][kind] = component  # the library's tables make what is missing
                self._by_type[kind][entity] = component

    def attach_each(self, kind: type[C], components: Mapping[Entity, C]) -> None:
        """Attach one component of that very type to each of many entities."""
        if self._followed or kind in self._queried:
            for entity, component in components.items():
                components_of(entity)[kind] = component
            return
        by_entity = self._by_entity
        for entity, component in components.items():
            by_entity[entity][kind] = component
        self._by_type[kind].update(components)

    def detach(self, entities: Collection[Entity], component_types: Iterable[type[object]]) -> None:
        """Detach from these what is attached of these types: one type after the other, while its table is at hand."""
        for kind in component_types:
            table = self.of_type(kind)
            there = [entity for entity in entities if entity in table] if table else []
            if there and (self._followed or kind in self._queried):
                for entity in there:
                    del components_of(entity)[kind]
            elif there:
                self._detach(there, kind)

    def _detach(self, entities: Iterable[Entity], kind: type[object]) -> None:
        by_entity, table = self._by_entity, self._by_type[kind]
        for entity in entities:
            held = by_entity[entity]
            del held[kind], table[entity]
            if not held:
                del by_entity[entity]
        if not table:
            del self._by_type[kind]


_EVERYBODY: Seen = {object: None}
"""Stands for the types that somebody follows where nobody knows of whom, or where the tables are not known."""


def components_of(entity: Entity) -> EntityComponents:
    """The components of one entity alone: without the walk along relations, which costs three times as much."""
    return EntityComponents(entity, ())
