"""The changes that an edit is made of, each with its inverse.

Applying one to the graph notes how to undo it, so that a failed commit leaves no trace, and what to tell when it is
done. `edit` collects them, `committer` applies them; nothing here knows what runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from streamlib.events.event import Event
from streamlib.events.graph import (
    GraphDidAddProcessor,
    GraphDidCreateLink,
    GraphDidRemoveLink,
    GraphDidRemoveProcessor,
    GraphWillAddProcessor,
    GraphWillCreateLink,
    GraphWillRemoveLink,
    GraphWillRemoveProcessor,
)
from streamlib.graph import Entity
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, ProcessorId
from streamlib.processors.config import ProcessorConfig


@dataclass(slots=True)
class Applied:
    """What applying operations has done to the graph so far: what to undo, and what to tell.

    `undo` is called last first. `removed_*` are the entities of what is no longer in the graph.
    """

    publish: Callable[[Event], None]
    undo: list[Callable[[], object]] = field(default_factory=list)
    did: list[Event] = field(default_factory=list)
    removed_processors: list[Entity] = field(default_factory=list)
    removed_links: list[Entity] = field(default_factory=list)
    restarted: list[ProcessorId] = field(default_factory=list)


class Operation(Protocol):
    """One change of a graph."""

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Make the change, and note how to undo it and what to tell when it is committed."""
        ...


@dataclass(frozen=True, slots=True)
class AddProcessor:
    """Take a processor in."""

    node: ProcessorNode

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Add it to the graph."""
        id_, type_ = self.node.id, self.node.processor_type
        applied.publish(GraphWillAddProcessor(processor_id=id_, processor_type=type_))
        graph.add_processor(self.node)
        applied.undo.append(lambda: graph.forget(graph.remove_processor(id_)))
        applied.did.append(GraphDidAddProcessor(processor_id=id_, processor_type=type_))


@dataclass(frozen=True, slots=True)
class RemoveProcessor:
    """Let a processor go, and its links with it."""

    id: ProcessorId

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Remove it from the graph."""
        applied.publish(GraphWillRemoveProcessor(processor_id=self.id))
        for link in (*graph.links_into(self.id), *graph.links_from(self.id)):
            RemoveLink(link.id).apply(graph, applied)
        entity = graph.remove_processor(self.id)
        applied.removed_processors.append(entity)
        applied.undo.append(lambda: graph.restore_processor(entity))
        applied.did.append(GraphDidRemoveProcessor(processor_id=self.id))


@dataclass(frozen=True, slots=True)
class AddLink:
    """Join two ports."""

    link: Link

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Add the link to the graph."""
        link = self.link
        applied.publish(GraphWillCreateLink(link_id=link.id, source=link.source, target=link.target))
        graph.add_link(link)
        applied.undo.append(lambda: graph.forget(graph.remove_link(link.id)))
        applied.did.append(GraphDidCreateLink(link_id=link.id, source=link.source, target=link.target))


@dataclass(frozen=True, slots=True)
class RemoveLink:
    """Part two ports."""

    id: LinkId

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Remove the link from the graph."""
        applied.publish(GraphWillRemoveLink(link_id=self.id))
        entity = graph.remove_link(self.id)
        applied.removed_links.append(entity)
        applied.undo.append(lambda: graph.restore_link(entity))
        applied.did.append(GraphDidRemoveLink(link_id=self.id))


@dataclass(frozen=True, slots=True)
class Configure:
    """Give a processor another config."""

    id: ProcessorId
    config: ProcessorConfig

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Set the config in the graph."""
        before = graph.set_config(self.id, self.config)
        applied.undo.append(lambda: graph.set_config(self.id, before))


@dataclass(frozen=True, slots=True)
class Restart:
    """Replace a processor by a new one of the same kind."""

    id: ProcessorId

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Nothing changes in the graph."""
        graph.node(self.id)
        applied.restarted.append(self.id)


@dataclass(frozen=True, slots=True)
class Attach:
    """Attach a user's component to a processor or link."""

    subject: ProcessorId | LinkId
    component: object

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Insert it in the graph."""
        graph.insert(self.subject, self.component)
        applied.undo.append(lambda: graph.remove(self.subject, type(self.component)))
