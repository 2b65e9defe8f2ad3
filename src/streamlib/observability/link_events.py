"""What passes inside links, told on the bus: only while somebody subscribes to `link:<id>` or `link:*`.

A subscription to such a topic is a look into the links it names, so it is what attaches an observer there, and its
end detaches it. One to everything (`*`) is none: it hears of the links that are looked at anyhow.
"""

from __future__ import annotations

import threading
from typing import Any

from streamlib.events.bus import EventBus
from streamlib.events.graph import GraphDidRemoveLink
from streamlib.events.link import DataPushed, QueueEmpty, QueueFull
from streamlib.events.topics import link_topic
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId
from streamlib.links.channel import frame_bytes
from streamlib.links.tap import Tap
from streamlib.observability.taps import Taps


class LinkTeller:
    """The observer of one link that publishes what it is told."""

    def __init__(self, bus: EventBus, link_id: LinkId) -> None:
        self._publish = bus.publish
        self._link_id = link_id

    def pushed(self, frame: Any) -> None:
        """Publish DataPushed."""
        timestamp_ns = getattr(frame, "timestamp_ns", 0)
        self._publish(DataPushed(link_id=self._link_id, frame_timestamp_ns=timestamp_ns, size=frame_bytes(frame)))

    def full(self, *, dropped: bool) -> None:
        """Publish QueueFull."""
        self._publish(QueueFull(link_id=self._link_id, dropped=dropped))

    def emptied(self) -> None:
        """Publish QueueEmpty."""
        self._publish(QueueEmpty(link_id=self._link_id))


class LinkEvents:
    """Which links are told on the bus, in step with its subscriptions."""

    def __init__(self, graph: PropertyGraph, bus: EventBus, taps: Taps) -> None:
        self._graph = graph
        self._bus = bus
        self._taps = taps
        self._lock = threading.RLock()
        self._tellers: dict[LinkId, LinkTeller] = {}
        bus.when_heard("link:", self._heard)
        bus.obey(GraphDidRemoveLink, lambda event: self._look(event.link_id))

    def tap_of(self, link_id: LinkId) -> Tap | None:
        """The tap that a link has when it comes to run; for wiring."""
        self._look(link_id, runs=False)
        return self._taps.of(link_id)

    def _heard(self, pattern: str) -> None:
        """Somebody listens to these topics now, or does no more."""
        if pattern.endswith("*"):
            prefix = pattern[:-1]
            with self._lock:
                known = dict.fromkeys((*self._graph.link_ids(), *self._tellers))
            ids = [id_ for id_ in known if link_topic(id_).startswith(prefix)]
        else:
            ids = [LinkId(pattern.partition(":")[2])]
        for id_ in ids:
            self._look(id_)

    def _look(self, link_id: LinkId, *, runs: bool = True) -> None:
        """Attach a teller to a link that somebody wants to hear of, or detach it."""
        with self._lock:
            wanted = self._bus.asks_for(link_topic(link_id)) and link_id in self._graph
            teller = self._tellers.get(link_id)
            if wanted and teller is None:
                self._tellers[link_id] = teller = LinkTeller(self._bus, link_id)
                (self._taps.attach if runs else self._taps.enlist)(link_id, teller)
            elif teller is not None and not wanted:
                del self._tellers[link_id]
                self._taps.detach(link_id, teller)
