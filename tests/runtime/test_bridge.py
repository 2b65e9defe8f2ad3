"""Frames from and to plain code: bounded, in order, ended and closed, in threads and under asyncio."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from streamlib import DataFrame, PullSink, PushSource, SchedulingStrategy, StreamRuntime, VideoFrame
from streamlib.errors import ConnectError, DeadlineError, StateError
from streamlib.runtime.bridge import FORGOTTEN_NS
from streamlib.testing import ManualClock
from tests.scenarios.stage import SECONDS, STRATEGIES, Collect, Numbers, Pass, Record


@pytest.fixture(params=sorted(STRATEGIES))
def runtime(request: pytest.FixtureRequest) -> Iterator[StreamRuntime]:
    with StreamRuntime(scheduler=STRATEGIES[request.param]()) as made:
        yield made
        made.stop(drain=False)


def data(n: int) -> DataFrame:
    return DataFrame({"n": n})


def numbers(frames: Any) -> list[int]:
    return [frame.data["n"] for frame in frames]


@pytest.mark.promise("runtime.push-source")
def test_what_is_pushed_arrives_in_order_and_ends(runtime: StreamRuntime) -> None:
    record = Record()
    source = runtime.add_processor(PushSource, type=DataFrame)
    runtime.connect(source, runtime.add_processor(Collect, record=record))
    runtime.start()
    for n in range(500):
        source.push(data(n))
    source.end()
    assert runtime.wait(SECONDS)
    assert record.numbers == list(range(500))
    assert record.calls == ["setup", "flush", "teardown"]
    with pytest.raises(StateError, match="has ended"):
        source.push(data(0))


def test_a_source_that_does_not_run_takes_nothing(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(PushSource, type=DataFrame)
    with pytest.raises(StateError, match="start the runtime before you push"):
        source.push(data(0))
    runtime.start()
    with pytest.raises(TypeError, match="sends DataFrame, not int"):
        source.push(7)
    source.push(data(0))
    runtime.stop()
    with pytest.raises(StateError, match="does not run"):
        source.push(data(0))


def test_its_output_carries_what_its_config_says(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(PushSource, type=VideoFrame)
    with pytest.raises(ConnectError, match="carries VideoFrame"):
        runtime.connect(source, runtime.add_processor(Pass))


def test_a_push_waits_for_room_and_gives_up_in_time(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(PushSource, type=DataFrame, capacity=2)
    sink = runtime.add_processor(PullSink, type=DataFrame, capacity=1)
    runtime.connect(source, sink, capacity=1)
    runtime.start()
    pushed = 0
    with pytest.raises(DeadlineError, match="room in the source"):
        for pushed in range(100):
            source.push(data(pushed), timeout=0.05)
    assert 2 <= pushed <= 8
    assert numbers(sink.pull(timeout=SECONDS) for _ in range(pushed)) == list(range(pushed))


def test_who_pushes_is_told_when_the_source_is_removed(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(PushSource, type=DataFrame, capacity=1)
    sink = runtime.add_processor(PullSink, type=DataFrame, capacity=1)
    runtime.connect(source, sink, capacity=1)
    runtime.start()
    outcome: list[BaseException] = []
    begun = threading.Event()

    def push() -> None:
        begun.set()
        try:
            for n in range(100):
                source.push(data(n), timeout=SECONDS)
        except StateError as error:
            outcome.append(error)

    thread = threading.Thread(target=push)
    thread.start()
    assert begun.wait(SECONDS)
    runtime.remove(source, drain=False)
    thread.join(SECONDS)
    assert len(outcome) == 1


def test_what_was_pushed_before_a_stop_is_sent(runtime: StreamRuntime) -> None:
    record = Record()
    source = runtime.add_processor(PushSource, type=DataFrame, capacity=50)
    runtime.connect(source, runtime.add_processor(Collect, record=record))
    runtime.start()
    runtime.pause(source)
    for n in range(50):
        source.push(data(n))
    runtime.stop()
    assert record.numbers == list(range(50))


def test_what_was_pushed_before_a_restart_is_sent(runtime: StreamRuntime) -> None:
    record = Record()
    source = runtime.add_processor(PushSource, type=DataFrame, capacity=50)
    runtime.connect(source, runtime.add_processor(Collect, record=record))
    runtime.start()
    for n in range(50):
        source.push(data(n))
    assert runtime.update_config(source, capacity=4) == "restarted"
    for n in range(50, 100):
        source.push(data(n))
    source.end()
    assert runtime.wait(SECONDS)
    assert record.numbers == list(range(100))


@pytest.mark.promise("runtime.pull-sink")
def test_a_sink_gives_all_frames_and_then_none(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(Numbers, count=100)
    sink = runtime.add_processor(PullSink, type=DataFrame, capacity=3)
    runtime.connect(source, sink)
    with pytest.raises(StateError, match="start the runtime before you take frames"):
        sink.pull()
    runtime.start()
    assert numbers(sink.frames()) == list(range(100))
    assert sink.pull(timeout=SECONDS) is None
    assert runtime.wait(SECONDS)


def test_a_pull_gives_up_in_time(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(PushSource, type=DataFrame)
    sink = runtime.add_processor(PullSink, type=DataFrame)
    runtime.connect(source, sink)
    runtime.start()
    with pytest.raises(DeadlineError, match="a frame"):
        sink.pull(timeout=0.01)
    source.push(data(4))
    assert sink.pull(timeout=SECONDS).data["n"] == 4


def test_what_waits_in_a_sink_can_be_taken_after_the_stop(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(Numbers, count=5)
    sink = runtime.add_processor(PullSink, type=DataFrame, capacity=8)
    runtime.connect(source, sink)
    runtime.start()
    assert sink.pull(timeout=SECONDS).data["n"] == 0
    assert runtime.wait(SECONDS)
    runtime.stop()
    assert numbers(sink.frames()) == [1, 2, 3, 4]


@pytest.mark.parametrize("strategy", sorted(STRATEGIES))
def test_frames_that_nobody_asks_for_are_told_of_once(strategy: str) -> None:
    clock, told = ManualClock(), Told()
    logger = logging.getLogger("streamlib.processor")
    logger.addHandler(told)
    try:
        with StreamRuntime(scheduler=STRATEGIES[strategy](), clock=clock) as runtime:
            source = runtime.add_processor(Numbers)
            asked = runtime.add_processor(PullSink, type=DataFrame, capacity=2)
            runtime.connect(source, asked)
            forgotten = source.output("out").frames(capacity=3)
            runtime.start()
            assert asked.pull(timeout=SECONDS).data["n"] == 0
            assert told.comes(lambda: clock.advance(FORGOTTEN_NS))
            for _ in range(5):
                clock.advance(FORGOTTEN_NS)
            forgotten.close()
            assert asked.pull(timeout=SECONDS).data["n"] == 1
            runtime.stop(drain=False)
    finally:
        logger.removeHandler(told)
    (line,) = told.lines
    assert line.startswith("pull_sink_1: 3 frames wait and nobody has asked for any")


def test_a_stop_that_waits_for_frames_to_be_taken_says_so() -> None:
    with StreamRuntime() as runtime:
        source = runtime.add_processor(Numbers)
        main = Record()
        runtime.connect(source, runtime.add_processor(Collect, record=main))
        stream = source.output("out").frames(capacity=2)
        runtime._site.answer_s = 0.2
        runtime.start()
        main.wait_until(lambda: len(main.numbers) >= 2)
        words = (
            r"pull_sink_0 \(its frames wait for plain code to take them; iterate over them, or close\(\) the stream\)"
        )
        with pytest.raises(DeadlineError, match=words):
            runtime.stop(timeout=0.2)
        stream.close()


class Told(logging.Handler):
    """What is logged, and a way to wait for it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self._came = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self._came.set()

    def comes(self, act: Callable[[], None]) -> bool:
        """Whether something is logged, while something is done again and again."""
        for _ in range(int(SECONDS * 100)):
            act()
            if self._came.wait(0.01):
                return True
        return False


@pytest.mark.promise("runtime.pull-sink", "link.back-pressure-ready")
def test_an_output_is_read_while_it_runs_and_its_sink_goes_with_the_loop(runtime: StreamRuntime) -> None:
    """pipecat-ai/pipecat#3116: a producer without a consumer leaked gigabytes a minute; here it is held back."""
    main = Record()
    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    runtime.start()
    main.wait_for(5)
    seen = []
    for frame in source.output("out").frames():
        seen.append(frame.data["n"])
        if len(seen) == 100:
            break
    assert seen == list(range(seen[0], seen[0] + 100))
    main.wait_for(5)
    runtime.stop()
    assert [id_ for id_ in runtime.graph.processor_ids() if "pull" in id_] == []
    assert main.is_gapless(), main.gaps()


def test_a_stream_can_be_had_before_the_start_and_closed_by_with(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(Numbers, count=20)
    stream = source.output("out").frames(capacity=2)
    runtime.start()
    with stream:
        assert numbers(stream) == list(range(20))
    stream.close()
    assert runtime.graph.processor_ids() == ["numbers_0"]


def test_a_stream_of_the_latest_holds_nobody_back(runtime: StreamRuntime) -> None:
    main = Record()
    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    runtime.start()
    with source.output("out").frames(capacity=1, delivery="latest") as stream:
        main.wait_for(200)
        frames = iter(stream)
        first = next(frames).data["n"]
        main.wait_for(50)
        assert next(frames).data["n"] > first
    runtime.stop()
    assert main.is_gapless()


def test_a_stream_is_closed_also_where_edits_are_collected() -> None:
    with StreamRuntime(commit_mode="manual") as runtime:
        source = runtime.add_processor(Numbers, count=3)
        runtime.commit()
        stream = source.output("out").frames()
        runtime.start()
        assert numbers(stream) == [0, 1, 2]
        assert runtime.graph.processor_ids() == ["numbers_0"]


def test_a_stop_ends_the_iteration_of_another_thread(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(Numbers)
    sink = runtime.add_processor(PullSink, type=DataFrame)
    runtime.connect(source, sink)
    runtime.start()
    seen: list[int] = []
    begun = threading.Event()

    def read() -> None:
        for frame in sink.frames():
            seen.append(frame.data["n"])
            begun.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert begun.wait(SECONDS)
    runtime.stop()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert seen == list(range(len(seen)))


@pytest.mark.promise("runtime.pull-async")
def test_frames_are_read_and_pushed_under_asyncio(runtime: StreamRuntime) -> None:
    async def main() -> list[int]:
        source = runtime.add_processor(PushSource, type=DataFrame)
        filter_ = runtime.add_processor(Pass)
        runtime.connect(source, filter_)
        stream = filter_.output("out").frames(capacity=2)
        runtime.start()

        async def push() -> None:
            for n in range(50):
                await source.push_async(data(n))
            source.end()

        pushing = asyncio.create_task(push())
        seen = [frame.data["n"] async for frame in stream]
        await pushing
        return seen

    assert asyncio.run(asyncio.wait_for(main(), SECONDS)) == list(range(50))
    assert "pull_sink_0" not in runtime.graph


def test_a_sink_is_iterated_twice_in_turn(runtime: StreamRuntime) -> None:
    async def main(sink: Any) -> list[int]:
        return [frame.data["n"] async for frame in sink.frames()]

    source = runtime.add_processor(Numbers, count=20)
    sink = runtime.add_processor(PullSink, type=DataFrame, capacity=4)
    runtime.connect(source, sink)
    runtime.start()
    some = sink.frames()
    first = [frame.data["n"] for frame, _ in zip(some, range(5), strict=False)]
    assert first == list(range(5))
    assert asyncio.run(asyncio.wait_for(main(sink), SECONDS)) == list(range(6, 20))  # zip has taken one more


def test_a_strategy_is_what_it_says() -> None:
    assert str(SchedulingStrategy.lightweight()) == "lightweight"


def test_who_gives_up_waiting_under_asyncio_disturbs_nobody_who_comes_later(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(PushSource, type=DataFrame)
    sink: Any = runtime.add_processor(PullSink, type=DataFrame)
    runtime.connect(source, sink)
    runtime.start()

    async def gives_up() -> None:
        waiting = asyncio.create_task(sink.pull_async())
        await asyncio.sleep(0)  # it has begun to wait
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    for _ in range(3):
        asyncio.run(gives_up())  # each with a loop of its own, which is closed when the frame comes
    source.push(data(7))
    source.end()
    assert numbers(sink.frames()) == [7]
    assert runtime.wait(SECONDS)
    assert sink.metrics is None or sink.metrics.errors == 0


def test_an_iteration_goes_on_over_restarts_of_its_sink(runtime: StreamRuntime) -> None:
    """A restart was taken for the end of the stream, and what waited in the sink was lost."""
    source = runtime.add_processor(PushSource, type=DataFrame)
    sink = runtime.add_processor(PullSink, type=DataFrame, capacity=4)
    runtime.connect(source, sink)
    runtime.start()
    source.push(data(0))
    seen: list[int] = []
    thread = threading.Thread(target=lambda: seen.extend(numbers(sink.frames())))
    thread.start()
    for n in range(1, 60, 3):
        runtime.restart(sink)
        source.push(data(n))
        assert runtime.update_config(sink, capacity=4 + n % 2) in {"restarted", "unchanged"}
        source.push(data(n + 1))
        source.push(data(n + 2))
    source.end()
    thread.join(SECONDS)
    assert seen == list(range(61))


def test_who_pushes_notices_nothing_of_restarts_of_the_source(runtime: StreamRuntime) -> None:
    """`push` said in the middle of a restart that the source had ended, and the frame was lost."""
    record = Record()
    source = runtime.add_processor(PushSource, type=DataFrame, capacity=2)
    runtime.connect(source, runtime.add_processor(Collect, record=record))
    runtime.start()
    errors: list[BaseException] = []

    def push() -> None:
        try:
            for n in range(300):
                source.push(data(n))
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=push)
    thread.start()
    while thread.is_alive():
        runtime.restart(source)
    source.end()
    assert runtime.wait(SECONDS)
    assert errors == []
    assert record.numbers == list(range(300))


def test_an_end_said_before_a_restart_counts_and_a_restart_behind_it_begins_anew(
    runtime: StreamRuntime,
) -> None:
    record = Record()
    source = runtime.add_processor(PushSource, type=DataFrame)
    runtime.connect(source, runtime.add_processor(Collect, record=record))
    runtime.start()
    runtime.pause(source)
    source.push(data(0))
    source.end()
    runtime.restart(source)
    with pytest.raises(StateError, match="has ended"):
        source.push(data(9))
    runtime.resume(source)
    assert runtime.wait(SECONDS)
    runtime.restart(source)
    source.push(data(1))
    source.end()
    assert runtime.wait(SECONDS)
    assert record.numbers[0] == 0


def test_a_stream_that_is_dropped_without_being_read_holds_nobody_back(
    runtime: StreamRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    main = Record()
    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    runtime.start()
    stream = source.output("out").frames(capacity=1)
    del stream
    gc.collect()
    main.wait_for(200)
    runtime.stop()
    assert runtime.graph.processor_ids() == ["numbers_0", "collect_0"]
    assert main.is_gapless(), main.gaps()
    (told,) = [one for one in caplog.records if "the frames of numbers_0.out were never iterated over" in one.message]
    assert (vars(told)["processor_id"], vars(told)["processor_type"]) == ("numbers_0", "Numbers")


def test_a_stream_that_was_read_for_a_while_is_dropped_without_a_word(
    runtime: StreamRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    source = runtime.add_processor(Numbers)
    runtime.start()
    assert next(iter(source.output("out").frames())).data["n"] >= 0
    gc.collect()
    runtime.stop()
    assert runtime.graph.processor_ids() == ["numbers_0"]
    assert caplog.text == ""


def test_a_stream_that_is_closed_is_over(runtime: StreamRuntime) -> None:
    source = runtime.add_processor(Numbers)
    runtime.start()
    stream = source.output("out").frames()
    frames = iter(stream)
    assert numbers([next(frames)])
    stream.close()
    assert list(frames) == []
    assert list(stream) == []
    stream.close()
    never_run = StreamRuntime()
    stream = never_run.add_processor(Numbers).output("out").frames()
    stream.close()
    assert list(stream) == []
