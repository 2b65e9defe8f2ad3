"""A closer look at one pass now and then: how long frames waited in its slots, and how old they were.

A loop takes one at most every `LOOK_EVERY_NS`, and all loops of a runtime together no more than `Pace` lets them, so
that what is looked at costs nothing per frame. In a ring it is the link that times a frame (`links.wait`); between two
processors of one loop it is done here, from the end of the call that wrote a frame to the beginning of the one that
reads it. Held by the `visitor`, begun by the `chain`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from streamlib.clock import NS_PER_MS
from streamlib.execution.instance import ProcessorInstance
from streamlib.links.channel import Channel
from streamlib.links.reader import SlotReader

LOOK_EVERY_NS = 50 * NS_PER_MS
"""How soon one loop looks again, while few loops are looked at."""

GRANT_EVERY_NS = NS_PER_MS // 2
"""One look at a few processors at a time in all loops of a runtime together, on the average."""

GRANTS = 256
"""So many may follow each other at once."""


AT_ONCE = 16
"""A look follows what so many of the processors inlined in one loop write, and the next one those behind them."""

CALLS = 64
"""A look ends behind so many calls at the latest."""


class Pace:
    """How often the loops of one runtime look closer, together.

    Loops on several threads ask; two that ask at once may both be let through, which does no harm.
    """

    __slots__ = ("_grants", "_line_ns", "_since_ns")

    def __init__(self) -> None:
        self._grants = float(GRANTS)
        self._since_ns: int | None = None
        self._line_ns = 0  # where the line of those who wait for their look ends

    def grants(self, now_ns: int, members: int = 1) -> bool:
        """Whether one more loop may look now, of so many processors.

        A look times the whole pass, so that for `AT_ONCE` more it takes as much again. It is owed: a large loop is
        refused no sooner than a small one.
        """
        if self._since_ns is None:
            self._since_ns = now_ns
        self._grants = min(float(GRANTS), self._grants + (now_ns - self._since_ns) / GRANT_EVERY_NS)
        self._since_ns = now_ns
        if self._grants < 1:
            return False
        self._grants -= _share(members)
        return True

    def next_ns(self, now_ns: int, members: int = 1) -> int:
        """When a loop of so many processors that has asked asks again.

        Where loops crowd they stand in line: each one that is refused has made a pass ask all questions in vain.
        """
        at_ns = now_ns + LOOK_EVERY_NS
        if self._grants >= GRANTS / 2:
            return at_ns
        self._line_ns = max(at_ns, self._line_ns) + GRANT_EVERY_NS * _share(members)
        return self._line_ns


def _share(members: int) -> int:
    return 1 + members // AT_ONCE


class _Written(NamedTuple):
    frame: Any
    at_ns: int


class BeforeCall(NamedTuple):
    """What was found before a call."""

    at_ns: int
    filled: list[tuple[Channel, _Written, int]]
    empty: list[SlotReader]


class CloserLook:
    """The frames that travel through the slots of one loop, from one pass that is looked at. For the loop's owner.

    Args:
        first: The first of the inlined processors whose frames it follows, by their order in the loop.
        among: How many there are; behind the last comes the first again.
    """

    __slots__ = ("_among", "_calls", "_first", "_now_ns", "_written")

    def __init__(self, now_ns: Callable[[], int], first: int = 0, among: int = 1) -> None:
        self._first = first
        self._among = among
        self._calls = CALLS
        self._now_ns = now_ns
        # Of slots that this look has seen being filled: at most one for each in the loop.
        self._written: dict[SlotReader, _Written] = {}

    def __bool__(self) -> bool:
        """Whether frames that it has seen being written wait to be read."""
        return bool(self._written)

    def read_by(self) -> list[ProcessorInstance]:
        """Who reads the frames that it follows."""
        return [slot.target for slot in self._written]

    def within(self, is_here: Callable[[ProcessorInstance], bool]) -> CloserLook | None:
        """What is left of it when the loop calls these processors, by the slots that they read now."""
        self._written = {slot: written for slot, written in self._written.items() if _is_read(slot, is_here)}
        return self if self._written else None

    def renewed(self, first: int, among: int) -> CloserLook:
        """One that follows other frames, and goes on with those of this one that are still there."""
        new = CloserLook(self._now_ns, first, among)
        new._written = {slot: written for slot, written in self._written.items() if slot.frame is written.frame}
        return new

    def before_step(self, slot: SlotReader, index: int, member: ProcessorInstance) -> BeforeCall | None:
        """Look at the processor that reads this slot and stands at that place in the loop, if its turn has come."""
        follows = (index - self._first) % self._among < AT_ONCE
        return self.before(member, follows=follows) if follows or slot in self._written else None

    def before(self, member: ProcessorInstance, *, follows: bool = True) -> BeforeCall | None:
        """Look at a processor that is about to be called; None where enough was looked at.

        Where it `follows` what comes of the frames, it looks at what the call writes.
        """
        self._calls -= 1
        if self._calls < 0:
            self._written.clear()
            return None
        filled = []
        for channel in member.incoming() if self._written else ():
            slot = channel.reader
            written = self._written.pop(slot, None) if isinstance(slot, SlotReader) else None
            if written is not None and slot is not None and slot.peek() is written.frame:
                filled.append((channel, written, slot.depth()))
        outgoing = [channel.reader for channel in self._some(member.outgoing())] if follows else []
        empty = [slot for slot in outgoing if isinstance(slot, SlotReader) and slot.frame is None]
        return BeforeCall(self._now_ns(), filled, empty)

    def _some(self, channels: list[Channel]) -> list[Channel]:
        """Of very many, some; others with the next look."""
        if len(channels) <= AT_ONCE:
            return channels
        first = self._first % len(channels)
        return (channels[first:] + channels[:first])[:AT_ONCE]

    def after(self, member: ProcessorInstance, before: BeforeCall) -> None:
        """The call has come back."""
        for channel, written, depth in before.filled:
            slot = channel.reader
            if not isinstance(slot, SlotReader):
                continue
            if slot.depth() < depth:
                channel.record_wait(before.at_ns - written.at_ns)
                member.metrics.see(written.frame, before.at_ns)
            else:
                self._written[slot] = written
        now_ns = self._now_ns()
        for slot in before.empty:
            if slot.frame is not None and not slot.closed:
                self._written[slot] = _Written(slot.frame, now_ns)


def _is_read(slot: SlotReader, is_here: Callable[[ProcessorInstance], bool]) -> bool:
    return slot.successor is None and slot.target is not None and is_here(slot.target)
