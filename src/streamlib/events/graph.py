"""What happens to the graph: processors and links come and go, and its state changes. All on `runtime:global`.

Will is told before the step and may still come to nothing when the commit is rolled back; Did is told after it.
The order's GraphEvent::StateChanged is `GraphStateChanged` here, since processors have one too.
"""

from __future__ import annotations

from streamlib.events.event import Event
from streamlib.events.topics import RUNTIME_GLOBAL
from streamlib.ids import LinkId, PortRef, ProcessorId
from streamlib.states import GraphState


class GraphEvent(Event, frozen=True, gc=False, kw_only=True, tag=True):
    """Any event of the graph."""

    @property
    def topic(self) -> str:
        """The graph is the runtime's."""
        return RUNTIME_GLOBAL


class GraphWillAddProcessor(GraphEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A processor is about to be created."""

    processor_id: ProcessorId
    processor_type: str


class GraphDidAddProcessor(GraphEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A processor is part of the graph."""

    processor_id: ProcessorId
    processor_type: str


class GraphWillRemoveProcessor(GraphEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A processor is about to be drained and torn down."""

    processor_id: ProcessorId


class GraphDidRemoveProcessor(GraphEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A processor is drained, torn down and gone."""

    processor_id: ProcessorId


class GraphWillReplaceProcessor(GraphEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A processor of this type is about to take the place of the one with this id."""

    processor_id: ProcessorId
    processor_type: str


class GraphDidReplaceProcessor(GraphEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A processor of this type has taken the place of the one with this id; its links are those that were there."""

    processor_id: ProcessorId
    processor_type: str


class GraphWillCreateLink(GraphEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Two ports are about to be joined."""

    link_id: LinkId
    source: PortRef
    target: PortRef


class GraphDidCreateLink(GraphEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Two ports are joined."""

    link_id: LinkId
    source: PortRef
    target: PortRef


class GraphWillRemoveLink(GraphEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Two ports are about to be parted."""

    link_id: LinkId


class GraphDidRemoveLink(GraphEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Two ports are parted."""

    link_id: LinkId


class GraphWillUpdateLink(GraphEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A link is about to be given another capacity or delivery."""

    link_id: LinkId


class GraphDidUpdateLink(GraphEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A link has another capacity, in frames, or delivery; None is what its input declares."""

    link_id: LinkId
    delivery: str | None
    capacity: int | None


class GraphStateChanged(GraphEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """The graph as a whole went from one state to another."""

    old: GraphState
    new: GraphState
