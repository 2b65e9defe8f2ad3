"""Who looks into which link, and how a look gets there while frames flow.

The tap of a link is here as long as somebody looks, also where the link does not run. A running link has it in its
slot (`streamlib.links.tap`): the loops that own its ends put it there between two frames, and take it away when the
last observer has gone. Asked by wiring for links that come to run; next on a look's way: `streamlib.links.tapped`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial

from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import loop_of
from streamlib.graph.components import WiredChannel
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId
from streamlib.links.tap import LinkObserver, Tap

LOG = logging.getLogger("streamlib.observability")


class Taps:
    """The taps of one runtime.

    Args:
        in_turn: Does something that no commit may come between, now or soon.
    """

    def __init__(self, graph: PropertyGraph, in_turn: Callable[[Callable[[], None]], None]) -> None:
        self._graph = graph
        self._in_turn = in_turn
        self._lock = threading.Lock()
        self._taps: dict[LinkId, Tap] = {}

    def of(self, link_id: LinkId) -> Tap | None:
        """The tap of a link, where somebody looks."""
        return self._taps.get(link_id)

    def attach(self, link_id: LinkId, observer: LinkObserver) -> None:
        """Tell an observer what happens in a link from the next frame on; from any thread."""
        self.enlist(link_id, observer)
        self._in_turn(partial(self._fit, link_id))

    def enlist(self, link_id: LinkId, observer: LinkObserver) -> None:
        """As `attach`, for a link that does not run yet."""
        with self._lock:
            tap = self._taps.get(link_id)
            if tap is None:
                self._taps[link_id] = tap = Tap(partial(self._failed, link_id))
            tap.add(observer)

    def detach(self, link_id: LinkId, observer: LinkObserver) -> None:
        """Tell it nothing more; the last one leaves not a trace on the frames' way. From any thread."""
        with self._lock:
            tap = self._taps.get(link_id)
            if tap is None:
                return
            tap.discard(observer)
            if not tap:
                del self._taps[link_id]
        self._in_turn(partial(self._fit, link_id))

    def _failed(self, link_id: LinkId, observer: LinkObserver, error: Exception) -> None:
        LOG.error("an observer of %s raised and is removed: %r", link_id, observer, exc_info=error)
        self.detach(link_id, observer)

    def _fit(self, link_id: LinkId) -> None:
        """Have the ends of a running link held as its observers want them. No commit is under way."""
        graph, tap = self._graph, self._taps.get(link_id)
        wired = graph.get(link_id, WiredChannel) if link_id in graph else None
        if wired is None or wired.channel.tap is tap:
            return
        wired.channel.tap = tap
        link = graph.link(link_id)
        for id_ in (link.source.processor_id, link.target.processor_id):
            instance = graph.get(id_, ProcessorInstance)
            loop = None if instance is None else loop_of(instance)
            if instance is not None and loop is not None:
                loop.post(partial(instance.refit, wired.channel))
                loop.serve()
