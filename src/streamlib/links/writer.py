"""The writing end of links: the object that an output port of a processor is while it runs.

`PlugWriter` stands where no link leaves; `SlotWriter` fills the slot of a reader in the same loop;
`RingWriter` and `LatestWriter` append to the ring that another loop reads; `fanout` serves several links, and
`tapped` stands around one at which somebody looks. Which it is, is decided when the port is wired and not per
frame. A port object that was replaced hands calls on to its successor, so a `write` that somebody kept still works.
Next on a frame's way: `ring` and `wake`, or straight the `reader`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from streamlib.errors import LinkOverflowError
from streamlib.links.reader import OVERFLOW_LIMIT, Gate, SlotReader
from streamlib.links.ring import Ring
from streamlib.links.wait import WaitSample


class Writer(Protocol):
    """What the engine and a processor can ask of any writing end; `successor` is what a replaced one leads to."""

    ended: bool
    successor: Writer | None

    @property
    def connected(self) -> bool: ...
    def write(self, frame: Any) -> None: ...
    def end(self) -> None: ...
    def free(self) -> bool: ...
    def room(self) -> int: ...
    def retire(self, successor: Writer) -> None: ...


def present(writer: Writer) -> Writer:
    """Where a chain of replaced writers leads to, however long it has become."""
    while writer.successor is not None:
        writer = writer.successor
    return writer


NO_LIMIT = 1 << 30
"""The room of a writer that never has too little of it."""


class PlugWriter:
    """An output that no link leaves: frames written to it go nowhere, at next to no cost.

    As large as it is for the reason that `PlugReader` gives.
    """

    __slots__ = ("_nothing", "_nothing_besides", "_nothing_either", "ended", "successor")

    connected = False

    def __init__(self) -> None:
        self.ended = False
        self.successor: Writer | None = None

    def write(self, frame: Any) -> None:
        """Forget the frame."""
        if self.successor is not None:
            self.successor = present(self.successor)
            self.successor.write(frame)

    def end(self) -> None:
        """Remember the end, for a link that is connected later."""
        self.ended = True
        if self.successor is not None:
            present(self.successor).end()

    def free(self) -> bool:
        """A plug never holds anybody back."""
        return True

    def room(self) -> int:
        """There is always room for more."""
        return NO_LIMIT

    def retire(self, successor: Writer) -> None:
        """Hand later calls on to `successor`."""
        self.successor = successor


class _Occupied(Gate):
    """Stands in the slot of a retired writer: never empty, so each write is handed on."""

    __slots__ = ("successor",)

    def __init__(self, successor: Writer) -> None:
        self.successor = successor
        self.frame: Any = True  # not itself: a circle that a start has frozen is never freed, and all behind it stays

    @property
    def gate(self) -> Gate:
        """What a write opens for nobody."""
        return Gate()

    def pile(self, frame: Any) -> None:
        self.successor = present(self.successor)
        self.successor.write(frame)

    def end(self) -> None:
        present(self.successor).end()

    def holds_nobody_back(self) -> bool:
        return present(self.successor).free()


class SlotWriter:
    """Fills the slot of a reader that the same loop runs next."""

    __slots__ = ("ended", "slot", "successor")

    connected = True

    def __init__(self, slot: SlotReader | _Occupied) -> None:
        self.slot = slot
        self.ended = False
        self.successor: Writer | None = None

    def write(self, frame: Any) -> None:
        """Hand the frame to the reader."""
        slot = self.slot
        if slot.frame is None:
            slot.frame = frame
        else:
            slot.pile(frame)

    def end(self) -> None:
        """Say that no frame will come any more."""
        self.ended = True
        self.slot.end()

    def free(self) -> bool:
        """Whether the writing processor may be called: the reader has taken what was written."""
        return self.slot.holds_nobody_back()

    def room(self) -> int:
        """What is written to a free slot is read before the next is written."""
        return NO_LIMIT

    def renewed(self) -> SlotWriter:
        """Another writer of the same slot."""
        new = type(self)(self.slot)
        new.ended = self.ended
        return new

    def retire(self, successor: Writer) -> None:
        """Hand later calls on to `successor`."""
        self.successor = successor
        self.slot = _Occupied(successor)


class GatedSlotWriter(SlotWriter):
    """A slot writer whose reader has further inputs: the loop looks at one gate for all of them."""

    __slots__ = ()

    def write(self, frame: Any) -> None:
        """Hand the frame to the reader and open its gate."""
        slot = self.slot
        if slot.frame is None:
            slot.frame = frame
        else:
            slot.pile(frame)
        slot.gate.frame = frame


def _not_open(frame: Any) -> None:
    """Stands for the ring of a writer that has not written yet."""
    raise AssertionError(frame)


def _sample_of(append: Callable[[Any], None]) -> WaitSample | None:
    """Whose method it is. Both threads of a ring may change what is appended by: asked of that, nothing can differ."""
    owner = getattr(append, "__self__", None)
    return owner if isinstance(owner, WaitSample) else None


class RingWriter:
    """The writing end of a ring that delivers every frame.

    `wait` blocks until the ring has room: that of a thread which nobody else needs. Without it (a processor
    inlined in a loop) a frame that finds no room goes to a bounded overflow; a live source drops it instead.
    """

    __slots__ = ("_append", "_asleep", "_credit", "_overflow", "_wait", "_wake",
                 "dropped", "ended", "live", "overflowed", "refused", "ring", "successor", "unsettle")  # fmt: skip

    connected = True

    def __init__(
        self,
        ring: Ring,
        *,
        wait: Callable[[Ring], None] | None = None,
        unsettle: Callable[[], None] | None = None,
        live: bool = False,
    ) -> None:
        self.ring = ring
        self.live = live
        self.unsettle = unsettle
        self.ended = False
        self.dropped = 0
        self.refused = 0
        self.overflowed = 0
        self._credit = 0
        self._overflow: list[Any] = []  # bounded by OVERFLOW_LIMIT; mostly empty, and a deque is ten times as big
        self._wait = wait
        self._append: Callable[[Any], None] = _not_open
        self._asleep = ring.consumer.asleep
        self._wake = ring.consumer.wake
        self.successor: Writer | None = None

    def write(self, frame: Any) -> None:
        """Append the frame; without room wait for it, or put the frame aside."""
        credit = self._credit or self._refill()
        if credit:
            self._credit = credit - 1
            append = self._append
            append(frame)
            if self._asleep:
                wake = self._wake
                wake()
        else:
            self._put_aside(frame)

    def _refill(self) -> int:
        ring = self.ring
        if self._append is _not_open:  # without credit every new writer comes by here before it appends
            self.watch(None)
        if self.successor is not None or ring.closed or self._overflow:
            return 0
        room = ring.capacity - len(ring.items)
        if room <= 0 and self._wait is not None and not self.live:
            self._wait(ring)
            if self._is_over():
                return 0
            room = ring.room()
            if room <= 0:  # its call is to end: it appends this frame beyond the capacity, and asks again with the next
                ring.released = False
                return 1
        return max(room, 0)

    def _is_over(self) -> bool:
        return self.successor is not None or self.ring.closed

    def _put_aside(self, frame: Any) -> None:
        if self.successor is not None:
            self.successor = present(self.successor)
            self.successor.write(frame)
        elif self.ring.closed:
            self.refused += 1
        elif self.live:
            self.dropped += 1
        elif len(self._overflow) >= OVERFLOW_LIMIT:
            raise LinkOverflowError(
                f"one call wrote {OVERFLOW_LIMIT} frames beyond what a link of capacity {self.ring.capacity} holds; "
                "write fewer per call, or place the processor on a thread of its own"
            )
        else:
            sample = self.sample
            if sample is not None:
                sample.set_stamp(frame, self._overflow)
            self._overflow.append(frame)
            self.overflowed += 1
            if self.unsettle is not None:
                self.unsettle()

    @property
    def sample(self) -> WaitSample | None:
        """What it appends through at present."""
        return _sample_of(self._append)

    def watch(self, sample: WaitSample | None) -> None:
        """Append through a sample that stamps one frame, or with None straight to the ring. From any thread."""
        self._append = self.ring.open().append if sample is None else sample.append

    def drain_overflow(self) -> bool:
        """Move what was put aside into the ring, as far as there is room. True when nothing is left."""
        ring, overflow = self.ring, self._overflow
        while overflow and not ring.closed and (ring.room() > 0 or ring.released or ring.finishing):
            ring.open().append(overflow.pop(0))  # what samples stamp has been written just now
            self._wake()
        if ring.closed:
            self.refused += len(overflow)
            overflow.clear()
        if self.ended and not overflow and not ring.ended:
            ring.end()
        return not overflow

    def end(self) -> None:
        """Say that no frame will come any more, behind what was put aside."""
        self.ended = True
        if self.successor is not None:
            present(self.successor).end()
        elif not self._overflow:
            self.ring.end()

    def free(self) -> bool:
        """Whether the writing processor may be called: the ring has room for a frame."""
        if self.live:
            return True
        while self._overflow and not self.drain_overflow():
            if not self.ring.has_room():  # asked, so that the reader makes the call that leads back here
                return False
        return self.ring.has_room()

    def room(self) -> int:
        """How many frames more may be written before `free` is asked again."""
        if self.live:
            return NO_LIMIT
        return self._credit or max(0, self.ring.room() - len(self._overflow))

    def send_off(self) -> None:
        """Append what was put aside whether there is room or not; when nobody will run the writing processor again."""
        self.ring.released = True
        self.drain_overflow()

    def aside(self) -> int:
        """Frames put aside and not in the ring yet."""
        return len(self._overflow)

    def cut_credit(self) -> None:
        """Forget unspent credit; for the owner, when the reader has closed or the link changes its form."""
        self._credit = 0

    def put_aside(self) -> list[Any]:
        """The frames put aside; from any thread, and only a look."""
        return list(self._overflow.copy())

    def unsent(self) -> list[Any]:
        """Take out what was put aside; for the owner, when the link changes its form."""
        frames = list(self._overflow)
        self._overflow.clear()
        return frames

    def renewed(self) -> RingWriter:
        """Another writer of the same ring, with the counters, what was put aside and its sample; this one is spent."""
        new = RingWriter(self.ring, wait=self._wait, unsettle=self.unsettle, live=self.live)
        sample = self.sample
        if sample is not None:  # otherwise the reader would look for its frame until somebody looks closer again
            new.watch(sample)
        new.ended, new.dropped, new.refused, new.overflowed = self.ended, self.dropped, self.refused, self.overflowed
        new._overflow.extend(self.unsent())
        self.dropped = self.refused = self.overflowed = 0
        self.cut_credit()
        return new

    def retire(self, successor: Writer) -> None:
        """Hand later calls on to `successor`."""
        self.cut_credit()
        self.successor = successor


class LatestWriter:
    """The writing end of a ring that keeps the newest frames only, one or as many as it holds; it never waits."""

    __slots__ = ("_append", "_asleep", "_wake", "ended", "refused", "ring", "successor")

    connected = True

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.ended = False
        self.refused = 0
        self.successor: Writer | None = None
        self._append: Callable[[Any], None] = ring.open().append
        self._asleep = ring.consumer.asleep
        self._wake = ring.consumer.wake

    def write(self, frame: Any) -> None:
        """Append the frame; a full ring lets go of its oldest."""
        ring = self.ring
        if self.successor is not None:
            self.successor = present(self.successor)
            self.successor.write(frame)
            return
        if ring.closed:
            self.refused += 1
            return
        ring.written += 1
        self._append(frame)
        if self._asleep:
            self._wake()

    def end(self) -> None:
        """Say that no frame will come any more."""
        self.ended = True
        if self.successor is None:
            self.ring.end()
        else:
            present(self.successor).end()

    def free(self) -> bool:
        """There is always room for a newer frame."""
        return True

    def room(self) -> int:
        """There is always room for a newer frame."""
        return NO_LIMIT

    @property
    def sample(self) -> WaitSample | None:
        """What it appends through at present."""
        return _sample_of(self._append)

    def watch(self, sample: WaitSample | None) -> None:
        """Append through a sample that stamps one frame, or with None straight to the ring. From any thread."""
        self._append = self.ring.open().append if sample is None else sample.append

    def renewed(self) -> LatestWriter:
        """Another writer of the same ring, with the counter and its sample."""
        new = LatestWriter(self.ring)
        new.watch(self.sample)
        new.ended, new.refused = self.ended, self.refused
        self.refused = 0
        return new

    def retire(self, successor: Writer) -> None:
        """Hand later calls on to `successor`."""
        self.successor = successor
