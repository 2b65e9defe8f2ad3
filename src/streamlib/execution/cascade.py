"""Functions called one after another, each with what the one before returned: one step of a pass for all of them.

Theory of operation
-------------------
A `@processor` function of one input reads a frame, is called with it, and what it returns is looked at and written.
Where the link behind it is a slot whose reader is such a function too, and nobody looks at either, all that lies
between the two calls is known before: the frame that is written is the next one read. Such a row of functions is a
**cascade**. Its step calls them straight, hands on what they return, and writes what the last one returned. A frame
that comes back as it went in was looked at behind the function before; where a function may not return all that comes
to it, a cascade ends before it. So what every frame pays for is a call and a comparison.

Who forms a cascade is decided when processors are arranged. A tap, a second link, a pause or any other change of one
of them or beside them dissolves it, and it forms anew at once, or when that is over.

The counts are exact. The first is counted as any steady processor is, by the passes of the loop. Each of the others is
counted by the one before it: as often as that was called, less the frames of which it returned nothing or raised.

The slots in between stay empty. Where the loop is unsettled a frame may lie in one and has its turn before those that
follow, so each function is called by itself then, by its own slot. So it is in a pass that is timed.

A function that is called so has no `process` of its own on the stack. Whose it is, and with which frame, is in the
variables `processor` and `frame` of `Cascade.__call__`, which is where `whereabouts` and the log look it up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from streamlib.execution.inlining import IsHere, Step
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.metrics import SteadyCount
from streamlib.links.reader import SlotReader
from streamlib.processors.function import OUTPUT, FunctionFilter, accepted, may_hand_on, reader_of, straight

MOST = 64
"""So many functions form a cascade at most: an edit of one dissolves it, and forms it anew."""


class Owner(Protocol):
    """The loop that calls a cascade, as far as it is asked anything."""

    unsettled: bool


class Cascade:
    """The step of some functions, from the first to the last.

    Args:
        loop: Says by being `unsettled` whether each is to be called by itself.
        members: Their processors, all of them steady. Each reads what the one before writes, and nobody else does.

    Attributes:
        steps: What a pass runs of each of them by itself.
    """

    __slots__ = ("_behind", "_calls", "_loop", "_stopped", "members", "steps")

    def __init__(self, loop: Owner, members: Sequence[ProcessorInstance]) -> None:
        self.members = tuple(members)
        self.steps: tuple[Step, ...] = tuple([(one.readers[0], one.call, one.context) for one in members])
        self._loop = loop
        self._calls: list[tuple[Callable[[Any], Any], Any]] = []
        self._behind: dict[object, SteadyCount] = {}  # how the one behind each is counted
        self._stopped: tuple[Any, Any] | None = None
        before: ProcessorInstance | None = None
        for member in members:
            if before is not None:
                self._behind[before.processor] = _count_by(before, member)
            self._calls.append((_function_of(member), member.processor))
            member.cascade = self
            before = member

    def __call__(self, slot: Any) -> None:
        """Call all of them with the frame of the first one's slot, and with what comes of it.

        The inner loop is paid for by every frame, once for each function.
        """
        if self._loop.unsettled or not self._calls:
            self._call_each()
            return
        frame, slot.frame = slot.frame, None
        processor: Any = None
        known: Any = self  # the frame that the next one may return as it is; none is known yet
        try:
            for call, processor in self._calls:
                made = call(frame)
                if made is not known:
                    made = accepted(processor, made, frame)
                    if made is None:
                        break
                    frame = known = made
            else:
                processor.output.write(frame)
                return
        except BaseException:
            self._stopped = processor, frame
            raise
        self._skip_behind(processor)

    def _call_each(self) -> None:
        """Call each by itself, by its own slot."""
        frame, processor = None, None
        try:
            for member, (gate, call, context) in zip(self.members, self.steps, strict=True):
                frame, processor = gate.frame, member.processor
                if gate.steady is None:  # it is another's since, or arranged anew
                    return
                if frame is None:
                    gate.steady.skipped += 1
                    return
                call(context)
        except BaseException:
            self._stopped = processor, frame
            raise

    def broken_off(self, member: ProcessorInstance, frame: Any) -> tuple[ProcessorInstance, Any]:
        """An exception has ended the last call, or one of this member by itself with this frame.

        Returns the member that raised, and with which frame.
        """
        if self._stopped is not None:
            (processor, frame), self._stopped = self._stopped, None
            member = next(one for one in self.members if one.processor is processor)
        self._skip_behind(member.processor)
        return member, frame

    def _skip_behind(self, processor: object) -> None:
        """No frame comes to the one behind this."""
        count = self._behind.get(processor)
        if count is not None:
            count.skipped += 1

    def dissolve(self) -> Sequence[ProcessorInstance]:
        """Have each called and counted by itself from now on. Returns who that is.

        A call that is under way, in a loop that is stuck there and left behind, comes to its end with the function that
        it is in: what that returns is written.
        """
        self._calls.clear()
        for member in reversed(self.members):
            member.fix()
            member.cascade = None
        return self.members


def row_at(member: ProcessorInstance, is_here: IsHere) -> list[ProcessorInstance]:
    """The functions in a row to which this processor belongs and that may form a cascade; of others none."""
    if not _is_function(member):
        return []
    row = [member]
    while len(row) < MOST and (before := _feeder_of(row[0], is_here)) is not None:
        row.insert(0, before)
    while len(row) < MOST and (behind := _next_of(row[-1], is_here)) is not None:
        row.append(behind)
    return row


def _is_function(member: ProcessorInstance) -> bool:
    """Whether it is the function of one input, called straight and by itself, at whose input nobody looks."""
    processor = member.processor
    if not isinstance(processor, FunctionFilter) or member.cascade is not None or len(member.readers) != 1:
        return False
    slot, steady = member.readers[0], member.metrics.steady
    if not isinstance(slot, SlotReader) or steady is None or slot.steady is not steady:
        return False
    as_written = getattr(member.call, "__func__", None) is FunctionFilter.process
    return as_written and reader_of(processor) is slot


def _next_of(member: ProcessorInstance, is_here: IsHere) -> ProcessorInstance | None:
    """The function that alone reads what this one writes, where nobody looks at it in between."""
    processor = member.processor
    links = member.outgoing()
    writer = getattr(processor, OUTPUT, None)
    if len(links) != 1 or links[0].writer is not writer:  # another stands there while somebody looks
        return None
    reader = links[0].reader
    behind: ProcessorInstance | None = reader.target if isinstance(reader, SlotReader) else None
    if behind is None or not is_here(behind) or not _is_function(behind) or behind.readers[0] is not reader:
        return None
    assert isinstance(processor, FunctionFilter)
    assert isinstance(behind.processor, FunctionFilter)
    return behind if may_hand_on(processor, behind.processor) else None


def _feeder_of(member: ProcessorInstance, is_here: IsHere) -> ProcessorInstance | None:
    """The function before this one, that has it for its next."""
    feeders: list[ProcessorInstance] = member.feeders()
    for feeder in feeders:
        if is_here(feeder) and _is_function(feeder) and _next_of(feeder, is_here) is member:
            return feeder
    return None


def _function_of(member: ProcessorInstance) -> Callable[..., Any]:
    assert isinstance(member.processor, FunctionFilter)
    return straight(member.processor)


def _count_by(before: ProcessorInstance, member: ProcessorInstance) -> SteadyCount:
    """Have a processor counted by the one before it."""
    slot, passes = member.readers[0], before.metrics.steady
    assert isinstance(slot, SlotReader)
    assert passes is not None
    member.fix()
    slot.steady = count = member.metrics.become_steady(passes)
    return count
