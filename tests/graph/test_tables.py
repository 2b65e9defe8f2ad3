"""The same whether the library's tables are written, or its views have to be used."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from tcod.ecs import Entity, Registry
from tcod.ecs.callbacks import register_component_changed, unregister_component_changed

from streamlib.graph.tables import Tables, components_of
from tests.graph.relays import Note


class Mark:
    """Another component."""


def through_tables(registry: Registry) -> Tables:
    """As it is with the library that is installed."""
    return Tables(registry)


def through_views(registry: Registry) -> Tables:
    """As it is with a library that keeps its components elsewhere."""
    return Tables(cast("Registry", SimpleNamespace(Q=registry.Q)))


WAYS = pytest.mark.parametrize("way", [through_tables, through_views])


@WAYS
def test_what_is_attached_is_what_the_library_says_is_there(way: Any) -> None:
    registry = Registry()
    tables, entity, other = way(registry), registry[1], registry[2]
    tables.attach(entity, [Note("one"), Mark()])
    tables.attach(entity, [Note("two")])
    assert tables.get(entity, Note) == components_of(entity)[Note] == Note("two")
    assert list(components_of(entity)) == [Note, Mark]
    assert tables.get(other, Note) is None
    assert tables.of_type(Note) == {entity: Note("two")}


@WAYS
def test_what_is_detached_leaves_nothing_behind(way: Any) -> None:
    registry = Registry()
    tables, entities = way(registry), [registry[number] for number in range(3)]
    tables.attach_each(Note, {entity: Note("x") for entity in entities})
    tables.attach(entities[0], [Mark()])
    tables.detach(entities[:2], (Mark, Note))
    assert [tables.get(entity, Note) for entity in entities] == [None, None, Note("x")]
    assert tables.of_type(Mark) == {}
    tables.detach(entities, (Note,))
    assert not registry._components_by_entity
    assert not any(registry._components_by_type.values())


@WAYS
def test_a_query_that_was_asked_before_hears_of_each_change(way: Any) -> None:
    registry = Registry()
    tables, one, two = way(registry), registry[1], registry[2]

    def found() -> set[Entity]:
        return set(registry.Q.all_of([Note]).none_of([Mark]))

    assert found() == set()
    tables.attach(one, [Note("x")])
    assert found() == {one}
    tables.attach_each(Note, {one: Note("x"), two: Note("y")})
    assert found() == {one, two}
    tables.attach_each(Mark, {two: Mark()})
    assert found() == {one}
    tables.detach([one, two], (Mark,))
    assert found() == {one, two}
    tables.detach([one], (Note,))
    assert found() == {two}


@WAYS
def test_who_follows_a_type_is_called_with_each_change(way: Any) -> None:
    registry, changes = Registry(), []

    @register_component_changed(component=Note)
    def noted(entity: Entity, old: Note | None, new: Note | None) -> None:
        changes.append((entity.uid, old, new))

    try:
        tables = way(registry)
        tables.attach(registry["a"], [Note("1")])
        tables.attach_each(Note, {registry["a"]: Note("2")})
        tables.detach([registry["a"]], (Note,))
    finally:
        unregister_component_changed(noted, component=Note)
    assert changes == [("a", None, Note("1")), ("a", Note("1"), Note("2")), ("a", Note("2"), None)]
