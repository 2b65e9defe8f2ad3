"""A runtime in an asyncio program: what is awaited needs no thread, and can be given up at any time."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from streamlib import DataFrame, PullSink, PushSource, StreamRuntime
from streamlib.errors import DeadlineError, StateError
from tests.scenarios.conftest import Make
from tests.scenarios.stage import SECONDS, Collect, Line, Record, Stuck


def data(n: int) -> DataFrame:
    return DataFrame({"n": n})


def numbers(frames: Any) -> list[int]:
    return [frame.data["n"] for frame in frames]


def play(main: Any) -> Any:
    """Run it in an event loop whose own executor is full, as a program's may be."""
    full = threading.Event()

    async def bounded() -> Any:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        taken = loop.run_in_executor(None, full.wait, SECONDS)
        try:
            return await asyncio.wait_for(main, SECONDS)
        finally:
            full.set()
            await taken

    return asyncio.run(bounded())


def test_waiting_for_the_end_is_given_up_at_once(runtime: StreamRuntime) -> None:
    """It was a thread that waited, which asyncio.run then waited for without end; Ctrl-C did not help."""
    Line(runtime).run()

    async def main() -> None:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(runtime.finished(), 0.01)
        waiting = asyncio.create_task(runtime.finished())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert waiting.cancelled()

    play(main())


def test_any_number_may_wait_for_the_end_and_frames_get_through(make: Make) -> None:
    async def main() -> None:
        runtimes = [make() for _ in range(4)]
        sources = [runtime.add_processor(PushSource, type=DataFrame) for runtime in runtimes]
        records = [Record() for _ in runtimes]
        for runtime, source, record in zip(runtimes, sources, records, strict=True):
            runtime.connect(source, runtime.add_processor(Collect, record=record))
            runtime.start()
        waiting = [asyncio.create_task(runtime.finished()) for runtime in (*runtimes, *runtimes)]
        await asyncio.sleep(0)
        for source in sources:
            for n in range(50):
                await source.push_async(data(n))
            source.end()
        await asyncio.gather(*waiting)
        assert [record.numbers for record in records] == [list(range(50))] * 4

    play(main())


def test_the_end_is_awaited_on_another_thread_too_while_the_main_one_waits(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(PushSource, type=DataFrame)
    runtime.connect(source, runtime.add_processor(Collect, record=Record()))
    runtime.start()
    thread = threading.Thread(target=lambda: asyncio.run(asyncio.wait_for(runtime.finished(), SECONDS)))
    thread.start()
    source.end()
    assert runtime.wait(SECONDS)
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_the_end_cannot_be_awaited_before_the_start(runtime: StreamRuntime) -> None:
    with pytest.raises(StateError, match="has not been started"):
        play(runtime.finished())


def test_two_who_take_from_one_sink_share_its_frames(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(PushSource, type=DataFrame)
    sink = runtime.add_processor(PullSink, type=DataFrame)
    runtime.connect(source, sink)
    runtime.start()

    async def main() -> list[int]:
        takers = [asyncio.create_task(sink.pull_async()) for _ in range(2)]
        await asyncio.sleep(0)
        await source.push_async(data(1))
        await asyncio.wait(takers, return_when=asyncio.FIRST_COMPLETED)
        await source.push_async(data(2))
        return sorted(numbers(await asyncio.gather(*takers)))

    assert play(main()) == [1, 2]


def test_a_push_gives_up_in_time_and_is_told_of_the_end(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(PushSource, type=DataFrame, capacity=1)
    sink = runtime.add_processor(PullSink, type=DataFrame, capacity=1)
    runtime.connect(source, sink, capacity=1)
    runtime.start()

    async def main() -> None:
        with pytest.raises(DeadlineError, match="room in the source"):
            for n in range(100):
                await source.push_async(data(n), timeout=0.02)
        with pytest.raises(TypeError, match="sends DataFrame, not int"):
            await source.push_async(7)
        source.end()
        with pytest.raises(StateError, match="has ended"):
            await source.push_async(data(0))

    play(main())


def test_a_stream_is_read_and_closed_beside_a_full_executor(runtime: StreamRuntime) -> None:
    line = Line(runtime, count=50)

    async def main() -> list[int]:
        async with runtime:
            stream = line.filter.output("out").frames()
            runtime.start()
            seen = [frame.data["n"] async for frame in stream]
            assert [frame async for frame in stream] == []
            await runtime.finished()
        return seen

    assert play(main()) == list(range(50))
    assert runtime.state == "idle"
    assert "pull_sink_0" not in runtime.graph


def test_a_stop_that_is_given_up_cuts_off_who_it_waits_for(runtime: StreamRuntime, release: threading.Event) -> None:
    record = Record()
    source = runtime.add_processor(PushSource, type=DataFrame)
    stuck = runtime.add_processor(Stuck, record=record, release=release)
    runtime.connect(source, stuck)
    began = asyncio.Event()

    async def main() -> None:
        async with runtime:
            runtime.start()
            source.push(data(0))
            record.wait_for_call("stuck")
            began.set()

    async def gives_up() -> None:
        task = asyncio.create_task(main())
        await began.wait()
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(0)
        release.set()
        with pytest.raises(asyncio.CancelledError):
            await task

    play(gives_up())
    assert runtime.state == "idle"
    assert record.count("teardown") == 1
