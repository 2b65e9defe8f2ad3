"""A thread that calls others at clock times, for those who have no thread to wait on: tasks, and restarts to come.

It sleeps until the earliest time and costs nothing in between. What it calls is brief: it wakes somebody.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable

from streamlib.clock import Clock
from streamlib.links.wake import Waker

_LOG = logging.getLogger("streamlib.execution")


class Alarm:
    """Calls at times of one clock; its thread begins with the first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waker = Waker(clock)
        self._guard = threading.Lock()
        self._calls: list[tuple[int, int, Callable[[], None]]] = []  # bounded: one for each task or restart
        self._numbers = itertools.count()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._paused = False

    def call_at(self, at_ns: int, action: Callable[[], None]) -> None:
        """Call `action` once the clock has reached `at_ns`; from any thread. After `close` nothing is called."""
        with self._guard:
            heapq.heappush(self._calls, (at_ns, next(self._numbers), action))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="streamlib:alarm", daemon=True)
                self._thread.start()
        self._waker.wake()

    def pause(self) -> None:
        """Call nobody until `resume`: the clock stands still."""
        self._paused = True

    def resume(self) -> None:
        """Go on calling."""
        self._paused = False
        self._waker.wake()

    def close(self, timeout_s: float) -> bool:
        """Call nobody any more; False when the thread did not end in time."""
        with self._guard:  # a thread that is begun just now is joined, too
            self._closed = True
            thread = self._thread
        self._waker.wake()
        if thread is not None:
            thread.join(timeout_s)
        return thread is None or not thread.is_alive()

    def _run(self) -> None:
        while not self._closed:
            action = self._due()
            if action is None:
                self._waker.sleep(self._is_wanted, self._next_ns)
                continue
            try:
                action()
            except Exception:
                _LOG.exception("what was to be done at a time raised")

    def _is_wanted(self) -> bool:
        return self._closed or self._is_due()

    def _due(self) -> Callable[[], None] | None:
        with self._guard:
            return heapq.heappop(self._calls)[2] if self._is_due() else None

    def _is_due(self) -> bool:
        return not self._paused and bool(self._calls) and self._calls[0][0] <= self._clock.now_ns()

    def _next_ns(self) -> int | None:
        with self._guard:
            return self._calls[0][0] if self._calls and not self._paused else None
