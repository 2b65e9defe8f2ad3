"""How events reach those who listen: on the publisher's thread, or through a bounded queue on their own.

A bus belongs to one runtime. It knows topics and nothing of what the events say. Publishing takes no lock of the
bus, so that a subscriber may publish, subscribe and unsubscribe.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self, TypeAlias, TypeVar

import msgspec

from streamlib.clock import Clock
from streamlib.errors import ConfigError, StateError
from streamlib.events.event import Event, described
from streamlib.events.runtime import SubscriberFailed
from streamlib.events.topics import prefix_of

LOG = logging.getLogger("streamlib.events")

Callback: TypeAlias = Callable[[Event], object]
S = TypeVar("S", bound="Subscription")


class Subscription:
    """A callback that hears of a topic until it is closed; `with` closes it."""

    def __init__(self, topic: str, deliver: Callback, forget: Callable[[Subscription], object]) -> None:
        self.topic = topic
        self.deliver = deliver
        self.active = True
        self._forget = forget

    def close(self) -> None:
        """Hear of nothing more; a call that another thread is in the middle of still ends."""
        self.active = False
        self._forget(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class EventQueue(Subscription):
    """A subscription that keeps events until they are asked for, the newest `capacity` of them.

    Attributes:
        capacity: How many events it holds.
        dropped: How many it lost, always the oldest.
    """

    def __init__(self, topic: str, capacity: int, forget: Callable[[Subscription], object]) -> None:
        super().__init__(topic, self._offer, forget)
        self.capacity = capacity
        self.dropped = 0
        self._events: deque[Event] = deque()  # bounded by the capacity: `_offer` drops the oldest and counts it
        self._changed = threading.Condition()  # re-entrant: a signal's handler may publish while its thread reads

    def get(self, timeout: float | None = None) -> Event | None:
        """The oldest event.

        Args:
            timeout: How long to wait for one, in seconds; None waits until one comes or the queue is closed.

        Returns:
            None where none came in time, or none is left and the queue is closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._events or not self.active, timeout)
            return self._events.popleft() if self._events else None

    def close(self) -> None:
        """Take no more events and wake whoever waits; what is held can still be read."""
        super().close()
        with self._changed:
            self._changed.notify_all()

    def __iter__(self) -> Iterator[Event]:
        """The events as they come, until the queue is closed and empty."""
        while (event := self.get()) is not None:
            yield event

    def __len__(self) -> int:
        return len(self._events)

    def _offer(self, event: Event) -> None:
        with self._changed:
            if len(self._events) == self.capacity:
                self._events.popleft()
                self.dropped += 1
            self._events.append(event)
            self._changed.notify()


class EventBus:
    """Hands each published event to the subscribers of its topic.

    A subscription names one topic, or all that begin alike (`processor:*`), or everything (`*`).
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        # Replaced as a whole by each change, so that publishers read it without the lock.
        self._by_topic: dict[str, tuple[Subscription, ...]] = {}
        self._by_prefix: tuple[tuple[str, Subscription], ...] = ()
        self._subscriptions: list[Subscription] = []
        self._closed = False

    def subscribe(self, topic: str, callback: Callback) -> Subscription:
        """Call `callback` with each event of a topic, on the thread that publishes it.

        One that raises is logged, named by SubscriberFailed, and not called again.

        Raises:
            StateError: the bus is closed.
        """
        return self._add(Subscription(topic, callback, self._remove))

    def subscribe_queue(self, topic: str, capacity: int = 256) -> EventQueue:
        """Collect the events of a topic for a thread of one's own; full, it drops the oldest and counts it.

        Raises:
            ConfigError: the capacity is less than 1.
            StateError: the bus is closed.
        """
        if capacity < 1:
            raise ConfigError(f"an event queue holds 1 event or more, not {capacity}", field="capacity")
        return self._add(EventQueue(topic, capacity, self._remove))

    def listens(self, topic: str) -> bool:
        """Whether anybody would hear of a topic: asked by those who publish so often that a record costs too much."""
        return topic in self._by_topic or any(topic.startswith(prefix) for prefix, _ in self._by_prefix)

    def publish(self, event: Event) -> None:
        """Hand an event to those who listen, stamped with the present time unless it bears one.

        Safe from any thread. Whatever a subscriber raises stays here. A closed bus publishes nothing.
        """
        if not self._subscriptions:
            return
        topic = event.topic
        listeners = [*self._by_topic.get(topic, ())]
        listeners += [listener for prefix, listener in self._by_prefix if topic.startswith(prefix)]
        if listeners and not event.timestamp_ns:
            event = msgspec.structs.replace(event, timestamp_ns=self._clock.now_ns())
        for listener in listeners:
            if listener.active:
                self._deliver(listener, event)

    def close(self) -> None:
        """End every subscription, and wake whoever waits for an event."""
        with self._lock:
            self._closed = True
            subscriptions = tuple(self._subscriptions)
        for subscription in subscriptions:
            subscription.close()

    def _deliver(self, listener: Subscription, event: Event) -> None:
        try:
            listener.deliver(event)
        except (Exception, SystemExit) as error:  # an exit() in here would leave what published half done
            listener.active = False
            if not self._remove(listener):
                return  # another thread saw it raise at the same time, and told
            name = _name(listener.deliver)
            LOG.exception("the subscriber %s to %s raised and is removed", name, listener.topic)
            self.publish(SubscriberFailed(subscriber=name, subscribed_to=listener.topic, error=described(error)))

    def _add(self, subscription: S) -> S:
        with self._lock:
            if self._closed:
                raise StateError("the bus is closed, its runtime is gone; subscribe to a new runtime's")
            self._subscriptions.append(subscription)
            self._index()
        return subscription

    def _remove(self, subscription: Subscription) -> bool:
        """Forget a subscription; False where it is forgotten already."""
        with self._lock:
            if subscription not in self._subscriptions:
                return False
            self._subscriptions.remove(subscription)
            self._index()
            return True

    def _index(self) -> None:
        by_topic: dict[str, tuple[Subscription, ...]] = {}
        by_prefix: list[tuple[str, Subscription]] = []
        for subscription in self._subscriptions:
            prefix = prefix_of(subscription.topic)
            if prefix is None:
                by_topic[subscription.topic] = (*by_topic.get(subscription.topic, ()), subscription)
            else:
                by_prefix.append((prefix, subscription))
        self._by_topic, self._by_prefix = by_topic, tuple(by_prefix)


def _name(callback: Callback) -> str:
    """How a callback is called where it was written."""
    where = getattr(callback, "__module__", None)
    name = getattr(callback, "__qualname__", None) or type(callback).__qualname__
    return f"{where}.{name}" if where else str(name)
