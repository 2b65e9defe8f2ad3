"""Frames of several inputs, joined by their times: which of them belong together, and how long one waits for others.

Frames pass through unread but for their times, and the time on the clock comes in with each call. No port is known
here. `stream_sync.py` asks.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from streamlib.clock import NEVER_NS

Together = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """When frames belong together.

    Attributes:
        tolerance_ns: How far apart their times may be.
        deadline_ns: How long a frame waits for the others on the clock; 0 is as long as it takes.
        partial: Whether frames that have waited, or wait in vain, go without the others; else they are left out.
    """

    tolerance_ns: int
    deadline_ns: int
    partial: bool


@dataclass(frozen=True, slots=True)
class _Waiting:
    frame: Any
    arrived_ns: int

    @property
    def at_ns(self) -> int:
        ns: int = self.frame.timestamp_ns
        return ns


class Matcher:
    """Keeps the frames of each input in order until it is known who goes with whom.

    Args:
        capacity: Frames of one input that are kept.

    Attributes:
        left_out: How many frames were, since nothing went with them.
    """

    def __init__(self, capacity: int) -> None:
        self.left_out = 0
        self._capacity = capacity
        self._queues: dict[Hashable, deque[_Waiting]] = {}
        self._closed: Collection[Hashable] = ()

    def follow(self, inputs: Sequence[Hashable], closed: Collection[Hashable]) -> None:
        """Say which inputs there are, in which order, and from which of them nothing comes any more."""
        if list(self._queues) != list(inputs):
            gone = [queue for name, queue in self._queues.items() if name not in inputs]
            self.left_out += sum(map(len, gone))
            self._queues = {name: self._queues.get(name) or deque() for name in inputs}
        self._closed = closed

    def has_room(self, input_: Hashable) -> bool:
        """Whether another frame of this input can be kept."""
        return len(self._queues[input_]) < self._capacity

    def add(self, input_: Hashable, frame: Any, now_ns: int) -> None:
        """Keep a frame that arrived at `now_ns`."""
        self._queues[input_].append(_Waiting(frame, now_ns))

    def take(self, rules: Rules, now_ns: int) -> Together | None:
        """The next frames that belong together, in the order of the inputs, None in place of one that has none.

        None when it cannot be said yet, or there are none.
        """
        while (oldest := self._oldest()) is not None:
            if self._awaits_others() and now_ns < _due_ns(oldest, rules):
                return None
            together = self._with(oldest, rules.tolerance_ns)
            if rules.partial or all(waiting is not None for waiting in together):
                return self._taken(together)
            self.left_out += 1
            next(queue for queue in self._queues.values() if queue and queue[0] is oldest).popleft()
        return None

    def due_ns(self, rules: Rules) -> int:
        """When to ask again though no frame has come; `NEVER_NS` when there is nothing to wait for."""
        oldest = self._oldest()
        return NEVER_NS if oldest is None or not self._awaits_others() else _due_ns(oldest, rules)

    def _oldest(self) -> _Waiting | None:
        heads = [queue[0] for queue in self._queues.values() if queue]
        return min(heads, key=lambda waiting: waiting.at_ns, default=None)

    def _awaits_others(self) -> bool:
        return any(not queue and name not in self._closed for name, queue in self._queues.items())

    def _with(self, oldest: _Waiting, tolerance_ns: int) -> tuple[_Waiting | None, ...]:
        latest_ns = oldest.at_ns + tolerance_ns
        return tuple(queue[0] if queue and queue[0].at_ns <= latest_ns else None for queue in self._queues.values())

    def _taken(self, together: tuple[_Waiting | None, ...]) -> Together:
        for waiting, queue in zip(together, self._queues.values(), strict=True):
            if waiting is not None:
                queue.popleft()
        return tuple(waiting and waiting.frame for waiting in together)


def _due_ns(waiting: _Waiting, rules: Rules) -> int:
    return waiting.arrived_ns + rules.deadline_ns if rules.deadline_ns else NEVER_NS
