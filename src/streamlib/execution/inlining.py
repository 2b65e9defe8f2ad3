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

Step = tuple[Any, Callable[[Any], None], Any]
"""What a pass needs of one processor: the gate that is open when it has a frame, the call, and its context."""


def arranged(
    inlined: Sequence[ProcessorInstance], passes: Passes, visit: Callable[[ProcessorInstance, Any], None]
) -> tuple[tuple[Step, ...], set[Channel]]:
    """The steps of a pass over these processors, and the channels whose writing ports have to be bound anew."""
    rebind: set[Channel] = set()
    steps: list[Step] = []
    for member in inlined:
        member.fix()
        slot = steady_slot(member)
        if slot is None:
            member.steady = SteadyCount(passes)
            steps.append((member, partial(visit, member), member.context))
        else:
            slot.steady = member.metrics.become_steady(passes)
            steps.append((slot, member.call, member.context))
        for channel in member.inputs.values():
            if channel.gate(member if slot is None else None):
                rebind.add(channel)
    return tuple(steps), rebind


def steady_slot(member: ProcessorInstance) -> SlotReader | None:
    """The one slot of a processor that reads only it, writes only to slots, and is not paused; else None."""
    if member.paused or len(member.readers) != 1:
        return None
    reader = member.readers[0]
    inside = all(isinstance(channel.reader, SlotReader) for links in member.outputs.values() for channel in links)
    return reader if inside and isinstance(reader, SlotReader) else None
