"""The threads of one runtime that several processors share; each begins with the first who needs it.

The common loop serves lightweight processors that no running loop feeds; the pool, the main thread and the event loop
have their tasks, and the alarm calls at times. All of them end with the runtime's run, the common loop also when it
is empty.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

from streamlib.clock import Clock, PausableClock
from streamlib.execution.alarm import Alarm
from streamlib.execution.closer_look import Pace
from streamlib.execution.event_loop_runner import AsyncLoop, EventLoopThread
from streamlib.execution.loops import Loop
from streamlib.execution.main_thread_runner import MainLoop, MainThread
from streamlib.execution.pool_runner import Pool, usable_cores
from streamlib.execution.task import Task
from streamlib.execution.thread_runner import ThreadRunner

_LOG = logging.getLogger("streamlib.execution")

Begun = tuple[Pool | None, EventLoopThread | None]


class SharedThreads:
    """What runs processors that have no thread of their own.

    Attributes:
        workers: How many threads the pool has.
        main: The processors that run on the main thread.
        paused: Whether what begins now begins paused.
    """

    def __init__(self, clock: Clock, media_clock: PausableClock, workers: int | None = None) -> None:
        self.workers = workers or usable_cores()
        self.main = MainThread(self.call_at)
        self.paused = False
        self._clock = clock
        self._media_clock = media_clock
        self._pace = Pace()
        self._common: ThreadRunner | None = None
        self._guard = threading.Lock()  # of the making of the alarm, which loops ask for, too
        self._alarm: Alarm | None = None
        self._pool: Pool | None = None
        self._events: EventLoopThread | None = None

    def loop(self, name: str) -> Loop:
        """A loop that somebody else is to run."""
        return self._new(Loop(name, self._clock, self._media_clock, self._pace))

    def common_loop(self) -> Loop:
        """The loop of the lightweight processors that no running loop feeds."""
        if self._common is None:
            common = ThreadRunner(self.loop("lightweight processors"), "streamlib:lightweight")
            common.start()
            self._common = common
        return self._common.loop

    def pooled(self, name: str) -> Task:
        """A task on the pool, with a loop of its own."""
        if self._pool is None:
            self._pool = Pool(self._media_clock, self.alarm(), self.workers)
        return self._pool.task(self.loop(name))

    def on_main(self, name: str) -> Task:
        """A task on the main thread, with a loop of its own."""
        return self.main.task(self._new(MainLoop(name, self._clock, self._media_clock, self._pace)))

    def on_event_loop(self, name: str) -> Task:
        """A task on the event loop, with a loop of its own."""
        if self._events is None:
            self._events = EventLoopThread(self.alarm())
        loop = AsyncLoop(name, self._clock, self._media_clock, self._pace)
        self._new(loop)
        return self._events.task(loop)

    def alarm(self) -> Alarm:
        """What calls at times of the clock for media; from any thread."""
        with self._guard:
            if self._alarm is None:
                self._alarm = Alarm(self._media_clock)
                if self.paused:
                    self._alarm.pause()
            return self._alarm

    def call_at(self, at_ns: int, action: Callable[[], None]) -> None:
        """Have something called at a time of the clock for media; from any thread."""
        self.alarm().call_at(at_ns, action)

    def pause(self) -> None:
        """Call nobody at any time: the clock for media stands still. What begins from now on begins paused."""
        self.paused = True
        if self._alarm is not None:
            self._alarm.pause()

    def resume(self) -> None:
        """The clock for media goes on."""
        self.paused = False
        if self._alarm is not None:
            self._alarm.resume()

    def waiting(self) -> list[Task]:
        """Tasks in which somebody has found no room since the last call, which forgets them."""
        tasks = []
        for noted in [at.waiting for at in (self._pool, self._events, self.main) if at is not None]:
            while noted:
                tasks.append(noted.pop())  # one by one: others note more meanwhile
        return tasks

    def event_loop(self) -> asyncio.AbstractEventLoop | None:
        """Where `async def process` is called, once anybody has one."""
        return None if self._events is None else self._events.events

    def begun(self) -> Begun:
        """Those that serve tasks by now, for `end_begun_since`."""
        return self._pool, self._events

    def end_begun_since(self, before: Begun, timeout_s: float) -> None:
        """Nothing came of what they were begun for."""
        if self._pool is not None and self._pool is not before[0]:
            self._pool.close(timeout_s)
            self._pool = None
        if self._events is not None and self._events is not before[1]:
            self._events.close(timeout_s)
            self._events = None

    def spare(self, timeout_s: float) -> bool:
        """End the common loop when nobody is in it any more; False when it did not end in time."""
        if self._common is None or self._common.loop.members:
            return True
        common, self._common = self._common, None
        common.stop()
        return common.join(timeout_s)

    def close(self, timeout_s: float) -> bool:
        """End all of them; False when one did not end in time, which the log names."""
        common, self._common = self._common, None
        pool, self._pool = self._pool, None
        events, self._events = self._events, None
        alarm, self._alarm = self._alarm, None
        if common is not None:
            common.stop()
        ended = {
            "the lightweight processors": common is None or common.join(timeout_s),
            "the pool": pool is None or pool.close(timeout_s),
            "the event loop": events is None or events.close(timeout_s),
            "the alarm": alarm is None or alarm.close(timeout_s),
        }
        late = [name for name, done in ended.items() if not done]
        if late:
            _LOG.error("the threads of %s have not ended", " and ".join(late))
        return not late

    def _new(self, loop: Loop) -> Loop:
        if self.paused:
            loop.pause()
        return loop
