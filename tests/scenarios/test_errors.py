"""Exceptions of user code, everywhere it is called: counted, told, and the rest of the graph goes on."""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import threading
from typing import Any

import pytest

from streamlib import (
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    RuntimeContext,
    SchedulingStrategy,
    StreamRuntime,
    VideoFrame,
)
from streamlib.errors import CommitError, ProcessorFailed
from streamlib.events import CommitFailed, DelegateFailed, ProcessorError, ProcessorStateChanged, SubscriberFailed
from streamlib.graph import ProcessorNode
from streamlib.states import ProcessorState
from tests.scenarios.conftest import Make
from tests.scenarios.stage import SECONDS, Collect, Faulty, Numbers, Record


class Stage:
    """A source that feeds a faulty branch and a sound one."""

    def __init__(self, runtime: StreamRuntime, where: str, *, at: int = -1, count: int = 200, **policy: Any) -> None:
        self.record, self.seen, self.main = Record(), Record(), Record()
        self.errors: list[ProcessorError] = []
        source = runtime.add_processor(Numbers, count=count)
        self.faulty = runtime.add_processor(Faulty, where=where, record=self.record, at=at, **policy)
        self.sink = runtime.add_processor(Collect, record=self.seen)
        runtime.connect(source, self.faulty)
        runtime.connect(self.faulty, self.sink)
        runtime.connect(source, runtime.add_processor(Collect, record=self.main))

        def note(event: Any) -> None:
            if isinstance(event, ProcessorError):
                self.errors.append(event)

        runtime.events.subscribe("processor:faulty_0", note)


@pytest.mark.promise("error.skip", "error.counted", "error.isolated")
def test_under_skip_the_frame_is_skipped_and_the_rest_goes_on(runtime: StreamRuntime) -> None:
    """nvidia-holoscan/holohub#1520: one exception ended the application."""
    stage = Stage(runtime, "process", at=70)
    runtime.start()
    assert runtime.wait(SECONDS)
    assert stage.seen.numbers == [n for n in range(200) if n != 70]
    assert stage.main.numbers == list(range(200))
    assert stage.faulty.metrics is not None
    assert stage.faulty.metrics.errors == 1
    assert [event.error for event in stage.errors] == ["ValueError: no luck in process"]
    assert stage.errors[0].frame_timestamp_ns == 0
    assert stage.faulty.state == "ended"


def test_a_processor_that_fails_on_every_frame_goes_through_all_of_them(
    runtime: StreamRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    """An error that repeats is logged once, and then counted."""
    stage = Stage(runtime, "process")
    with caplog.at_level(logging.ERROR, "streamlib.processor"):
        runtime.start()
        assert runtime.wait(SECONDS)
    assert stage.faulty.metrics is not None
    assert stage.faulty.metrics.errors == 200
    assert len(stage.errors) == 200
    runtime.stop()
    lines = [record.getMessage() for record in caplog.records]
    counts = [
        int(re.findall(r"no luck in process: (\d+) times? more in", line)[0]) for line in lines[1:] if "more in" in line
    ]
    assert sum(counts) == 199
    assert len(counts) <= 2  # one after a second, if it takes that long, and one at the end
    assert stage.main.numbers == list(range(200))
    assert stage.seen.numbers == []
    assert stage.seen.calls == ["setup", "flush", "teardown"]


@pytest.mark.promise("error.fail", "error.isolated")
def test_under_fail_the_processor_ends_and_wait_reports_it(runtime: StreamRuntime) -> None:
    stage = Stage(runtime, "process", at=70, on_error="fail")
    runtime.start()
    with pytest.raises(ProcessorFailed, match="faulty_0: ValueError: no luck in process") as failed:
        runtime.wait(SECONDS)
    assert list(failed.value.failures) == ["faulty_0"]
    assert stage.faulty.state == "failed"
    assert stage.record.calls == ["setup", "teardown"]
    assert stage.seen.numbers == list(range(70))
    assert stage.seen.calls == ["setup", "flush", "teardown"]
    assert stage.main.numbers == list(range(200))
    link = next(link for link in runtime.graph.links() if link.target.processor_id == "faulty_0")
    from streamlib.graph.components import WiredChannel

    wired = runtime.graph.get(link.id, WiredChannel)
    assert wired is not None
    statistics = wired.channel.statistics()
    assert statistics.written == 200
    assert statistics.taken + statistics.closed == 200


@pytest.mark.promise("error.stop")
def test_under_stop_the_runtime_stops(runtime: StreamRuntime) -> None:
    stage = Stage(runtime, "process", at=70, count=-1, on_error="stop")
    runtime.start()
    with pytest.raises(ProcessorFailed, match="faulty_0"):
        runtime.wait(SECONDS)
    stage.main.wait_for_call("teardown")
    runtime.stop()
    assert runtime.state == "idle"
    assert stage.main.is_gapless()
    assert stage.main.calls == ["setup", "flush", "teardown"]


@pytest.mark.promise("error.teardown")
def test_a_teardown_that_raises_is_told_and_stops_nobody_elses(runtime: StreamRuntime) -> None:
    stage = Stage(runtime, "teardown")
    runtime.start()
    with pytest.raises(ProcessorFailed, match="no luck in teardown"):
        runtime.wait(SECONDS)
    runtime.stop()
    assert stage.record.calls == ["setup", "flush", "teardown"]
    assert stage.seen.calls == ["setup", "flush", "teardown"]
    assert stage.seen.numbers == stage.main.numbers == list(range(200))
    assert [event.error for event in stage.errors] == ["ValueError: no luck in teardown"]


def test_a_flush_that_raises_is_told_and_end_of_stream_goes_on(runtime: StreamRuntime) -> None:
    stage = Stage(runtime, "flush")
    runtime.start()
    with pytest.raises(ProcessorFailed, match="no luck in flush"):
        runtime.wait(SECONDS)
    assert stage.record.calls == ["setup", "flush", "teardown"]
    assert stage.seen.calls == ["setup", "flush", "teardown"]
    assert stage.seen.numbers == list(range(200))


def test_a_setup_that_raises_fails_the_start_and_is_followed_by_teardown(runtime: StreamRuntime) -> None:
    stage = Stage(runtime, "setup")
    with pytest.raises(CommitError, match="no luck in setup"):
        runtime.start()
    assert stage.record.calls == ["setup", "teardown"]


@pytest.mark.promise("event.subscriber-raises")
@pytest.mark.parametrize("answer", [None, "thread"])
def test_a_scheduler_delegate_that_returns_no_strategy_is_named(answer: object) -> None:
    class Careless:
        def scheduling_strategy(self, node: ProcessorNode) -> object:
            return answer

    runtime = StreamRuntime(scheduler=Careless())  # type: ignore[arg-type]
    runtime.add_processor(Numbers)
    with pytest.raises(CommitError, match=r"of numbers_0 failed: Careless.scheduling_strategy returned") as caught:
        runtime.start()
    assert caught.value.step == "scheduling_strategy"


def test_a_scheduler_delegate_that_raises_fails_the_edit_which_names_it(make: Make) -> None:
    class Choosy:
        def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
            if node.processor_type == "Collect":
                raise KeyError("no core left")
            return SchedulingStrategy.dedicated_thread()

    runtime = make(scheduler=Choosy())
    runtime.add_processor(Numbers)
    runtime.start()
    with pytest.raises(CommitError, match="scheduling_strategy of collect_0 failed: 'no core left'"):
        runtime.add_processor(Collect, record=Record())
    assert runtime.graph.processor_ids() == ["numbers_0"]


def test_a_factory_delegate_that_creates_no_processor_is_named() -> None:
    class Empty:
        def create(self, node: ProcessorNode) -> None:
            return None

    runtime = StreamRuntime(factory=Empty())  # type: ignore[arg-type]
    runtime.add_processor(Numbers)
    with pytest.raises(CommitError, match=r"create of numbers_0 failed: Empty.create returned None"):
        runtime.start()


def test_a_subscriber_that_exits_is_removed_like_one_that_raises(runtime: StreamRuntime) -> None:
    failed: list[Any] = []
    runtime.events.subscribe("runtime:global", lambda event: failed.append(event) if _names(event) else sys.exit(3))
    runtime.events.subscribe("*", lambda event: failed.append(event) if _names(event) else None)
    runtime.add_processor(Numbers, count=1)
    runtime.start()
    assert runtime.wait(SECONDS)
    assert [event.error for event in failed] == ["SystemExit: 3"]


def _names(event: Any) -> bool:
    return isinstance(event, SubscriberFailed)


def test_a_subscriber_that_raises_is_removed_and_named(runtime: StreamRuntime) -> None:
    told: list[Any] = []
    runtime.events.subscribe("runtime:global", told.append)

    def breaks(event: Any) -> None:
        raise RuntimeError("not for me")

    runtime.events.subscribe("processor:*", breaks)
    stage = Stage(runtime, "nowhere")
    runtime.start()
    assert runtime.wait(SECONDS)
    assert stage.main.numbers == list(range(200))
    failures = [event for event in told if isinstance(event, SubscriberFailed)]
    assert len(failures) == 1
    assert "breaks" in failures[0].subscriber


@pytest.mark.promise("delegate.did-raises", "error.delegate-named")
def test_a_did_method_that_raises_is_named_and_changes_nothing(make: Make) -> None:
    class Delegate:
        def _raise(self, *details: Any) -> None:
            raise LookupError("lost my notes")

        did_create = did_start = did_stop = did_update_config = _raise

    runtime = make(processor_delegate=Delegate())
    told: list[Any] = []
    runtime.events.subscribe("runtime:global", told.append)
    stage = Stage(runtime, "nowhere")
    runtime.start()
    assert runtime.wait(SECONDS)
    runtime.stop()
    assert stage.seen.numbers == list(range(200))
    failures = [event for event in told if isinstance(event, DelegateFailed)]
    assert {(event.delegate.rpartition(".")[2], event.subject) for event in failures} == {
        (method, id_)
        for method in ("did_create", "did_start", "did_stop")
        for id_ in ("numbers_0", "faulty_0", "collect_0", "collect_1")
    }
    assert {event.error for event in failures} == {"LookupError: lost my notes"}
    assert all("Delegate" in event.delegate for event in failures)


def test_a_commit_that_nobody_waits_for_tells_its_failure_on_the_bus(runtime: StreamRuntime) -> None:
    told = runtime.events.subscribe_queue("runtime:global")
    stage = Stage(runtime, "nowhere", count=-1)
    runtime.start()
    done = Record()

    def asks(event: Any) -> None:
        if not done.calls:
            handle = runtime.add_processor(Faulty, where="setup", record=Record())
            done.handle = handle  # type: ignore[attr-defined]
            done.called("asked")

    runtime.events.subscribe("processor:faulty_0", asks)
    runtime.update_config(stage.faulty, at=5)
    done.wait_for_call("asked")
    with pytest.raises(CommitError, match="no luck in setup"):
        done.handle.commit.wait(SECONDS)  # type: ignore[attr-defined]
    while not isinstance(event := told.get(SECONDS), CommitFailed):
        assert event is not None
    assert "no luck in setup" in event.error


def test_system_exit_in_process_ends_what_runs_on_that_thread_and_is_reported(runtime: StreamRuntime) -> None:
    class Leaves(Faulty):
        def process(self, ctx: Any) -> None:
            raise SystemExit(3)

    main = Record()
    source, other = runtime.add_processor(Numbers), runtime.add_processor(Numbers)
    leaves = runtime.add_processor(Leaves, where="nowhere", record=Record())
    runtime.connect(source, leaves)
    sink = runtime.add_processor(Collect, record=main)
    runtime.connect(other, sink)
    runtime.start()
    main.wait_for(50)
    runtime.events.subscribe("*", lambda event: None)
    main.wait_until(lambda: leaves.state == "failed" or len(main.numbers) > 1_000_000)
    assert leaves.state == "failed"
    runtime.stop()
    assert main.is_gapless()


@pytest.mark.promise("error.told")
def test_a_wait_whose_time_is_up_raises_each_failure_once(runtime: StreamRuntime) -> None:
    Stage(runtime, "process", at=70, count=-1, on_error="fail")
    runtime.start()
    assert runtime._reports.wait_until(lambda: bool(runtime._reports.failures), SECONDS)
    with pytest.raises(ProcessorFailed, match="faulty_0: ValueError: no luck in process"):
        runtime.wait(0)
    assert not runtime.wait(0), "the others go on, and it was told"
    runtime.stop()
    with pytest.raises(ProcessorFailed, match="no luck in process"):
        runtime.wait()


@pytest.mark.promise("error.told")
@pytest.mark.parametrize("where", ["flush", "teardown"])
def test_a_with_block_raises_what_failed_while_it_was_left(runtime: StreamRuntime, where: str) -> None:
    stage = Stage(runtime, where, count=-1)
    with pytest.raises(ProcessorFailed, match=f"faulty_0: ValueError: no luck in {where}"), runtime:
        runtime.start()
        stage.main.wait_for(3)
    assert runtime.state == "idle"
    runtime.stop()
    assert stage.main.calls == ["setup", "flush", "teardown"]


@pytest.mark.promise("error.told")
def test_an_async_with_block_raises_it_too(runtime: StreamRuntime) -> None:
    Stage(runtime, "teardown", count=3)

    async def block() -> None:
        async with runtime:
            runtime.start()

    with pytest.raises(ProcessorFailed, match="no luck in teardown"):
        asyncio.run(block())


def test_a_with_block_does_not_repeat_what_was_told(runtime: StreamRuntime) -> None:
    Stage(runtime, "teardown")
    with runtime:
        runtime.start()
        with pytest.raises(ProcessorFailed, match="no luck in teardown"):
            runtime.wait(SECONDS)


def test_an_error_of_the_block_itself_is_not_hidden_by_a_failure(runtime: StreamRuntime) -> None:
    Stage(runtime, "teardown")
    with pytest.raises(KeyError, match="mine"), runtime:
        runtime.start()
        raise KeyError("mine")


def test_stop_itself_returns(runtime: StreamRuntime) -> None:
    Stage(runtime, "teardown")
    runtime.start()
    runtime.stop()
    with pytest.raises(ProcessorFailed, match="no luck in teardown"):
        runtime.wait()


class WritesArrays(Processor):
    """Forgets to make a frame of its pixels."""

    video = LinkInput(VideoFrame)
    out = LinkOutput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.video.read()
        if frame is not None:
            self.out.write(frame.to_ndarray("rgb24"))  # type: ignore[arg-type]


class ReadsPictures(Processor):
    video = LinkInput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.video.read()
        if frame is not None:
            assert frame.width == 16


def test_who_fails_because_of_what_another_writes_says_so(runtime: StreamRuntime) -> None:
    """The one that reads was blamed, whose code is sound."""
    pictures = runtime.add_processor("TestPatternGenerator", width=16, height=16, frames=3, pace="fast")
    writes, reads = runtime.add_processor(WritesArrays), runtime.add_processor(ReadsPictures)
    runtime.connect(pictures, writes)
    runtime.connect(writes, reads)
    with runtime.events.subscribe_queue(f"processor:{reads.id}", capacity=100) as told:
        runtime.start()
        assert runtime.wait(SECONDS)
        runtime.stop()
    errors = [event.error for event in told if isinstance(event, ProcessorError)]
    why = "reads_pictures_0 takes VideoFrame and was sent ndarray: see who writes to it"
    assert errors == [f"AttributeError: 'numpy.ndarray' object has no attribute 'width'; {why}"] * 3


class Note:
    """A frame class without stamps."""


class NoClass:
    """Raises when it is asked what it is, as a proxy may whose other side has gone."""

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        raise ReferenceError("who it stood for has gone")


class WritesNotes(Processor):
    """Writes three, none of which is a note."""

    out = LinkOutput(Note)

    def setup(self, ctx: RuntimeContext) -> None:
        self.left = 3

    def process(self, ctx: ProcessContext) -> None:
        self.out.write(NoClass())  # type: ignore[arg-type]
        self.left -= 1
        if not self.left:
            ctx.end()


class WritesAnything(WritesNotes):
    out: LinkOutput[Any] = LinkOutput(Any)


class TakesNotes(Processor):
    thing = LinkInput(Note)

    def process(self, ctx: ProcessContext) -> None:
        if self.thing.read() is not None:
            raise ValueError("no good")


class TakesAnything(TakesNotes):
    thing: LinkInput[Any] = LinkInput(Any)


@pytest.mark.promise("error.skip")
@pytest.mark.parametrize(("writes", "takes"), [(WritesAnything, TakesAnything), (WritesNotes, TakesNotes)])
def test_a_frame_that_cannot_be_asked_what_it_is_is_skipped_as_any_other(
    runtime: StreamRuntime, writes: type[Processor], takes: type[Processor]
) -> None:
    """What was raised when it was asked went past the error policy, and who ran on that thread was not called again."""
    source, taker = runtime.add_processor(writes), runtime.add_processor(takes)
    runtime.connect(source, taker)
    runtime.start()
    assert runtime.wait(SECONDS)
    assert taker.metrics is not None
    assert taker.metrics.errors == 3
    assert taker.state == "ended"


def test_who_waits_is_not_told_of_the_end_before_it_is_noted_how_everybody_ended(make: Make) -> None:
    """Between the last word of a processor and the note of its failure a wait would return as if all were well."""
    runtime = make()
    source = runtime.add_processor(Numbers, count=1)
    faulty = runtime.add_processor(Faulty, where="flush", record=Record())
    runtime.connect(source, faulty)
    waited: list[bool] = []

    def held_up(event: object) -> None:
        if isinstance(event, ProcessorStateChanged) and event.new is ProcessorState.FAILED:
            asks = threading.Thread(target=lambda: waited.append(runtime.wait(0)))
            asks.start()
            asks.join(SECONDS)

    runtime.events.subscribe(f"processor:{faulty.id}", held_up)
    runtime.start()
    with pytest.raises(ProcessorFailed, match="no luck in flush"):
        runtime.wait(SECONDS)
    assert waited == [False]
