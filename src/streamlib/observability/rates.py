"""How fast counters grow between two looks at them.

Handed the counters that a look has read anyway; what they count is not known here. Asked by `readings`.
"""

from __future__ import annotations

import threading
from typing import TypeAlias

from streamlib.clock import NS_PER_S

SHORTEST_WINDOW_NS = NS_PER_S // 2
"""A look so soon behind another counts from where that one did: over less, a rate says nothing."""


_Looks: TypeAlias = tuple[int, int, int, int]
"""What a counter was and when: at the older look, and at the newer one."""


class Rates:
    """How fast counters grow: each over the time since the look before, or since it began to count."""

    LIMIT = 4_096

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Bounded by `_limit`: who was not looked at longest is forgotten.
        self._looks: dict[tuple[str, int], _Looks] = {}
        self._limit = self.LIMIT

    def make_room(self, counters: int) -> None:
        """From now on so many are looked at in turn."""
        self._limit = max(self.LIMIT, counters)

    def of(self, key: tuple[str, int], count: int, now_ns: int, since_ns: int) -> tuple[float, float]:
        """Counts in a second, and over how many seconds."""
        if not since_ns:
            return 0.0, 0.0
        began: _Looks = (0, since_ns, 0, since_ns)
        with self._lock:
            looks = self._looks
            older, older_ns, newer, newer_ns = looks.pop(key, began)
            if newer > count or newer_ns < since_ns:  # it was made anew since, and counts from nothing
                older, older_ns, newer, newer_ns = began
            if now_ns - newer_ns >= SHORTEST_WINDOW_NS:
                older, older_ns, newer, newer_ns = newer, newer_ns, count, now_ns
            looks[key] = older, older_ns, newer, newer_ns
            while len(looks) > self._limit:
                del looks[next(iter(looks))]
        window_ns = now_ns - older_ns
        return ((count - older) * NS_PER_S / window_ns if window_ns > 0 else 0.0), window_ns / NS_PER_S
