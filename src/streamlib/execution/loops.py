"""The loop: what one thread does all day, and where every frame is processed.

Theory of operation
-------------------
A loop has at most one *head*, the processor whose thread it is, and any number of *inlined* processors: the
lightweight ones that this thread feeds. A **pass** calls the head once and then every inlined processor that
has a frame, in topological order; a frame so travels through the whole chain before the next one enters it.
Between processors of one loop a link is a slot, so that writing and reading are an assignment each.

What a pass runs is decided when the loop is arranged (`inlining`), not per frame: a tuple of (gate, call,
context). A processor with one slot to read and only slots to write is **steady**: it is called straight when
its slot is full, and is not counted, because its count follows from the number of passes and of skips. Any
other (several inputs, a link to another loop, paused) is called through `_visit`, which asks whether it is due
and free and counts what it does. One pass in 128 is timed.

Whatever a pass cannot do at once leaves the loop **unsettled**: more than one frame written to a slot, a frame
left unread, no room in a link to another loop, an end of stream, an exception. `settle` then goes through all
processors, oldest frames first, until nothing moves. What still waits after that waits for somebody outside
(room, frames from elsewhere, a resume). While somebody is held so, `settle` takes the place of the pass behind
the head: it calls nobody whose outputs are not free, and so holds back those before him, up to the head.

A thread that has nothing to do sleeps at its waker. Whoever gives it work puts that down first and wakes it
after; the loop looks again between lying down and falling asleep, so nothing is missed and nothing polls.

Changes are made by the thread itself, between two frames: `apply` hands them over. A head that waits for room
inside `write` serves the inlined processors and the changes meanwhile, except those that want the head itself
(`between_calls`). Processors end in `settle` alone, so that no pass runs over steps that are being arranged.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from streamlib.clock import Clock
from streamlib.errors import DeadlineError
from streamlib.execution.inlining import Step, arranged
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.metrics import Passes
from streamlib.links.reader import RingReader, SlotReader
from streamlib.links.ring import Ring
from streamlib.links.wake import Waker
from streamlib.processors.execution_mode import ErrorPolicy, ExecutionMode

TIMED_EVERY = 128
"""One pass in so many times the inlined processors."""

BRIEF_NS = 2_000
"""Calls of a head shorter than this are timed once in `TIMED_EVERY`, longer ones always."""

CALLS_AT_ONCE = 64
"""How often `settle` calls one processor in a row before it looks at the others."""

_BURST = range(TIMED_EVERY - 1)


_HERE = threading.local()  # which threads are inside a loop; a thread's own business, shared with nobody


def inside_loop() -> bool:
    """Whether this thread is running processors, so that it must not wait for a change of them."""
    return getattr(_HERE, "depth", 0) > 0


@contextmanager
def _on_this_thread() -> Iterator[None]:
    _HERE.depth = getattr(_HERE, "depth", 0) + 1
    try:
        yield
    finally:
        _HERE.depth -= 1


class Change:
    """Something to be done by the thread that owns a loop, and the answer that it was done."""

    __slots__ = ("_action", "_done", "_error")

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self._done = threading.Event()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do it; an error belongs to the one who asked."""
        try:
            self._action()
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it was done; raises what it raised. False when it was not done in time."""
        if not self._done.wait(timeout_s):
            return False
        if self._error is not None:
            raise self._error
        return True


class Loop:
    """A head and the processors inlined behind it, run by one thread at a time.

    Attributes:
        members: All its processors in topological order, the head first.
        turn: Held by whoever runs the loop where no thread of its own does.
        threaded: Whether a thread of its own runs it; then only that thread touches it.
    """

    def __init__(self, name: str, clock: Clock, media_clock: Clock) -> None:
        self.name = name
        self.waker = Waker(media_clock)
        self.turn = threading.RLock()
        self.threaded = False
        self.head: ProcessorInstance | None = None
        self.members: list[ProcessorInstance] = []
        self.passes = Passes()
        self._steps: tuple[Step, ...] = ()
        self._inlined: tuple[ProcessorInstance, ...] = ()
        self._foreign: tuple[ProcessorInstance, ...] = ()
        self._held: list[ProcessorInstance] = []
        self._timers: dict[ProcessorInstance, int] = {}
        self._changes: deque[Change] = deque()  # bounded: an edit hands over a few and waits for them
        self._head_changes: deque[Change] = deque()  # as above
        self._now_ns = media_clock.now_ns
        self._measure_ns = clock.now_ns
        self._tick_ns = 0
        self._attention = False  # a burst is to be left
        self._unsettled = False
        self._in_head = False
        self._in_pass = False
        self._timing = False
        self._timed_next = 1
        self._brief = False
        self._paused = False
        self._stopped = False

    # ------------------------------------------------------------------------------------ spoken to from anywhere

    def disturb(self) -> None:
        """Have the loop look at all its processors; from any thread."""
        self.unsettle()
        self.waker.wake()

    def unsettle(self) -> None:
        """As `disturb`, from the loop's own thread."""
        self._unsettled = True
        self._attention = True

    def timed(self, instance: ProcessorInstance) -> None:
        """Take note of when a processor wants to be called. For the owner."""
        if instance.wake_ns is not None:
            self._timers[instance] = instance.wake_ns
            self._attention = True

    def post(self, action: Callable[[], None], *, between_calls: bool = False) -> Change:
        """Have the loop do something between two frames; with `between_calls` not while its head waits in a call."""
        change = Change(action)
        (self._head_changes if between_calls else self._changes).append(change)
        self._attention = True
        self.waker.wake()
        return change

    def apply(self, action: Callable[[], None], timeout_s: float, *, between_calls: bool = False) -> None:
        """`post` and wait until it was done.

        Raises:
            DeadlineError: Nobody came to it in time; it is still done at the next point between two frames.
        """
        change = self.post(action, between_calls=between_calls)
        self.serve()
        if not change.wait(timeout_s):
            raise DeadlineError("a change", timeout_s, [self.name])

    def serve(self) -> None:
        """Make the changes of a loop that no thread runs. Whoever has the turn comes here after he has let go of it."""
        while (self._changes or (self._head_changes and not self._in_head)) and not self.threaded:
            if not self.turn.acquire(blocking=False):
                return
            try:
                self._make_changes()
            finally:
                self.turn.release()

    def stop(self) -> None:
        """Have `run` return at the next point between two frames; from any thread."""
        self._stopped = True
        self._attention = True
        self.waker.wake()

    def abandon(self, error: BaseException) -> None:
        """End all processors as failed: the thread cannot go on. For the owner."""
        failure = error if isinstance(error, Exception) else RuntimeError(f"the thread was ended by {error!r}")
        for member in self.members:
            member.finish(failure)
        self._send_off()
        self._make_changes()

    # ---------------------------------------------------------------------------------------- changed by its owner

    def arrange(self, members: Iterable[ProcessorInstance]) -> None:
        """Run these processors from now on, in this order; a head comes first. For the owner."""
        before, self.members = self.members, list(members)
        for member in self.members:
            member.loop = self
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
        self.unsettle()

    def replace(self, old: ProcessorInstance, new: ProcessorInstance) -> None:
        """Put one processor in the place of another, with its links. For the owner, between two calls of the head."""
        new.take_place_of(old)
        if self.head is old:
            self.head = new
        self._timers.pop(old, None)
        self.arrange(new if member is old else member for member in self.members)

    def pause(self) -> None:
        """Call nobody until `resume`. For the owner."""
        self._paused = True
        self._attention = True

    def resume(self) -> None:
        """Go on calling. For the owner."""
        self._paused = False
        self._tick_ns = self._now_ns()
        self.unsettle()

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

    # ------------------------------------------------------------------------------------------ the thread's day

    def run(self) -> None:
        """Serve the processors until `stop`."""
        with _on_this_thread():
            self._run()

    def _run(self) -> None:
        self._tick_ns = self._now_ns()
        while not self._stopped:
            if self._changes or self._head_changes:
                self._make_changes()
            elif self._paused:
                self.waker.sleep(self._called_for)
            elif self._unsettled or self._others_due():
                self.settle()
            elif self._head_due():
                self._turn()
            else:
                self.waker.sleep(self._anything_to_do, self._next_ns())
        for member in self.members:
            if member.finishing:  # it was stuck when it was told to end, and has come back
                self._finish(member)
        self._send_off()
        self._make_changes()

    def _send_off(self) -> None:
        """Nobody runs these processors any more: what they put aside goes on its way, room or not."""
        for member in self.members:
            if member.over:
                member.send_off()

    def step(self, timeout_s: float) -> bool:
        """Call a manual head once, and everyone it gives a frame, on this thread.

        Returns False when the head is over or paused, or comes to its end instead.

        Raises:
            DeadlineError: Its outputs had no room in time.
        """
        deadline_ns = self._now_ns() + int(timeout_s * 1e9)
        try:
            with self.turn, _on_this_thread():
                return self._step(deadline_ns, timeout_s)
        finally:
            self.serve()

    def _step(self, deadline_ns: int, timeout_s: float) -> bool:
        self._make_changes()
        self.settle()
        head = self.head
        if head is None or self._at_end(head) or head.paused or self._paused:
            return False
        while not head.free():
            if self._now_ns() >= deadline_ns:
                raise DeadlineError(f"room for what {head.id} writes", timeout_s, self._held_by(head))
            self.waker.sleep(lambda: self._called_for() or self._unsettled or head.free(), deadline_ns)
            self._make_changes()
            self.settle()
        self._pass(head)
        self.settle()
        self._at_end(head)
        self._rest()
        return True

    def _at_end(self, head: ProcessorInstance) -> bool:
        """Whether a manual head is over; ends it where its time has come."""
        if not head.over and (head.finishing or head.exhausted()):
            self._finish(head)
            self.settle()
        return head.over

    def _held_by(self, head: ProcessorInstance) -> list[str]:
        return [name for member in (head, *self._held) for name in member.held_by()]

    def wait_for_room(self, ring: Ring) -> None:
        """Wait inside a write of the head until the ring has room, serving everybody else."""
        while not ring.has_room() or self._paused:
            if self._changes:
                self._make_changes()
            elif not self._paused and (self._unsettled or self._others_due()):
                self.settle()
            else:
                self.waker.sleep(
                    lambda: self._changes or (not self._paused and self._room_or_work(ring)), self._next_ns()
                )

    def _room_or_work(self, ring: Ring) -> bool:
        return ring.has_room() or self._unsettled or self._others_due() or self._rest()

    def _make_changes(self) -> None:
        while self._changes:
            self._changes.popleft().run()
        while self._head_changes and not self._in_head:
            self._head_changes.popleft().run()

    def _called_for(self) -> bool:
        """Whether there is something that comes before calling processors and can be done now."""
        return bool(self._changes or (not self._in_head and (self._head_changes or self._stopped)))

    def _anything_to_do(self) -> bool:
        return self._called_for() or self._unsettled or self._others_due() or self._head_due() or self._rest()

    def _rest(self) -> bool:
        """Nothing more is read for now: writers that wait for more room than they need are called. False."""
        for member in self._foreign if self.head is None else (self.head, *self._foreign):
            for reader in member.readers:
                if isinstance(reader, RingReader):
                    reader.ring.reader_rests()
        return False

    def _others_due(self) -> bool:
        """Whether an inlined processor can do something that no pass of this loop brought about."""
        if not (self._foreign or self._timers or self._held):
            return False
        now_ns = self._now_ns()
        timed = [member for member in self._timers if member is not self.head]
        return any(member.can_move(now_ns) for member in (*self._foreign, *self._held, *timed))

    def _head_due(self) -> bool:
        head = self.head
        if head is None or head.over:
            return False
        if head.finishing or (not head.paused and head.exhausted()):
            return True
        if head.paused or not head.free():
            return False
        now_ns = self._now_ns()
        if _ticking(head):
            return head.poked or self._next_tick_ns(head) <= now_ns
        return head.due(now_ns)

    def _next_tick_ns(self, head: ProcessorInstance) -> int:
        return self._tick_ns if head.wake_ns is None else head.wake_ns

    def _next_ns(self) -> int | None:
        head = self.head
        timed = [(member, at) for member, at in self._timers.items() if member is not head]
        times = [at for member, at in timed if not member.paused and member.free()]
        if head is not None and not head.over and not head.paused and head.free():
            if _ticking(head):
                times.append(self._next_tick_ns(head))
            elif head.wake_ns is not None:
                times.append(head.wake_ns)
        return min(times, default=None)

    # --------------------------------------------------------------------------------------------------- passes

    def _turn(self) -> None:
        """One pass, and more while they are brief and nothing else wants to be done."""
        head = self.head
        assert head is not None
        if head.finishing or head.exhausted():
            self._finish(head)
            return
        self._pass(head)
        if self._brief and not (self._foreign or self._timers or self._held or self._unsettled):
            self._burst(head)

    def _pass(self, head: ProcessorInstance) -> None:
        """Call the head, timed, and everyone whom it gave a frame."""
        now_ns = self._now_ns()
        if _ticking(head):
            self._plan_tick(head, now_ns)
        head.begin(now_ns)
        self._timers.pop(head, None)
        frame, taken, news = head.oldest(), head.taken(), head.news()
        self.passes.done += 1
        self._in_head = self._in_pass = True
        began_ns = self._measure_ns()
        try:
            head.call(head.context)
        except Exception as error:
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

    def _plan_tick(self, head: ProcessorInstance, now_ns: int) -> None:
        if self._next_tick_ns(head) > now_ns:  # `wake` has called it between two ticks
            return
        head.wake_ns = None
        interval_ns = head.declaration.execution.interval_ns
        if interval_ns:  # on the grid of the first tick, so that lateness never adds up
            self._tick_ns += (max(0, now_ns - self._tick_ns) // interval_ns + 1) * interval_ns

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
        except Exception as error:
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
            except Exception as error:
                self._step_failed(gate, error, frame)
                return
            if isinstance(gate, SlotReader):
                self._inlined[index].metrics.latency.record(measure_ns() - began_ns)
                if gate.frame is not None:
                    self._left_over(gate)

    def _burst(self, head: ProcessorInstance) -> None:
        """Up to 127 passes in a row, with nothing asked in between that can be known before.

        The inner loop is the hottest place of the library: each of its lines is paid for by every frame, once
        for each inlined processor.
        """
        reader = head.readers[0] if len(head.readers) == 1 else None
        if not isinstance(reader, RingReader) if head.reactive else head.declaration.execution.interval_ns:
            return
        items: Any = reader.ring.items if isinstance(reader, RingReader) and head.reactive else (None,)
        taken, news = head.taken(), head.news()
        call, context, passes = head.call, head.context, self.passes
        gate: Any = head
        frame = None
        calls = 0
        self._attention = False
        self._timing = False
        self._in_head = self._in_pass = True
        try:
            for calls in _BURST:  # noqa: B007 - read when a call has failed
                if self._attention or not items:
                    break
                gate = head
                frame = items[0]
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
        except Exception as error:
            if gate is head:
                # as many taken as calls made: this one has read, though the same frame may come again
                self._failed(head, error, frame, unread=head.oldest() is frame and head.taken() != taken + calls + 1)
                self._skip_steps(0)
            else:
                self._step_failed(gate, error, frame)
        finally:
            self._in_head = self._in_pass = False
        if reader is not None and calls and head.taken() == taken:
            head.left_unread = news

    # ------------------------------------------------------------------------------------- what a pass leaves over

    def settle(self) -> None:
        """Have the inlined processors do all they can; what still waits then waits for somebody outside."""
        moved = True
        while moved and not self._called_for():
            self._unsettled = False
            moved = False
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
        raised: Exception | None = None
        began_ns = self._measure_ns() if self._timing else 0
        try:
            member.call(member.context)
        except Exception as error:
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

    def _failed(self, member: ProcessorInstance, error: Exception, frame: Any, *, unread: bool) -> None:
        """Apply the error policy of a processor whose call raised."""
        member.metrics.errors += 1
        if unread and frame is not None and not _ticking(member):
            member.skip()
        if member.policy is not ErrorPolicy.SKIP:
            member.failure = error
            member.finishing = True
        member.reports.errored(member, error, getattr(frame, "timestamp_ns", None))
        self.unsettle()

    def _step_failed(self, gate: Any, error: Exception, frame: Any) -> None:
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


def _ticking(head: ProcessorInstance) -> bool:
    return head.declaration.execution.mode is ExecutionMode.CONTINUOUS
