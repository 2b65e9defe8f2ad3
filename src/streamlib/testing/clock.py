"""Clocks for tests: one that stands still until it is advanced, and one that does not wait.

Both are a `streamlib.clock.Clock`, and wake sleepers as the real one does; no test has to sleep.
"""

from __future__ import annotations

import threading
import time

from streamlib.clock import NS_PER_S, Lookout
from streamlib.errors import ConfigError, DeadlineError

# The lock handed to `wait` is released by people who know nothing of this clock, and nobody else may release it:
# so a sleeper looks at it again and again.
_LOOK_AGAIN_S = 0.001


class ManualClock:
    """A clock that stands still until a test advances it; a `streamlib.clock.Clock`.

    Threads that wait on it really sleep, and wake when their lock is released or the clock reaches their deadline.
    """

    def __init__(self, start_ns: int = NS_PER_S) -> None:
        self._now_ns = start_ns
        self._changed = threading.Condition()
        self._asleep: dict[int, tuple[threading.Lock, int | None]] = {}

    def now_ns(self) -> int:
        """The present time in nanoseconds, as the test has set it."""
        return self._now_ns

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        """Acquire `lock`, or give up once the clock has been advanced to `deadline_ns`."""
        with self._changed:
            self._asleep[threading.get_ident()] = (lock, deadline_ns)
            self._changed.notify_all()
            try:
                while not lock.acquire(blocking=False):
                    if self._is_due(deadline_ns):
                        return False
                    self._changed.wait(_LOOK_AGAIN_S)
                return True
            finally:
                del self._asleep[threading.get_ident()]

    def advance(self, ns: int) -> None:
        """Move on, and wake those whose deadline has come.

        Raises:
            ConfigError: the step is negative.
        """
        if ns < 0:
            raise ConfigError(f"a clock goes forward only, not by {ns} ns", field="ns")
        with self._changed:
            self._now_ns += ns
            self._changed.notify_all()

    @property
    def sleepers(self) -> int:
        """How many threads sleep on the clock; one that has been woken is not among them, run or not.

        Nor is who only looks on now and then (`streamlib.clock.Lookout`), as a runtime does for stalls.
        """
        with self._changed:
            return sum(
                lock.locked() and not self._is_due(deadline_ns) and not isinstance(deadline_ns, Lookout)
                for lock, deadline_ns in self._asleep.values()
            )

    def wait_for_sleepers(self, count: int, timeout: float = 5.0) -> None:
        """Wait until at least `count` threads sleep on the clock.

        Args:
            count: How many threads.
            timeout: How long to wait for them, in seconds of the real clock.

        Raises:
            DeadlineError: they did not fall asleep in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.sleepers >= count, timeout):
                missing = f"{count - self.sleepers} more"
                raise DeadlineError(f"waiting for {count} threads to sleep on the clock", timeout, [missing])

    def _is_due(self, deadline_ns: int | None) -> bool:
        return deadline_ns is not None and self._now_ns >= deadline_ns


_FAR_NS = 5 * NS_PER_S  # a deadline further away is somebody's patience and no tick: it passes in real time
_NAP_S = 0.0005  # time for whoever would wake a sleeper before its deadline
_FAR_NAP_S = 0.1


class JumpingClock:
    """A clock that jumps to the next deadline instead of waiting for it: an hour of ticks takes seconds.

    Between two jumps it goes as the system's. It jumps to a deadline that is up to 5 s ahead when somebody goes to
    sleep until then, if nobody wakes the sleeper, the earliest first; a later one comes as time passes.
    """

    def __init__(self) -> None:
        self._ahead_ns = 0
        self._guard = threading.Lock()
        self._deadlines: dict[int, int] = {}  # of those who sleep, by thread

    def now_ns(self) -> int:
        """The present time in nanoseconds: the system's and all jumps."""
        return time.monotonic_ns() + self._ahead_ns

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        """Acquire `lock`, or give up at `deadline_ns`, which comes soon."""
        if deadline_ns is None:
            return lock.acquire()
        if deadline_ns - self.now_ns() > _FAR_NS or isinstance(deadline_ns, Lookout):
            return self._wait_for_real(lock, deadline_ns)
        sleeper = threading.get_ident()
        with self._guard:
            self._deadlines[sleeper] = deadline_ns
        try:
            while not lock.acquire(timeout=self._left_s(deadline_ns, _NAP_S)):
                if self._has_reached(deadline_ns):
                    return False
            return True
        finally:
            with self._guard:
                del self._deadlines[sleeper]

    def _wait_for_real(self, lock: threading.Lock, deadline_ns: int) -> bool:
        """Wait as long as it takes, less what others jump meanwhile."""
        while not lock.acquire(timeout=self._left_s(deadline_ns, _FAR_NAP_S)):
            if self.now_ns() >= deadline_ns:
                return False
        return True

    def _left_s(self, deadline_ns: int, at_most_s: float) -> float:
        return min(max(0, deadline_ns - self.now_ns()) / NS_PER_S, at_most_s)

    def _has_reached(self, deadline_ns: int) -> bool:
        with self._guard:
            left_ns = deadline_ns - self.now_ns()
            if left_ns > 0 and deadline_ns == min(self._deadlines.values()):
                self._ahead_ns += left_ns
                return True
            return left_ns <= 0
