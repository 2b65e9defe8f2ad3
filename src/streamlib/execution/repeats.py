"""What is said again and again: the first time at length, then as a count, told after 1 s, 10 s, then each minute.

Who says something is handed in with what kind of thing it is; the words themselves are kept for the last time only.
Bounded: each who says something has so many kinds, all others of his count as one, and nobody is remembered who was
quiet for an interval. `Repeats` has no thread; `TimedRepeats` has each count told when it is due, by an `alarm` of its
own. Used by the log of errors and by the handler of `streamlib.logs`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from streamlib.clock import NS_PER_S, Clock
from streamlib.execution.alarm import Alarm

S = TypeVar("S")

INTERVALS_NS = (NS_PER_S, 10 * NS_PER_S, 60 * NS_PER_S)
"""After how long repeats are told; the last one again and again."""

KINDS = 8
"""How many kinds of one who says something are told apart at a time."""

CLOSING_S = 1.0
"""How long `TimedRepeats.close` waits for counts that are being told, in seconds."""

_VARYING = re.compile(r"0x[0-9a-fA-F]+|\d+(?:\.\d+)?")


def pattern(message: str) -> str:
    """A message without its numbers, which differ where the same is said of another frame."""
    return _VARYING.sub("#", message)


@dataclass(frozen=True, slots=True)
class Repeated(Generic[S]):
    """Something was said so many times more, in so many seconds; `said` is the last of them."""

    said: S
    times: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.times:,} time{'' if self.times == 1 else 's'} more in {self.seconds:.1f} s"


class _Run(Generic[S]):
    """One kind of thing that somebody says."""

    __slots__ = ("due_ns", "interval", "said", "since_ns", "times")

    def __init__(self, said: S, now_ns: int) -> None:
        self.said = said
        self.times = 0
        self.since_ns = now_ns
        self.interval = 0
        self.due_ns = now_ns + INTERVALS_NS[0]

    def tell(self, now_ns: int) -> Repeated[S]:
        """What there is to tell; the next interval begins, a longer one."""
        told = Repeated(self.said, self.times, (now_ns - self.since_ns) / NS_PER_S)
        self.times = 0
        self.since_ns = now_ns
        self.interval = min(self.interval + 1, len(INTERVALS_NS) - 1)
        self.due_ns = now_ns + INTERVALS_NS[self.interval]
        return told


class Repeats(Generic[S]):
    """Counts who says the same again; from any thread.

    Args:
        now_ns: The clock it goes by.
        owners: How many who say something are remembered; None where there are no more than can be.
    """

    def __init__(self, now_ns: Callable[[], int], owners: int | None = None) -> None:
        self._now_ns = now_ns
        self._owners = owners
        self._next_ns: int | None = None
        self._lock = threading.Lock()
        self._runs: dict[Hashable, dict[Hashable, _Run[S]]] = {}  # who said something least recently is first
        self._untold: dict[_Run[S], None] = {}  # in the order in which they began to repeat
        self._dropped: list[Repeated[S]] = []  # emptied by `due`

    def is_first(self, owner: Hashable, kind: Hashable, said: S) -> bool:
        """Whether somebody says this for the first time in a while; otherwise it is counted."""
        now_ns = self._now_ns()
        with self._lock:
            runs = self._runs.pop(owner, {})
            self._runs[owner] = runs
            if kind not in runs and len(runs) >= KINDS:
                _forget_quiet(runs, now_ns)
                kind = kind if len(runs) < KINDS else None
            run = runs.get(kind)
            if run is None or _is_quiet(run, now_ns):
                runs[kind] = _Run(said, now_ns)
                self._make_room(now_ns)
                return True
            run.said = said
            run.times += 1
            if run.times == 1:
                self._untold[run] = None
                self._next_ns = min(self._next_ns or run.due_ns, run.due_ns)
            return False

    def due(self) -> list[Repeated[S]]:
        """What is to be told now."""
        now_ns = self._now_ns()
        with self._lock:
            due = [run for run in self._untold if run.due_ns <= now_ns]
            return self._told(due, now_ns)

    def next_ns(self) -> int | None:
        """When there will be something to tell; None while nothing repeats."""
        return self._next_ns

    def end(self, owner: Hashable) -> list[Repeated[S]]:
        """Forget somebody; what has not been told of him."""
        if owner not in self._runs and not self._dropped:  # as most who come to their end
            return []
        now_ns = self._now_ns()
        with self._lock:
            runs = self._runs.pop(owner, {})
            return self._told([run for run in runs.values() if run in self._untold], now_ns)

    def rest(self) -> list[Repeated[S]]:
        """Forget everybody; what has not been told."""
        now_ns = self._now_ns()
        with self._lock:
            self._runs.clear()
            return self._told(list(self._untold), now_ns)

    def _told(self, runs: Iterable[_Run[S]], now_ns: int) -> list[Repeated[S]]:
        dropped, self._dropped = self._dropped, []
        for run in runs:
            del self._untold[run]
            dropped.append(run.tell(now_ns))
        self._next_ns = min((run.due_ns for run in self._untold), default=None)
        return dropped

    def _make_room(self, now_ns: int) -> None:
        if self._owners is None or len(self._runs) <= self._owners:
            return
        first = self._runs.pop(next(iter(self._runs)))
        left = [run for run in first.values() if run in self._untold]
        self._dropped = self._told(left, now_ns)


class TimedRepeats(Generic[S]):
    """Counts who says the same again, and tells the counts when they are due; from any thread.

    The alarm is nobody else's: to tell may take long, and nobody's timer is to wait for it. Its thread begins with the
    first repeat.

    Args:
        clock: What intervals go by.
        tell: Is handed what there is to tell, on the thread of the alarm or of whoever ends something.
        owners: How many who say something are remembered; None where there are no more than can be.
    """

    def __init__(self, clock: Clock, tell: Callable[[list[Repeated[S]]], None], owners: int | None = None) -> None:
        self._clock = clock
        self._tell = tell
        self._repeats: Repeats[S] = Repeats(clock.now_ns, owners)
        self._lock = threading.Lock()
        self._alarm = Alarm(clock)
        self._awaited_ns: int | None = None

    def is_first(self, owner: Hashable, kind: Hashable, said: S) -> bool:
        """Whether somebody says this for the first time in a while; otherwise it is counted, and told in time."""
        if self._repeats.is_first(owner, kind, said):
            return True
        self._tell_later()
        return False

    def end(self, owner: Hashable) -> None:
        """Forget somebody; what has not been told of him is told now."""
        left = self._repeats.end(owner)
        if left:
            self._tell(left)

    def rest(self) -> None:
        """Forget everybody; what has not been told is told now."""
        self._tell(self._repeats.rest())

    def open(self) -> None:
        """Tell when it is due again, after `close`."""
        with self._lock:
            self._alarm, self._awaited_ns = Alarm(self._clock), None

    def close(self) -> None:
        """Tell no more by the clock; what is left is told by `end` and `rest`."""
        self._alarm.close(CLOSING_S)

    def _tell_later(self) -> None:
        """Have the counts told when it is time, unless that is arranged already."""
        next_ns = self._repeats.next_ns()
        with self._lock:
            awaited_ns, alarm = self._awaited_ns, self._alarm
            if next_ns is None or (awaited_ns is not None and awaited_ns <= next_ns):
                return
            self._awaited_ns = next_ns
        alarm.call_at(next_ns, self._tell_due)

    def _tell_due(self) -> None:
        with self._lock:
            self._awaited_ns = None
        self._tell(self._repeats.due())
        self._tell_later()


def _is_quiet(run: _Run[S], now_ns: int) -> bool:
    return not run.times and run.due_ns <= now_ns


def _forget_quiet(runs: dict[Hashable, _Run[S]], now_ns: int) -> None:
    for kind in [kind for kind, run in runs.items() if _is_quiet(run, now_ns)]:
        del runs[kind]
