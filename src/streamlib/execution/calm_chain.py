"""The calm chain: passes in bursts, while nothing but frames calls the head.

Theory of operation
-------------------
Mostly it is frames alone that call a head. Behind a pass that leaves nothing over, a chain whose head reads one ring,
or nothing at all, is **calm**; a task that frames wait for is so before its first pass (`calm_down_early`), since the
questions of that cost as much as some turns, and there may be very many tasks. Until somebody puts `attention` up, it
makes its passes in **bursts** (`go_on`), and asks before a burst for frames, the time and room, and for nothing else.
Who wants anything else (a change, a pause, an end, a call by the clock, a look at somebody) notes that first and puts
`attention` up after, and the chain takes `attention` down before it looks whether it is calm (`calm_down`), so that
nothing is missed. Only the end of the ring is seen without it, when no frame is left.

While calls are brief, a burst ends before the next pass that is timed, or looked at more closely. Of a head with others
behind it that pass is made as any other (`chain`), if there is room for what it writes, and leaves the chain calm where
it has taken its frame. A head alone is only timed (`_go_on_at_length`), and so is each call that is not brief, where
the thread is the head's own: with room asked before each, and what it left unread noted behind each. On a thread that
others wait for, a head whose calls are not brief is not calm, and has its turns one by one.

Whoever is woken by a write wants the interpreter lock, which this thread holds until it sleeps or the head lets go of
it inside its next call. So as little as can be stands between a call and the next, and what a closer look asks for is
done behind the call, where the frame is on its way.

What an exception in a burst does to the head or to a step, it does in any pass. The calls themselves stand in `burst`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamlib.clock import Clock
from streamlib.execution import burst
from streamlib.execution.chain import BRIEF_NS, TIMED_EVERY, Chain
from streamlib.execution.closer_look import LOOK_EVERY_NS, Pace
from streamlib.execution.instance import ProcessorInstance
from streamlib.links.reader import RingReader
from streamlib.links.writer import Writer

_ENDLESS: Sequence[Any] = (None,)  # the feed of a source


class CalmChain(Chain):
    """A chain that asks for nothing but frames while it may. Everything here is for the thread that owns it.

    Attributes:
        feed: While it is calm, what says by not being empty that the head is to be called.
    """

    __slots__ = ("_outlet", "_reader", "feed")

    def __init__(self, clock: Clock, media_clock: Clock, pace: Pace | None = None) -> None:
        super().__init__(clock, media_clock, pace)
        self.feed: Sequence[Any] = ()
        self._reader: RingReader | None = None
        self._outlet: Writer | ProcessorInstance | None = None

    def take_turn(self) -> None:
        """A burst where the chain is calm, with one pass before it, all questions asked, where it is not."""
        head = self.head
        assert head is not None
        if head.finishing or head.exhausted():
            self.finish_one(head)
            return
        self.calm_down(head)
        if self.attention or (self._outlet is not None and self._outlet.room() <= 0):  # one that goes needs no room
            self.make_pass(head)
            self.calm_down(head)
        if self._brief and not self.attention:
            self.go_on()

    def calm_down(self, head: ProcessorInstance) -> None:
        """Have `go_on` take over until `attention`, where nothing but frames calls the head."""
        self.attention = False  # before looking: what comes from now on takes that back
        if not self._is_calm(head):
            self.attention = True
            return
        self.timing = False
        self.feed, self._reader = _ENDLESS, None
        if head.reactive:
            [reader] = head.readers
            assert isinstance(reader, RingReader)
            self.feed, self._reader = reader.ring.items or reader.ring.open(), reader
        self._outlet = None if not head.writers else head if head.writers[1:] else head.writers[0]

    def calm_down_early(self) -> None:
        """As `calm_down`, without a pass before: where frames wait in the one link of a head that may be calm."""
        head = self.head
        if head is not None and len(head.readers) == 1:
            [reader] = head.readers
            if isinstance(reader, RingReader) and reader.ring.items:
                self.calm_down(head)

    def be_wary(self) -> None:
        """Ask for everything before the next call, and hold no link meanwhile."""
        self.attention = True
        self.feed, self._reader, self._outlet = (), None, None

    def _is_calm(self, head: ProcessorInstance) -> bool:
        """Whether nobody wants anything, and the last pass leaves nothing to be asked before the next one."""
        if not self._stays_calm() or self.foreign or self.timers or self.held or self.unsettled or self.interrupted():
            return False
        if head.paused or head.finishing or head.over or head.poked or head.wake_ns is not None or head.left_unread:
            return False
        if head.reactive:
            return len(head.readers) == 1 and isinstance(head.readers[0], RingReader)
        return head.ticking and not head.declaration.execution.interval_ns

    def _stays_calm(self) -> bool:
        """Whether its calls are brief, or it has a thread of its own, which nobody else waits for meanwhile."""
        return self._brief or self.may_wait

    def go_on(self) -> bool:
        """A burst: passes with nothing asked in between that can be known before. False where no frame waits.

        There are as many as come before the next one that is timed, which is made by itself, and of a head that may not
        wait, as there is room for. Where that is none, or its link has ended, it puts `attention` up. That frames were
        left unread is noted by the next pass that is timed.
        """
        head, feed, reader, passes = self.head, self.feed, self._reader, self.passes
        if not feed or head is None:
            if reader is not None and reader.ring.ended:
                self.attention = True
            return self.attention
        clock, stop = self.now_ns, self._timed_next - 1
        now_ns = clock()
        due = stop <= passes.done or now_ns >= self.look_ns
        if due and self.steps:
            return self._go_on_timed(head)
        if due or not self._brief:
            return self._go_on_at_length(head, feed, now_ns)
        if not self.may_wait and self._outlet is not None:
            room = self._outlet.room()
            if room < stop - passes.done:
                stop = passes.done + room
            if not room:
                self.attention = True
                return True
        head.called_ns = now_ns
        taken = 0 if reader is None else reader.taken
        self.in_head = self.in_pass = True
        try:
            self._burst(head, feed, stop, taken)
        finally:
            self.in_head = self.in_pass = False
        return True

    def _go_on_timed(self, head: ProcessorInstance) -> bool:
        """The pass between two bursts of a head with others behind it, for which there is a frame. True."""
        if head.free():  # or it would be timed while it waits
            self.make_pass(head)
            self.timing = False
            if self._stays_calm() and not head.left_unread:  # whoever wants anything else has put `attention` up
                return True
        self.attention = True
        return True

    def _go_on_at_length(self, head: ProcessorInstance, feed: Sequence[Any], now_ns: int) -> bool:
        """Passes in which the call of the head is timed: one, and more while they are not brief. True."""
        outlet, measure_ns, passes = self._outlet, self.measure_ns, self.passes
        while True:
            if outlet is not None and outlet.room() <= 0:  # or it would be timed while it waits
                self.attention = True
                return True
            taken, news = (head.taken(), head.news()) if head.readers else (0, None)
            head.called_ns = now_ns
            self.in_head = self.in_pass = True
            began_ns = measure_ns()
            try:
                broken = burst.alone(self, head, feed, passes.done + 1)
            finally:
                self.in_head = self.in_pass = False
            took_ns = measure_ns() - began_ns
            (head.metrics.timings or head.metrics.begin_timing()).record(took_ns)
            self._brief = took_ns < BRIEF_NS
            if broken is not None:
                self._head_failed(head, broken[2], broken[1], taken + 1)
            elif self.steps:
                self._follow()
            if news is not None and head.taken() == taken:
                head.leave_unread(news, now_ns)
                self.attention = True
            if not self.steps and (now_ns >= self.look_ns or passes.done >= self._timed_next):
                self._look_behind(now_ns)
                return True
            now_ns = self.now_ns()
            due = passes.done >= self._timed_next - 1 or now_ns >= self.look_ns
            if due or self.attention or self._brief or not feed:
                return True

    def _follow(self) -> None:
        """Call those behind the head; but where somebody has no room, everyone before him is asked, as in any pass."""
        if self.held:
            self.skip_steps(0)
            self.unsettle()
        else:
            self._run_straight(self.steps)

    def _look_behind(self, now_ns: int) -> None:
        """What is to be done now and then, behind a timed call of a head alone."""
        self._timed_next = self.passes.done + TIMED_EVERY
        if not self._stays_calm():
            self.attention = True
        if now_ns < self.look_ns:
            return
        if self._reader is None and not self.members[1:]:  # there is nothing to look at
            self.look_ns = now_ns + LOOK_EVERY_NS
        else:
            self.look_closer(now_ns)
            self.look_at_rings(now_ns)

    def _burst(self, head: ProcessorInstance, feed: Sequence[Any], stop: int, taken: int) -> None:
        """The passes of a burst, and what follows where one of them was broken off."""
        first, alone = self.passes.done, not self.steps
        broken = (burst.alone if alone else burst.through)(self, head, feed, stop)
        if broken is None:
            if alone and self.steps:  # a change during the last call has brought some
                self._run_steps()
            return
        gate, frame, error = broken
        if gate is head:
            self._head_failed(head, error, frame, taken + self.passes.done - first)
        else:
            self._step_failed(gate, error, frame)

    def _head_failed(self, head: ProcessorInstance, error: BaseException, frame: Any, taken: int) -> None:
        """A burst was ended by its head. Where it has taken as many as calls were made, this one has read its frame."""
        self.apply_policy(head, error, frame, unread=head.oldest() is frame and head.taken() != taken)
        self.skip_steps(0)
