from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from streamlib.clock import MonotonicClock
from streamlib.execution.alarm import Alarm
from streamlib.execution.changes import inside_loop
from streamlib.execution.event_loop_runner import AsyncLoop, EventLoopThread

SECONDS = 8.0


@pytest.fixture
def alarm() -> Iterator[Alarm]:
    made = Alarm(MonotonicClock())
    yield made
    assert made.close(SECONDS)


@pytest.fixture
def thread(alarm: Alarm) -> Iterator[EventLoopThread]:
    made = EventLoopThread(alarm)
    yield made
    assert made.close(SECONDS)


def test_a_loop_is_served_on_the_event_loops_thread_and_ends_when_it_is_stopped(thread: EventLoopThread) -> None:
    loop = AsyncLoop("a", MonotonicClock(), MonotonicClock())
    task = thread.task(loop)
    where: list[tuple[str, bool]] = []
    task.start()
    loop.apply(lambda: where.append((threading.current_thread().name, inside_loop())), SECONDS)
    assert where == [("streamlib:asyncio", True)]
    task.stop()
    assert task.join(SECONDS)


def test_lightweight_processors_are_not_called_in_such_a_loop() -> None:
    assert not AsyncLoop("a", MonotonicClock(), MonotonicClock()).hosts


def test_closing_cancels_what_is_left(alarm: Alarm) -> None:
    thread = EventLoopThread(alarm)
    begun, cancelled = threading.Event(), threading.Event()

    async def never() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    asyncio.run_coroutine_threadsafe(never(), thread.events)
    assert begun.wait(SECONDS)
    assert thread.close(SECONDS)
    assert cancelled.is_set()
    assert thread.events.is_closed()
