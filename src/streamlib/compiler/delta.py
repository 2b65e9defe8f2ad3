"""What separates the graph that is asked for from what runs: pure, from the dirty set alone.

Next on the path of a change: `plan`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from streamlib.execution.instance import ProcessorInstance
from streamlib.graph import Entity
from streamlib.graph.components import WiredChannel
from streamlib.graph.dirty import Dirty
from streamlib.graph.link import Link
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, ProcessorId
from streamlib.links.channel import Channel
from streamlib.processors.config import ProcessorConfig


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """A processor whose config was replaced, and how the change takes effect."""

    id: ProcessorId
    old: ProcessorConfig
    new: ProcessorConfig
    live: bool


@dataclass(frozen=True, slots=True)
class GraphDelta:
    """What has to happen so that what runs is what the graph says.

    Removed processors and links are named by their entities, because their ids may be in use again. `restarted` are
    made anew as they are, `replaced` because their type or a part of their config is another.
    """

    added: tuple[ProcessorId, ...] = ()
    removed: tuple[Entity, ...] = ()
    changed: tuple[ConfigChange, ...] = ()
    restarted: tuple[ProcessorId, ...] = ()
    replaced: tuple[ProcessorId, ...] = ()
    links_added: tuple[LinkId, ...] = ()
    links_removed: tuple[Entity, ...] = ()
    links_updated: tuple[LinkId, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)


def compute_delta(
    graph: PropertyGraph,
    dirty: Dirty,
    removed_processors: Iterable[Entity] = (),
    removed_links: Iterable[Entity] = (),
    restarted: Iterable[ProcessorId] = (),
    moved: Iterable[LinkId] = (),
) -> GraphDelta:
    """The delta of the dirty ids; entities that were removed before they ever ran are left out."""
    present = [id_ for id_ in dirty.processors if id_ in graph]
    added = dict.fromkeys(id_ for id_ in present if not graph.has(id_, ProcessorInstance))
    running = [id_ for id_ in present if id_ not in added]
    links_added = tuple(id_ for id_ in dirty.links if id_ in graph and not graph.has(id_, WiredChannel))
    new = set(links_added)
    changes = [change for id_ in running if (change := _config_change(graph, id_)) is not None]
    others = [id_ for id_ in running if _is_of_another_type(graph, id_)]
    restarts = [id_ for id_ in dict.fromkeys(restarted) if id_ not in others]
    replaced = [*others, *(change.id for change in changes if not change.live and change.id not in restarts)]
    anew = {*replaced, *restarts}
    return GraphDelta(
        added=tuple(added),
        removed=tuple(entity for entity in removed_processors if graph.has(entity, ProcessorInstance)),
        changed=tuple(change for change in changes if change.live and change.id not in anew),
        restarted=tuple(id_ for id_ in restarts if id_ in graph and graph.has(id_, ProcessorInstance)),
        replaced=tuple(replaced),
        links_added=links_added,
        links_removed=tuple(entity for entity in removed_links if graph.has(entity, WiredChannel)),
        links_updated=_updated(graph, [id_ for id_ in dirty.links if id_ not in new], others, frozenset(moved)),
    )


def new_channel(graph: PropertyGraph, link: Link) -> Channel:
    """The running form that a link asks for, without its ends: as its input declares where it says nothing itself."""
    source = graph.node(link.source.processor_id).declaration
    input_ = graph.node(link.target.processor_id).declaration.input(link.target.port)
    return Channel(link.id, link.delivery or input_.delivery, link.capacity or input_.capacity, live=source.live)


def _updated(
    graph: PropertyGraph, dirty: Iterable[LinkId], replaced: Iterable[ProcessorId], moved: Collection[LinkId]
) -> tuple[LinkId, ...]:
    """The running links that ask for another form: updated, declared otherwise now, or at another place of their input.

    What goes to another place gets a form of its own as well: so its input is arranged between two frames.
    """
    touched = dict.fromkeys(id_ for id_ in dirty if id_ in graph)
    for id_ in replaced:
        touched |= dict.fromkeys(link.id for link in (*graph.links_into(id_), *graph.links_from(id_)))
    updated = []
    for link_id in touched:
        wired = graph.get(link_id, WiredChannel)
        if wired is None:
            continue
        if link_id in moved or not wired.channel.is_as(new_channel(graph, graph.link(link_id))):
            updated.append(link_id)
    return tuple(updated)


def _is_of_another_type(graph: PropertyGraph, id_: ProcessorId) -> bool:
    instance = graph.get(id_, ProcessorInstance)
    return instance is not None and instance.generation != graph.node(id_).generation


def _config_change(graph: PropertyGraph, id_: ProcessorId) -> ConfigChange | None:
    instance = graph.get(id_, ProcessorInstance)
    node = graph.node(id_)
    if instance is None or _is_of_another_type(graph, id_):
        return None
    old = instance.processor.config
    live, restart = node.declaration.config.changes(old, node.config)
    if not live and not restart:
        return None
    return ConfigChange(id_, old, node.config, live=not restart)
