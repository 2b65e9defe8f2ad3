"""The reading end of a link: the object that an input port of a processor is while it runs.

`PlugReader` stands where no link arrives. `RingReader` takes from the ring between two threads. `SlotReader`
is read inside the loop that also runs the writer; it holds the one frame on its way, and what a single call
wrote beyond that. A port object that was replaced hands calls on to its successor, so a `read` that somebody
kept still works. A muted reader belongs to a link that was cut: what waits is still read, and its end ends
nobody. Next on a frame's way: the processor's `process`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import copy
from typing import Any, NamedTuple, Protocol

from streamlib.errors import LinkOverflowError
from streamlib.links.delivery import Delivery
from streamlib.links.ring import Ring
from streamlib.links.wait import WaitSample

OVERFLOW_LIMIT = 256
"""How many frames one call of an inlined processor may write to one link beyond what the link holds."""


class Reader(Protocol):
    """What the engine and a processor can ask of any reading end."""

    @property
    def connected(self) -> bool: ...
    @property
    def ended(self) -> bool: ...
    @property
    def successor(self) -> Reader | None: ...
    def read(self) -> Any: ...
    def count(self) -> int: ...
    def depth(self) -> int: ...
    def unread(self) -> list[Any]: ...
    def preload(self, frames: Iterable[Any]) -> None: ...
    def retire(self, successor: Reader) -> None: ...


class Counting(Protocol):
    """A count of frames that somebody else keeps."""

    def count(self) -> int: ...


class News(NamedTuple):
    """What a call of the processor would find at one input: two that differ mean that something has happened there."""

    depth: int
    taken: int
    replaced: int
    ended: bool


def read_on(reader: Reader | None) -> Any:
    """Read where a chain of replaced readers leads to, or what one of them still holds."""
    while reader is not None and reader.successor is not None and not reader.depth():
        reader = reader.successor
    return None if reader is None else reader.read()


class PlugReader:
    """An input that no link reaches: there is never a frame.

    Fields that hold nothing make it, and `PlugWriter`, another size than what a few attributes of a processor take up:
    so it does not come to lie between those of one and those of the next, which passes go through (`execution.gaps`).
    """

    __slots__ = ("_nothing", "_nothing_besides", "_nothing_either", "_nothing_more", "successor")

    connected = False
    ended = False

    def __init__(self) -> None:
        self.successor: Reader | None = None

    def read(self) -> Any:
        """None: nothing is connected."""
        return read_on(self.successor)

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
        self.successor = successor


def _nothing_yet() -> Any:
    """Taken from a ring that was not open when its reader looked there last."""
    raise IndexError


class RingReader:
    """The reading end of a ring; used by the one loop that owns the processor.

    `removed` counts what left the ring unread (moved to another form, or dropped when the reader closed), less what
    was laid in it from another form. `sample` is set while the wait of one frame is timed (`wait`).
    """

    __slots__ = ("_popleft", "_stalled", "muted", "removed", "ring", "sample", "successor", "taken")

    connected = True

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.taken = 0
        self.removed = 0
        self.muted = False
        self.successor: Reader | None = None
        self.sample: WaitSample | None = None
        self._popleft: Callable[[], Any] = _nothing_yet
        self._stalled = ring.stalled

    def read(self) -> Any:
        """The next frame, or None when none waits."""
        popleft = self._popleft
        try:
            frame = popleft()
        except IndexError:
            return self._read_later()
        self.taken += 1
        if self._stalled:
            ring = self.ring
            if len(ring.items) <= ring.low_water:
                ring.call_writer()
        return frame

    def _read_later(self) -> Any:
        """What there is where nothing was found: in a ring that has been opened since, or where frames go now."""
        if self._popleft is _nothing_yet and self.ring.items:
            self._popleft = self.ring.open().popleft
            return self.read()
        return read_on(self.successor)

    @property
    def ended(self) -> bool:
        """Whether no frame waits and none will come."""
        # in this order: what was appended before the end is seen
        return self.ring.ended and not self.muted and not self.ring.items

    def count(self) -> int:
        """Frames taken so far."""
        return self.taken

    def count_for_sure(self) -> int:
        """As `count`: each is counted as it is taken."""
        return self.count()

    def is_quiet(self) -> bool:
        """Whether nothing waits here that is open, which is the one question of who looks at all; from any thread."""
        ring = self.ring
        return not (ring.items or ring.ended or self.muted)

    def depth(self) -> int:
        """Frames waiting."""
        return len(self.ring.items)

    def peek(self) -> Any:
        """The frame that `read` gives next, or None; for the owner, who is about to call the processor."""
        items = self.ring.items
        if items:
            return items[0]
        if isinstance(items, tuple):  # from its first call on, who looks at the frames may hold what they are in
            self.ring.open()
        return None

    def watch(self, sample: WaitSample | None) -> None:
        """Take frames through a sample that times one of them, or with None straight from the ring. For the owner."""
        self.sample = sample
        self._popleft = self.ring.open().popleft if sample is None else sample.popleft

    def news(self) -> News:
        """What a call would find here."""
        ring = self.ring
        return News(len(ring.items), self.taken, ring.written, ring.ended)

    def waiting(self) -> list[Any]:
        """The frames that wait, oldest first; from any thread, and only a look."""
        return list(copy(self.ring.items))

    def unread(self) -> list[Any]:
        """Take out all that waits, oldest first; for the owner, when the link changes its form."""
        frames = self.ring.take_all()
        self.removed += len(frames)
        return frames

    def close(self) -> int:
        """The reader's last word. Returns how many frames were on the way and will not be taken."""
        lost = self.ring.close()
        self.removed += lost
        return lost

    def preload(self, frames: Iterable[Any]) -> None:
        """Lay older frames before those that wait; a ring that keeps the newest takes as many as it has room for."""
        ring, older = self.ring, list(frames)
        if ring.overwrites:
            self.removed -= len(older)
            older = older[-ring.room() :] if ring.room() > 0 else []
        if older:
            ring.open().extendleft(reversed(older))

    def retire(self, successor: Reader) -> None:
        """Hand later calls on to `successor`."""
        self.successor = successor


class Gate:
    """What a pass looks at to see whether it calls a processor: its `frame` is not None then."""

    __slots__ = ("frame",)

    frame: Any


class SlotReader(Gate):
    """The reading end of a link inside one loop, and the slot that its writer fills.

    The loop runs the reader after the writer, so one slot is enough for what is read at once. What is left
    unread, and what one call writes beyond the slot, piles up behind it in order: up to `capacity` it holds
    nobody back, as in a ring, and beyond that it is bounded; but a writer that goes (`finishing`) leaves here all it
    has left, in however many calls. A closed slot is never empty, which sends every write to `pile` to be counted.
    """

    __slots__ = ("_pile", "capacity", "closed", "delivery", "dropped", "finishing", "gate", "live", "muted",
                 "overflowed", "refused", "source", "source_ended", "steady", "successor", "taken", "target",
                 "unsettle")  # fmt: skip

    connected = True

    def __init__(
        self, delivery: Delivery, unsettle: Callable[[Any], None], *, capacity: int = 1, live: bool = False
    ) -> None:
        self.frame: Any = None
        self.gate: Any = None  # what the loop looks at instead, where the processor has more inputs than this
        self.delivery = delivery
        self.capacity = capacity
        self.live = live
        self.unsettle = unsettle  # called with the target, None where it has none yet
        self.source: Any = None  # the processor that writes here, by its port
        self.target: Any = None  # the processor that reads here
        self.steady: Counting | None = None  # set while a loop's passes count what is taken here
        self.source_ended = False
        self.muted = False
        self.closed = False
        self.finishing = False
        self.taken = 0
        self.overflowed = 0
        self.dropped = 0
        self.refused = 0
        self.successor: Reader | None = None
        # Bounded by the capacity and OVERFLOW_LIMIT; mostly nothing ever comes to it, and then there is no list.
        self._pile: list[Any] | tuple[()] = ()

    def read(self) -> Any:
        """The next frame, or None when none waits."""
        frame = self.frame
        if frame is None:
            return self._read_pile()
        self.frame = None
        return frame

    def _read_pile(self) -> Any:
        if self._pile:
            self.taken += 1  # by itself: a pass implies the frame of the slot and no other
            return self._pile.pop(0)
        return read_on(self.successor)

    def peek(self) -> Any:
        """The frame that `read` gives next, or None."""
        self.refill()
        return self.frame

    def refill(self) -> None:
        """Move the oldest of the pile up, before the reader looks or the writer writes again."""
        if self.frame is None and self._pile:
            self.frame = self._pile.pop(0)

    def pile(self, frame: Any) -> None:
        """Take a frame that finds the slot full, as delivery, liveness and closing say."""
        if self.closed:
            self.refused += 1
        elif self.delivery is Delivery.LATEST:
            self.frame = frame
            self.dropped += 1
        elif self.delivery is Delivery.DROP_OLDEST and len(self._pile) + 1 >= self.capacity:
            pile = self._open_pile()
            pile.append(frame)
            self.frame = pile.pop(0)
            self.dropped += 1
        elif len(self._pile) + 1 < self.capacity:
            self._open_pile().append(frame)
            self.unsettle(self.target)
        elif self.live:
            self.dropped += 1
        elif len(self._pile) + 1 >= self.capacity + OVERFLOW_LIMIT and not self.finishing:
            raise LinkOverflowError(
                f"one call wrote {OVERFLOW_LIMIT} frames beyond what a link of capacity {self.capacity} holds; "
                "write fewer per call, or place the reader on a thread of its own"
            )
        else:
            self._open_pile().append(frame)
            self.overflowed += 1
            self.unsettle(self.target)

    def _open_pile(self) -> list[Any]:
        pile = self._pile
        if isinstance(pile, tuple):
            pile = self._pile = []
        return pile

    def end(self) -> None:
        """The writer's last word, in order behind the last frame."""
        self.source_ended = True
        self.unsettle(self.target)

    @property
    def ended(self) -> bool:
        """Whether no frame waits and none will come."""
        return self.source_ended and not self.muted and self.frame is None and not self._pile

    def is_quiet(self) -> bool:
        """Whether nothing waits here that is open, which is the one question of who looks at all; from any thread."""
        return self.frame is None and not (self._pile or self.source_ended or self.muted)

    def depth(self) -> int:
        """Frames waiting."""
        return 0 if self.closed else (self.frame is not None) + len(self._pile)

    def holds_nobody_back(self) -> bool:
        """Whether the processor that writes here may be called again."""
        if self.frame is None and not self._pile:  # as mostly; a head of very many links asks each before it is called
            return True
        if self.closed or self.live or self.finishing or self.delivery.overwrites:
            return True
        self.refill()
        return self.frame is None or len(self._pile) + 1 < self.capacity

    def news(self) -> News:
        """What a call would find here."""
        replaced = self.dropped if self.delivery.overwrites else 0
        return News(self.depth(), self.count(), replaced, self.source_ended)

    def count(self) -> int:
        """Frames taken so far: those counted one by one, and those of the loop's steady passes."""
        return self.taken + (0 if self.steady is None else self.steady.count())

    def count_for_sure(self) -> int:
        """As `count`, without the one frame that a pass under way may not have come to yet."""
        steady = self.steady
        return self.taken + (0 if steady is None else max(0, steady.count() - 1))

    def fix(self) -> None:
        """Add the steady count to the own one; the loop does it before it arranges its passes anew."""
        if self.steady is not None:
            self.taken += self.steady.count()
            self.steady = None

    def close(self) -> None:
        """The reader's last word: what waits and what still comes is counted as dropped."""
        self.refused += self.depth()
        self._pile = ()
        self.frame = self
        self.closed = True

    def waiting(self) -> list[Any]:
        """The frames that wait, oldest first; from any thread, and only a look."""
        frame = self.frame
        return [] if self.closed else [*(() if frame is None else (frame,)), *copy(self._pile)]

    def unread(self) -> list[Any]:
        """Take out all that waits, oldest first; for the owner, when the link changes its form."""
        if self.closed:
            return []
        frames = [] if self.frame is None else [self.frame]
        frames.extend(self._pile)
        self.frame = None
        self._pile = ()
        return frames

    def preload(self, frames: Iterable[Any]) -> None:
        """Lay older frames before those that wait; where the newest replace others, as many as there is room for."""
        waiting = [*frames, *self.unread()]
        if self.delivery.overwrites and len(waiting) > self.capacity:
            self.dropped += len(waiting) - self.capacity
            waiting = waiting[-self.capacity :]
        if waiting:
            self.frame = waiting[0]
            self._pile = waiting[1:] or ()
            self.unsettle(self.target)

    def retire(self, successor: Reader) -> None:
        """Hand later calls on to `successor`."""
        self.successor = successor

    def put_by(self) -> None:
        """Nobody writes here any more, another form is read instead: a closed one holds itself no longer."""
        self.frame = None
