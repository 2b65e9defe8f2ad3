"""The chain: processors that one thread calls one after the other, and how it calls them.

Theory of operation
-------------------
A chain has at most one *head*, the processor whose thread it is, and any number of *inlined* processors: the
lightweight ones that this thread feeds. A **pass** calls the head once and then every inlined processor that
has a frame, in topological order; a frame so travels through the whole chain before the next one enters it.
Between processors of one chain a link is a slot, so that writing and reading are an assignment each.

What a pass runs is decided when the chain is arranged (`inlining`), not per frame: a tuple of (gate, call,
context). A processor with one slot to read and only slots to write is **steady**: it is called straight when
its slot is full, and is not counted, because its count follows from the number of passes and of skips. Any
other (several inputs, a link to another thread, paused) is called through `_visit`, which asks whether it is due
and free and counts what it does. One pass in 128 is timed.

Whatever a pass cannot do at once leaves the chain **unsettled**: more than one frame written to a slot, a frame
left unread, no room in a link to another thread, an end of stream, an exception. `settle` then goes through all
processors, oldest frames first, until nothing moves. What still waits after that waits for somebody outside
(room, frames from elsewhere, a resume). While somebody is held so, `settle` takes the place of the pass behind
the head: it calls nobody whose outputs are not free, and so holds back those before him, up to the head.
Processors end in `settle` alone, so that no pass runs over steps that are being arranged.

`loops` says when all this happens, and on which thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from streamlib.clock import Clock
from streamlib.execution.exits import ExitRaisedError, survived
from streamlib.execution.inlining import Step, arranged
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.metrics import Passes
from streamlib.links.reader import RingReader, SlotReader
from streamlib.processors.execution_mode import ErrorPolicy

TIMED_EVERY = 128
"""One pass in so many times the inlined processors."""

BRIEF_NS = 2_000
"""Calls of a head shorter than this are timed once in `TIMED_EVERY`, longer ones always."""

CALLS_AT_ONCE = 64
"""How often `settle` calls one processor in a row before it looks at the others."""

_BURST = range(TIMED_EVERY - 1)
_ENDLESS = (None,)  # the feed of a source


class Chain:
    """A head and the processors inlined behind it. Everything here is for the thread that owns it.

    Attributes:
        members: All its processors in topological order, the head first.
        passes: How many passes it has made.
        may_wait: Whether its head may wait for room inside `write`, because nobody else needs the thread.
    """

    def __init__(self, clock: Clock, media_clock: Clock) -> None:
        self.head: ProcessorInstance | None = None
        self.members: list[ProcessorInstance] = []
        self.passes = Passes()
        self.may_wait = False
        self._steps: tuple[Step, ...] = ()
        self._inlined: tuple[ProcessorInstance, ...] = ()
        self._foreign: tuple[ProcessorInstance, ...] = ()  # those inlined that also read from other threads
        self._held: list[ProcessorInstance] = []
        self._timers: dict[ProcessorInstance, int] = {}
        self._now_ns = media_clock.now_ns
        self._measure_ns = clock.now_ns
        self._tick_ns = 0
        self._attention = False  # a burst is to be left
        self._unsettled = False
        self._rearrange_soon = False
        self._in_head = False
        self._in_pass = False
        self._timing = False
        self._timed_next = 1
        self._brief = False

    def interrupted(self) -> bool:
        """Whether something comes before calling processors; a chain by itself has nothing of the kind."""
        return False

    def unsettle(self) -> None:
        """As `disturb`, from the loop's own thread."""
        self._unsettled = True
        self._attention = True

    def timed(self, instance: ProcessorInstance) -> None:
        """Take note of when a processor wants to be called. For the owner."""
        if instance.wake_ns is not None:
            self._timers[instance] = instance.wake_ns
            self._attention = True

    # -------------------------------------------------------------------------------------------------------- arranged

    def arrange(self, members: Iterable[ProcessorInstance]) -> None:
        """Run these processors from now on, in this order; a head comes first. For the owner."""
        before, self.members = self.members, list(members)
        gone = set(before).difference(self.members)
        for member in gone:
            self._timers.pop(member, None)
            if member.over:
                member.send_off()
        self._rearrange(gone)
        for member in self.members:
            self.timed(member)

    def _rearrange(self, gone: Iterable[ProcessorInstance] = ()) -> None:
        head = self.head
        self.passes.done -= self._in_pass  # a pass whose head is being called has not come to the others yet
        for member in (*gone, *(member for member in self.members if member.over)):
            member.fix()
        inlined = [member for member in self.members if member is not head and not member.over]
        self._steps, rebind = arranged(inlined, self.passes, self._visit)
        self._inlined = tuple(inlined)
        self._foreign = tuple(m for m in inlined if any(isinstance(reader, RingReader) for reader in m.readers))
        if head is not None and not head.over:
            head.metrics.become_steady(self.passes)
        self.passes.done += self._in_pass
        for member in self.members:
            member.rebind(rebind)
        self._held = []
        self._rearrange_soon = False
        self.unsettle()

    def replace(self, old: ProcessorInstance, new: ProcessorInstance) -> None:
        """Put one processor in the place of another, with its links. For the owner, between two calls of the head."""
        new.take_place_of(old)
        if self.head is old:
            self.head = new
        self._timers.pop(old, None)
        self.arrange(new if member is old else member for member in self.members)

    def drain(self, members: Iterable[ProcessorInstance]) -> None:
        """Have some of its processors do all they can, and end, even while paused. For the owner."""
        going = list(members)
        while True in [self._advance(member, self._now_ns()) for member in going]:
            self._unsettled = True
        self._rearrange()

    def pause_one(self, member: ProcessorInstance) -> None:
        """Not to call one of its processors until `resume_one`. For the owner."""
        member.pause()
        self._rearrange()

    def resume_one(self, member: ProcessorInstance) -> None:
        """Go on calling that one. For the owner."""
        member.resume()
        if member is self.head:
            self._tick_ns = self._now_ns()
        self._rearrange()

    def _send_off(self) -> None:
        """Nobody runs these processors any more: what they put aside goes on its way, room or not."""
        for member in self.members:
            if member.over:
                member.send_off()

    # ---------------------------------------------------------------------------------------------------------- passes

    def _turn(self) -> None:
        """One pass, and more while they are brief and nothing else wants to be done."""
        head = self.head
        assert head is not None
        if head.finishing or head.exhausted():
            self._finish(head)
            return
        self._pass(head)
        if self._brief and not (self._foreign or self._timers or self._held or self._unsettled):
            feed = self._feed(head)
            if feed is not None:
                self._burst(head, feed, _BURST if self.may_wait else _BURST[: head.room()])

    def _pass(self, head: ProcessorInstance) -> None:
        """Call the head, timed, and everyone whom it gave a frame."""
        self._prepare_call(head, self._now_ns())
        frame, taken, news = head.oldest(), head.taken(), head.news()
        self.passes.done += 1
        self._in_head = self._in_pass = True
        began_ns = self._measure_ns()
        try:
            head.call(head.context)
        except BaseException as error:
            self._failed(head, error, frame, unread=head.taken() == taken)
        finally:
            self._in_head = self._in_pass = False
        took_ns = self._measure_ns() - began_ns
        head.metrics.latency.record(took_ns)
        self._brief = took_ns < BRIEF_NS
        head.left_unread = news if head.taken() == taken else None
        self._timing = self.passes.done >= self._timed_next
        if self._timing:
            self._timed_next = self.passes.done + TIMED_EVERY
        if self._held:  # somebody has no room: everyone before him is asked, so that it reaches the head
            self._skip_steps(0)
            self.unsettle()
        else:
            self._run_steps()

    def _prepare_call(self, head: ProcessorInstance, now_ns: int) -> None:
        """What asked for this call is served by it."""
        if head.ticking:
            self._plan_tick(head, now_ns)
        head.begin(now_ns)
        self._timers.pop(head, None)

    def _plan_tick(self, head: ProcessorInstance, now_ns: int) -> None:
        if self._next_tick_ns(head) > now_ns:  # `wake` has called it between two ticks
            return
        head.wake_ns = None
        interval_ns = head.declaration.execution.interval_ns
        if interval_ns:  # on the grid of the first tick, so that lateness never adds up
            self._tick_ns += (max(0, now_ns - self._tick_ns) // interval_ns + 1) * interval_ns

    def _next_tick_ns(self, head: ProcessorInstance) -> int:
        return self._tick_ns if head.wake_ns is None else head.wake_ns

    def _run_steps(self) -> None:
        if self._timing:
            self._run_steps_timed()
            return
        gate: Any = None
        frame = None
        try:
            for gate, call, context in self._steps:
                frame = gate.frame
                if frame is None:
                    gate.steady.skipped += 1
                    continue
                call(context)
                if gate.frame is not None:
                    self._left_over(gate)
        except BaseException as error:
            self._step_failed(gate, error, frame)

    def _run_steps_timed(self) -> None:
        measure_ns = self._measure_ns
        for index, (gate, call, context) in enumerate(self._steps):
            frame = gate.frame
            if frame is None:
                gate.steady.skipped += 1
                continue
            began_ns = measure_ns()
            try:
                call(context)
            except BaseException as error:
                self._step_failed(gate, error, frame)
                return
            if isinstance(gate, SlotReader):
                self._inlined[index].metrics.latency.record(measure_ns() - began_ns)
                if gate.frame is not None:
                    self._left_over(gate)

    def _feed(self, head: ProcessorInstance) -> Sequence[Any] | None:
        """What says by not being empty that the head is to be called again; None where that takes more asking."""
        if not head.reactive:
            return None if head.declaration.execution.interval_ns else _ENDLESS
        reader = head.readers[0] if len(head.readers) == 1 else None
        return reader.ring.items if isinstance(reader, RingReader) else None

    def _burst(self, head: ProcessorInstance, feed: Sequence[Any], calls: range) -> None:
        """Up to 127 passes in a row, with nothing asked in between that can be known before.

        A head that may not wait has as many as there is room for.
        """
        taken, news, done = head.taken(), head.news(), self.passes.done
        self._attention = False
        self._timing = False
        self._in_head = self._in_pass = True
        try:
            (self._burst_through if self._steps else self._burst_alone)(head, feed, calls)
        finally:
            self._in_head = self._in_pass = False
            if head.reactive and self.passes.done > done and head.taken() == taken:
                head.left_unread = news

    def _burst_alone(self, head: ProcessorInstance, feed: Sequence[Any], calls: range) -> None:
        """A burst of a head with nobody inlined behind it: each line is paid for by every frame."""
        call, context, passes, taken, done = head.call, head.context, self.passes, head.taken(), self.passes.done
        frame = None
        try:
            for _ in calls:
                if not feed:
                    return
                frame = feed[0]
                passes.done += 1
                call(context)
                if self._attention:
                    break
        except BaseException as error:
            self._head_failed(head, error, frame, taken + passes.done - done)
            return
        self._run_steps()  # a change during the last call may have brought some

    def _burst_through(self, head: ProcessorInstance, feed: Sequence[Any], calls: range) -> None:
        """A burst through the whole chain.

        The inner loop is the hottest place of the library: each of its lines is paid for by every frame, once
        for each inlined processor.
        """
        call, context, passes, taken, done = head.call, head.context, self.passes, head.taken(), self.passes.done
        gate: Any = head
        frame = None
        try:
            for _ in calls:
                if self._attention or not feed:
                    return
                gate = head
                frame = feed[0]
                passes.done += 1
                call(context)
                for gate, step_call, step_context in self._steps:
                    frame = gate.frame
                    if frame is None:
                        gate.steady.skipped += 1
                        continue
                    step_call(step_context)
                    if gate.frame is not None:
                        self._left_over(gate)
        except BaseException as error:
            if gate is head:
                self._head_failed(head, error, frame, taken + passes.done - done)
            else:
                self._step_failed(gate, error, frame)

    def _head_failed(self, head: ProcessorInstance, error: BaseException, frame: Any, taken: int) -> None:
        """A burst was ended by its head. Where it has taken as many as calls were made, this one has read its frame."""
        self._failed(head, error, frame, unread=head.oldest() is frame and head.taken() != taken)
        self._skip_steps(0)

    # ----------------------------------------------------------------------------------------- what a pass leaves over

    def settle(self) -> None:
        """Have the inlined processors do all they can; what still waits then waits for somebody outside."""
        moved = True
        while moved and not self.interrupted():
            self._unsettled = False
            moved = False
            if self._rearrange_soon:  # not at once: a pass may have been under way
                self._rearrange()
            now_ns = self._now_ns()
            for member in self.members:
                if member is not self.head and self._advance(member, now_ns):
                    moved = True
            if any(member.over for member in self._inlined):
                self._rearrange()
        self._held = [member for member in self.members if member is not self.head and member.is_held()]

    def _advance(self, member: ProcessorInstance, now_ns: int) -> bool:
        """Call an inlined processor for what waits there, or end it. True when something happened."""
        free = member.free()  # asked of one that is over too: it moves what was put aside
        if member.over:
            return False
        calls = 0
        while free and calls < CALLS_AT_ONCE and member.callable(now_ns):
            self._call(member, now_ns)
            calls += 1
            free = member.free()
        if not (member.finishing or (not member.paused and member.exhausted())):
            return bool(calls)
        self._finish(member)
        return True

    def _visit(self, member: ProcessorInstance, context: Any) -> None:
        """A pass comes to a processor that is not steady."""
        del context
        member.frame = None
        now_ns = self._now_ns()
        if member.callable(now_ns) and member.free():
            self._call(member, now_ns)
        if member.unseen():
            self.unsettle()

    def _call(self, member: ProcessorInstance, now_ns: int) -> None:
        """Call an inlined processor and count what it takes."""
        member.begin(now_ns)
        if member.wake_ns is None:
            self._timers.pop(member, None)
        frame, before = member.oldest(), member.news()
        raised: BaseException | None = None
        began_ns = self._measure_ns() if self._timing else 0
        try:
            member.call(member.context)
        except BaseException as error:
            raised = error
        if self._timing:
            member.metrics.latency.record(self._measure_ns() - began_ns)
        member.metrics.count()
        took = member.account(before)
        if raised is not None:
            self._failed(member, raised, frame, unread=not took)

    def _left_over(self, gate: Any) -> None:
        """A steady processor left its frame unread: it was not taken, and waits for another."""
        if isinstance(gate, SlotReader):
            gate.taken -= 1
            member = self._member_at(gate)
            member.left_unread = member.news()
        self.unsettle()

    def _failed(self, member: ProcessorInstance, raised: BaseException, frame: Any, *, unread: bool) -> None:
        """Apply the error policy of a processor whose call raised; one that raised an exit fails under any."""
        error = survived(raised)
        policy = ErrorPolicy.FAIL if isinstance(error, ExitRaisedError) else member.policy
        member.metrics.errors += 1
        if unread and frame is not None and not member.ticking:
            member.skip()
        member.reports.errored(member, error, getattr(frame, "timestamp_ns", None))
        if policy is ErrorPolicy.RESTART and not member.finishing and member.reports.wants_restart(member):
            member.await_restart(error)
            self._rearrange_soon = True
        elif policy is not ErrorPolicy.SKIP:
            member.failure = error
            member.finishing = True
        self.unsettle()

    def _step_failed(self, gate: Any, error: BaseException, frame: Any) -> None:
        member = self._member_at(gate)
        if gate.frame is not None:
            gate.frame = None  # it counts as taken already
        self._failed(member, error, frame, unread=False)
        self._skip_steps(self._inlined.index(member) + 1)

    def _skip_steps(self, first: int) -> None:
        """A pass was broken off: `settle` calls the rest, and counts it."""
        for gate, _, _ in self._steps[first:]:
            gate.steady.skipped += 1

    def _member_at(self, gate: Any) -> ProcessorInstance:
        return next(member for member, step in zip(self._inlined, self._steps, strict=True) if step[0] is gate)

    def _finish(self, member: ProcessorInstance) -> None:
        before = self._in_head
        self._in_head = before or member is self.head
        try:
            member.finish(member.failure)
        finally:
            self._in_head = before
        self._timers.pop(member, None)
        self.unsettle()
