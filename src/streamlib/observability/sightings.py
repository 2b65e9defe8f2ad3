"""What one observer has seen and not read yet: bounded by count, by bytes and by rate, each loss counted.

Put in by the threads that frames pass, which wait for nobody here; read by a thread or by asyncio through an
`observer`. It knows neither what is observed nor how.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from streamlib.clock import NS_PER_S
from streamlib.errors import ConfigError
from streamlib.events.event import Event

SLOWEST_RATE = 1e-6
"""Events a second at least: one in eleven days."""


class ObserverEnd(StrEnum):
    """Why an observer sees nothing more."""

    CLOSED = "closed"
    REMOVED = "removed"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class Bounds:
    """What an observer holds at most, and takes in.

    Attributes:
        capacity: Events that wait to be read; the oldest make room.
        max_bytes: Bytes of the frames in them; the oldest make room.
        max_rate: Events a second that come with frames, of each kind; None takes all.

    Raises:
        ConfigError: One of them is no such number.
    """

    capacity: int = 256
    max_bytes: int = 64 << 20
    max_rate: float | None = None

    def __post_init__(self) -> None:
        """Refuse what bounds nothing, or lets nothing through."""
        for field in ("capacity", "max_bytes"):
            given = getattr(self, field)
            if not isinstance(given, int) or isinstance(given, bool) or given < 1:
                raise ConfigError(f"{field} is {given!r}; give a whole number, 1 or more", field=field)
        if self.max_rate is not None and not _is_rate(self.max_rate):
            raise ConfigError(
                f"max_rate is {self.max_rate!r}; give events a second, more than 0, or None for all", field="max_rate"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserverStatistics:
    """What became of all that an observer could have seen: seen = read + waiting + lost.

    Attributes:
        seen: Events that happened while it was attached.
        read: Those that were read.
        waiting: Those that wait to be.
        waiting_bytes: The size of the frames in them.
        lost_to_count: Those that made room for newer ones, as many waited as it holds.
        lost_to_bytes: Those that made room because frames of too many bytes waited, or that alone had too many.
        lost_to_rate: Those that came sooner than it takes them in.
    """

    seen: int
    read: int
    waiting: int
    waiting_bytes: int
    lost_to_count: int
    lost_to_bytes: int
    lost_to_rate: int

    @property
    def kept(self) -> int:
        """Events that were read or wait to be."""
        return self.read + self.waiting

    @property
    def lost(self) -> int:
        """Events that nobody will read, whatever the reason."""
        return self.lost_to_count + self.lost_to_bytes + self.lost_to_rate


class Sightings:
    """The events of one observer, the oldest first.

    Attributes:
        end: Why there will be no more, None while there may be.
    """

    def __init__(self, bounds: Bounds, now_ns: Callable[[], int]) -> None:
        self.now_ns = now_ns
        self.end: ObserverEnd | None = None
        self._bounds = bounds
        self._interval_ns = 0 if bounds.max_rate is None else int(NS_PER_S / bounds.max_rate)
        self._next_ns: dict[type[Event], int] = {}  # one for each kind that has come
        self._waiting: deque[tuple[Event, int]] = deque()  # bounded by `put`: the oldest make room, and are counted
        self._bytes = 0
        self._seen = self._read = self._over_count = self._over_bytes = self._over_rate = 0
        self._lock = threading.RLock()  # re-entrant: a signal's handler may read where its thread puts in
        self._changed = threading.Condition(self._lock)
        self._readers = 0  # threads that wait
        self._sleepers: list[asyncio.Future[None]] = []  # one for each task that waits

    # ----------------------------------------------------------------------------------------- by the threads of frames

    def admits(self, kind: type[Event]) -> int:
        """Whether an event that comes with frames is taken in now: the present time in nanoseconds, or 0."""
        now_ns = self.now_ns()
        if not self._interval_ns:
            return now_ns
        with self._lock:
            due_ns = self._next_ns.get(kind, now_ns)
            if now_ns < due_ns:
                self._seen += 1
                self._over_rate += 1
                return 0
            self._next_ns[kind] = max(due_ns + self._interval_ns, now_ns)  # on a grid: a source may be a bit early
            return now_ns

    def put(self, event: Event, nbytes: int = 0) -> None:
        """Take an event in; what waits longest makes room."""
        bounds = self._bounds
        with self._lock:
            if self.end is not None:
                return
            self._seen += 1
            if nbytes > bounds.max_bytes:
                self._over_bytes += 1
                return
            if len(self._waiting) >= bounds.capacity:
                self._take_oldest()
                self._over_count += 1
            while self._bytes + nbytes > bounds.max_bytes:
                self._take_oldest()
                self._over_bytes += 1
            self._waiting.append((event, nbytes))
            self._bytes += nbytes
            if self._readers or self._sleepers:
                self._wake()

    def conclude(self, end: ObserverEnd) -> bool:
        """Take nothing more in and wake who waits; what waits is still read. False where that was so already."""
        with self._lock:
            if self.end is not None:
                return False
            self.end = end
            self._wake()
            return True

    # ----------------------------------------------------------------------------------------------------- by who reads

    def take(self, timeout: float | None) -> Event | None:
        """The oldest event; None where none came in time, or none is left and none will come."""
        with self._lock:
            self._readers += 1
            try:
                self._changed.wait_for(lambda: self._waiting or self.end is not None, timeout)
            finally:
                self._readers -= 1
            return self._take()

    def take_now(self) -> Event | None:
        """The oldest event, None where there is none."""
        with self._lock:
            return self._take()

    async def sleep(self) -> None:
        """Wait until there is an event or the end."""
        with self._lock:
            if self._waiting or self.end is not None:
                return
            sleeper = asyncio.get_running_loop().create_future()
            self._sleepers.append(sleeper)
        try:
            await sleeper
        finally:
            with self._lock:
                if sleeper in self._sleepers:
                    self._sleepers.remove(sleeper)

    def statistics(self) -> ObserverStatistics:
        """The counters as of now; they agree with each other."""
        with self._lock:
            return ObserverStatistics(
                seen=self._seen,
                read=self._read,
                waiting=len(self._waiting),
                waiting_bytes=self._bytes,
                lost_to_count=self._over_count,
                lost_to_bytes=self._over_bytes,
                lost_to_rate=self._over_rate,
            )

    # ---------------------------------------------------------------------------------------------------- with the lock

    def _take(self) -> Event | None:
        if not self._waiting:
            return None
        self._read += 1
        return self._take_oldest()

    def _take_oldest(self) -> Event:
        event, nbytes = self._waiting.popleft()
        self._bytes -= nbytes
        return event

    def _wake(self) -> None:
        self._changed.notify_all()
        sleepers, self._sleepers = self._sleepers, []
        for sleeper in sleepers:
            try:
                sleeper.get_loop().call_soon_threadsafe(_rouse, sleeper)
            except RuntimeError:  # its event loop is closed: who slept there sleeps for good
                continue


def _is_rate(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and SLOWEST_RATE <= given < NS_PER_S


def _rouse(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():  # cancelled meanwhile
        sleeper.set_result(None)
