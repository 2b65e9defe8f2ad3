"""Makes observers: what a user names (`naming`) becomes a watch at the right place and an observer of it.

Comes from `inspector`; goes to `watches`, which attach themselves by `taps` and the bus, and to `observer`.
"""

from __future__ import annotations

from collections.abc import Callable

from streamlib.errors import ConfigError
from streamlib.events.bus import EventBus
from streamlib.events.graph import GraphEvent
from streamlib.events.link import LinkEvent
from streamlib.events.processor import ProcessorEvent
from streamlib.graph.property_graph import PropertyGraph
from streamlib.observability.naming import LinkNamed, ProcessorNamed, link_named, processor_named
from streamlib.observability.observer import Observer
from streamlib.observability.sightings import Bounds, Sightings
from streamlib.observability.taps import Taps
from streamlib.observability.watches import GraphWatch, LinkWatch, ProcessorWatch


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
        id_ = processor_named(self._graph, processor)
        watch = ProcessorWatch(self._graph, self._bus, Sightings(bounds, self._now_ns), self._taps, id_)
        return Observer(watch, id_, self._in_line)

    def of_link(self, link: LinkNamed | str, bounds: Bounds, *, frames: bool) -> Observer[LinkEvent]:
        """An observer of a link."""
        if not isinstance(frames, bool):
            raise ConfigError(f"frames is {frames!r}; give True for the frames themselves, or False", field="frames")
        id_ = link_named(self._graph, link)
        watch = LinkWatch(self._graph, self._bus, Sightings(bounds, self._now_ns), self._taps, id_, frames=frames)
        return Observer(watch, id_, self._in_line)

    def of_graph(self, bounds: Bounds) -> Observer[GraphEvent]:
        """An observer of the graph."""
        watch = GraphWatch(self._graph, self._bus, Sightings(bounds, self._now_ns))
        return Observer(watch, "the graph", self._in_line)
