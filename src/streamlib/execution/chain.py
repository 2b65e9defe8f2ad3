"""The chain: processors that one thread calls one after the other, and how it calls them.

Theory of operation
-------------------
A chain has at most one *head*, the processor whose thread it is, and any number of *inlined* processors: the
lightweight ones that this thread feeds. A **pass** calls the head once and then every inlined processor that
has a frame, in topological order; a frame so travels through the whole chain before the next one enters it.
Between processors of one chain a link is a slot, so that writing and reading are an assignment each.

What a pass runs is decided when the chain is arranged (`arrangement`), not per frame: a tuple of (gate, call,
context). A processor with one slot to read and only slots to write is **steady**: it is called straight when
its slot is full, and is not counted, because its count follows from the number of passes and of skips. Any
other (several inputs, a link to another thread, paused) is called through `visit`, which asks whether it is due
and free and counts what it does. Functions in a row have one step together (`cascade`). One pass in 128 is timed, and
now and then one is looked at more closely (`closer_look`), by time. Of very many steps only a part is timed, with each
look another, and the others are called straight: a pass that is timed takes four times as long.

Whatever a pass cannot do at once leaves the chain **unsettled**: more than one frame written to a slot, a frame
left unread, no room in a link to another thread, an end of stream, an exception. `settle` then goes through all
processors, oldest frames first, until nothing moves. What still waits after that waits for somebody outside
(room, frames from elsewhere, a resume). While somebody is held so, `settle` takes the place of the pass behind
the head: it calls nobody whose outputs are not free, and so holds back those before him, up to the head.
Processors end in `settle` alone, so that no pass runs over steps that are being arranged.

Passes that nothing but frames ask for are made in bursts: next is `calm_chain`. The calls themselves stand in `burst`.
`loops` says when all this happens, and on which thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from streamlib.clock import Clock
from streamlib.execution import burst
from streamlib.execution.arrangement import Arrangement
from streamlib.execution.cascade import Cascade
from streamlib.execution.closer_look import AT_ONCE, LOOK_EVERY_NS, CloserLook, Pace
from streamlib.execution.inlining import Step, member_at
from streamlib.execution.instance import ProcessorInstance
from streamlib.links.reader import SlotReader

TIMED_EVERY = 128
"""One pass in so many times the inlined processors."""

MANY = 256
"""So many steps are timed in one pass at most: of more, with each closer look, those where it begins."""

BRIEF_NS = 10_000
"""Calls of a head shorter than this are timed once in `TIMED_EVERY`, longer ones always: a pass with all questions
takes some microseconds, and the first call of one among very many as long, because nothing of it is in a cache."""

ROUNDS = 8
"""How often `settle` goes through all processors in a row, where others go on bringing frames."""

ROUNDS_OF_SOME = 2
"""How often `settle` goes through those alone who are known to have something to do, before it goes through all."""


class Chain(Arrangement):
    """A head and the processors inlined behind it. Everything here is for the thread that owns it.

    Args:
        pace: How often all loops of the runtime look closer, together.

    Attributes:
        may_wait: Whether its head may wait for room inside `write`, because nobody else needs the thread.
        look_ns: When it looks closer next.
    """

    __slots__ = ("_brief", "_look_first", "_pace", "_rings_ns", "_timed_next", "look_ns", "may_wait")

    def __init__(self, clock: Clock, media_clock: Clock, pace: Pace | None = None) -> None:
        super().__init__(clock, media_clock)
        self.may_wait = False
        self._pace = pace or Pace()
        self.look_ns = 0
        self._look_first = 0
        self._rings_ns = 0
        self._timed_next = 1
        self._brief = True  # as long as no call has told otherwise

    def make_pass(self, head: ProcessorInstance) -> None:
        """Call the head, timed, and everyone whom it gave a frame."""
        now_ns = self.now_ns()
        self.prepare_call(head, now_ns)
        look = self.look_closer(now_ns) if now_ns >= self.look_ns else None
        found = None if look is None else look.before(head)
        frame, taken, news = head.oldest(), head.taken(), head.news()
        self.passes.done += 1
        self.in_head = self.in_pass = True
        began_ns = self.measure_ns()
        try:
            head.call(head.context)
        except BaseException as error:
            self.apply_policy(head, error, frame, unread=head.taken() == taken)
        finally:
            self.in_head = self.in_pass = False
        took_ns = self.measure_ns() - began_ns
        (head.metrics.timings or head.metrics.begin_timing()).record(took_ns)
        self._brief = took_ns < BRIEF_NS
        if head.taken() != taken:
            head.left_unread = None
        elif news:
            head.leave_unread(news, now_ns)
        due = self.passes.done >= self._timed_next and len(self.steps) <= MANY
        self.timing = due or found is not None
        if self.timing:
            self._timed_next = self.passes.done + TIMED_EVERY
        if look is not None and found is not None:
            look.after(head, found)
        if self.held:  # somebody has no room: everyone before him is asked, so that it reaches the head
            self.skip_steps(0)
            self.unsettle()
        else:
            self._run_steps()
        self.look_at_rings(now_ns)

    def look_closer(self, now_ns: int) -> CloserLook | None:
        """Time the wait of frames in the slots behind what comes next; `look_at_rings` follows.

        Returns what is told of calls for that; None where nothing is looked at.
        """
        timed = min(len(self.members), MANY)
        granted = self._pace.grants(now_ns, timed)
        self.look_ns = self._pace.next_ns(now_ns, timed)
        self._rings_ns = now_ns if granted else self.look_ns
        if not granted or not self.inlined:
            return None
        many = len(self.steps) > MANY
        among = len(self.steps) if many else len(self.members) - (self.head is not None)
        first = self._look_first = (self._look_first + (MANY if many else AT_ONCE)) % among
        self.look = self.look.renewed(first, among) if self.look else CloserLook(self.now_ns, first, among)
        return self.look

    def look_at_rings(self, now_ns: int) -> None:
        """Time the wait of one frame in each ring that is read here, of those written next, where it is time for that.

        Behind a call, so that no frame waits for it.
        """
        if now_ns < self._rings_ns:
            return
        self._rings_ns = max(self.look_ns, now_ns + LOOK_EVERY_NS)
        for member in self.foreign if self.head is None else (self.head, *self.foreign):
            for channel in member.incoming():
                channel.begin_sample(self.now_ns, member.metrics.see)

    def prepare_call(self, head: ProcessorInstance, now_ns: int) -> None:
        """What asked for this call is served by it."""
        if head.ticking:
            self._plan_tick(head, now_ns)
        head.begin(now_ns)
        self.timers.pop(head, None)

    def _plan_tick(self, head: ProcessorInstance, now_ns: int) -> None:
        if self.next_tick_ns(head) > now_ns:  # `wake` has called it between two ticks
            return
        head.wake_ns = None
        interval_ns = head.declaration.execution.interval_ns
        if interval_ns:  # on the grid of the first tick, so that lateness never adds up
            self.tick_ns += (max(0, now_ns - self.tick_ns) // interval_ns + 1) * interval_ns

    def next_tick_ns(self, head: ProcessorInstance) -> int:
        return self.tick_ns if head.wake_ns is None else head.wake_ns

    def _run_steps(self) -> None:
        if not self.timing:
            self._run_straight(self.steps)
        elif len(self.steps) <= MANY:
            self._run_timed(0, len(self.steps))
        else:
            self._run_partly_timed()
        if self.timing:
            self.look = self.look or None

    def _run_partly_timed(self) -> None:
        """Have timed among very many those alone at whom a look is taken, and those who read what it follows."""
        first, end = self._look_first, len(self.steps)
        behind = min(first + MANY, end)
        if self._run_following(0, first) and self._run_timed(first, behind):
            self._run_following(behind, end)

    def _run_following(self, first: int, end: int) -> bool:
        """Call those from one place up to another, timed only those who read what is followed."""
        read = self.look.read_by() if self.look is not None else []
        for place in sorted({self._place(self.inlined, member) for member in read if self.has(member)}):
            if first <= place < end:
                if not (self._run_straight(self.steps[first:place]) and self._run_timed(place, place + 1)):
                    return False
                first = place + 1
        return self._run_straight(self.steps[first:end])

    def _run_straight(self, steps: Sequence[Step]) -> bool:
        """Call these, each who has a frame. False where one raised, and the pass was broken off."""
        broken = burst.once(steps, self.left_over)
        if broken is None:
            return True
        gate, frame, error = broken
        self._step_failed(gate, error, frame)
        return False

    def _run_timed(self, first: int, end: int) -> bool:
        """As `_run_straight`, for those from one place up to another: each by itself, timed."""
        index = first
        for step in self.steps[first:end]:
            together = step[1]
            steps = together.steps if isinstance(together, Cascade) else (step,)
            for behind, (gate, call, context) in enumerate(steps):
                frame = gate.frame
                if gate.steady is None:  # as in `_step_failed`
                    self.unsettle()
                    return False
                if frame is None:
                    gate.steady.skipped += 1
                    break
                try:
                    self._call_timed(gate, call, context, index + behind)
                except BaseException as error:
                    self._step_failed(gate, error, frame)
                    return False
            index += len(steps)
        return True

    def _call_timed(self, gate: Any, call: Callable[[Any], object], context: Any, index: int) -> None:
        """Call one that is steady, timed; another is timed by `visit`."""
        if not isinstance(gate, SlotReader):
            call(context)
            return
        member, look = member_at(gate), self.look
        found = None if look is None else look.before_step(gate, index, member)
        began_ns = self.measure_ns()
        call(context)
        (member.metrics.timings or member.metrics.begin_timing()).record(self.measure_ns() - began_ns)
        if gate.frame is not None:
            self.left_over(gate)
        if look is not None and found is not None:
            look.after(member, found)

    # ------------------------------------------------------------------------------------------ what a pass leaves over

    def settle(self) -> None:
        """Have the inlined processors do all they can; what still waits then waits for somebody outside.

        One that wants to be called without a frame is called once in it, and one that frames from other threads never
        let rest, so often: the head has its turn in between.
        """
        moved, rounds = True, 0
        self.timing = self.timing and self.head is not None  # without a head there are no passes to time one of
        met: set[ProcessorInstance] | None = set()
        self.indulged.clear()
        while moved and not self.interrupted() and (rounds < ROUNDS or not self.foreign):
            rounds += 1
            if self.rearrange_soon:  # not at once: a pass may have been under way
                self.touch(self.rearrange_soon)
                self.rearrange_soon = ()
            self.unsettled = False
            asked = self._asked() if rounds <= ROUNDS_OF_SOME else None
            met = None if asked is None or met is None else met.union(asked)
            self._look_between_passes()
            moved = self._go_through(asked)
        self.look = self.look or None
        if any(m.poked for m in self.indulged):
            self.unsettle()
        self._note_held(met, moved=moved)

    def _look_between_passes(self) -> None:
        """Look closer where no pass of a head does: in a loop without one, and at rings while the head may rest."""
        now_ns = self.now_ns()
        if self.head is None and now_ns >= self.look_ns:
            self.timing = self.look_closer(now_ns) is not None
        if self.foreign:
            self.look_at_rings(now_ns)

    def _note_held(self, met: set[ProcessorInstance] | None, *, moved: bool) -> None:
        """Take note of who waits for somebody outside, or for the next `settle`, where something else came first.

        Others than those that were met, and than those that are to be met, are as they were.
        """
        some = None
        if moved:
            left = self.roused.copy()  # others put somebody in at any time
            if met is None or not left or None in left:
                self.unsettle()
            else:
                some = met.union(self.held, (member for member in left if member is not None))
                self.unsettled = True
        elif met is not None:
            some = met.union(self.held)
        suspects = self.members if some is None else sorted([m for m in some if self.has(m)], key=self.rank)
        self.held = [m for m in suspects if m is not self.head and (moved or m.is_held())]

    def _asked(self) -> list[ProcessorInstance] | None:
        """Whom there is something to do for, in their order; None where it may be anybody."""
        asked: set[ProcessorInstance] = set()
        everybody = not self.roused
        while self.roused:
            member, _ = self.roused.popitem()
            everybody |= member is None
            if member is not None and self.has(member):
                asked.add(member)
        if everybody:
            return None
        if self.in_pass and self.head is not None:  # it waits inside a write, and has written to others before
            asked.update(member for member in self.head.fed() if self.has(member))
        return sorted(
            asked.union(self.foreign, self.held, self.timers), key=self.rank
        )  # the clock or others may have come

    def _go_through(self, asked: list[ProcessorInstance] | None) -> bool:
        """Have each of these, or everybody, do all it can. True when something happened.

        Next are those next to whoever did something: whom a call leaves frames or room. Where everybody is asked, all.
        """
        moved, now_ns = False, self.now_ns()
        ended: list[ProcessorInstance] = []
        for member in self.members if asked is None else asked:
            if member is not self.head and self.advance_one(member, now_ns):
                moved = True
                if member.over:
                    ended.append(member)
                elif asked is None:
                    self.roused[None] = None
                else:
                    self.unsettle_around(member)
        if ended:
            self.touch(ended)
        return moved

    def interrupted(self) -> bool:
        """Whether something comes before calling processors; a chain by itself has nothing of the kind."""
        return False

    def left_over(self, gate: Any) -> None:
        """A steady processor left its frame unread: it was not taken, and waits for another."""
        if isinstance(gate, SlotReader):
            gate.taken -= 1
            member = member_at(gate)
            member.leave_unread(member.news(), self.now_ns())
        self.unsettle()

    def _step_failed(self, gate: Any, error: BaseException, frame: Any) -> None:
        if gate.steady is None:  # taken into another loop, while a call before it was stuck and left behind
            self.unsettle()
            return
        member = first = member_at(gate)
        if gate.frame is not None:
            gate.frame = None  # it counts as taken already
        if isinstance(member.cascade, Cascade):
            first = member.cascade.members[0]
            member, frame = member.cascade.broken_off(member, frame)
        self.apply_policy(member, error, frame, unread=False)
        self.skip_steps(self.inlined.index(first) + 1)
