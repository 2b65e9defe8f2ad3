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


def answers(thread: EventLoopThread) -> bool:
    """Whether the event loop does what it is asked to."""
    done = threading.Event()
    thread.events.call_soon_threadsafe(done.set)
    return done.wait(SECONDS)


@pytest.mark.parametrize("exit_", [SystemExit(1), KeyboardInterrupt(), GeneratorExit()])
def test_an_exit_raised_in_the_event_loop_does_not_end_it(
    thread: EventLoopThread, exit_: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def leave() -> None:
        raise exit_

    thread.events.call_soon_threadsafe(leave)
    assert answers(thread)
    assert type(exit_).__name__ in caplog.text


def test_an_exit_in_a_task_of_somebodys_own_does_not_end_the_event_loop(thread: EventLoopThread) -> None:
    async def leave() -> None:
        raise SystemExit(1)

    left = asyncio.run_coroutine_threadsafe(leave(), thread.events)
    with pytest.raises(SystemExit):
        left.result(SECONDS)
    assert answers(thread)


def test_an_event_loop_that_was_stopped_by_others_goes_on(
    thread: EventLoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    thread.events.call_soon_threadsafe(thread.events.stop)
    assert answers(thread)
    assert answers(thread)
    assert "a processor stopped the event loop" in caplog.text


def test_closing_ends_also_those_who_raise_an_exit_when_they_are_cancelled(alarm: Alarm) -> None:
    thread = EventLoopThread(alarm)
    begun = [threading.Event() for _ in range(3)]

    async def never(begins: threading.Event) -> None:
        begins.set()
        try:
            await asyncio.Event().wait()
        finally:
            raise SystemExit(1)

    held = [asyncio.run_coroutine_threadsafe(never(begins), thread.events) for begins in begun]  # asyncio does not
    assert len(held) == 3
    assert all(begins.wait(SECONDS) for begins in begun)
    assert thread.close(SECONDS)
    assert thread.events.is_closed()


class Breaking(AsyncLoop):
    """A loop with a fault in it."""

    def work(self, turns: int) -> bool:
        """Break, once there is something to do."""
        if self.interrupted():
            raise ArithmeticError("a fault of ours")
        return super().work(turns)


def test_a_loop_that_breaks_is_given_up_and_goes_on_answering(
    thread: EventLoopThread, caplog: pytest.LogCaptureFixture
) -> None:
    loop = Breaking("a", MonotonicClock(), MonotonicClock())
    thread.task(loop).start()
    made: list[bool] = []
    loop.apply(lambda: made.append(True), SECONDS)
    assert made == [True]
    assert "the loop of a broke: ArithmeticError" in caplog.text
