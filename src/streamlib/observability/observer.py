"""What a user holds of an observer: the events that it saw, to be read as they come, and its end.

It is in nobody's hands but the user's: dropped, it takes away its `watches`, which hold what it reads (`sightings`) and
not it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Generic, Self, TypeVar, cast
from weakref import finalize

from streamlib.clock import checked_wait
from streamlib.events.closing import AsyncClosing, Closing
from streamlib.events.event import Event
from streamlib.observability.sightings import ObserverEnd, ObserverStatistics
from streamlib.observability.watches import Watch

E = TypeVar("E", bound=Event)

_IN_A_ROW = 64  # events read without a pause, after which others on the event loop have their turns


class Observer(Closing, AsyncClosing, Generic[E]):
    """The events of one place: `with runtime.inspector.observe_link(link) as observer: for event in observer: …`.

    It is attached from the moment it is made. `with`, `close` and dropping it detach it; it ends by itself when what it
    observes is removed, and when the runtime stops. What it holds then is still read, and iteration ends behind it.
    One that is read too slowly loses its own copies and counts them; nobody waits for it.
    """

    def __init__(self, watch: Watch, name: str, in_line: Callable[[Callable[[], None]], None]) -> None:
        self._name = name
        self._sightings = watch.sightings
        self._close = partial(watch.end, ObserverEnd.CLOSED)
        # In line, on another thread: the collector may drop it in the middle of anything.
        self._dropped = finalize(self, in_line, self._close)
        self._dropped.atexit = False
        self._in_a_row = 0
        watch.attach()

    @property
    def ended(self) -> ObserverEnd | None:
        """Why it sees nothing more: closed, removed, stopped or failed; None while it is attached."""
        return self._sightings.end

    def statistics(self) -> ObserverStatistics:
        """How many events it has seen, and what became of them."""
        return self._sightings.statistics()

    def get(self, timeout: float | None = None) -> E | None:
        """The oldest event.

        Args:
            timeout: How long to wait for one, in seconds; None waits until one comes or it has ended.

        Returns:
            None where none came in time, or none is left and it has ended.

        Raises:
            ConfigError: The timeout is no number.
        """
        return cast("E | None", self._sightings.take(checked_wait(timeout)))

    def close(self) -> None:
        """Detach, and wake who reads; from any thread, and as often as you like. What it holds can still be read."""
        self._dropped.detach()
        self._close()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> E:
        event = self.get()
        if event is None:
            raise StopIteration
        return event

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> E:
        self._in_a_row += 1
        if self._in_a_row > _IN_A_ROW:
            self._in_a_row = 0
            await asyncio.sleep(0)
        while True:
            over = self.ended is not None  # before looking: what is there when it ends is read
            event = self._sightings.take_now()
            if event is not None:
                return cast("E", event)
            if over:
                raise StopAsyncIteration
            self._in_a_row = 0
            await self._sightings.sleep()

    def __repr__(self) -> str:
        told = self.statistics()
        counts = f"{told.seen} events seen, {told.waiting} waiting, {told.lost} lost"
        return f"<Observer of {self._name}: {counts}{f', {self.ended}' if self.ended else ''}>"
