"""How events reach those who listen, and those who obey.

A bus belongs to one runtime. It knows topics and nothing of what the events say. Publishing takes no lock of the
bus, so that a subscriber may publish, subscribe and unsubscribe. The forms in which one hears are in `subscription`
and, for asyncio, in `stream`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from streamlib.clock import Clock
from streamlib.errors import ConfigError, StateError
from streamlib.events.event import Event, described
from streamlib.events.runtime import SubscriberFailed
from streamlib.events.stream import EventStream, Inbox
from streamlib.events.subscription import Callback, EventQueue, Subscription
from streamlib.events.topics import check_pattern, prefix_of

LOG = logging.getLogger("streamlib.events")

E = TypeVar("E", bound=Event)
S = TypeVar("S", bound=Subscription)


class EventBus:
    """Hands each published event to the subscribers of its topic.

    A subscription names one topic, or all that begin alike (`processor:*`), or everything (`*`). A topic that misspells
    a built-in one is refused.

    Args:
        clock: Gives each event its time.
        is_processor: Whether a text is the id of a processor. A topic of that name may be the user's own, so it is
            not refused; who subscribes to it is warned, since what happens in the processor is told elsewhere.
    """

    def __init__(self, clock: Clock, *, is_processor: Callable[[str], bool] = lambda _: False) -> None:
        self._clock = clock
        self._is_processor = is_processor
        self._lock = threading.RLock()
        # Replaced as a whole by each change, so that publishers read it without the lock.
        self._by_topic: dict[str, tuple[Subscription, ...]] = {}
        self._by_prefix: tuple[tuple[str, Subscription], ...] = ()
        self._subscriptions: list[Subscription] = []
        self._obeyed: dict[type[Event], Callable[[Event], object]] = {}
        self._when_heard: dict[str, Callable[[str], object]] = {}
        self._closed = False

    def subscribe(self, topic: str, callback: Callback) -> Subscription:
        """Call `callback` with each event of a topic, on the thread that publishes it.

        One that raises is logged, named by SubscriberFailed, and not called again.

        Raises:
            ConfigError: the topic is none, the message has the nearest; or the callback cannot be called.
            StateError: the bus is closed.
        """
        if not callable(callback):
            raise ConfigError(
                f"callback is {callback!r}; give a function of one event, or collect events by subscribe_queue(topic)",
                field="callback",
            )
        return self._add(Subscription(topic, callback, self._remove))

    def subscribe_queue(self, topic: str, capacity: int = 256) -> EventQueue:
        """Collect the events of a topic, to be read on another thread; full, it drops the oldest and counts it.

        Raises:
            ConfigError: the topic is none, the message has the nearest; or the capacity is less than 1.
            StateError: the bus is closed.
        """
        return self._add(EventQueue(topic, capacity, self._remove))

    def stream(self, topic: str, capacity: int = 256) -> EventStream:
        """The events of a topic for asyncio, from now on; full, it drops the oldest and counts it.

        Raises:
            ConfigError: the topic is none, the message has the nearest; or the capacity is less than 1.
            StateError: the bus is closed.
        """
        return EventStream(self._add(Inbox(topic, capacity, self._remove)))

    def listens(self, topic: str) -> bool:
        """Whether anybody would hear of a topic: asked by those who publish so often that a record costs too much."""
        return self._is_heard(topic, "")

    @property
    def anybody_subscribed(self) -> bool:
        """Whether there is any subscription at all: asked by those who publish of very many, one by one."""
        return bool(self._subscriptions)

    def asks_for(self, topic: str) -> bool:
        """Whether anybody subscribed to this topic, or to all of its family; one to everything is neither."""
        return bool(self._subscriptions) and self._is_heard(topic, topic.partition(":")[0] + ":")

    def _is_heard(self, topic: str, family: str) -> bool:
        """Whether a subscription names the topic, or how it begins, which begins with the family itself."""
        return any(subscription.active for subscription in self._by_topic.get(topic, ())) or any(
            prefix.startswith(family) and topic.startswith(prefix) and subscription.active
            for prefix, subscription in self._by_prefix
        )

    def when_heard(self, family: str, tell: Callable[[str], object]) -> None:
        """Tell who publishes only what somebody wants to hear when subscriptions come and go, with their patterns.

        Args:
            family: What the topics begin with, `link:`.
            tell: Called on the thread that subscribes or closes a subscription; it raises nothing.
        """
        self._when_heard[family] = tell

    def obey(self, kind: type[E], carry_out: Callable[[E], object]) -> None:
        """Hand each event of a class, none of its subclasses, to who carries it out, after its subscribers.

        One per class, the latest; it raises nothing, and holds up nobody.
        """
        self._obeyed[kind] = carry_out  # type: ignore[assignment]

    def publish(self, event: Event) -> None:
        """Hand an event to the subscribers of its topic, stamped with the present time unless it bears one.

        Safe from any thread. Whatever a subscriber raises stays here, but Ctrl-C on the main thread. A closed bus
        publishes nothing.

        Raises:
            ConfigError: It is no event.
        """
        if not isinstance(event, Event):
            raise ConfigError(
                f"{event!r:.60} is no event; publish CustomEvent(topic='door', data=…), or another of streamlib.events",
                field="event",
            )
        if self._subscriptions:
            self._tell(event)
        carry_out = self._obeyed.get(type(event))
        if carry_out is not None:
            carry_out(event)

    def publish_each(self, events: Iterable[Event]) -> None:
        """As `publish`, one after the other; of very many that nobody hears it is quicker."""
        for event in events:
            if self._subscriptions or type(event) in self._obeyed:
                self.publish(event)

    def _tell(self, event: Event) -> None:
        topic = event.topic
        subscriptions = [*self._by_topic.get(topic, ())]
        subscriptions += [subscription for prefix, subscription in self._by_prefix if topic.startswith(prefix)]
        if subscriptions and not event.timestamp_ns:
            event = msgspec.structs.replace(event, timestamp_ns=self._clock.now_ns())
        for subscription in subscriptions:
            if subscription.active:
                self._deliver(subscription, event)
            else:
                self._remove(subscription)  # a stream that nobody holds any more

    def close(self) -> None:
        """End every subscription, and wake whoever waits for an event."""
        with self._lock:
            self._closed = True
            self._obeyed.clear()
            subscriptions = tuple(self._subscriptions)
        for subscription in subscriptions:
            subscription.close()

    def _deliver(self, subscription: Subscription, event: Event) -> None:
        try:
            subscription.deliver(event)
        except BaseException as error:  # an exit in here would leave what published half done, or end its thread
            if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
                raise  # it is the caller's, and says nothing of the subscriber
            subscription.active = False
            if not self._remove(subscription):
                return  # another thread saw it raise at the same time, and told
            name = _name(subscription.deliver)
            fields = {"subscriber": name, "topic": str(subscription.topic)}
            LOG.exception("the subscriber %s to %s raised and is removed", name, subscription.topic, extra=fields)
            self.publish(SubscriberFailed(subscriber=name, subscribed_to=subscription.topic, error=described(error)))

    def __repr__(self) -> str:
        return f"<EventBus{', closed' if self._closed else ''}: {len(self._subscriptions)} subscriptions>"

    def _add(self, subscription: S) -> S:
        check_pattern(subscription.topic)
        if self._is_processor(subscription.topic):
            id_ = subscription.topic
            LOG.warning("%r is a topic of your own; what happens in that processor is told on 'processor:%s'", id_, id_)
        with self._lock:
            if self._closed:
                raise StateError("the bus is closed, its runtime is gone; subscribe to a new runtime's")
            self._subscriptions = [*(one for one in self._subscriptions if one.active), subscription]
            self._index()
        self._tell_heard(subscription.topic)
        return subscription

    def _remove(self, subscription: Subscription) -> bool:
        """Forget a subscription; False where it is forgotten already."""
        with self._lock:
            if subscription not in self._subscriptions:
                return False
            self._subscriptions.remove(subscription)
            self._index()
        self._tell_heard(subscription.topic)
        return True

    def _tell_heard(self, pattern: str) -> None:
        for family, tell in self._when_heard.items():
            if pattern.startswith(family):
                tell(pattern)

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
