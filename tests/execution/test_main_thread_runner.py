from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

import pytest

from streamlib.errors import DeadlineError
from streamlib.execution.main_thread_runner import MainLoop, MainThread, on_main_thread
from streamlib.execution.task import TURNS, Task
from streamlib.processors.context import ProcessContext
from tests.execution.plain_processors import Sink
from tests.execution.rig import SECONDS, Rig, own


def main_thread() -> MainThread:
    """The main thread's part, where nothing happens at a time."""
    return MainThread(lambda at_ns, action: None)


def elsewhere(action: Callable[[], object]) -> threading.Thread:
    """Do it on another thread."""
    thread = threading.Thread(target=action)
    thread.start()
    return thread


class Restless(Sink):
    """Wants to be called again after each call, and notes where it is called."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: set[int] = set()

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)
        self.threads.add(threading.get_ident())
        ctx.wake()


def window(main: MainThread, sink: Sink | None = None) -> tuple[Task, Sink]:
    """A sink with a task on the main thread, started."""
    rig = Rig()
    end = rig.add(sink or Sink())
    loop = MainLoop(end.id, rig.clock, rig.clock)
    loop.head = end
    loop.arrange([end])
    task = main.task(loop)
    task.start()
    return task, own(end)


def test_the_test_runs_where_it_should() -> None:
    here = [on_main_thread()]
    elsewhere(lambda: here.append(on_main_thread())).join(SECONDS)
    assert here == [True, False]


def test_a_pump_serves_whoever_is_in_line_in_turn_until_what_it_waits_for_has_come() -> None:
    main = main_thread()
    windows = [window(main, Restless()) for _ in range(3)]
    for task, _ in windows:
        assert task.loop.head is not None
        task.loop.head.wake()
    assert main.pump(lambda: all(sink.calls > 2 * TURNS for _, sink in windows), SECONDS)
    calls = [sink.calls for _, sink in windows]
    assert max(calls) - min(calls) <= TURNS


@pytest.mark.promise("execution.idle")
def test_it_sleeps_until_it_is_woken_and_only_then_looks_again() -> None:
    main, seen = main_thread(), list[str]()

    def done() -> bool:
        seen.append("looked")
        if len(seen) == 2:  # lying down
            thread.append(elsewhere(come))
        return "it has come" in seen

    def come() -> None:
        seen.append("it has come")
        main.wake()

    thread: list[threading.Thread] = []
    assert main.pump(done, SECONDS)
    thread[0].join(SECONDS)
    assert seen[:2] == ["looked", "looked"]
    assert len(seen) <= 5


def test_what_does_not_come_in_time_is_not_waited_for() -> None:
    main = main_thread()
    assert not main.pump(lambda: False, 0.001)
    window(main, Restless())
    assert not main.pump(lambda: False, 0.001)


def test_a_call_from_elsewhere_is_made_here_and_answered() -> None:
    main, calls = main_thread(), list[bool]()
    thread = elsewhere(lambda: main.call(lambda: calls.append(on_main_thread()), SECONDS, "window_0"))
    assert main.pump(lambda: bool(calls), SECONDS)
    thread.join(SECONDS)
    main.call(lambda: calls.append(on_main_thread()), 0.0, "window_0")
    assert calls == [True, True]


def test_a_call_that_nobody_comes_to_names_who_it_is_for_and_says_what_to_do() -> None:
    main, raised = main_thread(), list[DeadlineError]()

    def call() -> None:
        try:
            main.call(lambda: None, 0.001, "window_0")
        except DeadlineError as error:
            raised.append(error)

    elsewhere(call).join(SECONDS)
    assert raised[0].waiting_for == ("window_0",)
    assert "runtime.wait()" in str(raised[0])


def test_changes_are_made_at_once_here_and_from_elsewhere_when_it_pumps() -> None:
    main = main_thread()
    task, _ = window(main)
    made: list[str] = []
    task.loop.apply(lambda: made.append("here"), 0.0)
    assert made == ["here"]
    thread = elsewhere(lambda: task.loop.apply(lambda: made.append("from elsewhere"), SECONDS))
    assert main.pump(lambda: len(made) == 2, SECONDS)
    thread.join(SECONDS)
    assert made == ["here", "from elsewhere"]


def test_who_waits_here_for_the_end_of_a_task_gives_it_its_turn() -> None:
    main = main_thread()
    task, sink = window(main)
    task.stop()
    joined: list[bool] = []
    elsewhere(lambda: joined.append(task.join(0.0))).join(SECONDS)
    assert joined == [False]
    assert task.join(SECONDS)
    assert not task.loop.threaded
    assert sink.calls == 0


def test_what_is_raised_through_a_turn_is_the_callers_and_the_task_stays_in_line() -> None:
    class Interrupted(Restless):
        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            if self.calls == 2:
                raise KeyboardInterrupt

    main = main_thread()
    task, sink = window(main, Interrupted())
    head = task.loop.head
    assert head is not None
    head.wake()
    with pytest.raises(KeyboardInterrupt):
        main.pump(lambda: False, SECONDS)
    assert sink.calls == 2
    assert main.pump(lambda: sink.calls >= 4, SECONDS)


def test_in_an_event_loop_tasks_and_calls_are_served_and_others_have_their_turns() -> None:
    main = main_thread()
    task, sink = window(main, Restless())
    others, calls = [0], list[bool]()
    head = task.loop.head
    assert head is not None
    head.wake()

    async def other() -> None:
        while True:
            others[0] += 1
            await asyncio.sleep(0)

    async def program() -> None:
        beside = asyncio.create_task(other())
        thread = elsewhere(lambda: main.call(lambda: calls.append(on_main_thread()), SECONDS, "window_0"))
        await main.until(lambda: sink.calls > 100 and bool(calls))
        beside.cancel()
        await asyncio.to_thread(thread.join, SECONDS)

    asyncio.run(program())
    assert calls == [True]
    assert others[0] > 1
    assert own(head).threads == {threading.get_ident()}


def test_who_waits_in_the_event_loop_of_another_thread_is_told_and_serves_nobody() -> None:
    main, waits, done = main_thread(), threading.Event(), threading.Event()
    _, sink = window(main, Restless())

    def look() -> bool:
        waits.set()
        return done.is_set()

    thread = elsewhere(lambda: asyncio.run(main.until(look)))
    assert waits.wait(SECONDS)
    done.set()
    main.wake()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert sink.calls == 0
