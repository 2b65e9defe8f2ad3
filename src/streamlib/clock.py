"""Time, in nanoseconds and monotonic: the only place where the data plane asks what time it is.

Whoever waits hands the clock the lock it sleeps on, so that a clock moved by hand (`streamlib.testing`)
wakes sleepers exactly as the real one does, and no test has to sleep.
"""

from __future__ import annotations

import threading
import time
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
        self._read_ns = clock.now_ns
        self._paused: tuple[int | None, int] = (None, 0)  # stands still at, spent paused: swapped as one

    def now_ns(self) -> int:
        """The present time in nanoseconds, less all time spent paused."""
        still_ns, spent_ns = self._paused
        read_ns = self._read_ns
        return (read_ns() if still_ns is None else still_ns) - spent_ns

    @property
    def paused_ns(self) -> int | None:
        """Since when it stands still, on the clock beneath; None while it goes."""
        return self._paused[0]

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        """Acquire `lock` or give up when the clock beneath has passed `deadline_ns`."""
        return self._clock.wait(lock, None if deadline_ns is None else deadline_ns + self._paused[1])

    def pause(self) -> None:
        """Stand still from now on."""
        still_ns, spent_ns = self._paused
        if still_ns is None:
            self._paused = (self._clock.now_ns(), spent_ns)

    def resume(self) -> None:
        """Go on from where `pause` stood still."""
        still_ns, spent_ns = self._paused
        if still_ns is not None:
            self._paused = (None, spent_ns + self._clock.now_ns() - still_ns)
