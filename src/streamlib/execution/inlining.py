"""Which of a loop's processors a pass calls straight, and which with questions asked.

Decided when processors, links or pauses change, so that nothing of it is asked per frame. `loops` runs what
this arranges.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.metrics import Passes, SteadyCount
from streamlib.links.channel import Channel
from streamlib.links.reader import SlotReader

Step = tuple[Any, Callable[[Any], object], Any]
"""What a pass needs of one processor: the gate that is open when it has a frame, the call, and its context."""


def arranged(
    inlined: Sequence[ProcessorInstance], passes: Passes, visit: Callable[[ProcessorInstance, Any], None]
) -> tuple[tuple[Step, ...], set[Channel]]:
    """The steps of a pass over these processors, and the channels whose writing ports have to be bound anew."""
    rebind: set[Channel] = set()
    steps: list[Step] = []
    read_here = {channel for member in inlined if not member.paused for channel in member.incoming()}
    for member in inlined:
        member.fix()
        slot = steady_slot(member, read_here)
        if slot is None:
            member.steady = SteadyCount(passes)
            steps.append((member, partial(visit, member), member.context))
        else:
            slot.steady = member.metrics.become_steady(passes)
            steps.append((slot, member.call, member.context))
        for channel in member.incoming():
            if channel.gate(member if slot is None else None):
                rebind.add(channel)
    return tuple(steps), rebind


def steady_slot(member: ProcessorInstance, read_here: set[Channel]) -> SlotReader | None:
    """The one slot of a processor that reads only it, writes only to slots, and is not paused; else None.

    A slot whose reader this loop does not call, because it is paused or on its way in or out, may have no room.
    """
    if member.paused or len(member.readers) != 1:
        return None
    reader = member.readers[0]
    inside = all(_takes_at_once(channel, read_here) for links in member.outputs.values() for channel in links)
    return reader if inside and isinstance(reader, SlotReader) else None


def _takes_at_once(channel: Channel, read_here: set[Channel]) -> bool:
    return isinstance(channel.reader, SlotReader) and (channel in read_here or channel.closed)
