"""Processors with an `async def process`: called on the runtime's event loop, one call at a time."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from streamlib import DataFrame, LinkInput, LinkOutput, ProcessContext, ProcessExecution, Processor, ProcessorConfig
from streamlib.errors import DeclarationError, ProcessorFailed
from streamlib.events import Event, ProcessorError
from streamlib.graph.components import EventLoopMarker
from tests.scenarios.conftest import Make
from tests.scenarios.stage import SECONDS, Collect, Numbers, Record


class Slowly(Processor):
    """Passes frames on with awaits in between; notes its thread, and fails while another of its calls is inside."""

    class Config(ProcessorConfig):
        record: Any
        at: int = -1
        until: Any = None

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)
    inside = 0

    async def process(self, ctx: ProcessContext) -> None:
        record = self.config.record
        self.inside += 1
        assert self.inside == 1
        record.threads.add(threading.current_thread().name)
        frame = self.into.read()
        await asyncio.sleep(0)
        if frame is not None:
            if frame.data["n"] == self.config.at:
                self.inside -= 1
                raise ValueError("no luck")
            self.out.write(frame)
            await asyncio.sleep(0)
        if self.config.until is not None:
            record.called("inside")
            await self.config.until.wait()
        self.inside -= 1

    def teardown(self) -> None:
        self.config.record.called("teardown")


@pytest.mark.promise("execution.async-process")
def test_frames_pass_in_order_on_the_event_loop_and_the_end_comes_behind_them(make: Make) -> None:
    runtime, records, seen = make(), [Record(), Record()], Record()
    source = runtime.add_processor(Numbers, count=300)
    first, second = (runtime.add_processor(Slowly, record=record) for record in records)
    runtime.connect(source, first)
    runtime.connect(first, second)
    runtime.connect(second, runtime.add_processor(Collect, record=seen))
    runtime.start()
    assert first.components.get(EventLoopMarker) is not None
    assert runtime.wait(SECONDS)
    assert seen.numbers == list(range(300))
    assert [record.threads for record in records] == [{"streamlib:asyncio"}] * 2
    metrics = first.metrics
    assert metrics is not None
    assert metrics.calls >= 300
    assert metrics.latency.samples == metrics.calls
    runtime.stop()
    assert "streamlib:asyncio" not in {thread.name for thread in threading.enumerate()}


def test_a_call_that_waits_holds_up_nobody_but_those_who_wait_for_it(make: Make) -> None:
    runtime, waits, other = make(), Record(), Record()
    source, free = runtime.add_processor(Numbers), runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Slowly, record=waits, until=asyncio.Event()))
    passing = runtime.add_processor(Slowly, record=Record())
    runtime.connect(free, passing)
    runtime.connect(passing, runtime.add_processor(Collect, record=other))
    runtime.start()
    waits.wait_for_call("inside")
    other.wait_for(50)
    runtime.stop(drain=False)
    assert waits.calls == ["inside", "teardown"]


def test_an_exception_is_handled_by_the_policy(make: Make) -> None:
    runtime, record, seen = make(), Record(), Record()
    source = runtime.add_processor(Numbers, count=50)
    slowly = runtime.add_processor(Slowly, record=record, at=20)
    runtime.connect(source, slowly)
    runtime.connect(slowly, runtime.add_processor(Collect, record=seen))
    runtime.start()
    assert runtime.wait(SECONDS)
    assert seen.numbers == [n for n in range(50) if n != 20]
    assert slowly.metrics is not None
    assert slowly.metrics.errors == 1


def test_under_fail_it_ends_and_wait_reports_it(make: Make) -> None:
    runtime, record = make(), Record()
    source = runtime.add_processor(Numbers, count=50)
    slowly = runtime.add_processor(Slowly, record=record, at=20, on_error="fail")
    runtime.connect(source, slowly)
    runtime.start()
    with pytest.raises(ProcessorFailed, match="no luck"):
        runtime.wait(SECONDS)
    assert record.calls == ["teardown"]


def test_a_live_edit_beside_it_loses_nothing(make: Make) -> None:
    runtime, main, branch = make(), Record(), Record()
    source = runtime.add_processor(Numbers)
    slowly = runtime.add_processor(Slowly, record=Record())
    runtime.connect(source, slowly)
    runtime.connect(slowly, runtime.add_processor(Collect, record=main))
    runtime.start()
    main.wait_for(20)
    with runtime.edit() as edit:
        second = edit.add_processor(Slowly, record=Record())
        edit.connect(slowly, second)
        edit.connect(second, edit.add_processor(Collect, record=branch))
    branch.wait_for(20)
    runtime.remove(second)
    runtime.restart(slowly)
    main.wait_for(20)
    runtime.stop()
    assert main.is_gapless()
    assert branch.is_gapless()


class Ticks(Processor):
    """A source that is called at its interval, as a coroutine."""

    execution = ProcessExecution.continuous(interval_ms=1)
    out = LinkOutput(DataFrame)
    n = 0

    async def process(self, ctx: ProcessContext) -> None:
        await asyncio.sleep(0)
        self.out.write(DataFrame({"n": self.n}))
        self.n += 1


def test_a_continuous_one_is_called_at_its_interval(make: Make) -> None:
    runtime, seen = make(), Record()
    runtime.connect(runtime.add_processor(Ticks), runtime.add_processor(Collect, record=seen))
    runtime.start()
    seen.wait_for(20)
    runtime.stop()
    assert seen.is_gapless()


def test_a_manual_one_is_refused() -> None:
    with pytest.raises(DeclarationError, match="is manual and is called by step"):

        class Manual(Processor):
            execution = ProcessExecution.manual()
            out = LinkOutput(DataFrame)

            async def process(self, ctx: ProcessContext) -> None: ...


class Leaving(Slowly):
    """Leaves by an exit, or does something else that it had better not, at one frame."""

    class Config(ProcessorConfig):
        record: Any
        does: Any
        at: int = -1
        until: Any = None

    async def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None and frame.data["n"] == 3:
            await self.config.does()


async def exit_() -> None:
    raise SystemExit(1)


async def interrupt() -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("does", [exit_, interrupt])
def test_an_exit_ends_the_processor_that_raised_it_and_no_other_on_the_event_loop(make: Make, does: Any) -> None:
    runtime, record, seen = make(), Record(), Record()
    leaving = runtime.add_processor(Leaving, record=record, does=does, on_error="skip")
    runtime.connect(runtime.add_processor(Numbers, count=20), leaving)
    passing = runtime.add_processor(Slowly, record=Record())
    runtime.connect(runtime.add_processor(Numbers, count=50), passing)
    runtime.connect(passing, runtime.add_processor(Collect, record=seen))
    runtime.start()
    with pytest.raises(ProcessorFailed, match="leaving_0: ExitRaisedError"):
        runtime.wait(SECONDS)
    assert seen.numbers == list(range(50))
    assert record.calls == ["teardown"]


async def stop_the_event_loop() -> None:
    asyncio.get_running_loop().stop()


async def leave_behind_an_exit() -> None:
    asyncio.get_running_loop().create_task(exit_())
    await asyncio.sleep(0)


@pytest.mark.parametrize("does", [stop_the_event_loop, leave_behind_an_exit])
def test_what_else_would_end_the_event_loop_does_not(make: Make, does: Any) -> None:
    runtime, seen = make(), Record()
    leaving = runtime.add_processor(Leaving, record=Record(), does=does)
    runtime.connect(runtime.add_processor(Numbers, count=20), leaving)
    passing = runtime.add_processor(Slowly, record=Record())
    runtime.connect(runtime.add_processor(Numbers, count=50), passing)
    runtime.connect(passing, runtime.add_processor(Collect, record=seen))
    runtime.start()
    assert runtime.wait(SECONDS)
    assert seen.numbers == list(range(50))
    assert leaving.metrics is not None
    assert leaving.metrics.errors == 0


@pytest.mark.parametrize("raised", [SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()])
def test_a_subscriber_that_raises_in_a_call_ends_nobody(make: Make, raised: BaseException) -> None:
    def subscriber(event: Event) -> None:
        if isinstance(event, ProcessorError):
            raise raised

    runtime, record, seen = make(), Record(), Record()
    slowly = runtime.add_processor(Slowly, record=record, at=20)
    runtime.connect(runtime.add_processor(Numbers, count=50), slowly)
    runtime.connect(slowly, runtime.add_processor(Collect, record=seen))
    runtime.events.subscribe(f"processor:{slowly.id}", subscriber)
    runtime.start()
    assert runtime.wait(SECONDS)
    assert seen.numbers == [n for n in range(50) if n != 20]


class Waking(Processor):
    """Asks for the next call at a time that is none."""

    into = LinkInput(DataFrame)

    async def process(self, ctx: ProcessContext) -> None:
        self.into.read()
        ctx.wake_at("soon")  # type: ignore[arg-type]


def test_a_time_that_is_no_number_is_an_error_of_the_call(make: Make) -> None:
    runtime = make()
    runtime.connect(runtime.add_processor(Numbers, count=5), runtime.add_processor(Waking, on_error="fail"))
    runtime.start()
    with pytest.raises(ProcessorFailed, match="give a time in nanoseconds"):
        runtime.wait(SECONDS)


class NoCoroutine(Processor):
    """Has an instance that does not do what its class says."""

    into = LinkInput(DataFrame)

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        vars(self)["process"] = lambda ctx: self.into.read()

    async def process(self, ctx: ProcessContext) -> None:
        raise AssertionError("not called")


def test_a_process_that_gives_no_coroutine_is_an_error_of_the_call(make: Make) -> None:
    runtime = make()
    runtime.connect(runtime.add_processor(Numbers, count=5), runtime.add_processor(NoCoroutine, on_error="fail"))
    runtime.start()
    with pytest.raises(ProcessorFailed, match="await"):
        runtime.wait(SECONDS)
