"""How one loop sleeps and is woken: a race-free wake-up that needs no lock of its own.

The sleeper puts its lock into a set, looks until when it may sleep, then again whether there is something to do, and
only then waits. A waker that finds the set not empty pops the lock and releases it: the pop is the claim, so a sleeper
is woken once. Whoever has nothing to wake pays for one look at an empty set. (A set: an empty deque is three times as
big, and a list gives its memory back with each pop.)
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

from streamlib.clock import Clock


class Wakes(Protocol):
    """What the ends of a ring ask of whoever reads or writes there.

    `asleep` is empty while waking does nothing. `stalls` is told by the writer's end when it finds no room; it answers
    what time it is, on the clock for media.
    """

    @property
    def asleep(self) -> set[Any]: ...
    def wake(self) -> None: ...
    def stalls(self) -> int: ...


class Waker:
    """The place where one loop sleeps. One thread sleeps here at a time; any thread may wake it.

    Attributes:
        found_no_room: Whether a writer in that loop has found no room, since who looks there has taken that back.
    """

    __slots__ = ("_clock", "_lock", "asleep", "found_no_room")

    def __init__(self, clock: Clock) -> None:
        self.asleep: set[threading.Lock] = set()
        self.found_no_room = False
        self._clock = clock
        self._lock = _locked()

    def wake(self) -> None:
        """Wake the sleeper, if there is one."""
        try:
            lock = self.asleep.pop()
        except KeyError:
            return
        lock.release()

    def stalls(self) -> int:
        """The present time; who sleeps here is found by its thread, and looked at where that is noted."""
        self.found_no_room = True
        return self._clock.now_ns()

    def sleep(self, ready: Callable[[], object], until: Callable[[], int | None] | None = None) -> None:
        """Sleep until woken or until the time that `until` says; not at all when `ready` says there is something to do.

        Both are asked behind the claim, so that who changes an answer of theirs has changed it before or wakes; and
        `ready` last: it finds what came while time went by, which `until` need not name any more.
        """
        try:
            self.asleep.add(self._lock)
            deadline_ns = None if until is None else until()
            woken = not ready() and self._clock.wait(self._lock, deadline_ns)
        except BaseException:  # Ctrl-C for one: whether a waker has claimed the lock, or released it, nobody knows
            self.asleep.clear()
            self._lock = _locked()
            raise
        if not woken:
            self._withdraw()

    def _withdraw(self) -> None:
        try:
            self.asleep.pop()
        except KeyError:  # a waker has claimed the lock: its release is on the way
            self._lock.acquire()


def _locked() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock
