"""The main thread's part: processors that may run nowhere else, windows for one, have their turns there.

Nobody owns the main thread but the user's program; so they are called while it is inside the library, in `wait`,
`wait_for_signal`, `stop` and `finished`. Each of them pumps until what it waits for has come. Tasks are served in the
order in which they were woken; at the times that they plan the alarm wakes them.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial

from streamlib.clock import NS_PER_S, MonotonicClock
from streamlib.errors import DeadlineError
from streamlib.execution.changes import Change, on_this_thread
from streamlib.execution.loops import Loop
from streamlib.execution.task import Task
from streamlib.links.wake import Waker

NOT_PUMPED = (
    "it runs on the main thread, which has to be in runtime.wait(), wait_for_signal(), stop() or finished() for that; "
    "it was elsewhere"
)
"""What a DeadlineError says of a processor that the main thread did not come to."""


def on_main_thread() -> bool:
    """Whether this is the main thread."""
    return threading.current_thread() is threading.main_thread()


class MainLoop(Loop):
    """A loop that the main thread alone touches: there changes are made at once, those from elsewhere when it pumps."""

    def excuse(self) -> str:
        """The main thread, where nobody has it serve."""
        runner = self.runner
        return NOT_PUMPED if isinstance(runner, MainTask) and not runner.main.attended else ""

    def serve(self) -> None:
        """Make the changes, if this is the main thread and it is not inside a call of the head."""
        if on_main_thread() and not self.in_head:
            self.make_changes()


class MainTask(Task):
    """A loop on the main thread; who waits for its end there, gives it its turns meanwhile."""

    __slots__ = ("main",)

    def __init__(self, loop: Loop, main: MainThread) -> None:
        super().__init__(loop, main.submit, main.call_at, main.waiting)
        self.main = main

    def join(self, timeout_s: float) -> bool:
        """Wait until the loop has ended; False when it has not in time. One that never started has."""
        has_ended = partial(super().join, 0.0)
        return self.main.pump(has_ended, timeout_s) if on_main_thread() else super().join(timeout_s)


class MainThread:
    """The tasks of one runtime that the main thread serves.

    Args:
        call_at: Has something called at a time of the clock for media; the alarm's.

    Attributes:
        attended: How many calls have the main thread serve just now; each waits in the one before.
        waiting: Tasks in which somebody has found no room, since it was last looked at.
    """

    def __init__(self, call_at: Callable[[int, Callable[[], None]], None]) -> None:
        self.call_at = call_at
        self.attended = 0
        self.waiting: set[Task] = set()  # bounded by the number of loops
        self._clock = MonotonicClock()  # a caller's timeout is in seconds of the real one
        self._waker = Waker(self._clock)
        self._ready: deque[Task] = deque()  # bounded by the number of loops: each is in line once
        self._calls: deque[Change] = deque()  # bounded: a commit asks for one and waits for it
        self._listeners: tuple[Callable[[], None], ...] = ()  # replaced as a whole, read without the lock
        self._guard = threading.Lock()

    def task(self, loop: Loop) -> Task:
        """The task of a loop; it runs once it is started."""
        return MainTask(loop, self)

    def call(self, action: Callable[[], None], timeout_s: float, name: str) -> None:
        """Do something on the main thread and wait until it was done; there, at once.

        Raises:
            DeadlineError: The main thread did not come to it in time.
        """
        if on_main_thread():
            action()
            return
        change = Change(action)
        self._calls.append(change)
        self.wake()
        if not change.wait(timeout_s):
            raise DeadlineError("a call on the main thread", timeout_s, {name: NOT_PUMPED})

    def wake(self) -> None:
        """Have who pumps look again at what it waits for; from any thread."""
        self._waker.wake()
        for tell in self._listeners:
            tell()

    def pump(self, done: Callable[[], bool], timeout_s: float | None) -> bool:
        """Serve until `done`; False when it was not in time. On the main thread."""
        deadline_ns = None if timeout_s is None else self._clock.now_ns() + int(timeout_s * NS_PER_S)
        with self._attending():
            while not done():
                if deadline_ns is not None and self._clock.now_ns() >= deadline_ns:
                    return False
                if not self.serve_one():
                    self._waker.sleep(lambda: done() or self.has_work(), lambda: deadline_ns)
        return True

    @contextlib.contextmanager
    def _attending(self) -> Iterator[None]:
        self.attended += 1
        try:
            yield
        finally:
            self.attended -= 1

    async def until(self, done: Callable[[], bool]) -> None:
        """Wait in an event loop until `done`, asked at each `wake`; that of the main thread serves meanwhile.

        It needs no thread, any number may wait, and one that is cancelled is gone at once.
        """
        running, woken = asyncio.get_running_loop(), asyncio.Event()
        attending = self._attending() if on_main_thread() else contextlib.nullcontext()
        with attending, self._listening(lambda: tell_soon(running, woken)):
            while not done():
                woken.clear()  # before looking: what is put in line from here on sets it again
                if on_main_thread() and self.serve_one():
                    await asyncio.sleep(0)  # others on the event loop have their turns too
                elif not done():
                    await woken.wait()

    @contextlib.contextmanager
    def _listening(self, tell: Callable[[], None]) -> Iterator[None]:
        """Call this at each `wake`, on the thread that wakes."""
        with self._guard:
            self._listeners = (*self._listeners, tell)
        try:
            yield
        finally:
            with self._guard:
                self._listeners = tuple(other for other in self._listeners if other is not tell)

    def serve_one(self) -> bool:
        """Do the next thing in line; False when there is none. On the main thread."""
        if self._calls:
            self._calls.popleft().run()
            return True
        if not self._ready:
            return False
        task = self._ready.popleft()
        try:
            with on_this_thread():
                task.run()
        except BaseException:  # Ctrl-C for one: it is the caller's, and the task goes on where it is pumped again
            self._ready.append(task)
            raise
        return True

    def has_work(self) -> bool:
        """Whether something is in line."""
        return bool(self._ready or self._calls)

    def submit(self, task: Task) -> None:
        """Put a task in line; from any thread."""
        self._ready.append(task)
        self.wake()


def tell_soon(running: asyncio.AbstractEventLoop, woken: asyncio.Event) -> None:
    """Set an event of another thread's event loop; one that is closed has nobody left who waits."""
    with contextlib.suppress(RuntimeError):
        running.call_soon_threadsafe(woken.set)
