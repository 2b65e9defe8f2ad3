"""Which of a loop's processors a pass calls straight, and which with questions asked.

Decided when processors, links or pauses change, so that nothing of it is asked per frame. The `arrangement` asks here
for one processor at a time, and `chain` runs what it has put together of the answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.metrics import Passes, SteadyCount
from streamlib.links.channel import Channel
from streamlib.links.reader import SlotReader

Step = tuple[Any, Callable[[Any], object], Any]
"""What a pass needs of one processor: the gate that is open when it has a frame, the call, and its context."""

IsHere = Callable[[ProcessorInstance], bool]
"""Whether a processor is called by the loop that is being arranged."""


def step_of(
    member: ProcessorInstance,
    passes: Passes,
    visit: Callable[[ProcessorInstance, Any], None],
    is_here: IsHere,
    rebind: set[Channel],
    before: Step | None = None,
) -> Step:
    """The step of one processor, which is counted as the step says from now on.

    It is `before`, with its counts as they are, where that is the step that it should have. Channels whose writing
    ports have to be bound anew (`bind_writers`) are put into `rebind`.
    """
    slot = steady_slot(member, is_here)
    step = before
    if before is None or not _calls(before, member, slot):
        member.fix()
        if slot is None:
            member.steady = SteadyCount(passes)
            step = (member, partial(visit, member), member.context)
        else:
            slot.steady = member.metrics.become_steady(passes)
            step = (slot, member.call, member.context)
    assert step is not None
    for channel in member.incoming():
        if channel.gate(member if slot is None else None):
            rebind.add(channel)
    return step


def _calls(step: Step, member: ProcessorInstance, slot: SlotReader | None) -> bool:
    """Whether a step calls a processor in this way: by its slot, or with questions asked."""
    gate, call, _ = step
    return gate is member if slot is None else gate is slot and call is member.call


def steady_slot(member: ProcessorInstance, is_here: IsHere) -> SlotReader | None:
    """The one slot of a processor that reads only it, writes only to slots, and is not paused; else None.

    A slot whose reader this loop does not call, because it is paused or on its way in or out, may have no room.
    """
    if member.paused or len(member.readers) != 1:
        return None
    reader = member.readers[0]
    inside = all(_takes_at_once(channel, is_here) for channel in member.outgoing())
    return reader if inside and isinstance(reader, SlotReader) else None


def _takes_at_once(channel: Channel, is_here: IsHere) -> bool:
    slot = channel.reader
    if not isinstance(slot, SlotReader):
        return False
    if slot.closed:
        return True
    target = slot.target  # one that is over has its link open again where another is about to take its place
    return target is not None and is_here(target) and not target.paused and not target.over


def lay_in_order(members: Iterable[ProcessorInstance]) -> object:
    """Make anew what a pass touches of each and nobody else holds yet, so that it lies in memory in their order.

    A pass through very many finds nothing in a cache but what a processor core has fetched ahead, and it fetches ahead
    what is asked for in the order in which it lies. Each list is full before any of the old goes: the next of the new
    would take its place. So what is spent is returned, to be held until all else that is new has been made.
    """
    uncalled = [member for member in members if not member.metrics.calls and member.call == member.processor.process]
    calls = [member.processor.process for member in uncalled]
    contexts = [member.context.renewed() for member in uncalled]
    spent = [(member.call, member.context) for member in uncalled]
    for member, call, context, (_, before) in zip(uncalled, calls, contexts, spent, strict=True):
        member.call, member.context = call, context
        context.is_cut_off = before.is_cut_off  # behind the change: another thread may cut it off just now
    return spent


def bind_writers(channels: Iterable[Channel], is_here: IsHere) -> None:
    """Have the ports that write to slots hold their new writers; one that is on its way is bound where it arrives."""
    by_source: dict[ProcessorInstance, set[Channel]] = defaultdict(set)
    for channel in channels:
        source = channel.reader.source if isinstance(channel.reader, SlotReader) else None
        if source is not None and is_here(source):
            by_source[source].add(channel)
    for source, written in by_source.items():
        source.rebind(written)


def member_at(gate: Any) -> ProcessorInstance:
    """The processor of a step, by the gate of the step."""
    member = gate.target if isinstance(gate, SlotReader) else gate
    assert isinstance(member, ProcessorInstance)
    return member
