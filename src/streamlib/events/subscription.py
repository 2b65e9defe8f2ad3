"""How those who listen hear: by a callback on the publisher's thread, or by a bounded queue on their own.

Made by `bus`. The form for asyncio is in `stream`.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import TypeAlias

from streamlib.clock import checked_wait
from streamlib.errors import ConfigError
from streamlib.events.closing import Closing
from streamlib.events.event import Event

Callback: TypeAlias = Callable[[Event], object]


class Subscription(Closing):
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

    def __repr__(self) -> str:
        return f"<{type(self).__name__} to {self.topic!r}{'' if self.active else ', closed'}>"


class EventQueue(Subscription):
    """A subscription that keeps events until they are asked for, the newest `capacity` of them.

    Attributes:
        capacity: How many events it holds.
        dropped: How many it lost, always the oldest.
    """

    def __init__(self, topic: str, capacity: int, forget: Callable[[Subscription], object]) -> None:
        super().__init__(topic, self._offer, forget)
        self.capacity = checked_capacity(capacity)
        self.dropped = 0
        self._events: deque[Event] = deque()  # bounded by the capacity: `_offer` drops the oldest and counts it
        self._changed = threading.Condition()  # re-entrant: a signal's handler may publish while its thread reads

    def get(self, timeout: float | None = None) -> Event | None:
        """The oldest event.

        Args:
            timeout: How long to wait for one, in seconds; None waits until one comes or the queue is closed.

        Returns:
            None where none came in time, or none is left and the queue is closed.

        Raises:
            ConfigError: The timeout is no number.
        """
        seconds = checked_wait(timeout)
        with self._changed:
            self._changed.wait_for(lambda: self._events or not self.active, seconds)
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

    def __repr__(self) -> str:
        held = f"{len(self)} of {self.capacity} events, {self.dropped} dropped"
        return f"<EventQueue of {self.topic!r}: {held}{'' if self.active else ', closed'}>"

    def _offer(self, event: Event) -> None:
        with self._changed:
            if len(self._events) == self.capacity:
                self._events.popleft()
                self.dropped += 1
            self._events.append(event)
            self._changed.notify()


def checked_capacity(capacity: object) -> int:
    """How many events somebody holds.

    Raises:
        ConfigError: It is less than 1, or no whole number.
    """
    if not isinstance(capacity, int) or isinstance(capacity, bool) or capacity < 1:
        raise ConfigError(f"an event queue holds 1 event or more, not {capacity!r}", field="capacity")
    return capacity
