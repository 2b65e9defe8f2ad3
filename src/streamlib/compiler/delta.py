"""What separates the graph that is asked for from what runs: pure, from the dirty set alone.

Next on the path of a change: `plan`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from streamlib.execution.instance import ProcessorInstance
from streamlib.graph import Entity
from streamlib.graph.components import WiredChannel
from streamlib.graph.property_graph import Dirty, PropertyGraph
from streamlib.ids import LinkId, ProcessorId
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

    Removed processors and links are named by their entities, because their ids may be in use again.
    """

    added: tuple[ProcessorId, ...] = ()
    removed: tuple[Entity, ...] = ()
    changed: tuple[ConfigChange, ...] = ()
    restarted: tuple[ProcessorId, ...] = ()
    links_added: tuple[LinkId, ...] = ()
    links_removed: tuple[Entity, ...] = ()

    def __bool__(self) -> bool:
        return any((self.added, self.removed, self.changed, self.restarted, self.links_added, self.links_removed))


def compute_delta(
    graph: PropertyGraph,
    dirty: Dirty,
    removed_processors: Iterable[Entity] = (),
    removed_links: Iterable[Entity] = (),
    restarted: Iterable[ProcessorId] = (),
) -> GraphDelta:
    """The delta of the dirty ids; entities that were removed before they ever ran are left out."""
    present = [id_ for id_ in dirty.processors if id_ in graph]
    changes = [change for id_ in present if (change := _config_change(graph, id_)) is not None]
    restarts = dict.fromkeys([*restarted, *(change.id for change in changes if not change.live)])
    return GraphDelta(
        added=tuple(id_ for id_ in present if not graph.has(id_, ProcessorInstance)),
        removed=tuple(entity for entity in removed_processors if graph.has(entity, ProcessorInstance)),
        changed=tuple(change for change in changes if change.live and change.id not in restarts),
        restarted=tuple(id_ for id_ in restarts if id_ in graph and graph.has(id_, ProcessorInstance)),
        links_added=tuple(id_ for id_ in dirty.links if id_ in graph and not graph.has(id_, WiredChannel)),
        links_removed=tuple(entity for entity in removed_links if graph.has(entity, WiredChannel)),
    )


def _config_change(graph: PropertyGraph, id_: ProcessorId) -> ConfigChange | None:
    instance = graph.get(id_, ProcessorInstance)
    node = graph.node(id_)
    if instance is None:
        return None
    old = instance.processor.config
    live, restart = node.declaration.config.changes(old, node.config)
    if not live and not restart:
        return None
    return ConfigChange(id_, old, node.config, live=not restart)
