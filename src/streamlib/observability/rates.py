"""How fast counters grow between two looks at them.

Handed the counters that a look has read anyway; what they count is not known here. Asked by `readings`.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from streamlib.clock import NS_PER_S

SHORTEST_WINDOW_NS = NS_PER_S // 2
"""A look so soon behind another counts from where that one did: over less, a rate says nothing."""


class _Look(NamedTuple):
    """What a counter was, and when."""

    counted: int
    at_ns: int


class Rates:
    """How fast counters grow: each over the time since the look before, or since it began to count."""

    LIMIT = 4_096

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Two looks each, the older first. Bounded by `_limit`: who was not looked at longest is forgotten.
        self._looks: dict[tuple[str, int], tuple[_Look, _Look]] = {}
        self._limit = self.LIMIT

    def make_room(self, counters: int) -> None:
        """From now on so many are looked at in turn."""
        self._limit = max(self.LIMIT, counters)

    def of(self, key: tuple[str, int], count: int, now_ns: int, since_ns: int) -> tuple[float, float]:
        """Counts in a second, and over how many seconds."""
        if not since_ns:
            return 0.0, 0.0
        now = _Look(count, now_ns)
        with self._lock:
            began = _Look(0, since_ns)
            older, newer = self._looks.pop(key, (began, began))
            if newer.counted > count or newer.at_ns < since_ns:  # it was made anew since, and counts from nothing
                older = newer = began
            if now_ns - newer.at_ns >= SHORTEST_WINDOW_NS:
                older, newer = newer, now
            self._looks[key] = older, newer
            while len(self._looks) > self._limit:
                del self._looks[next(iter(self._looks))]
        window_ns = now_ns - older.at_ns
        return ((count - older.counted) * NS_PER_S / window_ns if window_ns > 0 else 0.0), window_ns / NS_PER_S
