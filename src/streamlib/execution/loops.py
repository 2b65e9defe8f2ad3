"""The loop: what a thread does all day for one chain, or for the time of its turn.

It calls its chain (`chain`) when there is something to do, makes the changes that others want (`changes`), and
sleeps when there is neither. Whoever gives it work puts that down first and wakes it after; the loop looks again
between lying down and falling asleep, so nothing is missed and nothing polls.

While the chain is calm (`calm_chain`), all there is to do are bursts of passes, and each of the questions here is
answered at once.

A loop with a thread of its own lives in `run`. One among many on a thread that they share, in the pool or on the
main thread, is a `task` and has its turn in `work`; its head never waits inside `write`. That of a manual processor
is run by whoever has the turn.

Changes are made by the owner, between two frames: `apply` hands them over. A head that waits for room inside `write`
serves the inlined processors and the changes meanwhile. For those that want the head itself (`between_calls`) it waits
no longer: what it writes until its call is over goes beyond the capacity, up to a limit.

Paused, it calls nobody but those who leave: it drains them as far as they come, and again when it is woken, because
they may wait for each other across loops.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Protocol

from streamlib.clock import Clock
from streamlib.errors import DeadlineError
from streamlib.execution.calm_chain import CalmChain
from streamlib.execution.changes import Change, on_this_thread
from streamlib.execution.closer_look import Pace
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.interrupts import interrupts_heard
from streamlib.links.reader import OVERFLOW_LIMIT, RingReader
from streamlib.links.ring import Ring
from streamlib.links.wake import Waker, Wakes

HELD_BACK = "it waits inside a call for room in a link: resume or remove those that it feeds"


class Runner(Protocol):
    """What gives a loop its thread."""

    def start(self) -> None: ...
    def stop(self) -> None: ...
    def join(self, timeout_s: float) -> bool: ...


class Loop(CalmChain):
    """A chain, and when it is called; run by one thread at a time.

    Attributes:
        waker: How it is woken: a place to sleep, or where it is a task, its place in the line.
        runner: What gives it its thread; None where its processors are called by whoever has the turn.
        hosts: Whether lightweight processors that its head feeds are called in it.
        turn: Held by whoever runs the loop where neither a thread of its own nor a runner does.
        threaded: Whether a thread of its own or a runner serves it; then only they touch it.
    """

    # Each processor on the pool has a loop, and a dictionary of so many attributes is four times as big.
    __slots__ = ("_aside", "_changes", "_full", "_head_changes", "_paused", "name", "runner", "stopped", "threaded",
                 "turn", "waker")  # fmt: skip

    hosts = True

    def __init__(self, name: str, clock: Clock, media_clock: Clock, pace: Pace | None = None) -> None:
        super().__init__(clock, media_clock, pace)
        self.name = name
        self.waker: Wakes = Waker(media_clock)
        self.runner: Runner | None = None
        self.turn = threading.RLock()
        self.threaded = False
        # Lists: mostly empty, and an empty deque is ten times as big. Bounded: an edit hands over a few and waits.
        self._changes: list[Change] = []
        self._head_changes: list[Change] = []
        self._paused = False
        self._full: Ring | None = None  # what a call of the head waits for room in
        self._aside = False
        self.stopped = False

    # ----------------------------------------------------------------------------------------- spoken to from anywhere

    def disturb(self, instance: ProcessorInstance | None = None) -> None:
        """Have the loop look at one of its processors, or at all; from any thread."""
        self.unsettle(instance)
        self.waker.wake()

    def post(self, action: Callable[[], None], *, between_calls: bool = False) -> Change:
        """Have the loop do something between two frames; with `between_calls` not while its head waits in a call."""
        change = Change(action)
        (self._head_changes if between_calls else self._changes).append(change)
        self.attention = True
        self.waker.wake()
        return change

    def apply(self, action: Callable[[], None], timeout_s: float, *, between_calls: bool = False) -> None:
        """`post` and wait until it was done.

        Raises:
            DeadlineError: Nobody came to it in time; it is still done at the next point between two frames.
        """
        change = self.post(action, between_calls=between_calls)
        self.serve()
        with interrupts_heard():
            done = change.wait(timeout_s)
        if not done:
            raise DeadlineError("a change", timeout_s, {self.name: self.excuse()})

    def excuse(self) -> str:
        """Why it may not answer, where that is not its own doing, in words."""
        return HELD_BACK if self._full is not None else ""

    def log_fields(self) -> dict[str, object]:
        """The fields of a line of the log that is about it: those of its head."""
        return {} if self.head is None else self.head.context.runtime.log_fields

    def serve(self) -> None:
        """Make the changes of a loop that no thread runs. Whoever has the turn comes here after he has let go of it."""
        while (self._changes or (self._head_changes and not self.in_head)) and not self.threaded:
            if not self.turn.acquire(blocking=False):
                return
            try:
                self.make_changes()
            finally:
                self.turn.release()

    def let_go(self) -> None:
        """Its head has been torn down, and its thread or runner has ended: hold nobody any more."""
        self.head = self.runner = None
        self.members, self.inlined, self.held = [], [], ()
        self.steps, self.foreign, self._ranks = [], (), {}
        self.leaving = ()
        self.timers.clear()
        self.roused.clear()
        self.be_wary()

    def stop(self) -> None:
        """Have `run` return at the next point between two frames; from any thread."""
        self.stopped = True
        self.attention = True
        self.waker.wake()

    # -------------------------------------------------------------------------------------------- changed by its owner

    def _is_calm(self, head: ProcessorInstance) -> bool:
        return not (self._paused or self._aside) and super()._is_calm(head)

    def admit(self, member: ProcessorInstance) -> None:
        """Have a processor among those that this loop calls. For the owner."""
        member.loop = self

    def pause(self) -> None:
        """Call nobody until `resume`. For the owner."""
        self._paused = True
        self.attention = True

    def resume(self) -> None:
        """Go on calling. For the owner."""
        self._paused = False
        self.tick_ns = self.now_ns()
        self.unsettle()

    def abandon(self, error: BaseException) -> None:
        """End all processors as failed: the thread cannot go on. For the owner."""
        failure = error if isinstance(error, Exception) else RuntimeError(f"the thread was ended by {error!r}")
        for member in self.members:
            member.finish(failure)
        self.send_off()
        self.make_changes()

    # ------------------------------------------------------------------------------------------------ the thread's day

    def run(self) -> None:
        """Serve the processors until `stop`."""
        with on_this_thread():
            self._run()

    def _run(self) -> None:
        self.begin()
        while not self.stopped:
            if self.attention:
                if not self._do_something():
                    self._sleep(self.anything_to_do, self.next_ns)
            elif not self.go_on():
                self._sleep(self.is_wanted)
        self.conclude()

    def cancel_call(self) -> None:
        """Have a call of the head that is under way come back, where that can be done; from any thread."""

    def begin(self) -> None:
        """The first tick of a head with a schedule of its own is now."""
        self.tick_ns = self.now_ns()

    def work(self, turns: int) -> bool:
        """Do what there is to do, for so many passes or bursts; True when there is more. For who serves many loops."""
        for _ in range(turns):
            if self.stopped or not self._do_something():
                return False
        return self.anything_to_do()

    def _do_something(self) -> bool:
        """The next thing that is to be done now, if there is any."""
        if not self.attention:
            return self.go_on()
        if self._changes or (self._head_changes and not self.in_head):
            self.make_changes()
        elif self._paused:
            return self._see_off()
        elif self.unsettled or self._others_due():
            self.settle()
            if not self.interrupted() and self.head_due():  # it does not wait for those who are never at rest
                self.take_turn()
        elif self.head_due():
            self.take_turn()
        else:
            return False
        return True

    def conclude(self) -> None:
        """The last thing its owner does, once it is stopped."""
        for member in self.members:
            if member.finishing:  # it was stuck when it was told to end, and has come back
                self.finish_one(member)
        self.send_off()
        self.make_changes()

    def make_changes(self) -> None:
        self.be_wary()
        while self._changes:
            self._changes.pop(0).run()
        while self._head_changes and not self.in_head:
            self._head_changes.pop(0).run()

    def interrupted(self) -> bool:
        """Whether there is something that comes before calling processors and can be done now."""
        return bool(self._changes or (not self.in_head and (self._head_changes or self.stopped)))

    def _sleep(self, ready: Callable[[], object], until: Callable[[], int | None] | None = None) -> None:
        """Sleep where this loop has a thread of its own, or who has the turn lends it one."""
        assert isinstance(self.waker, Waker)
        self.waker.sleep(ready, until)

    def wait_for_room(self, ring: Ring) -> None:
        """Wait inside a write of the head, which has found the ring full, until there is room; serve everybody else.

        It comes back without room where a change waits for the head: the call is to come to its end.
        """
        self._full = ring
        while True:
            if not self.attention:
                self._sleep(self._may_go_on_calmly)
            elif self._changes:
                self.make_changes()
            elif not self._serve_others():
                self._sleep(self._may_go_on, self.next_ns)
            if (ring.has_room() and not self._paused) or self._wants_head(ring):
                break
        self._full = None
        if self.head is not None:
            self.head.called_ns = self.now_ns()

    def _serve_others(self) -> bool:
        """Do what there is to do beside a call of the head, if there is anything."""
        if self._paused:
            return self._see_off()
        if not self.attention or not (self.unsettled or self._others_due()):
            return False
        self.settle()
        return True

    def _wants_head(self, ring: Ring) -> bool:
        """Whether a change waits for the end of this call, and the ring may have one frame more for that."""
        return bool(self._head_changes) and ring.room() > -OVERFLOW_LIMIT

    def _may_go_on(self) -> bool:
        ring = self._full
        assert ring is not None
        return bool(self._changes) or self._wants_head(ring) or self._room_or_work(ring)

    def _may_go_on_calmly(self) -> bool:
        """As `_may_go_on`, where nobody else is in need of this thread before `attention`."""
        reader, ring = self._reader, self._full
        assert ring is not None
        if reader is not None and reader.ring.stalled:
            reader.ring.reader_rests()
        return self.attention or ring.has_room()

    def _room_or_work(self, ring: Ring) -> bool:
        if self._paused:
            return self._leavers_can_move()
        return ring.has_room() or self.unsettled or self._others_due() or self._rest()

    # --------------------------------------------------------------------------------------------------- a manual head

    def step(self, timeout_s: float) -> bool:
        """Call a manual head once, and everyone it gives a frame, on this thread.

        Returns False when the head is over or paused, or comes to its end instead.

        Raises:
            DeadlineError: Its outputs had no room in time.
        """
        deadline_ns = self.now_ns() + int(timeout_s * 1e9)
        try:
            with self.turn, on_this_thread():
                return self._step(deadline_ns, timeout_s)
        finally:
            self.serve()

    def _step(self, deadline_ns: int, timeout_s: float) -> bool:
        while True:
            self.make_changes()  # another may have taken the place of the head while this one waited
            self.settle()
            head = self.head
            if head is None or self._at_end(head) or head.paused or self._paused:
                return False
            if head.free():
                break
            if self.now_ns() >= deadline_ns:
                raise DeadlineError(f"room for what {head.id} writes", timeout_s, self._held_by(head))
            self._sleep(partial(self._may_step, head), lambda: deadline_ns)
        self.make_pass(head)
        self.settle()
        self._at_end(head)
        self._rest()
        return True

    def _may_step(self, head: ProcessorInstance) -> bool:
        return self.interrupted() or self.unsettled or head.free()

    def _at_end(self, head: ProcessorInstance) -> bool:
        """Whether a manual head is over; ends it where its time has come."""
        if not head.over and (head.finishing or head.exhausted()):
            self.finish_one(head)
            self.settle()
        return head.over

    def _held_by(self, head: ProcessorInstance) -> list[str]:
        return [name for member in (head, *self.held) for name in member.held_by()]

    # --------------------------------------------------------------------------------------------- what there is to do

    def anything_to_do(self) -> bool:
        """Whether its owner should not lie down yet."""
        if not self.attention:
            return self.is_wanted()
        if self.interrupted():
            return True
        if self._paused:
            return self._leavers_can_move()
        return self.unsettled or self._others_due() or self.head_due() or self._rest()

    def _see_off(self) -> bool:
        """While paused: go on with those who leave, who have waited for others. True when there was something to do."""
        if not self._leavers_can_move():
            return False
        self.drain(self.leaving)
        return True

    def _leavers_can_move(self) -> bool:
        """Whether one of those who leave can do something; nobody else is called while paused."""
        if not self.leaving:
            return False
        now_ns = self.now_ns()
        can_move = any((one.finishing and not one.over) or one.can_move(now_ns) for one in self.leaving)
        return can_move or self._rest()

    def is_wanted(self) -> bool:
        """Whether a calm loop is to go on; a look that touches nothing, also beside who has its turn by now."""
        feed, reader = self.feed, self._reader
        return self.attention or bool(feed) or (reader is not None and reader.ring.ended)

    def _rest(self) -> bool:
        """Nothing more is read for now: writers that wait for more room than they need are called. False."""
        for member in self.foreign if self.head is None else (self.head, *self.foreign):
            for reader in member.readers:
                if isinstance(reader, RingReader):
                    reader.ring.reader_rests()
        return False

    def _others_due(self) -> bool:
        """Whether an inlined processor can do something that no pass of this loop brought about."""
        if not (self.foreign or self.timers or self.held):
            return False
        now_ns = self.now_ns()
        timed = [member for member in self.timers if member is not self.head]
        return any(member.can_move(now_ns) for member in (*self.foreign, *self.held, *timed))

    def head_due(self) -> bool:
        head = self.head
        if head is None:
            return False
        if head.over:
            head.free()  # one that may not wait has put frames aside: they move as there is room
            return False
        if head.finishing or (not head.paused and head.exhausted()):
            return True
        if head.paused:
            return False
        due = self._head_wants_call(head)
        if not due and not self._aside:
            return False
        free = head.free()  # asks every link: only where it matters, because there may be very many
        self._aside = self._aside and head.puts_aside()
        return due and free

    def _head_wants_call(self, head: ProcessorInstance) -> bool:
        now_ns = self.now_ns()
        if head.ticking:
            return head.poked or self.next_tick_ns(head) <= now_ns
        return head.due(now_ns)

    def note_aside(self) -> None:
        """Somebody here has put a frame aside, which goes on its way as there is room. From the loop's own thread."""
        self._aside = True
        self.unsettle()

    def next_ns(self) -> int | None:
        """When the clock for media will give it something to do; None where nothing is planned."""
        if self._paused or not self.attention:
            return None
        head = self.head
        if not self.timers and (head is None or not (head.ticking or head.wake_ns is not None)):
            return None
        timed = [(member, at) for member, at in self.timers.items() if member is not head]
        times = [at for member, at in timed if not member.paused and member.free()]
        if head is not None and not head.over and not head.paused and not self.in_head:
            at_ns = self.next_tick_ns(head) if head.ticking else head.wake_ns
            if at_ns is not None and at_ns > self.now_ns():  # else it waits for room, or is asked before anybody sleeps
                times.append(at_ns)
        return min(times, default=None)


def loop_of(instance: ProcessorInstance) -> Loop | None:
    """The loop that runs a processor, None until one does; the instance itself knows only a part of it."""
    loop = instance.loop
    assert loop is None or isinstance(loop, Loop)
    return loop
