"""When a processor is called, on which thread, and what is known of its calls."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import pytest

from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    ProcessContext,
    ProcessExecution,
    Processor,
    ProcessorConfig,
    StreamRuntime,
)
from streamlib.clock import NS_PER_MS
from streamlib.events import Event, ProcessorStateChanged
from streamlib.graph.components import LightweightMarker, ThreadHandle, WiredChannel
from streamlib.links.latency import LatencyStats
from streamlib.links.reader import SlotReader
from streamlib.runtime.handles import ProcessorHandle
from streamlib.states import ID_TRANSITIONS, ProcessorState
from streamlib.testing import ManualClock
from tests.scenarios.conftest import Make
from tests.scenarios.stage import (
    SECONDS,
    Both,
    Collect,
    Faulty,
    Hand,
    Lightweight,
    Line,
    Numbers,
    Pass,
    Record,
    let_others_run,
)


def calls(handle: ProcessorHandle) -> int:
    assert handle.metrics is not None
    return handle.metrics.calls


# ------------------------------------------------------------------------------------------------------- when


class Ticks(Processor):
    """Notes the time in milliseconds of each of its calls."""

    class Config(ProcessorConfig):
        record: Any
        every_ms: int = 10

    out = LinkOutput(DataFrame)
    execution = ProcessExecution.continuous(interval_ms=10)

    def process(self, ctx: ProcessContext) -> None:
        self.config.record.add(ctx.now_ns() // NS_PER_MS)


@pytest.mark.promise("processor.continuous")
def test_a_continuous_processor_is_called_on_the_grid_of_its_interval_however_late_calls_are(make: Make) -> None:
    """A late call moves none of those that follow it, and those that were missed are not made up for."""
    clock, record = ManualClock(start_ns=0), Record()
    runtime = make(clock=clock)
    runtime.add_processor(Ticks, record=record)
    runtime.start()
    for step_ms in (0, 10, 13, 7, 9, 1, 25, 4, 1):
        clock.advance(step_ms * NS_PER_MS)
        clock.wait_for_sleepers(1)
    runtime.stop()
    assert record.numbers == [0, 10, 23, 30, 40, 65, 70]


@pytest.mark.promise("processor.continuous")
def test_lateness_of_each_call_never_adds_up(make: Make) -> None:
    clock, record = ManualClock(start_ns=0), Record()
    runtime = make(clock=clock)
    runtime.add_processor(Ticks, record=record)
    runtime.start()
    clock.wait_for_sleepers(1)
    times_ms = [10 * turn + 3 * (turn % 2) for turn in range(1, 101)]  # every other call is 3 ms late
    for time_ms in times_ms:
        clock.advance(time_ms * NS_PER_MS - clock.now_ns())
        clock.wait_for_sleepers(1)
    runtime.stop()
    assert record.numbers == [0, *times_ms]


@pytest.mark.promise("processor.reactive")
def test_a_reactive_processor_is_called_when_data_arrives_and_not_otherwise(runtime: StreamRuntime) -> None:
    record = Record()
    hand = runtime.add_processor(Hand)
    filter_ = runtime.add_processor(Pass)
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(hand, filter_)
    runtime.connect(filter_, sink)
    runtime.start()
    for count in range(4):
        let_others_run(runtime)
        assert (calls(filter_), calls(sink)) == (count, count)
        assert runtime.step(hand)
        record.wait_until(partial(_has, record, count + 1))
    runtime.stop()
    assert record.numbers == [0, 1, 2, 3]


@pytest.mark.promise("link.again-while-frames")
def test_a_reactive_processor_is_called_again_while_an_input_holds_frames(runtime: StreamRuntime) -> None:
    """Five frames come at once, and it reads one a call: nothing further arrives that could call it again."""
    record = Record()
    hand = runtime.add_processor(Hand, each=5)
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(hand, sink)
    runtime.start()
    assert runtime.step(hand)
    record.wait_until(lambda: len(record.numbers) == 5)
    let_others_run(runtime)
    assert calls(sink) == 5
    runtime.stop()
    assert record.numbers == [0, 1, 2, 3, 4]


@pytest.mark.promise("link.again-while-frames")
def test_one_of_two_inputs_that_still_holds_frames_is_enough(runtime: StreamRuntime) -> None:
    record = Record()
    few, many = runtime.add_processor(Numbers, count=1), runtime.add_processor(Hand, each=6)
    both = runtime.add_processor(Both)
    runtime.connect(few, both.input("left"))
    runtime.connect(many, both.input("right"))
    runtime.connect(both, runtime.add_processor(Collect, record=record))
    runtime.start()
    assert runtime.step(many)
    record.wait_until(lambda: len(record.numbers) == 7)
    runtime.stop()
    assert sorted(record.numbers) == [0, 0, 1, 2, 3, 4, 5]


# ------------------------------------------------------------------------------------------------------- where


class Where(Processor):
    """Hands every frame on, and notes the thread on which it does."""

    class Config(ProcessorConfig):
        record: Any

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.config.record.called(threading.current_thread().name)
            self.out.write(frame)


@pytest.mark.promise("execution.lightweight")
def test_a_lightweight_processor_is_called_by_the_thread_of_the_one_that_feeds_it(make: Make) -> None:
    runtime, record = make(scheduler=Lightweight()), Record()
    source = runtime.add_processor(Numbers, count=200)
    inlined = [runtime.add_processor(Where, record=record) for _ in range(3)]
    links = [runtime.connect(a, b) for a, b in zip([source, *inlined], inlined, strict=False)]
    runtime.start()
    assert all(handle.components.get(LightweightMarker) is not None for handle in inlined)
    assert runtime.graph.query(ThreadHandle) == [source.id]
    assert all(isinstance(link.components[WiredChannel].channel.reader, SlotReader) for link in links)
    assert runtime.wait(SECONDS)
    runtime.stop()
    assert record.calls == [f"streamlib:{source.id}"] * 600


@pytest.mark.promise("execution.lightweight")
def test_lightweight_processors_behind_a_manual_one_are_called_before_its_step_returns(make: Make) -> None:
    runtime, record, seen = make(scheduler=Lightweight()), Record(), Record()
    hand = runtime.add_processor(Hand)
    inlined = runtime.add_processor(Where, record=seen)
    runtime.connect(hand, inlined)
    runtime.connect(inlined, runtime.add_processor(Collect, record=record))
    runtime.start()
    for count in range(3):
        assert runtime.step(hand)
        assert record.numbers == list(range(count + 1))
    runtime.stop()
    assert seen.calls == [threading.current_thread().name] * 3


# -------------------------------------------------------------------------------------------- what is known of it


class Takes(Hand):
    """Its n-th call takes n milliseconds on a clock moved by hand."""

    class Config(ProcessorConfig):
        clock: Any
        each: int = 1

    execution = ProcessExecution.manual()

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)
        self.config.clock.advance(self.n * NS_PER_MS)


@pytest.mark.promise("look.percentiles")
def test_percentiles_and_the_maximum_of_the_latency_are_there_for_every_processor(make: Make) -> None:
    clock, record = ManualClock(), Record()
    runtime = make(clock=clock)
    takes = runtime.add_processor(Takes, clock=clock)
    filter_ = runtime.add_processor(Pass)
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(takes, filter_)
    runtime.connect(filter_, sink)
    runtime.start()
    assert [latency(handle) for handle in (takes, filter_, sink)] == [LatencyStats(0, 0, 0, 0, 0)] * 3
    for _ in range(100):
        assert runtime.step(takes)
    record.wait_until(lambda: len(record.numbers) == 100)
    let_others_run(runtime)
    known = latency(takes)
    assert (known.samples, known.max_ns) == (100, 100 * NS_PER_MS)
    for found, true_ms in ((known.p50_ns, 50), (known.p90_ns, 90), (known.p99_ns, 99)):
        assert abs(found - true_ms * NS_PER_MS) <= true_ms * NS_PER_MS / 32
    for handle in (filter_, sink):
        known = latency(handle)
        assert 0 < known.samples <= 100
        assert known.p50_ns <= known.p90_ns <= known.p99_ns <= known.max_ns


@pytest.mark.parametrize("added", ["before the start", "while it runs"])
def test_calls_of_a_processor_that_is_linked_to_nobody_are_counted(make: Make, added: str) -> None:
    record = Record()
    runtime = make(clock=ManualClock())
    if added == "while it runs":
        runtime.start()
    ticks = runtime.add_processor(Ticks, record=record)
    if added == "before the start":
        runtime.start()
    record.wait_until(lambda: len(record.numbers) >= 1)
    runtime.pause()
    assert calls(ticks) == len(record.numbers)


def latency(handle: ProcessorHandle) -> LatencyStats:
    assert handle.metrics is not None
    return handle.metrics.latency.stats()


@pytest.mark.promise("lifecycle.processor-table")
def test_whatever_is_done_to_processors_their_states_follow_the_one_table(runtime: StreamRuntime) -> None:
    """Each state a processor is told to have left is the one it was told to have reached, or Idle at first."""
    told: list[Event] = []
    runtime.events.subscribe("processor:*", told.append)
    line = Line(runtime)
    broken = Record()
    runtime.connect(line.source, runtime.add_processor(Faulty, where="process", at=30, record=broken, on_error="fail"))
    short = runtime.add_processor(Numbers, count=3, id="short")
    runtime.connect(short, runtime.add_processor(Collect, record=Record(), id="brief"))
    line.run(50)
    broken.wait_for_call("teardown")
    runtime.pause(line.filter)
    runtime.resume(line.filter)
    runtime.pause()
    runtime.resume()
    runtime.restart(line.filter)
    runtime.update_config(line.sink, capacity=4)
    runtime.remove(line.sink)
    runtime.stop()
    changes = [event for event in told if isinstance(event, ProcessorStateChanged)]
    strays = [change for change in changes if change.new not in ID_TRANSITIONS[change.old]]
    assert not strays
    for handle in (short, line.source, line.filter, line.sink):
        passed = [change for change in changes if change.processor_id == handle.id]
        assert [change.old for change in passed] == [ProcessorState.IDLE, *(change.new for change in passed[:-1])]
    restarting = {ProcessorState.RESTARTING}  # test_restarts goes there
    assert {change.new for change in changes} == set(ProcessorState) - restarting


def _has(record: Record, count: int) -> bool:
    return len(record.numbers) >= count
