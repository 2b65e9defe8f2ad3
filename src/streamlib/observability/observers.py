"""Makes observers: what a user names, by id or handle, becomes a watch at the right place and an observer of it.

Comes from `inspector`; goes to `watches`, which attach themselves by `taps` and the bus, and to `observer`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from streamlib.errors import UnknownLinkError, UnknownProcessorError
from streamlib.events.bus import EventBus
from streamlib.events.graph import GraphEvent
from streamlib.events.link import LinkEvent
from streamlib.events.processor import ProcessorEvent
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, ProcessorId, written_link_id
from streamlib.observability.observer import Observer
from streamlib.observability.sightings import Bounds, Sightings
from streamlib.observability.taps import Taps
from streamlib.observability.watches import GraphWatch, LinkWatch, ProcessorWatch


class HasGraph(Protocol):
    """A runtime, as far as it is asked which graph is its."""

    graph: PropertyGraph


class ProcessorNamed(Protocol):
    """A handle of a processor."""

    @property
    def id(self) -> ProcessorId:
        """Its id."""
        ...

    @property
    def runtime(self) -> HasGraph:
        """Whose it is."""
        ...


class LinkNamed(Protocol):
    """A handle of a link."""

    @property
    def id(self) -> LinkId:
        """Its id."""
        ...

    @property
    def runtime(self) -> HasGraph:
        """Whose it is."""
        ...


class Observers:
    """Where observers of one runtime come from.

    Args:
        now_ns: The runtime's clock.
        in_line: Does something later, on a thread of its own.
    """

    def __init__(
        self,
        graph: PropertyGraph,
        bus: EventBus,
        taps: Taps,
        now_ns: Callable[[], int],
        in_line: Callable[[Callable[[], None]], None],
    ) -> None:
        self._graph = graph
        self._bus = bus
        self._taps = taps
        self._now_ns = now_ns
        self._in_line = in_line

    def of_processor(self, processor: ProcessorNamed | str, bounds: Bounds) -> Observer[ProcessorEvent]:
        """An observer of a processor."""
        id_ = self._graph.node(self.processor_id(processor)).id
        watch = ProcessorWatch(self._graph, self._bus, Sightings(bounds, self._now_ns), self._taps, id_)
        return Observer(watch, id_, self._in_line)

    def of_link(self, link: LinkNamed | str, bounds: Bounds, *, frames: bool) -> Observer[LinkEvent]:
        """An observer of a link."""
        id_ = self._graph.link(self.link_id(link)).id
        watch = LinkWatch(self._graph, self._bus, Sightings(bounds, self._now_ns), self._taps, id_, frames=frames)
        return Observer(watch, id_, self._in_line)

    def of_graph(self, bounds: Bounds) -> Observer[GraphEvent]:
        """An observer of the graph."""
        watch = GraphWatch(self._graph, self._bus, Sightings(bounds, self._now_ns))
        return Observer(watch, "the graph", self._in_line)

    def processor_id(self, given: ProcessorNamed | str) -> ProcessorId:
        """The id that a user names a processor by.

        Raises:
            UnknownProcessorError: It is neither a text nor a handle, or a handle of another runtime.
        """
        id_ = given if isinstance(given, str) else getattr(given, "id", None)
        if not isinstance(id_, str):
            raise UnknownProcessorError(given, self._graph.processor_ids())
        if self._is_foreign(given):
            raise UnknownProcessorError(given, self._graph.processor_ids(), foreign=True)
        return ProcessorId(id_)

    def link_id(self, given: LinkNamed | str) -> LinkId:
        """The id that a user names a link by; as a text it may have spaces around its arrow.

        Raises:
            UnknownLinkError: It is neither a text nor a handle, or a handle of another runtime.
        """
        id_ = given if isinstance(given, str) else getattr(given, "id", None)
        if not isinstance(id_, str):
            raise UnknownLinkError(given, self._graph.link_ids())
        if self._is_foreign(given):
            raise UnknownLinkError(given, self._graph.link_ids(), foreign=True)
        return written_link_id(id_)

    def _is_foreign(self, given: object) -> bool:
        """Whether it is a handle of another runtime: two may well have processors of one id."""
        runtime = getattr(given, "runtime", None)
        return runtime is not None and getattr(runtime, "graph", None) is not self._graph
