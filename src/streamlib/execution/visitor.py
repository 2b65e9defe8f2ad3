"""Calling one processor of a chain with questions asked: is it due, has it room, what did it take.

A pass comes here for a processor that it cannot call straight, and `settle` for everyone; both are in `chain`. Here an
exception meets the error policy, and a processor its end. One processor at a time is known here, and nothing of who
stands before or behind it: that is the `arrangement`, which is built on this.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from streamlib.clock import Clock
from streamlib.execution.closer_look import CloserLook
from streamlib.execution.exits import ExitRaisedError, survived
from streamlib.execution.instance import ProcessorInstance
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.processors.ports import words

CALLS_AT_ONCE = 64
"""How often `settle` calls one processor in a row before it looks at the others."""


class Visitor:
    """What a thread does with any one processor of its chain, and has to remember of it.

    Attributes:
        head: The processor whose thread it is, if there is one.
        timers: When processors want to be called, by the clock for media.
        unsettled: Whether something is left to do that no pass does.
        roused: For whom there is; None stands for everybody. One alone takes out, others put in at the same time.
        attention: Whether something may be wanted but that the head is called for its frames.
        rearrange_soon: Whose steps have to be made anew, between two passes.
        in_head: Whether a call of the head is under way.
        timing: Whether calls are timed at present.
        look: What is looked at more closely just now.
        indulged: Those that were called because they asked for it, without a frame, since `settle` began.
    """

    __slots__ = (
        "attention",
        "head",
        "in_head",
        "indulged",
        "look",
        "measure_ns",
        "now_ns",
        "rearrange_soon",
        "roused",
        "timers",
        "timing",
        "unsettled",
    )  # fmt: skip

    def __init__(self, clock: Clock, media_clock: Clock) -> None:
        self.head: ProcessorInstance | None = None
        self.timers: dict[ProcessorInstance, int] = {}
        self.now_ns = media_clock.now_ns
        self.measure_ns = clock.now_ns
        self.unsettled = False
        self.roused: dict[ProcessorInstance | None, None] = {}
        self.attention = True
        self.rearrange_soon: tuple[ProcessorInstance, ...] = ()
        self.in_head = False
        self.timing = False
        self.look: CloserLook | None = None
        self.indulged: dict[ProcessorInstance, None] = {}  # there are many loops, and an empty set is thrice as big

    def unsettle(self, member: ProcessorInstance | None = None) -> None:
        """As `disturb`, from the loop's own thread."""
        self.roused[member] = None  # before the flag: who takes the flag down looks here after
        self.unsettled = True
        self.attention = True

    def unsettle_around(self, member: ProcessorInstance) -> None:
        """As `unsettle`, for one that did something: for it, and for those that feed it and that it feeds."""
        for affected in (member, *member.feeders(), *member.fed()):
            self.unsettle(affected)

    def timed(self, instance: ProcessorInstance) -> None:
        """Take note of when a processor wants to be called. For the owner."""
        if instance.wake_ns is not None:
            self.timers[instance] = instance.wake_ns
            self.attention = True

    def visit(self, member: ProcessorInstance, context: Any) -> None:
        """A pass comes to a processor that is not steady."""
        del context
        member.frame = None
        now_ns = self.now_ns()
        if member.callable(now_ns) and member.free():
            self.call_one(member, now_ns)
        if member.unseen():
            self.unsettle()

    def advance_one(self, member: ProcessorInstance, now_ns: int) -> bool:
        """Call an inlined processor for what waits there, or end it. True when something happened."""
        free = member.free()  # asked of one that is over too: it moves what was put aside
        if member.over:
            return False
        calls = 0
        while free and calls < CALLS_AT_ONCE and member.callable(now_ns):
            if (member.poked or member.wake_ns is not None) and not member.unseen():
                if member in self.indulged:
                    break
                self.indulged[member] = None
            self.call_one(member, now_ns)
            calls += 1
            free = member.free()
        if not (member.finishing or (not member.paused and member.exhausted())):
            return bool(calls)
        self.finish_one(member)
        return True

    def call_one(self, member: ProcessorInstance, now_ns: int) -> None:
        """Call an inlined processor and count what it takes."""
        member.begin(now_ns)
        if member.wake_ns is None:
            self.timers.pop(member, None)
        frame, before = member.oldest(), member.news()
        look = self.look
        found = None if look is None else look.before(member)
        raised: BaseException | None = None
        began_ns = self.measure_ns() if self.timing else 0
        try:
            member.call(member.context)
        except BaseException as error:
            raised = error
        if self.timing:
            (member.metrics.timings or member.metrics.begin_timing()).record(self.measure_ns() - began_ns)
        member.metrics.count()
        took = member.account(before, now_ns)
        if look is not None and found is not None:
            look.after(member, found)
        if raised is not None:
            self.apply_policy(member, raised, frame, unread=not took)

    def apply_policy(self, member: ProcessorInstance, raised: BaseException, frame: Any, *, unread: bool) -> None:
        """Apply the error policy of a processor whose call raised; one that raised an exit fails under any."""
        error = survived(raised)
        _note_a_stranger(member, error, frame)
        policy = ErrorPolicy.FAIL if isinstance(error, ExitRaisedError) else member.policy
        member.metrics.errors += 1
        if unread and frame is not None and not member.ticking:
            member.skip()
        member.reports.errored(member, error, getattr(frame, "timestamp_ns", None))
        if policy is ErrorPolicy.RESTART and not member.finishing and member.reports.wants_restart(member):
            member.await_restart(error)
            self.rearrange_soon += (member,)
            if member.policy is not ErrorPolicy.RESTART:  # it is leaving since, and nobody makes it anew any more
                member.end()
        elif policy is not ErrorPolicy.SKIP:
            member.failure = error
            member.finishing = True
        self.unsettle()

    def finish_one(self, member: ProcessorInstance) -> None:
        """Have a processor say its last word; a change that wants the head waits until the head has."""
        before = self.in_head
        self.in_head = before or member is self.head
        try:
            member.finish(member.failure)
        finally:
            self.in_head = before
        self.timers.pop(member, None)
        self.unsettle_around(member)


def _note_a_stranger(member: ProcessorInstance, error: Exception, frame: Any) -> None:
    """Say at an exception that what was read is nothing that the inputs take: ports are compared, frames are not.

    It never raises: not every class may be asked (`typing.Any` refuses), and what frames answer is up to who made them.
    """
    takes = tuple(frame_type for port in member.declaration.inputs.values() for frame_type in port.frame_types)
    with suppress(Exception):
        if frame is None or not takes or isinstance(frame, takes):
            return
        sent = type(frame).__name__
        note = f"{member.id} takes {words(dict.fromkeys(takes))} and was sent {sent}: see who writes to it"
        if note not in getattr(error, "__notes__", ()):  # one may be raised again and again
            error.add_note(note)
