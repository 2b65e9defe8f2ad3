"""How long a frame waits in a ring, from its write to its read: timed for one frame now and then.

What each frame costs stays as it is. For the time of one sample, a callable of the sample stands in each end of the
ring in place of the deque's own: that of the writer stamps one frame and goes, that of the reader sees the stamped
frame come. A frame that never comes, because it was dropped or went elsewhere, is not counted.

`channel` begins a sample when the loop of its reader asks for one; a link inside one loop is timed by
`execution.closer_look`.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

TRIES = 64
"""How many frames of a link that keeps the newest are stamped before one that is read is given up on."""

Seen = Callable[[Any, int], None]
"""Is told of a frame that is read, and when."""


class Timed(Protocol):
    """The link, as far as a sample speaks to it."""

    def taken(self) -> int:
        """Frames that the reader has taken."""
        ...

    def end_sample(self, sample: WaitSample) -> None:
        """Give the ends of the ring the deque's own again."""
        ...

    def end_stamping(self, sample: WaitSample) -> None:
        """Give the writing end its own again."""
        ...

    def record_wait(self, duration_ns: int) -> None:
        """Count how long a frame has waited."""
        ...


class _Stamp(NamedTuple):
    """A frame on its way; `behind` is how many are taken before it at least."""

    frame: Any
    written_ns: int
    behind: int


class WaitSample:
    """One frame of a ring that delivers every frame, timed.

    The writer's thread stamps, the reader's reads the stamp. Neither knows to the frame how many the other has
    moved just now, so a stamp says which frame it is and how many come before it, and no frame is stamped that
    follows itself.

    Args:
        link: Held weakly: the sample hangs at the link's own ends.
        skip: How many frames pass before one is stamped.
        seen: Is told of the frame when it is read.
    """

    __slots__ = ("_items", "_link", "_now_ns", "_seen", "_skip", "_stamped", "stamp")

    def __init__(self, link: Timed, items: deque[Any], now_ns: Callable[[], int], seen: Seen, skip: int = 0) -> None:
        self.stamp: _Stamp | None = None
        self._link = weakref.ref(link)
        self._items = items
        self._now_ns = now_ns
        self._seen = seen
        self._skip = skip
        self._stamped = False

    def append(self, frame: Any) -> None:
        """What the writer calls for the deque's `append`."""
        self.set_stamp(frame)
        self._items.append(frame)

    def set_stamp(self, frame: Any, aside: list[Any] | None = None) -> None:
        """Stamp a frame that goes behind those in the ring and those put `aside`; the writer's thread.

        What ends the stamping comes with the next frame, or from the reader: this one is on its way.
        """
        link = self._link()
        if self._skip or link is None:
            self._skip -= 1
            return
        if self._stamped:
            link.end_stamping(self)
            return
        before = [*self._last(), *(aside or ())]
        if before and before[-1] is frame:
            return
        self._stamped = True
        self.stamp = _Stamp(frame, self._now_ns(), link.taken() + len(self._items) + len(aside or ()))

    def popleft(self) -> Any:
        """What the reader calls for the deque's `popleft`."""
        frame = self._items.popleft()
        stamp = self.stamp
        if stamp is not None and frame is stamp.frame:
            self._came(stamp)
        return frame

    def _came(self, stamp: _Stamp) -> None:
        link, now_ns = self._link(), self._now_ns()
        if link is None or link.taken() < stamp.behind:
            return
        self.stamp = None
        link.end_sample(self)
        link.record_wait(now_ns - stamp.written_ns)
        self._seen(stamp.frame, now_ns)

    def is_lost(self, aside: list[Any]) -> bool:
        """Whether it has stamped a frame that will not be read here. For the reader's owner."""
        stamp = self.stamp
        if stamp is None:
            return False
        return not any(frame is stamp.frame for frame in (*self._items.copy(), *aside))

    def _last(self) -> list[Any]:
        try:
            return [self._items[-1]]
        except IndexError:
            return []


class NewestSample(WaitSample):
    """One frame of a ring that lets go of the oldest, timed: where the stamped one is let go, the next is stamped."""

    __slots__ = ("_tries",)

    def __init__(self, link: Timed, items: deque[Any], now_ns: Callable[[], int], seen: Seen, skip: int = 0) -> None:
        super().__init__(link, items, now_ns, seen, skip)
        self._tries = TRIES

    def set_stamp(self, frame: Any, aside: list[Any] | None = None) -> None:
        """Stamp this frame, unless an earlier one still waits."""
        del aside
        if self._skip:
            self._skip -= 1
            return
        waiting = list(self._items.copy())
        stamp = self.stamp
        if stamp is not None and stamp.frame is not frame and not self._lets_go_of(stamp.frame, waiting):
            return
        self.stamp = None
        link = self._link()
        if link is None:
            return
        if not self._tries:
            link.end_stamping(self)
        elif not any(other is frame for other in waiting):
            self._tries -= 1
            self.stamp = _Stamp(frame, self._now_ns(), 0)

    def is_lost(self, aside: list[Any]) -> bool:
        """Whether it has given up, or stamped a frame that will not be read here. For the reader's owner."""
        return (not self._tries and self.stamp is None) or super().is_lost(aside)

    def _lets_go_of(self, frame: Any, waiting: list[Any]) -> bool:
        """Whether the next write leaves a frame nowhere."""
        kept = waiting[1:] if len(waiting) == self._items.maxlen else waiting
        return not any(other is frame for other in kept)
