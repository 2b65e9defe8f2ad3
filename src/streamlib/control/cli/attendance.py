"""Staying with a runtime while it runs: until it ends, for some time, or until a signal.

Nothing is stopped here; who attends is told why it is over. `display.py` is asked to look again and again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from functools import partial

from streamlib.clock import NS_PER_S, MonotonicClock
from streamlib.errors import ProcessorFailed
from streamlib.runtime.runtime import StreamRuntime
from streamlib.runtime.signals import caught_signals

TICK_S = 0.1
"""How often the display is asked to look, in seconds; nobody tells it when a count has changed."""


class Outcome(StrEnum):
    """Why the attendance is over."""

    ENDED = "ended"
    TIME = "time"
    SIGNAL = "signal"


class Attendance:
    """Waits for a runtime on the main thread; `attending` makes one.

    Attributes:
        is_forced: Whether there was a second signal: nothing was drained.
    """

    def __init__(self, runtime: StreamRuntime, tick: Callable[[], None]) -> None:
        self.is_forced = False
        self._runtime = runtime
        self._tick = tick
        self._signalled = False
        self._clock = MonotonicClock()
        self._start_ns = self._clock.now_ns()

    def until(self, end_ns: int | None) -> Outcome:
        """Wait until `end_ns` after the beginning, or without end.

        Raises:
            ProcessorFailed: All is over, and processors were ended by errors.
        """
        while not self._signalled:
            self._tick()
            left_s = TICK_S if end_ns is None else (self._start_ns + end_ns - self._clock.now_ns()) / NS_PER_S
            if left_s <= 0:
                return Outcome.TIME
            if self._is_over(min(left_s, TICK_S)):
                self._tick()
                return Outcome.ENDED
        return Outcome.SIGNAL

    def _is_over(self, seconds: float) -> bool:
        """Whether all is over by then; a processor that has failed is heard of at the end, for the others go on."""
        try:
            return self._runtime.wait(seconds)
        except ProcessorFailed:
            return self._runtime.wait(0)

    def signalled(self) -> None:
        """Take note of the first signal; on the thread that hears signals."""
        self._signalled = True

    def forced(self) -> None:
        """End everybody at once; on a thread of its own, since the one that hears signals must not wait."""
        self.is_forced = True
        stop = partial(self._runtime.stop, drain=False)
        threading.Thread(target=stop, name="streamlib:signal", daemon=True).start()


@contextmanager
def attending(runtime: StreamRuntime, tick: Callable[[], None]) -> Iterator[Attendance]:
    """Catch SIGINT and SIGTERM while the block runs, which begins when the runtime has been started.

    Raises:
        StateError: Not on the main thread.
    """
    attendance = Attendance(runtime, tick)
    with caught_signals(attendance.signalled, attendance.forced):
        yield attendance
