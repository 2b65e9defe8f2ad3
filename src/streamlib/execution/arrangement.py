"""The arrangement of a chain: who belongs to it, in which order, and what a pass over them runs.

Theory of operation
-------------------
Wiring, pauses, restarts and removals change an arrangement, between two frames; `inlining` says how each processor
is called then, so that passes (`chain`) ask nothing. It calls nobody, except those that have to come to their end
(`drain`).

How one processor is called depends on itself and on those that it writes to, and on nobody else: it is called
straight while all of them are called here too. So whoever changes one has to arrange anew that one and those that
write to it, and no other. `touch` does so, and an edit costs what it touches, however many others there are.

Each stands behind those that write to its slots, which the slots say themselves. For this each has a *rank*, a number
that grows along the order, by which its place in `members`, `inlined` and `steps` is found. Ranks are far apart: one
that comes gets the middle between two, and where there is no middle left all get new ones. Where there is no place
for one between those that feed it and those that it feeds, all are put in a new order.

Ranks belong to the arrangement, not to the processor: a loop that is stuck in a call still holds those who have moved
to another loop meanwhile, until it comes back and lets go of them.

Whoever is touched is looked at by the next `settle`. Those that wait for somebody outside (`held`) stay known
meanwhile, so that it can look at them too and at nobody else.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence

from streamlib.clock import Clock
from streamlib.execution.cascade import Cascade, Owner, row_at
from streamlib.execution.gaps import OF_A_CONTEXT, OF_A_STEP, gaps_filled
from streamlib.execution.inlining import Step, bind_writers, lay_in_order, step_of
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.metrics import Passes
from streamlib.execution.visitor import Visitor
from streamlib.links.channel import Channel
from streamlib.links.reader import RingReader
from streamlib.states import ProcessorState

SPACING = 1 << 32
"""Between the ranks of two neighbours when ranks are given anew."""

FEW = 64
"""So many are arranged one by one in any chain; more of them only where they are a small part of it."""


class Arrangement(Visitor):
    """A head and the processors inlined behind it.

    Attributes:
        members: All of them in topological order, the head first.
        passes: How many passes were made over them.
        steps: What a pass runs behind the head.
        inlined: The processors of these steps; of a cascade the first.
        foreign: Those of them that also read from other threads, in any order.
        held: Those that wait for somebody outside.
        leaving: Those that go and have not come to their end, because they wait for others.
        tick_ns: When a head with a schedule of its own is called next.
        in_pass: Whether a pass has counted itself and not come to its steps.
    """

    __slots__ = ("_ranks", "foreign", "held", "in_pass", "inlined", "leaving", "members", "passes", "steps", "tick_ns")

    def __init__(self, clock: Clock, media_clock: Clock) -> None:
        super().__init__(clock, media_clock)
        self.members: list[ProcessorInstance] = []
        self.passes = Passes()
        self.steps: list[Step] = []
        self.inlined: list[ProcessorInstance] = []
        self.foreign: tuple[ProcessorInstance, ...] = ()
        self.held: Sequence[ProcessorInstance] = ()
        self.leaving: tuple[ProcessorInstance, ...] = ()
        self.tick_ns = 0
        self.in_pass = False
        self._ranks: dict[ProcessorInstance, int] = {}  # of all but the head, which is before them

    # ----------------------------------------------------------------------------------------------------- all of them

    def begin_with(self, head: ProcessorInstance) -> None:
        """Run a head from now on, and nobody else yet: as `arrange`, at the price of one among very many."""
        self.head = head
        self.members = [head]
        self.admit(head)
        head.metrics.become_steady(self.passes)
        self.attention = True
        self.timed(head)

    def arrange(self, members: Iterable[ProcessorInstance]) -> None:
        """Run these processors from now on, each behind those that feed it, a head first. For the owner."""
        before, self.members = dict.fromkeys(self.members), in_order(members)
        arrivals = [member for member in self.members if member not in before]
        for member in arrivals:
            self.admit(member)
        with gaps_filled(len(arrivals), OF_A_STEP, OF_A_CONTEXT):
            spent = lay_in_order(arrivals) if len(arrivals) > FEW else None
            self._rank_anew()
            self.rearrange(before.keys() - self.members)
            del spent  # not before: the steps of the passes would be made in its places, in no order
        for member in self.members:
            self.timed(member)

    def rearrange(self, gone: Iterable[ProcessorInstance] = ()) -> None:
        """Make the steps of a pass anew, without those who have gone; between two passes, or while the head writes."""
        head = self.head
        self.passes.done -= self.in_pass  # a pass whose head is being called has not come to the others yet
        leaving = list(gone)
        for member in (*self.members, *leaving):
            if member.cascade is not None:
                member.cascade.dissolve()
        for member in leaving:
            self._forget(member)
        here = [member for member in self.members if self.has(member)]
        for member in here:
            if member.over:
                member.fix()
        self.inlined = [member for member in here if member is not head and not member.over]
        rebind: set[Channel] = set()
        self.steps = [step_of(member, self.passes, self.visit, self.has, rebind) for member in self.inlined]
        self.foreign = tuple([member for member in self.inlined if _is_foreign(member)])
        if head is not None and not head.over:
            head.metrics.become_steady(self.passes)
        bind_writers(rebind, self.has)
        self._gather_all()
        self.passes.done += self.in_pass
        self.held = ()
        self.look = None if self.look is None else self.look.within(self.has)
        self.rearrange_soon = ()
        self.unsettle()

    def admit(self, member: ProcessorInstance) -> None:
        """Have a processor among those that are called here. For the owner."""

    def _rank_anew(self) -> None:
        inlined = [member for member in self.members if member is not self.head]
        self._ranks = {member: place * SPACING for place, member in enumerate(inlined, 1)}

    # ----------------------------------------------------------------------------------------------------- some of them

    def touch(self, members: Iterable[ProcessorInstance]) -> None:
        """Arrange some of its processors anew, because they or their links have changed. For the owner.

        Those that are not here are left out. Who has got another feeder is among them: where processors stand is seen
        from those that are fed, because one may feed very many.
        """
        touched = {member: None for member in members if self.has(member)}
        if touched and self.members == [self.head]:  # as on the pool: nobody stands anywhere
            self._touch_alone(*touched)
            return
        if not all(self._stands_right(member) for member in touched):
            self.arrange(self.members)
            return
        feeding = [feeder for member in touched for feeder in member.feeders() if self.has(feeder)]
        touched.update(dict.fromkeys(feeding))
        touched.update(dict.fromkeys(member for member in self._set_apart(touched) if self.has(member)))
        if _many(touched, self.members):
            self.rearrange()
            return
        rebind: set[Channel] = set()
        self.passes.done -= self.in_pass
        for member in touched:
            self._renew_step(member, rebind)
        bind_writers(rebind, self.has)
        self._gather(touched)
        self.passes.done += self.in_pass
        self.look = None if self.look is None else self.look.within(self.has)
        for member in touched:
            self.unsettle(member)

    def _touch_alone(self, head: ProcessorInstance) -> None:
        self.passes.done -= self.in_pass
        self._renew_step(head, set())
        self.passes.done += self.in_pass
        self.look = None if self.look is None else self.look.within(self.has)
        self.attention = True  # and nothing to settle: that is for those behind a head

    def take_in(self, arrivals: Iterable[ProcessorInstance], touched: Iterable[ProcessorInstance] = ()) -> None:
        """Run these as well from now on, and arrange anew who else is touched by that. For the owner."""
        new = [member for member in arrivals if not self.has(member)]
        if _many(new, self.members):
            self.arrange([*self.members, *new])
            return
        for member in new:
            self._insert(member)
        self.touch([*new, *touched, *(fed for member in new for fed in member.fed())])
        for member in new:
            self.timed(member)

    def take_out(self, members: Iterable[ProcessorInstance]) -> None:
        """Run these no more; a head stays. For the owner."""
        gone = {member: None for member in members if member in self._ranks}
        self.leaving = tuple([member for member in self.leaving if member not in gone])
        if _many(gone, self.members):
            self.arrange([member for member in self.members if member not in gone])
            return
        near = [feeder for member in gone for feeder in member.feeders()] + self._set_apart(gone)
        self.passes.done -= self.in_pass
        for member in gone:
            self._remove_step(member)
            del self.members[self._place(self.members, member)]
            self._forget(member)
        self.passes.done += self.in_pass
        self.held = [member for member in self.held if member not in gone]
        self.touch(near)

    def replace(self, old: ProcessorInstance, new: ProcessorInstance) -> None:
        """Put one processor in the place of another, with its links. For the owner, between two calls of the head."""
        apart = self._set_apart([old])
        new.take_place_of(old)
        place = self._place(self.members, old)
        if not _is_at(self.members, place, old):
            return
        self.members[place] = new
        if self.head is old:
            self.head = new
        else:
            self._remove_step(old)
            self._ranks[new] = self._ranks[old]
        self._forget(old)
        self.held = [member for member in self.held if member is not old]
        self.admit(new)
        self.touch([new, *new.fed(), *apart])
        self.timed(new)

    def drain(self, members: Iterable[ProcessorInstance]) -> None:
        """Have some of its processors do all they can, and end, even while paused. For the owner.

        Who then waits for others, for room or for frames, is `leaving`.
        """
        going = list(members)
        self.indulged.clear()
        while True in [self.advance_one(member, self.now_ns()) for member in going]:
            for member in going:
                self.unsettle_around(member)
        self.touch(going)
        self.leaving = tuple([member for member in going if not member.over or member.puts_aside()])

    def pause_one(self, member: ProcessorInstance) -> None:
        """Not to call one of its processors until `resume_one`. For the owner."""
        member.pause()
        self.touch([member])

    def hold(self, member: ProcessorInstance) -> None:
        """As `pause_one`, for a moment and told to nobody: another is about to take its place. For the owner."""
        member.paused = True
        self.touch([member])

    def release(self, member: ProcessorInstance) -> None:
        """Nobody takes its place: go on calling it, unless it was paused. For the owner."""
        member.paused = member.state in {ProcessorState.PAUSED, ProcessorState.RESTARTING}
        self.touch([member])

    def resume_one(self, member: ProcessorInstance) -> None:
        """Go on calling that one. For the owner."""
        member.resume()
        if member is self.head:
            self.tick_ns = self.now_ns()
        self.touch([member])

    # ------------------------------------------------------------------------------------------------------ one of them

    def has(self, member: ProcessorInstance) -> bool:
        """Whether it is one of the members, and not those of another loop by now."""
        loop: object = member.loop
        return loop is self and (member in self._ranks or member is self.head)

    def rank(self, member: ProcessorInstance) -> int:
        """What grows along the order of the members; 0 for the head."""
        return self._ranks.get(member, 0)

    def _place(self, ranked: Sequence[ProcessorInstance], member: ProcessorInstance) -> int:
        """Where it stands among members in their order, or where it would."""
        return bisect_left(ranked, self.rank(member), key=self.rank)

    def _stands_right(self, member: ProcessorInstance) -> bool:
        """Whether it stands behind all that feed it."""
        rank = self.rank(member)
        return not any(self.rank(feeder) >= rank for feeder in member.feeders() if self.has(feeder))

    def _insert(self, member: ProcessorInstance) -> None:
        """Take one in right behind those that feed it, or else right before those that it feeds, or last."""
        members = self.members
        behind = [self._place(members, feeder) + 1 for feeder in member.feeders() if self.has(feeder)]
        before = [self._place(members, fed) for fed in member.fed() if self.has(fed)]
        place = max(behind) if behind else min(before, default=len(members))
        low = self.rank(members[place - 1]) if place else 0
        high = self.rank(members[place]) if place < len(members) else low + 2 * SPACING
        members.insert(place, member)
        self.admit(member)
        self._ranks[member] = (low + high) // 2
        if self._ranks[member] == low:
            self._rank_anew()

    def _renew_step(self, member: ProcessorInstance, rebind: set[Channel]) -> None:
        """Decide anew how one member is called, by its present links."""
        if member.over:
            member.fix()
            self._remove_step(member)
        elif member is self.head:
            if member.metrics.steady is None:
                member.metrics.become_steady(self.passes)
        else:
            place = self._place(self.inlined, member)
            if _is_at(self.inlined, place, member):
                before = self.steps[place]
                self.steps[place] = step_of(member, self.passes, self.visit, self.has, rebind, before)
            else:
                self.inlined.insert(place, member)
                self.steps.insert(place, step_of(member, self.passes, self.visit, self.has, rebind))
            self._mark(member, foreign=_is_foreign(member))

    def _remove_step(self, member: ProcessorInstance) -> None:
        """Call one member no more."""
        place = self._place(self.inlined, member)
        if _is_at(self.inlined, place, member):
            del self.inlined[place], self.steps[place]
            self._mark(member, foreign=False)

    def _set_apart(self, members: Iterable[ProcessorInstance]) -> list[ProcessorInstance]:
        """Dissolve the cascades of these processors and of who is next in a row. Returns who has no step for now."""
        apart: list[ProcessorInstance] = []
        self.passes.done -= self.in_pass
        for near in [near for member in members for near in (member, *_next_in_row(member))]:
            cascade = near.cascade
            if cascade is not None:
                released = cascade.dissolve()
                self._remove_step(released[0])
                apart += released
        self.passes.done += self.in_pass
        return apart

    def _gather(self, members: Iterable[ProcessorInstance]) -> None:
        """Have those of these that are functions in a row called by one step, with those next to them."""
        for member in sorted(members, key=self.rank):
            row = row_at(member, self.has)
            if len(row) > 1:
                for behind in row[1:]:
                    self._remove_step(behind)
                self.steps[self._place(self.inlined, row[0])] = _step_together(self, row)

    def _gather_all(self) -> None:
        """As `_gather`, for all of them; between two arrangements everybody has a step of his own."""
        together: dict[ProcessorInstance, Step | None] = {}
        for member in self.inlined:
            row = row_at(member, self.has)
            if len(row) > 1:
                together.update(dict.fromkeys(row))
                together[row[0]] = _step_together(self, row)
        if together:
            alone = zip(self.inlined, self.steps, strict=True)
            steps = [(member, together.get(member, step)) for member, step in alone]
            self.inlined = [member for member, step in steps if step is not None]
            self.steps = [step for _, step in steps if step is not None]

    def _mark(self, member: ProcessorInstance, *, foreign: bool) -> None:
        if (member in self.foreign) is not foreign:
            others = tuple([other for other in self.foreign if other is not member])
            self.foreign = (*others, member) if foreign else others

    def _forget(self, member: ProcessorInstance) -> None:
        """Hold nothing more of one that is not among the members any more."""
        self._ranks.pop(member, None)
        self.timers.pop(member, None)
        self.indulged.pop(member, None)
        self.roused.pop(member, None)
        loop: object = member.loop
        if loop is not None and loop is not self:  # it has come to another, while this one was stuck in a call
            return
        member.fix()
        if member.over:
            member.send_off()

    # ------------------------------------------------------------------------------------------------------- and a pass

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


def in_order(members: Iterable[ProcessorInstance]) -> list[ProcessorInstance]:
    """These as they are, but each behind all that feed it."""
    given = list(members)
    left = dict.fromkeys(given)
    ordered: list[ProcessorInstance] = []
    for first in given:
        way = [(first, iter(first.feeders()))] if first in left else []
        left.pop(first, None)  # before those that feed it, so that links in a circle would come to an end too
        while way:
            member, feeders = way[-1]
            feeder = next((feeder for feeder in feeders if feeder in left), None)
            if feeder is None:
                ordered.append(member)
                way.pop()
            else:
                del left[feeder]
                way.append((feeder, iter(feeder.feeders())))
    return ordered


def _is_at(ranked: Sequence[ProcessorInstance], place: int, member: ProcessorInstance) -> bool:
    return place < len(ranked) and ranked[place] is member


def _next_in_row(member: ProcessorInstance) -> list[ProcessorInstance]:
    """Who alone reads what it writes: only with him could it form a cascade, and it may have very many links."""
    links = [fan for fan in member.outputs.values() if fan]
    return member.fed() if len(links) == 1 and len(links[0]) == 1 else []


def _step_together(loop: Owner, row: Sequence[ProcessorInstance]) -> Step:
    slot = row[0].readers[0]
    return slot, Cascade(loop, row), slot


def _is_foreign(member: ProcessorInstance) -> bool:
    return any(isinstance(reader, RingReader) for reader in member.readers)


def _many(some: Collection[ProcessorInstance], all_: Collection[ProcessorInstance]) -> bool:
    return len(some) > FEW and 4 * len(some) > len(all_)
