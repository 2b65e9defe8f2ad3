"""Observers of a running graph, wherever its processors run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
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
    SchedulingStrategy,
    StreamRuntime,
)
from streamlib.errors import CommitError
from streamlib.events import (
    ConfigUpdated,
    DataPushed,
    Event,
    FrameProcessed,
    ObserverFailed,
    ProcessorError,
    ProcessorStateChanged,
)
from streamlib.ids import LinkId, PortRef, ProcessorId
from streamlib.links.reader import RingReader, SlotReader
from streamlib.links.tapped import TapReader
from streamlib.observability.observer import Observer
from streamlib.observability.sightings import ObserverEnd
from streamlib.observability.watches import FramePushed
from streamlib.runtime.handles import ProcessorHandle
from streamlib.states import ProcessorState
from tests.scenarios.stage import (
    SECONDS,
    Collect,
    Faulty,
    Hand,
    Line,
    Pass,
    Record,
    let_line_pass,
    let_others_run,
)

FIRST, SECOND = "numbers_0.out->pass_0.into", "pass_0.out->collect_0.into"


def held(observer: Observer[Any]) -> list[Any]:
    """What it holds now."""
    events: list[Event] = []
    while (event := observer.get(timeout=0)) is not None:
        events.append(event)
    return events


def calls(observer: Observer[Any]) -> int:
    return sum(isinstance(event, FrameProcessed) for event in held(observer))


def is_bare(processor: ProcessorHandle) -> bool:
    """Whether it is called straight."""
    instance = processor.instance()
    assert instance is not None
    return instance.call == instance.processor.process


def input_of(sink: ProcessorHandle) -> object:
    """What stands at the input of a `Collect`."""
    instance = sink.instance()
    assert instance is not None
    return instance.processor.into  # type: ignore[attr-defined]


# ----------------------------------------------------------------------------------------------------- coming and going


@pytest.mark.promise("look.attach-detach", "look.observe-link")
def test_an_observer_of_a_link_sees_each_frame_between_its_coming_and_its_going(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    for link in (FIRST, SECOND) * 3:
        with runtime.inspector.observe_link(link, frames=True, capacity=1_000_000) as observer:
            line.record.wait_for(50)
        line.record.wait_for(20)
        numbers = [event.frame.data["n"] for event in held(observer) if isinstance(event, FramePushed)]
        assert len(numbers) > 20
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert observer.statistics().lost == 0
    runtime.stop()
    assert line.record.is_gapless(), line.record.gaps()


@pytest.mark.promise("look.attach-detach", "look.observe-link")
@pytest.mark.parametrize("going", ["the link", "its source"])
def test_nothing_of_a_tap_is_left_at_an_input_when_its_link_has_gone(runtime: StreamRuntime, going: str) -> None:
    line = Line(runtime).run()
    with runtime.inspector.observe_link(SECOND):
        let_others_run(runtime)
        assert isinstance(input_of(line.sink), TapReader)
        if going == "the link":
            runtime.disconnect(LinkId(SECOND))
        else:
            runtime.remove(line.filter)
        assert isinstance(input_of(line.sink), RingReader | SlotReader)
    assert line.record.is_gapless(), line.record.gaps()


@pytest.mark.promise("look.attach-detach", "look.observe-processor")
def test_an_observer_of_a_processor_is_told_of_each_call_and_leaves_it_as_it_was(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    for processor in (line.source, line.filter, line.sink) * 2:
        with runtime.inspector.observe_processor(processor, capacity=1_000_000) as observer:
            line.record.wait_for(300)  # over the passes that are timed, and bursts
        let_others_run(runtime)
        assert is_bare(processor)
        told = observer.statistics().seen
        assert told > 100
        line.record.wait_for(20)
        assert observer.statistics().seen == told
        assert all(event.latency_ns >= 0 for event in held(observer) if isinstance(event, FrameProcessed))
    runtime.stop()
    assert line.record.is_gapless(), line.record.gaps()
    assert line.calls()[2] == len(line.record.numbers), "what is called through a tap counts as before"


@pytest.mark.promise("look.observe-processor")
def test_each_frame_through_a_processor_is_one_event(runtime: StreamRuntime) -> None:
    line = Line(runtime, count=400)
    observers = [runtime.inspector.observe_processor(p, capacity=10_000) for p in (line.source, line.filter, line.sink)]
    runtime.start()
    assert runtime.wait(SECONDS)
    runtime.stop()
    told = [[event for event in held(observer) if isinstance(event, FrameProcessed)] for observer in observers]
    frames = [sum(event.frame_timestamp_ns is not None for event in events) for events in told]
    assert frames == [0, 400, 400]
    assert len(told[0]) >= 400


@pytest.mark.promise("look.several")
def test_several_watch_one_place_and_each_goes_when_it_likes(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    options: dict[str, Any] = {"capacity": 1_000_000}
    first, second = (runtime.inspector.observe_link(FIRST, **options) for _ in range(2))
    third, fourth = (runtime.inspector.observe_processor(line.filter, **options) for _ in range(2))
    line.record.wait_for(30)
    first.close()
    third.close()
    gone = (first.statistics().seen, third.statistics().seen)
    line.record.wait_for(100)
    assert (first.statistics().seen, third.statistics().seen) == gone
    assert second.statistics().seen > first.statistics().seen
    assert fourth.statistics().seen > third.statistics().seen
    second.close()
    fourth.close()
    let_others_run(runtime)
    assert is_bare(line.filter)
    runtime.stop()
    assert line.record.is_gapless()


@pytest.mark.promise("look.auto-detach")
def test_one_that_is_dropped_while_frames_flow_detaches(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    observers = [runtime.inspector.observe_processor(line.filter), runtime.inspector.observe_link(FIRST)]
    let_others_run(runtime)
    assert not is_bare(line.filter)
    observers.clear()
    let_line_pass(runtime)
    let_others_run(runtime)
    assert is_bare(line.filter)
    assert not runtime.events._subscriptions
    line.record.wait_for(20)


# -------------------------------------------------------------------------------------------------------------- bounded


@pytest.mark.promise("look.bounded-observers")
def test_one_that_nobody_reads_loses_its_own_copies_and_no_frame_of_the_pipeline(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    with (
        runtime.inspector.observe_link(FIRST, capacity=5) as few,
        runtime.inspector.observe_link(FIRST, max_rate=1) as seldom,
        runtime.inspector.observe_processor(line.filter, capacity=3) as calls_,
    ):
        line.record.wait_for(200)
    for observer, capacity in ((few, 5), (calls_, 3)):
        told = observer.statistics()
        assert told.waiting == capacity
        assert told.lost == told.lost_to_count == told.seen - capacity > 100
    told = seldom.statistics()
    assert told.lost_to_rate > 100
    assert told.waiting < 30
    runtime.stop()
    assert line.record.is_gapless(), line.record.gaps()


@pytest.mark.promise("look.bounded-observers")
def test_frames_are_held_up_to_their_bytes(runtime: StreamRuntime) -> None:
    hand, record = runtime.add_processor(Big), Record()
    link = runtime.connect(hand, runtime.add_processor(Sizes, record=record))
    runtime.start()
    with runtime.inspector.observe_link(link, frames=True, max_bytes=2_500) as observer:
        record.wait_for(20)
    runtime.stop()
    told = observer.statistics()
    assert told.lost_to_bytes > 10
    assert told.waiting_bytes == 2_000
    assert [len(event.frame.data["b"]) for event in held(observer) if isinstance(event, FramePushed)] == [1_000] * 2


class Weighed(DataFrame, frozen=True, gc=False, eq=False):
    """A frame that tells its size."""

    @property
    def nbytes(self) -> int:
        """Of all texts in it."""
        return sum(len(str(value)) for value in self.data.values())


class Big(Processor):
    """Writes frames of a thousand bytes."""

    out = LinkOutput(Weighed)

    n = 0

    def process(self, ctx: ProcessContext) -> None:
        self.out.write(Weighed({"b": "x" * 1_000}))


class Sizes(Processor):
    """Counts frames."""

    class Config(ProcessorConfig):
        record: Any

    into = LinkInput(Weighed)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.config.record.add(frame.nbytes)


# ----------------------------------------------------------------------------------------------------------- over edits


@pytest.mark.promise("look.observe-processor")
def test_it_goes_on_with_whoever_takes_the_processors_place(runtime: StreamRuntime) -> None:
    line = Line(runtime)
    observer = runtime.inspector.observe_processor(line.filter, capacity=1_000_000)
    line.run()
    for change in (
        lambda: runtime.restart(line.filter),
        lambda: runtime.replace(line.filter, Faulty, where="nowhere", record=Record()),
        lambda: runtime.replace(line.filter, Pass, tag="again"),
    ):
        before = line.filter.instance()
        held(observer)
        change()
        line.record.wait_for(20)
        events = held(observer)
        assert line.filter.instance() is not before
        states = [event.new for event in events if isinstance(event, ProcessorStateChanged)]
        assert states[-1] is ProcessorState.RUNNING
        assert sum(isinstance(event, FrameProcessed) for event in events) >= 10
    assert observer.ended is None
    observer.close()
    let_others_run(runtime)
    assert is_bare(line.filter)
    runtime.stop()
    assert line.record.is_gapless(), line.record.gaps()


def test_edits_all_around_do_not_disturb_it_nor_it_them(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    with (
        runtime.inspector.observe_processor(line.filter, capacity=1_000_000) as processor,
        runtime.inspector.observe_link(FIRST, frames=True, capacity=1_000_000) as link,
    ):
        for _ in range(3):
            record = Record()
            beside = runtime.add_processor(Collect, record=record)
            runtime.connect(line.filter, beside)
            record.wait_for(20)
            runtime.pause(line.filter)
            runtime.resume(line.filter)
            with pytest.raises(CommitError):
                runtime.replace(line.filter, Faulty, where="setup", record=Record())
            runtime.remove(beside)
            line.record.wait_for(20)
        runtime.pause()
        runtime.resume()
        line.record.wait_for(20)
        numbers = [event.frame.data["n"] for event in held(link) if isinstance(event, FramePushed)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert calls(processor) > 100
    let_others_run(runtime)
    assert is_bare(line.filter)
    runtime.stop()
    assert line.record.is_gapless(), line.record.gaps()


@pytest.mark.promise("look.observe-processor")
def test_configs_and_errors_are_told(runtime: StreamRuntime) -> None:
    record, hand = Record(), runtime.add_processor(Hand)
    faulty = runtime.add_processor(Faulty, where="process", at=1, record=Record(), on_error="skip")
    runtime.connect(hand, faulty)
    filter_ = runtime.add_processor(Pass)
    runtime.connect(faulty, filter_)
    runtime.connect(filter_, runtime.add_processor(Collect, record=record))
    runtime.start()
    with (
        runtime.inspector.observe_processor(faulty) as failing,
        runtime.inspector.observe_processor(filter_) as other,
    ):
        for _ in range(3):
            runtime.step(hand)
        record.wait_until(lambda: record.numbers == [0, 2])
        runtime.update_config(filter_, gain=5)
        let_others_run(runtime)
        told = held(failing)
        errors = [event for event in told if isinstance(event, ProcessorError)]
        assert [(event.processor_id, event.error) for event in errors] == [
            (faulty.id, "ValueError: no luck in process")
        ]
        done = [event for event in told if isinstance(event, FrameProcessed) and event.frame_timestamp_ns is not None]
        assert len(done) == 2, "a call that raised is an error, and no frame that was processed"
        configs = [event.config for event in held(other) if isinstance(event, ConfigUpdated)]
        assert [config["gain"] for config in configs] == [5]


# ----------------------------------------------------------------------------------------------------- those that raise


class Broken:
    """Raises whatever it is told."""

    def pushed(self, frame: Any) -> None:
        raise ValueError("no more")

    def full(self, *, dropped: bool) -> None:
        raise ValueError("no more")

    def emptied(self) -> None:
        raise ValueError("no more")

    def processed(self, frame: Any, latency_ns: int) -> None:
        raise ValueError("no more")


@pytest.mark.promise("error.observer-removed")
@pytest.mark.parametrize("where", ["link", "output", "processor"])
def test_one_that_raises_is_removed_and_named_and_the_others_and_the_frames_go_on(
    runtime: StreamRuntime, where: str, caplog: pytest.LogCaptureFixture
) -> None:
    line = Line(runtime).run()
    taps, broken = runtime._taps, Broken()
    port, id_ = PortRef(ProcessorId("pass_0"), "out"), ProcessorId("pass_0")
    attached: dict[str, tuple[Callable[[], None], str]] = {
        "link": (lambda: taps.attach(LinkId(SECOND), broken), f"link {SECOND}"),
        "output": (lambda: taps.attach_output(port, broken), "output pass_0.out"),
        "processor": (lambda: taps.attach_call(id_, broken), "processor pass_0"),
    }
    attach, name = attached[where]
    with (
        runtime.inspector.observe_link(SECOND) as other,
        runtime.events.subscribe_queue("runtime:global") as bus,
    ):
        attach()
        failed = bus.get(SECONDS)
        assert isinstance(failed, ObserverFailed)
        assert (failed.observed, failed.error) == (name, "ValueError: no more")
        line.record.wait_for(50)
        assert other.ended is None
        assert any(isinstance(event, DataPushed) for event in held(other))
    let_line_pass(runtime)
    let_others_run(runtime)
    assert is_bare(line.filter)
    runtime.stop()
    assert line.record.is_gapless(), line.record.gaps()
    assert [record for record in caplog.records if name in record.getMessage()]


# --------------------------------------------------------------------------------------------- wherever they are called


class Slowly(Processor):
    """A coroutine between a source and a sink."""

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    async def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        await asyncio.sleep(0)
        if frame is not None:
            self.out.write(frame)


@pytest.mark.promise("look.observe-processor", "look.attach-detach")
def test_a_coroutine_is_told_of_when_it_has_returned(runtime: StreamRuntime) -> None:
    record, hand, slowly = Record(), runtime.add_processor(Hand), runtime.add_processor(Slowly)
    runtime.connect(hand, slowly)
    runtime.connect(slowly, runtime.add_processor(Collect, record=record))
    runtime.start()
    with runtime.inspector.observe_processor(slowly) as observer:
        let_others_run(runtime)
        for number in range(3):
            runtime.step(hand)
            record.wait_until(partial(_is_at, record, number))
        let_others_run(runtime)
        found = [e for e in held(observer) if isinstance(e, FrameProcessed) and e.frame_timestamp_ns is not None]
        assert len(found) == 3
    let_others_run(runtime)
    assert is_bare(slowly)
    runtime.step(hand)
    record.wait_until(lambda: record.numbers == [0, 1, 2, 3])


def _is_at(record: Record, number: int) -> bool:
    return record.numbers[-1:] == [number]


@pytest.mark.promise("look.observe-processor", "look.attach-detach")
def test_steps_by_hand_are_told_and_attached_between_two_of_them(runtime: StreamRuntime) -> None:
    hand = runtime.add_processor(Hand)
    runtime.start()
    runtime.step(hand)
    with runtime.inspector.observe_processor(hand) as observer:
        runtime.step(hand)
        runtime.step(hand)
    runtime.step(hand)
    assert is_bare(hand)
    assert calls(observer) == 2


class OnMain:
    """Filters on the main thread."""

    def scheduling_strategy(self, node: Any) -> SchedulingStrategy:
        if node.processor_type == "Tick":
            return SchedulingStrategy.main_thread()
        return SchedulingStrategy.dedicated_thread()


class Tick(Processor):
    """Counts on the main thread."""

    execution = ProcessExecution.continuous(interval_ms=1)
    out = LinkOutput(DataFrame)

    n = 0

    def process(self, ctx: ProcessContext) -> None:
        self.out.write(DataFrame({"n": self.n}))
        self.n += 1


@pytest.mark.promise("look.observe-processor")
def test_calls_on_the_main_thread_are_told() -> None:
    with StreamRuntime(scheduler=OnMain()) as runtime:
        tick, record = runtime.add_processor(Tick), Record()
        runtime.connect(tick, runtime.add_processor(Collect, record=record))
        runtime.start()
        with runtime.inspector.observe_processor(tick) as observer:
            assert not runtime.wait(timeout=0.05)
            assert calls(observer) > 3
        assert not runtime.wait(timeout=0.01)
        assert is_bare(tick)


# -------------------------------------------------------------------------------------------------------------- the end


@pytest.mark.parametrize("why", [ObserverEnd.REMOVED, ObserverEnd.STOPPED])
def test_an_iteration_ends_when_what_it_observes_is_removed_and_when_the_runtime_stops(
    runtime: StreamRuntime, why: ObserverEnd
) -> None:
    line = Line(runtime).run()
    observers: list[Observer[Any]] = [
        runtime.inspector.observe_processor(line.filter),
        runtime.inspector.observe_link(SECOND),
    ]
    seen: list[list[Any]] = [[], []]

    def read(into: list[Any], observer: Observer[Any]) -> None:
        into.extend(observer)

    readers = [
        threading.Thread(target=read, args=(into, observer)) for into, observer in zip(seen, observers, strict=True)
    ]
    for reader in readers:
        reader.start()
    line.record.wait_for(50)
    if why is ObserverEnd.REMOVED:
        runtime.remove(line.filter)
    else:
        runtime.stop()
    for reader in readers:
        reader.join(SECONDS)
        assert not reader.is_alive()
    assert [observer.ended for observer in observers] == [why, why]
    assert all(len(events) > 10 for events in seen)
    assert not runtime.events._subscriptions
