"""How one loop sleeps and is woken: a race-free wake-up that needs no lock of its own.

The sleeper puts its lock on a deque, looks again whether there is something to do, and only then waits. A
waker that finds the deque not empty pops the lock and releases it: the pop is the claim, so a sleeper is
woken once. Whoever has nothing to wake pays for one look at an empty deque.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from streamlib.clock import Clock


class Waker:
    """The place where one loop sleeps. One thread sleeps here at a time; any thread may wake it."""

    __slots__ = ("_clock", "_lock", "asleep")

    def __init__(self, clock: Clock) -> None:
        self.asleep: deque[threading.Lock] = deque(maxlen=1)
        self._clock = clock
        self._lock = threading.Lock()
        self._lock.acquire()

    def wake(self) -> None:
        """Wake the sleeper, if there is one."""
        try:
            lock = self.asleep.pop()
        except IndexError:
            return
        lock.release()

    def sleep(self, ready: Callable[[], object], deadline_ns: int | None = None) -> None:
        """Sleep until woken or until `deadline_ns`; not at all when `ready` says there is something to do."""
        self.asleep.append(self._lock)
        if ready() or not self._clock.wait(self._lock, deadline_ns):
            self._withdraw()

    def _withdraw(self) -> None:
        try:
            self.asleep.pop()
        except IndexError:  # a waker has claimed the lock: its release is on the way
            self._lock.acquire()
