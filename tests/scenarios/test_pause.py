"""Pausing, of the runtime or of one processor: no call meanwhile, no gap, no loss."""

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
    RuntimeContext,
    SchedulingStrategy,
    StreamRuntime,
)
from streamlib.errors import StateError
from streamlib.graph import ProcessorNode
from streamlib.processors.execution_mode import Wake
from streamlib.testing import ManualClock
from tests.scenarios.conftest import Make
from tests.scenarios.stage import Collect, Dedicated, Hand, Line, Numbers, Pass, Record, let_others_run


class Few(Processor):
    """Writes so many numbers once its gate is open, and tells when it comes to the last; then none, and stays."""

    class Config(ProcessorConfig):
        record: Any
        gate: Any
        count: int

    out = LinkOutput(DataFrame)
    execution = ProcessExecution.continuous(interval_ms=1)

    def setup(self, ctx: RuntimeContext) -> None:
        self.left = iter(range(self.config.count))

    def process(self, ctx: ProcessContext) -> None:
        for n in self.left if self.config.gate.is_set() else ():
            if n == self.config.count - 1:
                self.config.record.called("last")
            self.out.write(DataFrame({"n": n}))


class Meeting(Collect):
    """A `Collect` with a second input."""

    other = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)
        frame = self.other.read()
        if frame is not None:
            self.config.record.add(frame.data["n"])


class Ahead(Few):
    """Is five numbers ahead at one of its outputs."""

    behind = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        for n in self.left if self.config.gate.is_set() else ():
            if n == 8:
                self.config.record.called("waits")
            self.out.write(DataFrame({"n": n}))
            if n >= 5:
                self.behind.write(DataFrame({"n": n - 5}))


class Both(Meeting):
    """A `Meeting` that is called when there is something at each input."""

    third = LinkInput(DataFrame)
    wake = Wake.ALL

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)
        frame = self.third.read()
        if frame is not None:
            self.config.record.add(frame.data["n"])


class Rest(Pass):
    """A `Pass` that has three numbers more to say at its end."""

    def flush(self, ctx: ProcessContext) -> None:
        for n in range(8, 11):
            self.out.write(DataFrame({"n": n}))


class AsyncPass(Pass):
    """A `Pass` on the event loop."""

    async def process(self, ctx: ProcessContext) -> None:  # type: ignore[override]
        super().process(ctx)


class Inlining:
    """Some processors lightweight, the others as another scheduler says."""

    def __init__(self, inner: Any, *inlined: str) -> None:
        self._inner, self._inlined = inner, inlined

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        if node.id in self._inlined:
            return SchedulingStrategy.lightweight()
        chosen: SchedulingStrategy = self._inner.scheduling_strategy(node)
        return chosen


@pytest.mark.promise("lifecycle.pause-runtime", "lifecycle.pause-no-gap")
def test_a_paused_runtime_calls_nobody_and_loses_nothing(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    for _ in range(5):
        runtime.pause()
        assert runtime.state == "paused"
        before = line.calls()
        for _ in range(3):
            let_others_run(runtime)
        assert line.calls() == before
        runtime.resume()
        line.record.wait_for(20)
    runtime.stop()
    assert line.record.is_gapless(), line.record.gaps()
    assert line.record.calls == ["setup", "flush", "teardown"]


def test_the_clock_of_the_media_stands_still_while_paused(make: Make) -> None:
    clock = ManualClock()
    runtime = make(clock=clock)
    record = Record()

    class Ticks(Processor):
        """Writes the time every 10 ms."""

        class Config(ProcessorConfig):
            record: Any

        out = LinkOutput(DataFrame)
        execution = ProcessExecution.continuous(interval_ms=10)

        def process(self, ctx: ProcessContext) -> None:
            self.config.record.add(ctx.now_ns() // 1_000_000)

    runtime.add_processor(Ticks, record=record)
    runtime.start()
    record.wait_until(lambda: len(record.numbers) == 1)
    for _ in range(3):
        clock.wait_for_sleepers(1)
        clock.advance(10_000_000)
    record.wait_until(lambda: len(record.numbers) == 4)
    runtime.pause()
    clock.advance(5_000_000_000)
    runtime.resume()
    for count in range(5, 8):
        clock.wait_for_sleepers(1)
        clock.advance(10_000_000)
        record.wait_until(partial(_has, record, count))
    first = record.numbers[0]
    assert [number - first for number in record.numbers][:6] == [0, 10, 20, 30, 30, 40] or [
        number - first for number in record.numbers
    ][:6] == [0, 10, 20, 30, 40, 50]


@pytest.mark.promise("lifecycle.pause-processor")
@pytest.mark.parametrize("which", ["source", "filter", "sink"])
def test_one_processor_is_paused_and_resumed_without_loss(runtime: StreamRuntime, which: str) -> None:
    line = Line(runtime).run()
    main = Record()
    other = runtime.add_processor(Numbers)
    runtime.connect(other, runtime.add_processor(Collect, record=main))
    handle = getattr(line, which)
    for _ in range(5):
        runtime.pause(handle)
        assert handle.state == "paused"
        before = handle.metrics.calls
        main.wait_for(20)
        let_others_run(runtime)
        assert handle.metrics.calls == before
        runtime.resume(handle)
        assert handle.state == "running"
        line.record.wait_for(20)
    runtime.stop()
    assert line.record.is_gapless(), line.record.gaps()
    assert main.is_gapless()


def test_what_a_paused_processor_feeds_through_another_way_goes_on(runtime: StreamRuntime) -> None:
    """A branch that is paused presses back on the source they share, and nothing is lost when it goes on."""
    line = Line(runtime).run()
    branch = Record()
    sink = runtime.add_processor(Collect, record=branch)
    runtime.connect(line.source, sink)
    branch.wait_for(20)
    runtime.pause(sink)
    runtime.resume(sink)
    branch.wait_for(50)
    runtime.stop()
    assert line.record.is_gapless()
    assert branch.is_gapless(), branch.gaps()


@pytest.mark.promise("edit.idle-running-paused")
def test_edits_while_paused_take_effect_and_frames_go_on_after(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    runtime.pause()
    branch = Record()
    with runtime.edit() as edit:
        between = edit.add_processor(Pass)
        edit.disconnect(f"{line.filter.id}.out->{line.sink.id}.into")
        edit.connect(line.filter, between)
        edit.connect(between, line.sink)
        sink = edit.add_processor(Collect, record=branch)
        edit.connect(between, sink)
    assert branch.numbers == []
    runtime.resume()
    branch.wait_for(50)
    runtime.pause()
    runtime.remove(sink)
    assert branch.calls == ["setup", "flush", "teardown"]
    runtime.update_config(line.filter, gain=3)
    runtime.update_config(line.filter, tag="again ")
    before = len(line.record.numbers)
    runtime.resume()
    line.record.wait_for(50)
    assert len(line.record.numbers) >= before + 50
    runtime.stop()
    assert branch.is_gapless(), branch.gaps()
    assert line.record.is_gapless(), line.record.gaps()


def test_a_paused_runtime_is_stopped_and_drains(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    runtime.pause()
    runtime.stop()
    assert runtime.state == "idle"
    assert line.record.is_gapless()
    assert line.record.calls == ["setup", "flush", "teardown"]
    runtime.start()
    line.record.wait_for(10)


@pytest.mark.parametrize("which", ["source", "filter", "sink"])
def test_a_paused_processor_is_removed_and_drains(runtime: StreamRuntime, which: str) -> None:
    line = Line(runtime).run()
    handle = getattr(line, which)
    runtime.pause(handle)
    runtime.remove(handle)
    assert handle.id not in runtime.graph
    assert line.record.is_gapless()


@pytest.mark.promise("link.overflow")
def test_all_that_one_has_left_when_it_is_taken_out_comes_to_a_paused_reader(runtime: StreamRuntime) -> None:
    record, gate, count = Record(), threading.Event(), 400
    few = runtime.add_processor(Few, record=record, gate=gate, count=count)
    passing, sink = runtime.add_processor(Pass), runtime.add_processor(Collect, record=record)
    runtime.connect(few, passing, capacity=count)
    runtime.connect(passing, sink)
    runtime.start()
    runtime.pause(sink)
    gate.set()
    record.wait_for_call("last")
    with runtime.edit() as edit:
        edit.remove(passing)
        edit.connect(few, sink)
    runtime.resume(sink)
    record.wait_until(lambda: len(record.numbers) >= count - 1)  # the last was about to be written
    assert record.numbers == list(range(len(record.numbers)))


@pytest.mark.parametrize("which", ["source", "filter", "sink"])
def test_a_runtime_with_a_paused_processor_is_stopped_and_drains(runtime: StreamRuntime, which: str) -> None:
    line = Line(runtime).run()
    runtime.pause(getattr(line, which))
    runtime.stop()
    assert line.record.is_gapless()
    assert line.record.calls == ["setup", "flush", "teardown"]


def test_a_paused_processor_that_restarts_goes_on(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    runtime.pause(line.filter)
    runtime.restart(line.filter)
    runtime.resume(line.filter)
    line.record.wait_for(20)
    runtime.stop()
    assert line.record.is_gapless(), line.record.gaps()


def test_a_manual_processor_is_not_stepped_while_paused(runtime: StreamRuntime) -> None:
    record = Record()
    hand = runtime.add_processor(Hand)
    runtime.connect(hand, runtime.add_processor(Collect, record=record))
    runtime.start()
    assert runtime.step(hand)
    runtime.pause()
    assert not runtime.step(hand)
    runtime.resume()
    assert runtime.step(hand)
    runtime.pause(hand)
    assert not runtime.step(hand)
    runtime.resume(hand)
    runtime.stop()
    assert record.numbers == [0, 1]


def test_what_makes_no_sense_in_a_state_is_refused(runtime: StreamRuntime) -> None:
    with pytest.raises(StateError, match="idle and cannot become paused"):
        runtime.pause()
    with pytest.raises(StateError, match="is idle; it can resume only while it is paused"):
        runtime.resume()
    line = Line(runtime).run()
    with pytest.raises(StateError):
        runtime.start()
    with pytest.raises(StateError):
        runtime.resume()
    runtime.pause()
    with pytest.raises(StateError):
        runtime.pause()
    with pytest.raises(StateError, match="is paused; it can start only while it is idle"):
        runtime.start()
    assert runtime.state == "paused"
    runtime.resume()
    line.record.wait_for(10)
    runtime.stop()
    with pytest.raises(StateError, match="does not run"):
        runtime.pause(line.filter)


@pytest.mark.promise("edit.removal-drains", "edit.idle-running-paused")
@pytest.mark.parametrize("room", [8, 7], ids=["the source rests", "the source waits inside write"])
def test_those_who_go_from_a_paused_runtime_process_what_waits_between_them(
    make: Make, strategy: Any, room: int
) -> None:
    """One is called in the loop of a source that stays, the other in another; the link between holds one frame."""
    runtime = make(scheduler=Inlining(strategy, "filter"))
    gate, written, record, staying = threading.Event(), Record(), Record(), Record()
    source = runtime.add_processor(Few, record=written, gate=gate, count=8)
    host = runtime.add_processor(Few, record=written, gate=gate, count=0)
    filter_ = runtime.add_processor(Rest, id="filter")
    sink = runtime.add_processor(Meeting, record=record)
    beside = runtime.add_processor(Collect, record=staying)
    runtime.connect(host, sink.input("into"))  # a lightweight one is called there
    runtime.connect(source, filter_)
    runtime.connect(filter_, sink.input("other"), capacity=1)
    runtime.connect(source, beside, capacity=room)
    runtime.start()
    runtime.pause(sink)
    runtime.pause(beside)
    gate.set()
    written.wait_for_call("last")
    runtime.pause()
    with runtime.edit() as edit:
        edit.remove(filter_)
        edit.remove(sink)
    assert record.numbers == list(range(11))
    assert record.calls == ["setup", "flush", "teardown"]
    assert staying.numbers == []
    runtime.resume(beside)
    runtime.resume()
    staying.wait_until(lambda: len(staying.numbers) == 8)
    assert staying.is_gapless()


@pytest.mark.promise("edit.removal-drains")
def test_one_that_goes_from_a_paused_runtime_gives_its_feeder_the_room_it_has() -> None:
    """What is left at one input would not have the feeder called yet; but it waits there, and is needed at another."""
    runtime = StreamRuntime(scheduler=Inlining(Dedicated(), "sink"))
    gate, record = threading.Event(), Record()
    host = runtime.add_processor(Few, record=record, gate=gate, count=0)
    source = runtime.add_processor(Ahead, record=record, gate=gate, count=20)
    sink = runtime.add_processor(Both, record=record, id="sink")
    runtime.connect(host, sink.input("into"))
    runtime.connect(source.output("out"), sink.input("other"), capacity=8)
    runtime.connect(source.output("behind"), sink.input("third"), capacity=8)
    try:
        runtime.start()
        runtime.pause(sink)
        gate.set()
        record.wait_for_call("waits")
        runtime.pause()
        with runtime.edit() as edit:
            edit.remove(source)
            edit.remove(sink)
        assert sorted(record.numbers) == sorted([*range(20), *range(15)])
    finally:
        runtime.stop(drain=False)


def test_a_paused_runtime_is_stopped_and_what_no_running_loop_feeds_processes_all(make: Make, strategy: Any) -> None:
    """A lightweight one behind the event loop is called in a loop without a head, which nobody resumes."""
    runtime = make(scheduler=Inlining(strategy, "sink"))
    gate, record = threading.Event(), Record()
    source = runtime.add_processor(Few, record=record, gate=gate, count=8)
    between = runtime.add_processor(AsyncPass)
    sink = runtime.add_processor(Collect, record=record, id="sink")
    runtime.connect(source, between)
    runtime.connect(between, sink, capacity=1)
    runtime.start()
    runtime.pause(sink)
    gate.set()
    record.wait_for_call("last")
    runtime.pause()
    runtime.stop()
    assert record.numbers == list(range(8))
    assert record.calls == ["setup", "last", "flush", "teardown"]


def _has(record: Record, count: int) -> bool:
    return len(record.numbers) >= count
