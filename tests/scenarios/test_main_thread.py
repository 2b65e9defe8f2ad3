"""Processors that run on the main thread, while it waits for the runtime."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    Live,
    ProcessContext,
    ProcessExecution,
    Processor,
    ProcessorConfig,
    RuntimeContext,
    SchedulingStrategy,
    StreamRuntime,
)
from streamlib.clock import NS_PER_MS
from streamlib.errors import CommitError, DeadlineError, StrategyError
from streamlib.graph import ProcessorNode
from streamlib.graph.components import MainThreadMarker, ThreadHandle
from streamlib.testing import ManualClock
from tests.scenarios.conftest import lingering
from tests.scenarios.stage import SECONDS, Collect, Hand, Numbers, Pass, Record

MAIN = threading.main_thread().name


class Window(Processor):
    """Shows what comes: writes down each frame, each call, and the threads on which it was called at all."""

    class Config(ProcessorConfig):
        record: Any
        gain: Live[int] = 0
        size: int = 0

    into = LinkInput(DataFrame)
    execution = ProcessExecution.continuous(interval_ms=1)

    def setup(self, ctx: RuntimeContext) -> None:
        self._tell("setup")

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        self._tell("process")
        if frame is not None:
            self.config.record.add(frame.data["n"])

    def config_changed(self, old: Config) -> None:
        self._tell("config_changed")

    def flush(self, ctx: ProcessContext) -> None:
        self._tell("flush")

    def teardown(self) -> None:
        self._tell("teardown")

    def _tell(self, what: str) -> None:
        self.config.record.threads.add(threading.current_thread().name)
        self.config.record.called(what)


class Interrupted(Window):
    """Is interrupted in its third call: by an exception of its own, or by a signal."""

    class Config(ProcessorConfig):
        record: Any
        signalled: bool = False

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)
        if self.config.record.count("process") == 3:
            if not self.config.signalled:
                raise KeyboardInterrupt
            os.kill(os.getpid(), signal.SIGINT)


class Busy(Processor):
    """A source that is never done, and waits for nothing."""

    out = LinkOutput(DataFrame)
    execution = ProcessExecution.continuous()

    def process(self, ctx: ProcessContext) -> None:
        self.out.write(DataFrame({"n": 0}))


class OnMain:
    """Windows on the main thread, and processors whose id says so; the others on threads."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        if issubclass(node.declaration.processor, Window | Busy) or node.id.startswith("main"):
            return SchedulingStrategy.main_thread()
        return SchedulingStrategy.dedicated_thread()


@pytest.fixture
def runtime() -> Iterator[StreamRuntime]:
    made = StreamRuntime(scheduler=OnMain())
    yield made
    made.stop(drain=False)
    assert lingering(made.graph) == []


def meanwhile(runtime: StreamRuntime, script: Callable[[], object]) -> None:
    """Play a script on another thread while this one waits for the runtime; it stops the runtime at its end."""
    raised: list[BaseException] = []

    def play() -> None:
        try:
            script()
        except BaseException as error:
            raised.append(error)
        runtime.stop()

    thread = threading.Thread(target=play)
    thread.start()
    assert runtime.wait(SECONDS)
    runtime.stop()  # where it was the other who stops, it waits here for that
    thread.join(SECONDS)
    assert not thread.is_alive()
    for error in raised:
        raise error


# -------------------------------------------------------------------------------------------------- on which thread


@pytest.mark.promise("execution.main-thread")
def test_a_processor_of_the_main_thread_is_called_there_alone_whoever_edits(runtime: StreamRuntime) -> None:
    record = Record()
    source = runtime.add_processor(Numbers)
    runtime.start()

    def script() -> None:
        window = runtime.add_processor(Window, record=record)
        runtime.connect(source, window)
        record.wait_for(10)
        assert runtime.update_config(window, gain=1) == "applied live"
        record.wait_for(10)
        assert runtime.update_config(window, size=1) == "restarted"
        record.wait_for(10)
        runtime.restart(window)
        record.wait_for(10)
        runtime.remove(window)

    meanwhile(runtime, script)
    assert record.threads == {MAIN}
    assert record.is_gapless()
    assert [record.count(what) for what in ("setup", "config_changed", "flush", "teardown")] == [3, 1, 3, 3]


@pytest.mark.promise("graph.component.main-thread-marker")
def test_it_carries_its_marker_and_no_thread_while_it_runs(runtime: StreamRuntime) -> None:
    window = runtime.add_processor(Window, record=Record())
    beside = runtime.add_processor(Pass)
    runtime.start()
    assert window.components[MainThreadMarker] is not None
    assert ThreadHandle not in window.components
    assert runtime.graph.query(MainThreadMarker) == [window.id]
    assert ThreadHandle in beside.components
    runtime.stop()
    assert runtime.graph.query(MainThreadMarker) == []


def test_a_reactive_processor_is_refused_there_with_what_is_legal(runtime: StreamRuntime) -> None:
    runtime.add_processor(Pass, id="main_pass")
    with pytest.raises(StrategyError, match=r"main_pass is reactive and cannot run as main_thread.*work_stealing_pool"):
        runtime.start()


def test_what_a_source_there_writes_waits_for_room_and_nothing_is_lost(runtime: StreamRuntime) -> None:
    record = Record()
    source = runtime.add_processor(Numbers, id="main_source", count=500)
    runtime.connect(source, runtime.add_processor(Collect, record=record), capacity=2)
    runtime.start()
    assert runtime.wait(SECONDS)
    assert record.numbers == list(range(500))


# ---------------------------------------------------------------------------------------------------- who pumps


def numbered(runtime: StreamRuntime, count: int) -> Record:
    """A source of so many numbers, and a window that shows them."""
    record = Record()
    runtime.connect(runtime.add_processor(Numbers, count=count), runtime.add_processor(Window, record=record))
    return record


@pytest.mark.promise("execution.main-thread")
def test_wait_serves_them_to_the_end(runtime: StreamRuntime) -> None:
    record = numbered(runtime, 50)
    runtime.start()
    assert runtime.wait(SECONDS)
    assert record.numbers == list(range(50))
    assert record.calls[-2:] == ["flush", "teardown"]
    assert record.threads == {MAIN}


@pytest.mark.promise("execution.main-thread")
def test_wait_for_signal_serves_them_and_stops(runtime: StreamRuntime) -> None:
    record = numbered(runtime, 50)
    runtime.start()
    runtime.wait_for_signal()
    assert record.numbers == list(range(50))
    assert record.threads == {MAIN}
    assert str(runtime.state) == "idle"


@pytest.mark.promise("execution.main-thread")
def test_stop_has_them_process_what_waits(runtime: StreamRuntime) -> None:
    record = Record()
    hand = runtime.add_processor(Hand, each=5)
    runtime.connect(hand, runtime.add_processor(Window, record=record))
    runtime.start()
    runtime.step(hand)
    assert record.numbers == []
    runtime.stop()
    assert record.numbers == [0, 1, 2, 3, 4]
    assert record.calls[-2:] == ["flush", "teardown"]
    assert record.threads == {MAIN}


@pytest.mark.promise("execution.main-thread")
def test_finished_serves_them_beside_the_others_on_the_event_loop(runtime: StreamRuntime) -> None:
    record, beside = numbered(runtime, 50), [0]

    async def count() -> None:
        while True:
            beside[0] += 1
            await asyncio.sleep(0)

    async def program() -> None:
        runtime.start()
        counting = asyncio.create_task(count())
        await runtime.finished()
        counting.cancel()

    asyncio.run(program())
    assert record.numbers == list(range(50))
    assert record.threads == {MAIN}
    assert beside[0] > 1


@pytest.mark.promise("execution.main-thread")
def test_leaving_async_with_serves_them_until_they_have_ended() -> None:
    record = Record()

    async def program() -> None:
        async with StreamRuntime(scheduler=OnMain()) as runtime:
            hand = runtime.add_processor(Hand, each=3)
            runtime.connect(hand, runtime.add_processor(Window, record=record))
            runtime.start()
            runtime.step(hand)

    asyncio.run(program())
    assert record.numbers == [0, 1, 2]
    assert record.calls[-2:] == ["flush", "teardown"]
    assert record.threads == {MAIN}


def test_a_wait_with_a_limit_comes_back_beside_one_that_is_never_done(runtime: StreamRuntime) -> None:
    runtime.add_processor(Busy)
    runtime.start()
    assert not runtime.wait(0.01)


def test_a_wait_with_a_limit_comes_back_also_where_the_clock_stands_still() -> None:
    runtime = StreamRuntime(scheduler=OnMain(), clock=ManualClock())
    runtime.connect(runtime.add_processor(Numbers), runtime.add_processor(Window, record=Record()))
    runtime.start()
    assert not runtime.wait(0.01)
    runtime.stop(drain=False)  # it would wait for the clock


@pytest.mark.promise("execution.main-thread")
def test_an_edit_that_nobody_pumps_for_is_refused_with_what_to_do(runtime: StreamRuntime) -> None:
    runtime._site.answer_s = 0.01
    runtime.start()
    raised: list[BaseException] = []

    def edit() -> None:
        try:
            runtime.add_processor(Window, record=Record())
        except CommitError as error:
            raised.append(error)

    thread = threading.Thread(target=edit)
    thread.start()
    thread.join(SECONDS)  # and not in runtime.wait()
    (refused,) = raised
    assert isinstance(refused.__cause__, DeadlineError)
    assert "window_0" in str(refused)
    assert "the main thread, which has to be in runtime.wait(), wait_for_signal(), stop() or finished()" in str(refused)
    assert runtime.graph.processor_ids() == []


def test_while_the_main_thread_waits_for_another_edit_it_serves_that_edit(runtime: StreamRuntime) -> None:
    """The other edit holds the turn and needs the main thread, which waits for the turn."""
    record, setting_up = Record(), threading.Event()
    runtime.start()

    class Slow(Pass):
        def setup(self, ctx: RuntimeContext) -> None:
            setting_up.set()
            assert main_waits.wait(SECONDS)

    main_waits = threading.Event()

    def edit() -> None:
        with runtime.edit() as edit:
            edit.add_processor(Slow)
            edit.add_processor(Window, record=record)

    thread = threading.Thread(target=edit)
    thread.start()
    assert setting_up.wait(SECONDS)
    main_waits.set()
    runtime.add_processor(Pass)
    thread.join(SECONDS)
    assert sorted(runtime.graph.processor_ids()) == ["pass_0", "slow_0", "window_0"]
    assert record.threads == {MAIN}


# --------------------------------------------------------------------------------------------------- Ctrl-C and time


@pytest.mark.promise("execution.main-thread")
@pytest.mark.parametrize("signalled", [False, True], ids=["raised", "signalled"])
def test_ctrl_c_inside_a_call_reaches_who_waits_and_the_runtime_still_stops(
    runtime: StreamRuntime, signalled: bool
) -> None:
    record = Record()
    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Interrupted, record=record, signalled=signalled))
    runtime.start()
    with pytest.raises(KeyboardInterrupt):
        runtime.wait(SECONDS)
    assert str(runtime.state) == "running"
    seen = len(record.numbers)
    runtime.stop()
    assert record.calls[-2:] == ["flush", "teardown"]
    assert record.numbers == list(range(len(record.numbers)))
    assert len(record.numbers) >= seen


def test_after_ctrl_c_the_same_processors_go_on_in_the_next_wait(runtime: StreamRuntime) -> None:
    record = Record()
    source = runtime.add_processor(Numbers, count=50)
    runtime.connect(source, runtime.add_processor(Interrupted, record=record))
    runtime.start()
    with pytest.raises(KeyboardInterrupt):
        runtime.wait(SECONDS)
    assert runtime.wait(SECONDS)
    assert record.numbers == list(range(50))


@pytest.mark.promise("execution.main-thread")
@pytest.mark.parametrize("asynchronous", [False, True], ids=["wait", "finished"])
def test_its_interval_is_held_by_the_clock_of_the_runtime(asynchronous: bool) -> None:
    clock, record = ManualClock(), Record()
    runtime = StreamRuntime(scheduler=OnMain(), clock=clock)
    runtime.connect(runtime.add_processor(Numbers), runtime.add_processor(Window, record=record))
    runtime.start()
    ticks: list[int] = []

    def script() -> None:
        record.wait_until(lambda: record.count("process") >= 1)
        for _ in range(3):
            clock.wait_for_sleepers(2)  # the alarm, and the source, whose link is full
            ticks.append(record.count("process"))
            clock.advance(NS_PER_MS)
            record.wait_until(lambda: record.count("process") > ticks[-1])
        clock.wait_for_sleepers(2)
        ticks.append(record.count("process"))
        runtime.stop(drain=False)

    thread = threading.Thread(target=script)
    thread.start()
    if asynchronous:
        asyncio.run(runtime.finished())
    else:
        assert runtime.wait(SECONDS)
    runtime.stop(drain=False)
    thread.join(SECONDS)
    assert ticks == [1, 2, 3, 4]


def test_paused_it_is_not_called_and_resumed_it_goes_on_without_a_gap(runtime: StreamRuntime) -> None:
    record = Record()
    runtime.connect(runtime.add_processor(Numbers), runtime.add_processor(Window, record=record))
    runtime.start()

    def script() -> None:
        record.wait_for(10)
        runtime.pause()
        seen = record.count("process")
        for loop in runtime._site.running_loops():
            loop.apply(lambda: None, SECONDS)
        assert record.count("process") == seen
        runtime.resume()
        record.wait_for(10)

    meanwhile(runtime, script)
    assert record.is_gapless()


@pytest.mark.parametrize("verb", ["pause", "resume", "restart", "remove", "pause all", "stop"])
def test_a_change_that_nobody_pumps_for_says_where_the_main_thread_has_to_be(runtime: StreamRuntime, verb: str) -> None:
    window = runtime.add_processor(Window, record=Record())
    runtime.start()
    runtime._site.answer_s = 0.01
    calls: dict[str, Callable[[], None]] = {
        "pause": lambda: runtime.pause(window),
        "resume": lambda: runtime.resume(window),
        "restart": lambda: runtime.restart(window),
        "remove": lambda: runtime.remove(window, timeout=0.01),
        "pause all": runtime.pause,
        "stop": lambda: runtime.stop(timeout=0.01),
    }
    raised: list[BaseException] = []

    def change() -> None:
        try:
            calls[verb]()
        except (CommitError, DeadlineError) as error:
            raised.append(error)

    thread = threading.Thread(target=change)
    thread.start()
    thread.join(SECONDS)  # and not in runtime.wait()
    (late,) = raised
    assert f"{window.id} (it runs on the main thread, which has to be in runtime.wait()" in str(late)


def test_one_that_is_stuck_in_a_call_is_not_excused_by_the_main_thread(runtime: StreamRuntime) -> None:
    """The main thread is where it has to be."""
    said: list[str] = []

    class Stuck(Busy):
        """Asks in its call for a change of itself that cannot be made before it is over."""

        def process(self, ctx: ProcessContext) -> None:
            def pause() -> None:
                try:
                    runtime.pause(stuck)
                except DeadlineError as error:
                    said.append(str(error))

            thread = threading.Thread(target=pause)
            thread.start()
            thread.join(SECONDS)
            ctx.end()

    runtime._site.answer_s = 0.01
    stuck = runtime.add_processor(Stuck)
    runtime.start()
    assert runtime.wait(SECONDS)
    assert len(said) == 1
    assert "main thread" not in said[0]
