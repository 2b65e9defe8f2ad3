"""A processor is put in the place of another while frames flow."""

from __future__ import annotations

import threading
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
    StreamRuntime,
)
from streamlib.errors import CommitError, ReplaceError
from streamlib.events import GraphDidReplaceProcessor, GraphWillReplaceProcessor
from streamlib.execution.strategy import SchedulingStrategy
from streamlib.graph.components import WiredChannel
from streamlib.ids import LinkId
from streamlib.states import ProcessorState
from tests.scenarios.stage import SECONDS, Collect, Hand, Line, Numbers, Pass, Record, Stuck


class Counting(Processor):
    """Hands frames on, counts them, and hands its count over; refuses what is no count."""

    class Config(ProcessorConfig):
        record: Any = None
        tag: str = ""
        fails: bool = False

    into = LinkInput(DataFrame, capacity=3)
    out = LinkOutput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.seen = 0

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.seen += 1
            self.out.write(frame)

    def export_state(self) -> int:
        return self.seen

    def import_state(self, state: int) -> None:
        if self.config.fails:
            raise ValueError("no count of mine")
        self.seen = state
        if self.config.record is not None:
            self.config.record.add(state)


class Mute(Processor):
    """Has no output."""

    into = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        self.into.read()


class Elsewhere(Processor):
    """Reads from another input, and says when it is called."""

    class Config(ProcessorConfig):
        record: Any = None

    another = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.another.read()
        if frame is not None:
            self.out.write(frame)


class Awaiting(Processor):
    """Cannot run where a plain one does."""

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    async def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.out.write(frame)


class Slow(Processor):
    """Writes a number now and then, where `Numbers` writes as fast as it can."""

    execution = ProcessExecution.continuous(interval_ms=1)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        self.out.write(DataFrame({"n": -1}))


def own(line: Line) -> Any:
    instance = line.runtime.processor("pass_0").instance()
    assert instance is not None
    return instance.processor


@pytest.mark.promise("edit.replace")
def test_links_and_what_is_queued_stay_and_no_frame_is_lost(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    kinds = [Counting, Pass, Counting, Pass]
    for kind in kinds:
        handle = runtime.replace(line.filter, kind)
        assert handle == line.filter
        assert handle.processor_type == kind.__name__
        line.record.wait_for(50)
        assert type(own(line)) is kind
    runtime.stop()
    assert line.record.is_gapless(), line.record.gaps()
    assert line.record.numbers[0] == 0


@pytest.mark.promise("edit.replace")
def test_the_state_is_handed_over_between_two_frames(runtime: StreamRuntime) -> None:
    line, told = Line(runtime).run(), Record()
    runtime.replace(line.filter, Counting, record=told)
    line.record.wait_for(20)
    runtime.replace(line.filter, Counting, record=told)
    line.record.wait_for(20)
    runtime.update_config("pass_0", fails=False, tag="anew")  # which makes it anew
    line.record.wait_for(20)
    assert told.numbers == sorted(told.numbers)
    first, second = told.numbers
    assert 20 <= first <= second - 20
    runtime.pause()
    assert own(line).seen >= second + 20
    runtime.resume()
    runtime.restart("pass_0")  # begins anew
    line.record.wait_for(20)
    assert len(told.numbers) == 2
    assert line.record.is_gapless()


@pytest.mark.promise("edit.replace")
def test_one_that_refuses_the_state_is_not_put_there(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    runtime.replace(line.filter, Counting)
    before = own(line)
    with pytest.raises(CommitError, match="import_state of pass_0 failed: no count of mine"):
        runtime.replace(line.filter, Counting, fails=True)
    line.record.wait_for(50)
    assert own(line) is before
    assert runtime.processor("pass_0").state is ProcessorState.RUNNING
    assert line.record.is_gapless()


@pytest.mark.promise("edit.replace")
def test_what_does_not_fit_is_refused_with_what_is_missing(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    with pytest.raises(ReplaceError, match=r"pass_0\.out->collect_0\.into leaves its output 'out'; it has none"):
        runtime.replace(line.filter, Mute)
    with pytest.raises(ReplaceError, match="only one of the two has an `async def process`"):
        runtime.replace(line.filter, Awaiting)
    with pytest.raises(ReplaceError, match="only one of the two is manual"):
        runtime.replace(line.source, Hand)
    line.record.wait_for(50)
    assert line.record.is_gapless()


def test_a_source_is_replaced_and_the_runtime_still_idle_too(runtime: StreamRuntime) -> None:
    line = Line(runtime)
    runtime.replace(line.source, Slow)
    runtime.start()
    line.record.wait_for(3)
    assert set(line.record.numbers) == {-1}
    runtime.replace(line.source, Numbers)
    line.record.wait_until(lambda: 50 in line.record.numbers)
    numbers = [number for number in line.record.numbers if number >= 0]
    assert numbers == list(range(len(numbers)))


def test_one_that_is_paused_stays_paused_and_counters_go_on(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    runtime.pause(line.filter)
    metrics = line.filter.metrics
    assert metrics is not None
    calls = metrics.calls
    runtime.replace(line.filter, Counting)
    assert line.filter.state is ProcessorState.PAUSED
    seen = len(line.record.numbers)
    runtime.resume(line.filter)
    line.record.wait_for(20)
    metrics = line.filter.metrics
    assert metrics is not None
    assert metrics.calls >= calls + 20
    assert len(line.record.numbers) >= seen
    assert line.record.is_gapless()


def test_the_links_fare_as_the_new_one_declares(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()

    def capacity(link: str) -> int:
        wired = runtime.graph.get(LinkId(link), WiredChannel)
        assert wired is not None
        return wired.channel.capacity

    link = "numbers_0.out->pass_0.into"
    assert capacity(link) == 8
    runtime.replace(line.filter, Counting)
    assert capacity(link) == 3
    runtime.undo()
    assert capacity(link) == 8
    line.record.wait_for(20)
    assert line.record.is_gapless()


def test_it_is_told(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    with runtime.events.subscribe_queue("runtime:global") as queue:
        runtime.replace(line.filter, Counting)
        told = [queue.get(1), queue.get(1)]
    will = GraphWillReplaceProcessor(processor_id=line.filter.id, processor_type="Counting")
    assert [type(event) for event in told] == [GraphWillReplaceProcessor, GraphDidReplaceProcessor]
    assert isinstance(told[0], GraphWillReplaceProcessor)
    assert (told[0].processor_id, told[0].processor_type) == (will.processor_id, will.processor_type)


def test_replace_and_other_changes_of_the_same_processor_are_one_edit(runtime: StreamRuntime) -> None:
    line, other = Line(runtime).run(), Record()
    with runtime.edit() as edit:
        new = edit.replace(line.filter, Counting)
        sink = edit.add_processor(Collect, record=other)
        edit.connect(new, sink)
        edit.update_link("numbers_0.out->pass_0.into", capacity=17)
    other.wait_for(50)
    line.record.wait_for(50)
    assert line.record.is_gapless()
    assert other.is_gapless()
    with runtime.edit() as edit:
        edit.update_config(new, record=Record())  # which makes it anew
        again = edit.add_processor(Collect, record=(third := Record()))
        edit.connect(new, again)
    third.wait_for(50)
    assert third.is_gapless()
    assert line.record.is_gapless()


def test_the_strategy_stays_and_has_to_be_legal(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    before = runtime.graph.get(line.filter.id, SchedulingStrategy)
    runtime.replace(line.filter, Counting)
    assert runtime.graph.get(line.filter.id, SchedulingStrategy) is before


@pytest.mark.parametrize("cut", ["into", "out"])
def test_a_port_whose_link_is_cut_in_the_same_edit_may_be_missing(runtime: StreamRuntime, cut: str) -> None:
    line, other = Line(runtime).run(), Record()
    runtime.connect(line.source, runtime.add_processor(Collect, record=other))
    other.wait_for(20)
    with runtime.edit() as edit:
        if cut == "out":
            edit.disconnect("pass_0.out->collect_0.into")
            edit.replace(line.filter, Mute)
        else:
            edit.disconnect("numbers_0.out->pass_0.into")
            edit.replace(line.filter, Elsewhere)
    assert type(own(line)) is (Mute if cut == "out" else Elsewhere)
    other.wait_for(50)
    assert other.is_gapless()
    if cut == "into":
        runtime.connect(line.source, runtime.processor(line.filter.id).input("another"))
        line.record.wait_for(50)


@pytest.mark.promise("edit.replace")
def test_one_that_is_in_a_long_call_is_not_waited_for_before_its_heir_is_set_up(
    runtime: StreamRuntime, release: threading.Event
) -> None:
    """So that it is waited for once, and not for another call that it began while the new one was set up."""
    record, seen = Record(), Record()
    source, stuck = runtime.add_processor(Numbers), runtime.add_processor(Stuck, record=record, release=release)
    sink = runtime.add_processor(Collect, record=seen)
    runtime.connect(source, stuck)
    runtime.connect(stuck, sink)
    runtime.start()
    record.wait_for_call("stuck")
    replacing = threading.Thread(target=runtime.replace, args=(stuck, Pass), kwargs={"record": record})
    replacing.start()
    record.wait_for_call("setup")
    release.set()
    replacing.join(SECONDS)
    assert not replacing.is_alive()
    assert runtime.processor(stuck.id).processor_type == "Pass"
    seen.wait_for(20)
    assert seen.is_gapless()
