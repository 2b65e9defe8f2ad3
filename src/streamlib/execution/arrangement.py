"""The arrangement of a chain: who belongs to it, in which order, and what a pass over them runs.

Wiring, pauses, restarts and removals change it, between two frames; `inlining` says how each processor is called then,
so that passes (`chain`) ask nothing. It calls nobody, except those that have to come to their end (`drain`).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from streamlib.clock import Clock
from streamlib.execution.inlining import Step, arranged
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.metrics import Passes
from streamlib.execution.visitor import Visitor
from streamlib.links.reader import RingReader
from streamlib.states import ProcessorState


class Arrangement(Visitor):
    """A head and the processors inlined behind it.

    Attributes:
        members: All of them in topological order, the head first.
        passes: How many passes were made over them.
        steps: What a pass runs behind the head.
        inlined: The processors of these steps.
        foreign: Those of them that also read from other threads.
        held: Those that wait for somebody outside.
        tick_ns: When a head with a schedule of its own is called next.
        in_pass: Whether a pass has counted itself and not come to its steps.
    """

    def __init__(self, clock: Clock, media_clock: Clock) -> None:
        super().__init__(clock, media_clock)
        self.members: list[ProcessorInstance] = []
        self.passes = Passes()
        self.steps: tuple[Step, ...] = ()
        self.inlined: tuple[ProcessorInstance, ...] = ()
        self.foreign: tuple[ProcessorInstance, ...] = ()
        self.held: list[ProcessorInstance] = []
        self.tick_ns = 0
        self.in_pass = False

    def arrange(self, members: Iterable[ProcessorInstance]) -> None:
        """Run these processors from now on, in this order; a head comes first. For the owner."""
        before, self.members = self.members, list(members)
        mine: tuple[object, ...] = (self, None)  # one may have come to another loop while this one was stuck in a call
        gone = {one for one in set(before).difference(self.members) if one.loop in mine}
        for member in gone:
            self.timers.pop(member, None)
            self.indulged.discard(member)
            if member.over:
                member.send_off()
        self.rearrange(gone)
        for member in self.members:
            self.timed(member)

    def rearrange(self, gone: Iterable[ProcessorInstance] = ()) -> None:
        """Make the steps of a pass anew, without those who have gone; between two passes, or while the head writes."""
        head = self.head
        self.passes.done -= self.in_pass  # a pass whose head is being called has not come to the others yet
        for member in (*gone, *(member for member in self.members if member.over)):
            member.fix()
        inlined = [member for member in self.members if member is not head and not member.over]
        self.steps, rebind = arranged(inlined, self.passes, self.visit)
        self.inlined = tuple(inlined)
        self.foreign = tuple(m for m in inlined if any(isinstance(reader, RingReader) for reader in m.readers))
        if head is not None and not head.over:
            head.metrics.become_steady(self.passes)
        self.passes.done += self.in_pass
        for member in self.members:
            member.rebind(rebind)
        self.held = []
        self.sample = None if self.sample is None else self.sample.within(inlined)
        self.rearrange_soon = False
        self.unsettle()

    def replace(self, old: ProcessorInstance, new: ProcessorInstance) -> None:
        """Put one processor in the place of another, with its links. For the owner, between two calls of the head."""
        new.take_place_of(old)
        if self.head is old:
            self.head = new
        self.timers.pop(old, None)
        self.arrange(new if member is old else member for member in self.members)

    def drain(self, members: Iterable[ProcessorInstance]) -> None:
        """Have some of its processors do all they can, and end, even while paused. For the owner."""
        going = list(members)
        self.indulged.clear()
        while True in [self.advance_one(member, self.now_ns()) for member in going]:
            self.unsettled = True
        self.rearrange()

    def pause_one(self, member: ProcessorInstance) -> None:
        """Not to call one of its processors until `resume_one`. For the owner."""
        member.pause()
        self.rearrange()

    def hold(self, member: ProcessorInstance) -> None:
        """As `pause_one`, for a moment and told to nobody: another is about to take its place. For the owner."""
        member.paused = True
        self.rearrange()

    def release(self, member: ProcessorInstance) -> None:
        """Nobody takes its place: go on calling it, unless it was paused. For the owner."""
        member.paused = member.state in {ProcessorState.PAUSED, ProcessorState.RESTARTING}
        self.rearrange()

    def resume_one(self, member: ProcessorInstance) -> None:
        """Go on calling that one. For the owner."""
        member.resume()
        if member is self.head:
            self.tick_ns = self.now_ns()
        self.rearrange()

    def send_off(self) -> None:
        """Nobody runs these processors any more: what they put aside goes on its way, room or not."""
        for member in self.members:
            if member.over:
                member.send_off()

    def skip_steps(self, first: int) -> None:
        """A pass was broken off: `settle` calls the rest, and counts it."""
        for gate, _, _ in self.steps[first:]:
            if gate.steady is not None:  # None: another loop has taken it in, while this one was stuck in a call
                gate.steady.skipped += 1

    def member_at(self, gate: Any) -> ProcessorInstance:
        """The processor of a step, by the gate of the step."""
        return next(member for member, step in zip(self.inlined, self.steps, strict=True) if step[0] is gate)
