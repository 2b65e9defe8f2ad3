"""Time, in nanoseconds and monotonic: the only place where the data plane asks what time it is.

Whoever waits hands the clock the lock it sleeps on, so that a clock moved by hand (`streamlib.testing`)
wakes sleepers exactly as the real one does, and no test has to sleep. How long a caller waits is checked here too,
where he says it, so that no clock meets what is no time.
"""

from __future__ import annotations

import math
import numbers
import threading
import time
from collections.abc import Callable
from typing import Protocol

from streamlib.errors import ConfigError

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


def checked_timeout(given: object) -> float:
    """A number of seconds; one below 0, as what is left of a deadline may be, is 0.

    Raises:
        ConfigError: It is no number, or more than threads can wait for.
    """
    seconds = _seconds(given)
    if seconds > threading.TIMEOUT_MAX:
        raise ConfigError(f"timeout is {given!r}; give a number of seconds, an hour is 3600", field="timeout")
    return max(0.0, seconds)


def checked_wait(given: object) -> float | None:
    """As `checked_timeout`; None, and what is longer than anybody can wait for, has no end.

    Raises:
        ConfigError: It is no number.
    """
    seconds = math.inf if given is None else _seconds(given)
    return None if seconds > threading.TIMEOUT_MAX else max(0.0, seconds)


def _seconds(given: object) -> float:
    seconds = math.nan
    if not isinstance(given, bool) and isinstance(given, numbers.Real):
        try:
            seconds = float(given)
        except OverflowError:  # an int that no float holds
            seconds = -math.inf if given <= 0 else math.inf
    if math.isnan(seconds):
        raise ConfigError(f"timeout is {given!r}; give a number of seconds", field="timeout")
    return seconds
