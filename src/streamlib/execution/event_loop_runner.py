"""The runtime's asyncio event loop, on a thread of its own: where processors with an `async def process` are called.

Each has a loop of ours with itself as the head, a `task` on that thread. A call is a coroutine; while it is under way
the processor is not called again and is not changed, and others on the event loop have their turns. Its links are
rings on both sides, so that what it writes between two awaits is read at once.

The event loop is everybody's, so nothing that one of them does ends it: an exit in a call is that processor's failure,
and what else leaves the event loop, or stops it, is logged and gone on from.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Any

from streamlib.execution.alarm import Alarm
from streamlib.execution.changes import on_this_thread
from streamlib.execution.exits import survived
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.execution.task import Task
from streamlib.links.reader import News
from streamlib.processors.origin import context_of

_LOG = logging.getLogger("streamlib.execution")


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that is under way, and what its inputs held when it began."""

    coroutine: asyncio.Task[None]
    frame: Any
    taken: int
    news: list[News]
    began_ns: int


class AsyncLoop(Loop):
    """A loop whose head is called as a coroutine; on the thread of the event loop alone."""

    hosts = False
    _call_under_way: _Call | None = None
    _within: tuple[str, int, Context] | None = None  # what the tasks of its head begin in

    def cancel_call(self) -> None:
        """Have a call that is under way end with CancelledError; from any thread."""
        call = self._call_under_way
        if call is not None:
            call.coroutine.get_loop().call_soon_threadsafe(call.coroutine.cancel)

    def head_due(self) -> bool:
        return self._call_under_way is None and super().head_due()

    def _is_calm(self, head: ProcessorInstance) -> bool:
        return False  # its calls outlast its turns

    def take_turn(self) -> None:
        head = self.head
        assert head is not None
        if head.finishing or head.exhausted():
            self.finish_one(head)
            return
        now_ns = self.now_ns()
        self.prepare_call(head, now_ns)
        if now_ns >= self.look_ns:
            self.look_closer(now_ns)
            self.look_at_rings(now_ns)
        self.passes.done += 1
        self.in_head = True
        if self._within is None or self._within[:2] != (head.id, head.generation):
            self._within = head.id, head.generation, context_of(head.processor)
        context = self._within[2].copy()  # as asyncio does it with the context it finds
        task = asyncio.get_running_loop().create_task(_called(head), name=f"streamlib:{head.id}", context=context)
        self._call_under_way = _Call(task, head.oldest(), head.taken(), head.news(), self.measure_ns())
        task.add_done_callback(partial(self._conclude_call, head, self._call_under_way))

    def _conclude_call(self, head: ProcessorInstance, call: _Call, done: asyncio.Task[None]) -> None:
        self._call_under_way = None
        self.in_head = False
        (head.metrics.timings or head.metrics.begin_timing()).record(self.measure_ns() - call.began_ns)
        idle = head.taken() == call.taken
        error = asyncio.CancelledError() if done.cancelled() else done.exception()
        try:
            if error is not None and not head.over:
                self.apply_policy(head, error, call.frame, unread=idle)
        except BaseException as fault:  # asyncio would log it, and the processor never be called again
            self.abandon(fault)
        if idle:
            head.leave_unread(call.news, head.called_ns)
        else:
            head.left_unread = None
        self.disturb()


async def _called(head: ProcessorInstance) -> None:
    """One call. An exit becomes the processor's failure in here: asyncio lets those out, and its event loop ends."""
    coroutine: Any = head.call(head.context)
    try:
        await coroutine
    except (KeyboardInterrupt, SystemExit) as raised:
        raise survived(raised) from raised


class EventLoopThread:
    """The event loop of one runtime."""

    def __init__(self, alarm: Alarm) -> None:
        self.events = asyncio.new_event_loop()
        self.waiting: set[Task] = set()  # bounded by the number of loops
        self._alarm = alarm
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="streamlib:asyncio", daemon=True)
        self._thread.start()

    def task(self, loop: AsyncLoop) -> Task:
        """The task of a loop; it runs once it is started."""
        return Task(loop, self._submit, self._alarm.call_at, self.waiting)

    def close(self, timeout_s: float) -> bool:
        """Cancel what is left and end the thread; False when it did not end in time."""
        self._closed = True
        self.events.call_soon_threadsafe(self.events.stop)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _submit(self, task: Task) -> None:
        self.events.call_soon_threadsafe(self._give_turn, task)

    def _give_turn(self, task: Task) -> None:
        try:
            task.run()
        except BaseException as error:  # asyncio would log it, and the loop never be in line again
            task.abandon(error)

    def _run(self) -> None:
        asyncio.set_event_loop(self.events)
        with on_this_thread():
            while not self._closed:
                if self._survives(self.events.run_forever) and not self._closed:
                    _LOG.warning("a processor stopped the event loop of its runtime, which goes on: others are on it")
            while not self._survives(self._cancel_left):
                pass  # one that was cancelled raised an exit; the others are still there
        self.events.close()

    def _survives(self, run: Callable[[], None]) -> bool:
        """Run the event loop; False when an exit ended that, which then was raised beside the calls of processors."""
        try:
            run()
        except BaseException as error:
            _LOG.error("%r was raised in the event loop of a runtime, which goes on", error, exc_info=True)
            return False
        return True

    def _cancel_left(self) -> None:
        left = asyncio.all_tasks(self.events)
        for task in left:
            task.cancel()
        self.events.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self.events.run_until_complete(self.events.shutdown_asyncgens())
