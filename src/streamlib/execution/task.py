"""A loop that has no thread of its own and takes turns on one that serves many.

The pool (`pool_runner`) and the main thread (`main_thread_runner`) run tasks. A task stands where the loop of a
thread has its `Waker`: whoever gives the loop work wakes it, and the waking puts it in line. Its token is in
`asleep` while it is neither in line nor run; taking the token is the claim, so it is in line once. After its turn it
puts the token back, looks again, and claims itself where something came meanwhile. Somebody else may claim it while it
looks, and waits for that: the loop is never touched twice at the same time. A start is such a look, on the thread that
starts it: of very many nobody has a turn for nothing. A look at a calm loop touches nothing, so
nobody waits for it; where the loop is not calm any more, it is not looked at but put in line.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from streamlib.execution.loops import Loop

_LOG = logging.getLogger("streamlib.execution")

TURNS = 8
"""How many passes, or bursts of them, a loop makes before others have their turn."""


class Task:
    """One loop among those that a runner serves.

    Args:
        submit: Puts the task in line; the runner's. Called in its turn, the task has more to do, and others come first.
        call_at: Has the task woken when the clock for media reaches a time; the runner's.
        waiting: Where it is noted that somebody in the loop waits for room; whoever looks there takes it out again.
    """

    __slots__ = ("_call_at", "_ended", "_looks", "_submit", "_timer_ns", "_turn", "_waiting", "asleep", "loop")

    def __init__(
        self,
        loop: Loop,
        submit: Callable[[Task], None],
        call_at: Callable[[int, Callable[[], None]], None],
        waiting: set[Task],
    ) -> None:
        self.loop = loop
        self.asleep: set[None] = set()  # empty until `start`; a list gives its memory back each time
        self._submit = submit
        self._call_at = call_at
        self._waiting = waiting
        self._turn = threading.Lock()
        self._looks = False
        self._timer_ns: int | None = None
        self._ended: threading.Event | None = None
        loop.waker = loop.runner = self

    def start(self) -> None:
        """Serve the loop from now on."""
        self.loop.threaded = True
        self.loop.begin()
        self._lie_down(self.loop)

    def wake(self) -> None:
        """Put the loop in line, unless it is there or is being run; from any thread."""
        try:
            self.asleep.pop()
        except KeyError:  # who runs it looks again before it puts the token back
            return
        submit = self._submit
        submit(self)

    def stalls(self) -> int:
        """A link that it writes to has no room: it is among those that wait, and this is the time."""
        self._waiting.add(self)
        return self.loop.now_ns()

    def run(self) -> None:
        """Give the loop its turn; for the runner, once for each `submit`. If it raises, `submit` it again."""
        if self._looks:
            with self._turn:  # until who gave it the turn before has looked
                pass
        loop, left = self.loop, TURNS  # bursts in a row, while its data are in the caches
        if loop.attention:
            loop.calm_down_early()
        while left and not loop.attention and loop.go_on():
            left -= 1
            if not loop.feed or loop.steps:  # how long those behind a head take, nobody has asked
                break
        if loop.work(left) if loop.attention else loop.feed:
            self._submit(self)
        elif loop.attention:
            self._lie_down(loop)
        else:  # only frames and their end can have come
            self.asleep.add(None)
            if loop.is_wanted():  # it may be another's turn already: no other question is asked here
                self.wake()

    def _lie_down(self, loop: Loop) -> None:
        if loop.stopped:
            self._retire()
            return
        with self._turn:
            self._looks = True  # before the token is back: from then on another thread may have the next turn
            try:
                if loop.held:
                    self._waiting.add(self)
                self.asleep.add(None)
                self._set_timer(loop.next_ns())  # one that rings before finds the token, and one after is set anew
                if loop.anything_to_do():
                    self.wake()
            finally:
                self._looks = False

    def abandon(self, error: BaseException) -> None:
        """`run` raised, by a fault of ours which no policy covers: everyone in the loop ends. For the runner."""
        fields = {**self.loop.log_fields(), "loop": self.loop.name}
        _LOG.critical("the loop of %s broke: %r", self.loop.name, error, exc_info=error, extra=fields)
        self.loop.cancel_call()
        self.loop.abandon(error)
        self._submit(self)

    def stop(self) -> None:
        """Have the loop end at the next point between two frames; from any thread.

        One in which everybody has come to his end, and which is neither in line nor run, needs no turn for that: who
        takes its token has it for good.
        """
        if self._claim():
            if all(member.over for member in self.loop.members):
                self._retire()
                return
            self.asleep.add(None)
        self._ended = threading.Event()
        self.loop.stop()

    def _claim(self) -> bool:
        """Take the token, if the task is neither in line nor run."""
        try:
            self.asleep.pop()
        except KeyError:
            return False
        if self._looks:
            with self._turn:  # until who gave it the turn before has looked
                pass
        return True

    def join(self, timeout_s: float) -> bool:
        """Wait until the loop has ended; False when it has not in time. One that never started has."""
        return not self.loop.threaded or self._ended is None or self._ended.wait(timeout_s)

    def _retire(self) -> None:
        self.loop.conclude()
        self.loop.threaded = False
        self.loop.serve()  # what was handed over while this one was leaving
        if self._ended is not None:
            self._ended.set()

    def _set_timer(self, at_ns: int | None) -> None:
        timer_ns = self._timer_ns  # once: it may ring just now
        if at_ns is not None and (timer_ns is None or at_ns < timer_ns):
            self._timer_ns = at_ns
            self._call_at(at_ns, self._timer_rings)

    def _timer_rings(self) -> None:
        self._timer_ns = None
        self.wake()
