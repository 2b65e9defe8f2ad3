"""An estimate of how long threads wait for the interpreter, made by a thread that asks for it at known times.

CPython lets one thread at a time run Python code. A thread that comes back from waiting has to be let in by the one
that runs, which leaves after a switch interval at the latest. The probe sleeps for a short time and sees how late it
comes back. Part of that is the system's timer, which is measured first, in sleeps that do not let go of the
interpreter; what is left is the wait. Only while somebody wants to know; begun by the `inspector`.
"""

from __future__ import annotations

import ctypes
import threading
import weakref

from streamlib.clock import NS_PER_MS, Clock, MonotonicClock
from streamlib.events.closing import Closing
from streamlib.links.latency import LatencyHistogram, LatencyStats

EVERY_NS = 5 * NS_PER_MS
"""How long the probe sleeps each time."""

JOIN_S = 1.0
NAPS = 8
NAP_US = 50


class InterpreterWait(Closing):
    """How long a thread that wakes up waits until it may run Python code; an estimate.

    A thread of its own sleeps 5 ms at a time and counts how late it comes back, less what the system's timer is late by
    itself. What other programs on the machine take of the processors is in it, too. While it runs, it asks for the
    interpreter 200 times a second, and at its beginning it keeps it for about a millisecond.

    It ends with `close`, at the end of a `with`, or when nobody holds it any more.

    Args:
        clock: What it sleeps on; the system's, unless given.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._probe = _Probe(clock or MonotonicClock())
        self._close = weakref.finalize(self, self._probe.stop)

    def stats(self) -> LatencyStats:
        """The waits so far, in nanoseconds."""
        return self._probe.waits.stats()

    def close(self) -> None:
        """End the probe; what it has found stays."""
        self._close()


class _Probe:
    """The thread that asks."""

    def __init__(self, clock: Clock) -> None:
        self.waits = LatencyHistogram()
        self._clock = clock
        self._stop = threading.Lock()
        self._stop.acquire()
        self._thread = threading.Thread(target=self._run, name="streamlib:interpreter-wait", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, and wait for that."""
        self._stop.release()
        if threading.current_thread() is not self._thread:  # where the collector lets go of who held it
            self._thread.join(JOIN_S)

    def _run(self) -> None:
        clock = self._clock
        timer_ns = timer_lateness_ns(clock)
        due_ns = clock.now_ns() + EVERY_NS
        while not clock.wait(self._stop, due_ns):
            self.waits.record(max(0, clock.now_ns() - due_ns - timer_ns))
            due_ns = clock.now_ns() + EVERY_NS


def timer_lateness_ns(clock: Clock) -> int:
    """How late the system's timer wakes a thread that does not have to wait for the interpreter; the least of some.

    0 where the system has no sleep that can be called so.
    """
    try:
        sleep = ctypes.PyDLL(None).usleep  # called with the interpreter kept: nobody else runs meanwhile
    except (OSError, TypeError, AttributeError):
        return 0
    late = []
    for _ in range(NAPS):
        due_ns = clock.now_ns() + NAP_US * 1_000
        sleep(NAP_US)
        late.append(clock.now_ns() - due_ns)
    return max(0, min(late))
