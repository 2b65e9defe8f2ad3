"""The reading end of a link: the object that an input port of a processor is while it runs.

`PlugReader` stands where no link arrives. `RingReader` takes from the ring between two threads. `SlotReader`
is read inside the loop that also runs the writer; it holds the one frame on its way, and what a single call
wrote beyond that. A port object that was replaced hands calls on to its successor, so a `read` that somebody
kept still works. A muted reader belongs to a link that was cut: what waits is still read, and its end ends
nobody. Next on a frame's way: the processor's `process`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from streamlib.errors import LinkOverflowError
from streamlib.links.delivery import Delivery
from streamlib.links.ring import Ring

OVERFLOW_LIMIT = 256
"""How many frames one call of an inlined processor may write to one link beyond what the link holds."""


class Reader(Protocol):
    """What the engine and a processor can ask of any reading end."""

    @property
    def connected(self) -> bool: ...
    @property
    def ended(self) -> bool: ...
    def read(self) -> Any: ...
    def count(self) -> int: ...
    def depth(self) -> int: ...
    def unread(self) -> list[Any]: ...
    def preload(self, frames: Iterable[Any]) -> None: ...
    def retire(self, successor: Reader) -> None: ...


class Counting(Protocol):
    """A count of frames that somebody else keeps."""

    def count(self) -> int: ...


class PlugReader:
    """An input that no link reaches: there is never a frame."""

    __slots__ = ("_successor",)

    connected = False
    ended = False

    def __init__(self) -> None:
        self._successor: Reader | None = None

    def read(self) -> Any:
        """None: nothing is connected."""
        return None if self._successor is None else self._successor.read()

    def count(self) -> int:
        """Frames taken so far: none."""
        return 0

    def depth(self) -> int:
        """Frames waiting: none."""
        return 0

    def unread(self) -> list[Any]:
        """The frames that wait: none."""
        return []

    def preload(self, frames: Iterable[Any]) -> None:
        """A plug holds no frames; there are none to lay in it."""

    def retire(self, successor: Reader) -> None:
        """Hand later calls on to `successor`."""
        self._successor = successor


class RingReader:
    """The reading end of a ring; used by the one loop that owns the processor."""

    __slots__ = ("_popleft", "_stalled", "_successor", "muted", "ring", "taken")

    connected = True

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.taken = 0
        self.muted = False
        self._popleft = ring.items.popleft
        self._stalled = ring.stalled
        self._successor: Reader | None = None

    def read(self) -> Any:
        """The next frame, or None when none waits."""
        try:
            frame = self._popleft()
        except IndexError:
            return None if self._successor is None else self._successor.read()
        self.taken += 1
        if self._stalled:
            self.ring.room_made()
        return frame

    @property
    def ended(self) -> bool:
        """Whether no frame waits and none will come."""
        return (
            self.ring.ended and not self.muted and not self.ring.items
        )  # in this order: what was appended before the end is seen

    def count(self) -> int:
        """Frames taken so far."""
        return self.taken

    def depth(self) -> int:
        """Frames waiting."""
        return len(self.ring.items)

    def peek(self) -> Any:
        """The frame that `read` gives next, or None; for the owner."""
        return self.ring.items[0] if self.ring.items else None

    def unread(self) -> list[Any]:
        """Take out all that waits, oldest first; for the owner, when the link changes its form."""
        frames = []
        while self.ring.items:
            frames.append(self._popleft())
        return frames

    def preload(self, frames: Iterable[Any]) -> None:
        """Lay older frames before those that wait; a ring that keeps the newest only takes one if it is empty."""
        items, older = self.ring.items, list(frames)
        if items.maxlen is None:
            items.extendleft(reversed(older))
        elif not items:
            items.extend(older)

    def retire(self, successor: Reader) -> None:
        """Hand later calls on to `successor`."""
        self._successor = successor


class SlotReader:
    """The reading end of a link inside one loop, and the slot that its writer fills.

    The loop runs the reader after the writer, so one slot is enough; what one call writes beyond it piles up
    in order, bounded. A closed slot is never empty, which sends every write to `pile` to be counted.
    """

    __slots__ = ("_pile", "_successor", "closed", "delivery", "dropped", "frame", "gate", "live", "muted",
                 "overflowed", "refused", "source_ended", "steady", "taken", "unsettle")  # fmt: skip

    connected = True

    def __init__(self, delivery: Delivery, unsettle: Callable[[], None], *, live: bool = False) -> None:
        self.frame: Any = None
        self.gate: Any = None  # what the loop looks at instead, where the processor has more inputs than this
        self.delivery = delivery
        self.live = live
        self.unsettle = unsettle
        self.steady: Counting | None = None  # set while a loop's passes count what is taken here
        self.source_ended = False
        self.muted = False
        self.closed = False
        self.taken = 0
        self.overflowed = 0
        self.dropped = 0
        self.refused = 0
        self._pile: deque[Any] = deque()  # bounded by OVERFLOW_LIMIT
        self._successor: Reader | None = None

    def read(self) -> Any:
        """The next frame, or None when none waits."""
        frame = self.frame
        if frame is None:
            return self._read_pile()
        self.frame = None
        return frame

    def _read_pile(self) -> Any:
        if self._pile:
            return self._pile.popleft()
        return None if self._successor is None else self._successor.read()

    def peek(self) -> Any:
        """The frame that `read` gives next, or None."""
        return self.frame

    def refill(self) -> None:
        """Move the oldest of the pile up; the loop calls it between two calls of the processor."""
        if self.frame is None and self._pile:
            self.frame = self._pile.popleft()

    def pile(self, frame: Any) -> None:
        """Take a frame that finds the slot full, as delivery, liveness and closing say."""
        if self.closed:
            self.refused += 1
        elif self.delivery is Delivery.LATEST:
            self.frame = frame
            self.dropped += 1
        elif self.live:
            self.dropped += 1
        elif len(self._pile) >= OVERFLOW_LIMIT:
            raise LinkOverflowError(
                f"one call wrote more than {OVERFLOW_LIMIT} frames to a link inside its loop; write fewer per call, "
                "or place the reader on a thread of its own"
            )
        else:
            self._pile.append(frame)
            self.overflowed += 1
            self.unsettle()

    def end(self) -> None:
        """The writer's last word, in order behind the last frame."""
        self.source_ended = True
        self.unsettle()

    @property
    def ended(self) -> bool:
        """Whether no frame waits and none will come."""
        return self.source_ended and not self.muted and self.frame is None and not self._pile

    def depth(self) -> int:
        """Frames waiting."""
        return 0 if self.closed else (self.frame is not None) + len(self._pile)

    def holds_nobody_back(self) -> bool:
        """Whether the processor that writes here may be called again."""
        if self.closed or self.live or self.delivery is Delivery.LATEST:
            return True
        return self.frame is None and not self._pile

    def count(self) -> int:
        """Frames taken so far: those counted one by one, and those of the loop's steady passes."""
        return self.taken + (0 if self.steady is None else self.steady.count())

    def fix(self) -> None:
        """Add the steady count to the own one; the loop does it before it arranges its passes anew."""
        if self.steady is not None:
            self.taken += self.steady.count()
            self.steady = None

    def close(self) -> None:
        """The reader's last word: what waits and what still comes is counted as dropped."""
        self.refused += self.depth()
        self._pile.clear()
        self.frame = self
        self.closed = True

    def unread(self) -> list[Any]:
        """Take out all that waits, oldest first; for the owner, when the link changes its form."""
        if self.closed:
            return []
        frames = [] if self.frame is None else [self.frame]
        frames.extend(self._pile)
        self.frame = None
        self._pile.clear()
        return frames

    def preload(self, frames: Iterable[Any]) -> None:
        """Lay older frames before those that wait."""
        waiting = [*frames, *self.unread()]
        if waiting:
            self.frame = waiting[0]
            self._pile.extend(waiting[1:])
            self.unsettle()

    def retire(self, successor: Reader) -> None:
        """Hand later calls on to `successor`."""
        self._successor = successor
