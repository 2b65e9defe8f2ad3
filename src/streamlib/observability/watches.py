"""What the pipeline tells for an observer: in a link, a processor or the graph, from `attach` to the end.

Each is told on the thread on which things happen, makes an event of it and puts it into `sightings`. It hears on the
bus when it has to end. Nobody holds it but the places where it watches and the user's `observer`, which it never knows.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from streamlib.events.bus import EventBus
from streamlib.events.event import Event
from streamlib.events.graph import GraphDidRemoveLink, GraphDidRemoveProcessor, GraphEvent
from streamlib.events.link import DataPushed, QueueEmpty, QueueFull
from streamlib.events.processor import FrameProcessed
from streamlib.events.runtime import RuntimeStopFailed, RuntimeStopped
from streamlib.events.subscription import Subscription
from streamlib.events.topics import RUNTIME_GLOBAL, processor_topic
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, ProcessorId
from streamlib.links.channel import frame_bytes
from streamlib.observability.sightings import ObserverEnd, Sightings
from streamlib.observability.taps import Taps
from streamlib.states import GraphState


class FramePushed(DataPushed, frozen=True, kw_only=True, tag=True, gc=True):
    """A frame went into the link, and here it is: told to an observer of a link with `frames=True`.

    Attributes:
        frame: The frame itself, by reference: whoever holds it keeps its memory, and changes nothing in it.
    """

    frame: Any


class Watch(ABC):
    """One observer's place in a graph, whatever it watches there.

    Args:
        sightings: Takes in what is told.
    """

    def __init__(self, graph: PropertyGraph, bus: EventBus, sightings: Sightings) -> None:
        self.sightings = sightings
        self._graph = graph
        self._bus = bus
        self._subscriptions: list[Subscription] = []  # a few, closed with it

    def attach(self) -> None:
        """Be told from now on."""
        self._listen(RUNTIME_GLOBAL, self._hear_of_all)
        self._attach()
        if self._is_gone():  # removed in this moment: what would have said so came too early
            self.end(ObserverEnd.REMOVED)

    def end(self, why: ObserverEnd) -> None:
        """Be told nothing more, and leave nothing behind; from any thread, and once."""
        if self.sightings.conclude(why):
            self.let_go()

    def let_go(self) -> None:
        """Leave all places."""
        for subscription in self._subscriptions:
            subscription.close()
        self._detach()

    def _listen(self, topic: str, hear: Any) -> None:
        self._subscriptions.append(self._bus.subscribe(topic, hear))

    def _hear_of_all(self, event: Event) -> None:
        self._hear(event)
        stopped = isinstance(event, RuntimeStopped | RuntimeStopFailed) and self._graph.state is GraphState.IDLE
        if stopped:
            self.end(ObserverEnd.STOPPED)
        elif self._says_gone(event):
            self.end(ObserverEnd.REMOVED)

    def _hear(self, event: Event) -> None:
        """Something happened somewhere in the graph, which may be nothing to it."""
        del event

    @contextmanager
    def _ending_if_it_raises(self) -> Iterator[None]:
        """What a frame says of itself is the user's code: where it raises, this observer sees nothing more."""
        try:
            yield
        except Exception:
            self.end(ObserverEnd.FAILED)
            raise

    def _says_gone(self, event: Event) -> bool:
        """Whether what it watches was removed."""
        return False

    def _is_gone(self) -> bool:
        """Whether what it watches is not there."""
        return False

    @abstractmethod
    def _attach(self) -> None: ...
    @abstractmethod
    def _detach(self) -> None: ...


class GraphWatch(Watch):
    """Hears what happens to the graph."""

    def _hear(self, event: Event) -> None:
        if isinstance(event, GraphEvent):
            self.sightings.put(event)

    def _attach(self) -> None:
        """All of it is told on the bus."""

    def _detach(self) -> None:
        """There is nothing else."""


class ProcessorWatch(Watch):
    """Hears what happens to a processor, and is told of each of its calls."""

    def __init__(
        self, graph: PropertyGraph, bus: EventBus, sightings: Sightings, taps: Taps, processor_id: ProcessorId
    ) -> None:
        super().__init__(graph, bus, sightings)
        self._taps = taps
        self._id = processor_id

    def processed(self, frame: Any, latency_ns: int) -> None:
        """A call is over."""
        now_ns = self.sightings.admits(FrameProcessed)
        if not now_ns:
            return
        with self._ending_if_it_raises():
            stamp = getattr(frame, "timestamp_ns", None)
        self.sightings.put(
            FrameProcessed(timestamp_ns=now_ns, processor_id=self._id, frame_timestamp_ns=stamp, latency_ns=latency_ns)
        )

    def _attach(self) -> None:
        self._listen(processor_topic(self._id), self.sightings.put)
        self._taps.attach_call(self._id, self)

    def _detach(self) -> None:
        self._taps.detach_call(self._id, self)

    def _says_gone(self, event: Event) -> bool:
        return isinstance(event, GraphDidRemoveProcessor) and event.processor_id == self._id

    def _is_gone(self) -> bool:
        return self._id not in self._graph


class LinkWatch(Watch):
    """Is told what happens in a link.

    Args:
        frames: Whether to keep the frames, too.
    """

    def __init__(
        self, graph: PropertyGraph, bus: EventBus, sightings: Sightings, taps: Taps, link_id: LinkId, *, frames: bool
    ) -> None:
        super().__init__(graph, bus, sightings)
        self._taps = taps
        self._id = link_id
        self._frames = frames

    def pushed(self, frame: Any) -> None:
        """A frame went into the link."""
        now_ns = self.sightings.admits(DataPushed)
        if not now_ns:
            return
        with self._ending_if_it_raises():
            size, stamp = frame_bytes(frame), getattr(frame, "timestamp_ns", 0)
        if self._frames:
            self.sightings.put(
                FramePushed(timestamp_ns=now_ns, link_id=self._id, frame_timestamp_ns=stamp, size=size, frame=frame),
                size,
            )
        else:
            self.sightings.put(DataPushed(timestamp_ns=now_ns, link_id=self._id, frame_timestamp_ns=stamp, size=size))

    def full(self, *, dropped: bool) -> None:
        """A frame meets a full link."""
        now_ns = self.sightings.admits(QueueFull)
        if now_ns:
            self.sightings.put(QueueFull(timestamp_ns=now_ns, link_id=self._id, dropped=dropped))

    def emptied(self) -> None:
        """The last frame was read."""
        now_ns = self.sightings.admits(QueueEmpty)
        if now_ns:
            self.sightings.put(QueueEmpty(timestamp_ns=now_ns, link_id=self._id))

    def _attach(self) -> None:
        self._taps.attach(self._id, self)

    def _detach(self) -> None:
        self._taps.detach(self._id, self)

    def _says_gone(self, event: Event) -> bool:
        return isinstance(event, GraphDidRemoveLink) and event.link_id == self._id

    def _is_gone(self) -> bool:
        return self._id not in self._graph
