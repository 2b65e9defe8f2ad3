"""How an event loop hears of events: a bounded stream, to be iterated over with `async for`.

Events are put in on the thread that publishes them, which calls into the loop only where its reader sleeps. What the
bus holds is an inbox; the user's `EventStream` is in nobody's hands but the user's and the reader's that sleeps, so
that one whose task was cancelled, or that was left by `break`, closes its inbox when it is gone.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from typing import Self

from streamlib.errors import StateError
from streamlib.events.closing import AsyncClosing
from streamlib.events.event import Event
from streamlib.events.subscription import Subscription, checked_capacity

_IN_A_ROW = 64  # events read without a pause, after which others on the event loop have their turns


class Inbox(Subscription):
    """The bus's end of a stream: takes events on any thread, and wakes the reader that sleeps."""

    def __init__(self, topic: str, capacity: int, forget: Callable[[Subscription], object]) -> None:
        super().__init__(topic, self._offer, forget)
        self.capacity = checked_capacity(capacity)
        self.dropped = 0
        self.events: deque[Event] = deque()  # bounded by the capacity: `_offer` drops the oldest and counts it
        self._sleeper: asyncio.Future[None] | None = None
        self._guard = threading.RLock()  # re-entrant: a signal's handler may publish while its thread reads

    def take(self) -> Event | None:
        """The oldest event, None where there is none."""
        with self._guard:
            return self.events.popleft() if self.events else None

    async def sleep(self) -> None:
        """Wait until there is an event or the end.

        Raises:
            StateError: Somebody waits already.
        """
        with self._guard:
            if self.events or not self.active:
                return
            if self._sleeper is not None:
                raise StateError("another task reads this stream already; give each a stream of its own")
            sleeper = self._sleeper = asyncio.get_running_loop().create_future()
        try:
            await sleeper
        finally:
            with self._guard:
                if self._sleeper is sleeper:
                    self._sleeper = None

    def close(self) -> None:
        """Take no more events, and wake the reader."""
        super().close()
        with self._guard:
            self._wake()

    def abandon(self) -> None:
        """Nobody will read: the bus lets go of it when it next looks, at an event or a new subscription."""
        self.active = False  # and nothing else: the collector may call this in the middle of anything

    def _offer(self, event: Event) -> None:
        with self._guard:
            if len(self.events) == self.capacity:
                self.events.popleft()
                self.dropped += 1
            self.events.append(event)
            self._wake()

    def _wake(self) -> None:
        sleeper, self._sleeper = self._sleeper, None
        if sleeper is None or sleeper.get_loop().is_closed():
            return
        try:
            sleeper.get_loop().call_soon_threadsafe(_rouse, sleeper)
        except RuntimeError:  # its event loop was closed this moment: who slept there sleeps for good
            return


class EventStream(AsyncClosing):
    """The events of a topic under asyncio: `async for event in runtime.events.stream("processor:*"): …`.

    It hears from the moment it is made, holds the newest `capacity` events, and ends when it or the bus is closed;
    what it holds then is still read. `async with` closes it. One task at a time reads it, on any event loop;
    cancelling a read loses no event.
    """

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._in_a_row = 0

    @property
    def topic(self) -> str:
        """What it hears of, a topic or a pattern."""
        return self._inbox.topic

    @property
    def capacity(self) -> int:
        """How many events it holds."""
        return self._inbox.capacity

    @property
    def dropped(self) -> int:
        """How many it lost, always the oldest."""
        return self._inbox.dropped

    @property
    def active(self) -> bool:
        """Whether it still takes events."""
        return self._inbox.active

    def close(self) -> None:
        """Take no more events and wake who reads, from any thread; what is held can still be read."""
        self._inbox.close()

    async def aclose(self) -> None:
        """As `close`."""
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """The oldest event, once there is one.

        Raises:
            StateError: Another task waits for one.
        """
        self._in_a_row += 1
        if self._in_a_row > _IN_A_ROW:
            self._in_a_row = 0
            await asyncio.sleep(0)
        while True:
            more = self.active  # before looking: what is there when it ends is read
            event = self._inbox.take()
            if event is not None:
                return event
            if not more:
                raise StopAsyncIteration
            self._in_a_row = 0
            await self._inbox.sleep()

    def __len__(self) -> int:
        return len(self._inbox.events)

    def __repr__(self) -> str:
        held = f"{len(self)} of {self.capacity} events, {self.dropped} dropped"
        return f"<EventStream of {self.topic!r}: {held}{'' if self.active else ', closed'}>"

    def __del__(self) -> None:
        self._inbox.abandon()


def _rouse(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():  # cancelled meanwhile
        sleeper.set_result(None)
