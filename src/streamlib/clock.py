"""Time, in nanoseconds and monotonic: the only place where the data plane asks what time it is.

Whoever waits hands the clock the lock it sleeps on, so that a clock moved by hand (`streamlib.testing`)
wakes sleepers exactly as the real one does, and no test has to sleep.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
NEVER_NS = 1 << 62
"""A time that does not come: about 146 years after the clock began."""


class Lookout(int):
    """A deadline at which somebody only looks on, and nothing of a graph happens.

    Clocks of tests neither jump there, nor count who waits for it among those that sleep.
    """


class Clock(Protocol):
    """A monotonic clock that people can wait on."""

    def now_ns(self) -> int:
        """The present time in nanoseconds; only differences mean something."""
        ...

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        """Acquire `lock`, which whoever wakes the waiter releases.

        Returns True once acquired, False when `deadline_ns` has passed first; None waits without end.
        """
        ...


class MonotonicClock:
    """The system's monotonic clock."""

    def __init__(self) -> None:
        self.now_ns = time.monotonic_ns

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        """Acquire `lock` or give up when `deadline_ns` has passed."""
        if deadline_ns is None:
            return lock.acquire()
        seconds = (deadline_ns - time.monotonic_ns()) / NS_PER_S
        return lock.acquire(timeout=min(max(0.0, seconds), threading.TIMEOUT_MAX))


class PausableClock:
    """A clock that stands still while paused: the runtime's, so that a pause leaves no gap in media time.

    Waiters with a deadline are threads that a pause parks anyway; they wait on the clock beneath, and
    look at this one again when they wake.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pauses = _Pauses()
        # Everybody holds it: one function is the same for all, where each look at a method would make another.
        self.now_ns = _less_pauses(clock.now_ns, self._pauses)

    @property
    def paused_ns(self) -> int | None:
        """Since when it stands still, on the clock beneath; None while it goes."""
        return self._pauses.now[0]

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        """Acquire `lock` or give up when the clock beneath has passed `deadline_ns`."""
        return self._clock.wait(lock, None if deadline_ns is None else deadline_ns + self._pauses.now[1])

    def pause(self) -> None:
        """Stand still from now on."""
        still_ns, spent_ns = self._pauses.now
        if still_ns is None:
            self._pauses.now = (self._clock.now_ns(), spent_ns)

    def resume(self) -> None:
        """Go on from where `pause` stood still."""
        still_ns, spent_ns = self._pauses.now
        if still_ns is not None:
            self._pauses.now = (None, spent_ns + self._clock.now_ns() - still_ns)


class _Pauses:
    """Since when a clock stands still, None while it goes, and the time it has spent paused: swapped as one."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        self.now: tuple[int | None, int] = (None, 0)


def _less_pauses(beneath_ns: Callable[[], int], pauses: _Pauses) -> Callable[[], int]:
    def now_ns() -> int:
        """The present time in nanoseconds, less all time spent paused."""
        still_ns, spent_ns = pauses.now
        return (beneath_ns() if still_ns is None else still_ns) - spent_ns

    return now_ns
