"""What a runtime needs of the whole process, and gives back: the switch interval, the collector, its pauses.

These belong to the interpreter, so they have one owner for all runtimes, which counts those that run and puts
everything back after the last. Measured on CPython: a thread that waits for the interpreter lock beside busy Python
code gets it after one switch interval, 5 ms unless set; and a full collection of a heap of 60,000 live objects stands
still for 30 to 190 ms, or for 8 to 10 when the heap is frozen at the start and the oldest generation seldom looked at.
Of the time that it takes to build and start 50,000 processors the collector had half, walking again and again over
what all stays: so it is held off meanwhile, and what was built is among the oldest for it afterwards, unseen.
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from streamlib.clock import NS_PER_MS, MonotonicClock
from streamlib.graph.components import CollectorPauses
from streamlib.links.wake import Waker

SWITCH_INTERVAL_S = 0.0001
"""How long a thread that wants the interpreter lock waits for one that does not let go of it, in seconds, at most.

Chosen by measurement: decision 21.
"""

COLLECTOR_THRESHOLDS = (700, 10, 1000)
"""As Python's own, but for the oldest generation, which is looked at once in a hundred times as seldom."""

HELD_OFF_THRESHOLDS = (5_000_000, 10, 1000)
"""While many are built or stopped: so many objects more are made than are gone before it looks at the young ones.

Building and starting 50,000 processors makes fewer.

It is not switched off, so that what other threads leave behind meanwhile stays bounded, however long it takes.
"""

MANY = 1_000
"""How many processors and links are many; building fewer is over before the collector does any harm."""

LONG_PAUSE_NS = 5 * NS_PER_MS
"""A pause of the collector that is told as an event."""


TELLING_S = 1.0
"""How long a stop waits for whoever is being told of a pause, in seconds; the thread ends when they come back."""


@dataclass(frozen=True, slots=True)
class CollectorPause:
    """One pause: how long, in nanoseconds, and which generation was collected."""

    duration_ns: int
    generation: int


@dataclass(frozen=True, slots=True, eq=False)
class Guest:
    """One runtime that runs: where its pauses are counted, and whom it has told of long ones."""

    pauses: CollectorPauses
    tell: Callable[[CollectorPause], None]


class _Stay:
    """From the first runtime's beginning to the last one's end: what was set before, and the thread that tells.

    Attributes:
        switch_interval_s: What the program had set.
        set_s: What is set instead.
        thresholds: The collector's while nobody holds it off: ours, or what the program has set meanwhile.
        owes_memory: Whether very much was built or removed meanwhile, and nothing given back.
    """

    def __init__(self, tell: Callable[[_Stay], None]) -> None:
        self.switch_interval_s = sys.getswitchinterval()
        self.set_s = self.switch_interval_s
        self.thresholds = COLLECTOR_THRESHOLDS
        self.owes_memory = False
        self.long: deque[CollectorPause] = deque(maxlen=64)  # the newest are told
        self.waker = Waker(MonotonicClock())
        self.over = False
        self.teller = threading.Thread(target=tell, args=(self,), name="streamlib:collector", daemon=True)

    def end(self) -> None:
        """Have the thread end, and wait for it, unless a subscriber whom it tells holds it up, or stops from there."""
        self.over = True
        self.waker.wake()
        if self.teller is not threading.current_thread():
            self.teller.join(TELLING_S)


class ProcessSettings:
    """The owner. A long pause is told on a thread of its own: inside the collector nobody else's code may run."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._guests: tuple[Guest, ...] = ()  # replaced as a whole: the collector's callback reads it anywhere
        self._stay: _Stay | None = None
        self._holders: set[object] = set()  # who has the collector held off
        self._thresholds: tuple[int, int, int] | None = None  # what the program has set, while ours are
        self._ours: tuple[int, int, int] | None = None
        self._began_ns = 0

    def enter(self, guest: Guest) -> None:
        """A runtime has been set up and begins: set everything, unless another has; freeze the heap as it is."""
        with self._guard:
            if self._stay is None:
                stay = _Stay(self._tell)
                stay.teller.start()  # first: where the system has no thread left, nothing is set
                self._stay = stay
                if stay.switch_interval_s > SWITCH_INTERVAL_S:
                    sys.setswitchinterval(SWITCH_INTERVAL_S)
                    stay.set_s = sys.getswitchinterval()  # rounded
                self._set_thresholds()
                gc.callbacks.append(self._collects)
            self._guests = (*self._guests, guest)
        gc.freeze()

    def leave(self, guest: Guest) -> None:
        """A runtime has ended: after the last one everything is as it was, or as the program has set it meanwhile."""
        with self._guard:
            self._guests = tuple(one for one in self._guests if one is not guest)
            stay = self._stay
            if self._guests or stay is None:
                return
            self._stay = None
            gc.callbacks.remove(self._collects)
            self._set_thresholds()
            # Set again, a small one would shrink by rounding; and what the program has set meanwhile is its own.
            if stay.set_s != stay.switch_interval_s and sys.getswitchinterval() == stay.set_s:
                sys.setswitchinterval(stay.switch_interval_s)
            gc.unfreeze()
        stay.end()
        if stay.owes_memory:
            _give_memory_back()

    @contextmanager
    def collector_held_off(self, count: int) -> Iterator[None]:
        """Hold the collector off while the block makes or stops so many processors and links, if these are many.

        Once nobody does, what was needed meanwhile is given back to the system; where a runtime ran before and runs on,
        at its end.
        """
        if count < MANY:
            yield
            return
        holder, quiet = object(), self._stay is None
        try:
            with self._guard:
                self._holders.add(holder)
                self._set_thresholds()
            yield
            self._make_oldest()
        finally:
            with self._guard:
                self._holders.discard(holder)  # it may not be there: Ctrl-C comes anywhere
                self._set_thresholds()
                stay = self._stay
                due = not self._holders and (quiet or stay is None)
                if stay is not None and not due:
                    stay.owes_memory = True
            if due:
                _give_memory_back()

    def _make_oldest(self) -> None:
        """Have what was built be no news to the collector: it stays. While a runtime runs, what is frozen stays so."""
        with self._guard:
            if self._stay is None:
                gc.freeze()
                gc.unfreeze()  # into the oldest generation, all at once and without a look

    def _set_thresholds(self) -> None:
        """Have the collector go by what is wanted now: by those who hold it off, by runtimes, or by the program."""
        found = gc.get_threshold()
        if self._thresholds is None:
            self._thresholds = found
        elif found != self._ours:  # the program has set others meanwhile, and they stay
            self._thresholds = found
            if self._stay is not None:
                self._stay.thresholds = found
        self._ours = HELD_OFF_THRESHOLDS if self._holders else self._stay.thresholds if self._stay else None
        gc.set_threshold(*(self._ours or self._thresholds))
        if self._ours is None:
            self._thresholds = None

    def _collects(self, phase: str, info: Mapping[str, Any]) -> None:
        """Called by the collector before and after each collection, on whichever thread that happens."""
        if phase == "start":
            self._began_ns = time.monotonic_ns()
            return
        pause = CollectorPause(time.monotonic_ns() - self._began_ns, info["generation"])
        for guest in self._guests:
            guest.pauses.record(pause.duration_ns)
        stay = self._stay
        if pause.duration_ns >= LONG_PAUSE_NS and stay is not None:
            stay.long.append(pause)
            stay.waker.wake()

    def _tell(self, stay: _Stay) -> None:
        while not stay.over:
            if stay.long:
                pause = stay.long.popleft()
                for guest in self._guests:
                    guest.tell(pause)
            else:
                stay.waker.sleep(lambda: stay.long or stay.over)


def _give_memory_back() -> None:
    """Have the C library keep no pages that nothing lies in; where it cannot, nothing happens.

    Not while frames flow: it lets go of the interpreter lock, but keeps that of the memory which the main thread has
    asked for. Whoever frees some of that meanwhile waits with the interpreter lock in hand, and everybody with them:
    2 ms where 50,000 processors have gone, 5 to 8 ms where a program has left 100 MB in pieces.
    """
    if sys.platform == "linux":
        with suppress(ImportError, OSError):
            import ctypes  # only for very many

            trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
            if trim is not None:
                trim(0)


PROCESS_SETTINGS = ProcessSettings()
"""The one owner: there is one interpreter. Making it changes nothing."""
