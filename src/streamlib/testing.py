"""What tests of processors and graphs need, so that none of them sleeps and none needs a thread of its own.

It is part of the package, because whoever writes a processor tests it with the same means as we do.
"""

from __future__ import annotations

import threading

from streamlib.clock import NS_PER_S
from streamlib.errors import ConfigError, DeadlineError

# The lock handed to `wait` is released by people who know nothing of this clock, and nobody else may release it:
# so a sleeper looks at it again and again.
_LOOK_AGAIN_SECONDS = 0.001


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
                    self._changed.wait(_LOOK_AGAIN_SECONDS)
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
        """How many threads sleep on the clock; one that has been woken is not among them, run or not."""
        with self._changed:
            return sum(lock.locked() and not self._is_due(deadline_ns) for lock, deadline_ns in self._asleep.values())

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
                raise DeadlineError(f"the falling asleep of {count} threads on the clock", timeout, [missing])

    def _is_due(self, deadline_ns: int | None) -> bool:
        return deadline_ns is not None and self._now_ns >= deadline_ns
