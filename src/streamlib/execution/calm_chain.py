"""The calm chain: passes in bursts, while nothing but frames calls the head.

Theory of operation
-------------------
Mostly it is frames alone that call a head. Behind a brief pass that leaves nothing over, a chain whose head reads one
ring, or nothing at all, is **calm**; a task that frames wait for is so before its first pass (`calm_down_early`), since
the questions of that cost as much as some turns, and there may be very many tasks. Until somebody puts `attention` up,
it makes its passes in **bursts** (`go_on`), and asks before a burst for frames, the time and room, and for nothing
else. Who wants anything else (a change, a pause, an end, a call by the clock, a look at somebody) notes that first and
puts `attention` up after, and the chain takes `attention` down before it looks whether it is calm (`calm_down`), so
that nothing is missed. Only the end of the ring is seen without it, when no frame is left.

A burst ends before the next pass that is timed, or looked at more closely: that one is made as any other (`chain`), if
there is room for what it writes, and leaves the chain calm where it was brief and has taken its frame. Of a head with
nobody behind it, it is made here, without what a calm chain knows already (`_make_pass_alone`). What an exception in a
burst does to the head or to a step, it does in any pass. The calls themselves stand in `burst`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamlib.clock import Clock
from streamlib.execution import burst
from streamlib.execution.chain import BRIEF_NS, TIMED_EVERY, Chain
from streamlib.execution.closer_look import Pace
from streamlib.execution.instance import ProcessorInstance
from streamlib.links.reader import News, RingReader
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
        """One pass with all questions asked, and a burst behind it where the chain is calm."""
        head = self.head
        assert head is not None
        if head.finishing or head.exhausted():
            self.finish_one(head)
            return
        self.calm_down(head)
        if self.attention:
            self.make_pass(head)
            self.calm_down(head)
        if not self.attention:
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
        self._outlet = None if self.may_wait or not head.writers else head if head.writers[1:] else head.writers[0]

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
        if not self._brief or self.foreign or self.timers or self.held or self.unsettled or self.interrupted():
            return False
        if head.paused or head.finishing or head.over or head.poked or head.wake_ns is not None or head.left_unread:
            return False
        if head.reactive:
            return len(head.readers) == 1 and isinstance(head.readers[0], RingReader)
        return head.ticking and not head.declaration.execution.interval_ns

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
        if stop <= passes.done or now_ns >= self.look_ns:
            return self._go_on_timed(head, now_ns)
        if self._outlet is not None:
            room = self._outlet.room()
            if room < stop - passes.done:
                stop = passes.done + room
            if not room:
                self.attention = True
                return True
        head.called_ns = now_ns
        taken = 0 if reader is None else reader.taken
        first, alone = passes.done, not self.steps
        self.in_head = self.in_pass = True
        try:
            broken = (burst.alone if alone else burst.through)(self, head, feed, stop)
            if broken is not None:
                self._broken_off(broken, head, taken + passes.done - first)
            elif alone and self.steps:  # a change during the last call has brought some
                self._run_steps()
        finally:
            self.in_head = self.in_pass = False
        return True

    def _go_on_timed(self, head: ProcessorInstance, now_ns: int) -> bool:
        """The pass between two bursts, for which there is a frame. True."""
        if head.free():  # or it would be timed while it waits
            if self.steps or self._reader is None:
                self.make_pass(head)
                self.timing = False
            else:
                self._make_pass_alone(head, self._reader, now_ns)
            if self._brief and not head.left_unread:  # whoever wants anything else has put `attention` up
                return True
        self.attention = True
        return True

    def _make_pass_alone(self, head: ProcessorInstance, reader: RingReader, now_ns: int) -> None:
        """As `make_pass`, with what a calm chain need not ask left out; for a head with one link and nobody behind."""
        if now_ns >= self.look_ns:
            self.look_closer(now_ns)
        feed, ring, passes = self.feed, reader.ring, self.passes
        head.called_ns = now_ns
        depth, taken, written, ended = len(feed), reader.taken, ring.written, ring.ended
        self.in_head = self.in_pass = True
        try:
            began_ns = self.measure_ns()
            broken = burst.alone(self, head, feed, passes.done + 1)
            took_ns = self.measure_ns() - began_ns
            if broken is not None:
                self._broken_off(broken, head, taken + 1)
            elif self.steps:
                self._run_steps()
        finally:
            self.in_head = self.in_pass = False
        (head.metrics.timings or head.metrics.begin_timing()).record(took_ns)
        self._brief = took_ns < BRIEF_NS
        self._timed_next = passes.done + TIMED_EVERY
        if reader.taken == taken:
            head.left_unread = [News(depth, taken, written, ended)]

    def _broken_off(self, broken: burst.Broken, head: ProcessorInstance, taken: int) -> None:
        """A burst was ended by an exception. Where its head has taken as many as calls were made, it has read each."""
        gate, frame, error = broken
        if gate is not head:
            self._step_failed(gate, error, frame)
            return
        self.apply_policy(head, error, frame, unread=head.oldest() is frame and head.taken() != taken)
        self.skip_steps(0)
