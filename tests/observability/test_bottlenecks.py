from __future__ import annotations

import threading
from collections.abc import Iterator
from time import monotonic

import msgspec
import pytest

from streamlib import DataFrame, LinkInput, ProcessorHandle, SchedulingStrategy, StreamRuntime
from streamlib.clock import NS_PER_S
from streamlib.graph import ProcessorNode
from streamlib.graph.components import WiredChannel
from streamlib.links.channel import Channel
from streamlib.links.latency import LatencyHistogram
from streamlib.links.reader import RingReader
from streamlib.observability.bottlenecks import bottlenecks
from streamlib.observability.explanation import Cause
from streamlib.observability.rates import Rates
from streamlib.observability.snapshots import Bottleneck
from streamlib.observability.table import GraphTable
from streamlib.runtime.handles import LinkHandle
from streamlib.testing import ManualClock
from tests.scenarios.stage import SECONDS, Collect, Hand, Numbers, Pass, Record, Stuck, let_others_run
from tests.scenarios.trouble import Join, Never


class Threads:
    """Each on a thread of its own, but for those of whom the test says otherwise."""

    def __init__(self, *lightweight: str) -> None:
        self._lightweight = lightweight

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        return (
            SchedulingStrategy.lightweight() if node.id in self._lightweight else SchedulingStrategy.dedicated_thread()
        )


class Stage:
    """A graph by a clock that the test moves, in which processors stay inside a call until they are released."""

    def __init__(self, release: threading.Event, *lightweight: str) -> None:
        self.clock, self.record, self.release = ManualClock(), Record(), release
        self.runtime = StreamRuntime(clock=self.clock, scheduler=Threads(*lightweight), stall_after=None)
        self.look = self.runtime.inspector

    def stuck(self) -> ProcessorHandle:
        return self.runtime.add_processor(Stuck, record=self.record, release=self.release)

    def step(self, source: ProcessorHandle, times: int) -> None:
        for _ in range(times):
            self.runtime.step(source)

    def wait_until_all_stall(self, *links: LinkHandle) -> None:
        """Until the writer of each link waits for room; the last link is asked first, so that none goes on after.

        Such a link may lack a frame that was taken since: its writer comes back when half of it is free.
        """
        until, between = monotonic() + SECONDS, threading.Event()
        while not all(is_stalled(channel_of(self.runtime, link)) for link in reversed(links)):
            assert monotonic() < until
            between.wait(0.002)


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def channel_of(runtime: StreamRuntime, link: LinkHandle) -> Channel:
    wired = runtime.graph.get(link.id, WiredChannel)
    assert wired is not None
    return wired.channel


def is_stalled(channel: Channel) -> bool:
    return isinstance(channel.reader, RingReader) and bool(channel.reader.ring.stalled)


@pytest.mark.promise("look.health")
def test_who_is_inside_a_call_while_its_input_is_full_is_named_with_what_tells_it(release: threading.Event) -> None:
    stage = Stage(release)
    hand, stuck = stage.runtime.add_processor(Hand), stage.stuck()
    link = stage.runtime.connect(hand, stuck, capacity=2)
    with stage.runtime:
        stage.runtime.start()
        stage.step(hand, 1)
        stage.record.wait_for_call("stuck")
        stage.clock.advance(10 * NS_PER_S)
        assert stage.look.health().bottlenecks == ()
        stage.step(hand, 2)
        (found,) = stage.look.health().bottlenecks
        assert (found.processor_id, found.link_id, found.writers) == (stuck.id, link.id, (hand.id,))
        assert (found.busy, found.window_s, found.call_ns, found.slow) == (1.0, 10.0, 0, False)
        assert stage.look.snapshot().health.bottlenecks == (found,)
        assert msgspec.json.decode(msgspec.json.encode(found))["processor_id"] == stuck.id
        assert f"the pace is set by: {stuck.id} (100% busy, 0 ms a call)" in str(stage.look.health())
        assert str(GraphTable.of(stage.look)).splitlines()[0].endswith(f"0 errors, the pace is set by {stuck.id}")
        release.set()


@pytest.mark.promise("look.health")
def test_a_link_for_whose_room_somebody_waits_counts_at_each_look(release: threading.Event) -> None:
    stage = Stage(release)
    hand, stuck = stage.runtime.add_processor(Hand), stage.stuck()
    link = stage.runtime.connect(hand, stuck, capacity=8)
    with stage.runtime:
        stage.runtime.start()
        stage.step(hand, 1)
        stage.record.wait_for_call("stuck")
        stage.step(hand, 1)
        stage.clock.advance(10 * NS_PER_S)
        assert stage.look.health().bottlenecks == stage.look.snapshot().health.bottlenecks == ()
        reader = channel_of(stage.runtime, link).reader
        assert isinstance(reader, RingReader)
        reader.ring.stalled.append(stage.clock.now_ns())  # as where the writer has not come back yet
        (found,) = stage.look.health().bottlenecks
        assert found.processor_id == stuck.id
        assert stage.look.snapshot().health.bottlenecks == (found,)
        release.set()


@pytest.mark.promise("look.health")
def test_those_whom_a_full_link_behind_them_holds_back_are_none(release: threading.Event) -> None:
    stage = Stage(release)
    add, connect = stage.runtime.add_processor, stage.runtime.connect
    source, first, second, stuck = add(Numbers), add(Pass), add(Pass), stage.stuck()
    links = connect(source, first), connect(first, second), connect(second, stuck)
    with stage.runtime:
        stage.runtime.start()
        stage.record.wait_for_call("stuck")
        stage.clock.advance(10 * NS_PER_S)
        stage.wait_until_all_stall(*links)
        stage.clock.advance(2 * NS_PER_S)
        (found,) = stage.look.health().bottlenecks
        assert (found.processor_id, found.link_id, found.slow) == (stuck.id, links[-1].id, True)
        explained = stage.look.explain().roots
        assert [(one.root, one.cause) for one in explained] == [(stuck.id, Cause.INSIDE)]
        release.set()
        stage.runtime.stop(drain=False)


@pytest.mark.promise("look.health")
def test_a_reader_of_a_full_link_that_is_fast_is_none_whatever_the_link_looks_like() -> None:
    """The source writes as fast as it may, which fills its link; in a thousand seconds the reader is busy for a few."""
    stage, record = Stage(threading.Event()), Record()
    source = stage.runtime.add_processor(Numbers)
    sink = stage.runtime.add_processor(Collect, record=record)
    link = stage.runtime.connect(source, sink, capacity=2)
    with stage.runtime:
        stage.runtime.start()
        record.wait_for(500)
        stage.clock.advance(1_000 * NS_PER_S)
        let_others_run(stage.runtime)
        record.wait_for(500)
        assert bottlenecks(stage.runtime.graph, [channel_of(stage.runtime, link)], Rates(), stage.clock.now_ns()) == ()
        assert not stage.look.explain()
        stage.runtime.stop(drain=False)


def spend(handle: ProcessorHandle, seconds: float) -> None:
    """Have its calls so far taken so long, all together."""
    metrics = handle.metrics
    assert metrics is not None
    metrics.timings = LatencyHistogram()
    metrics.timings.record(round(seconds * NS_PER_S / metrics.calls))


class Three(Stage):
    """A source that the test steps, a filter and a sink that have done four frames in ten seconds."""

    def __init__(self, *lightweight: str) -> None:
        super().__init__(threading.Event(), *lightweight)
        self.hand = self.runtime.add_processor(Hand)
        self.filter = self.runtime.add_processor(Pass)
        self.sink = self.runtime.add_processor(Collect, record=self.record)
        self.link = self.runtime.connect(self.hand, self.filter)
        self.runtime.connect(self.filter, self.sink)

    def run(self) -> None:
        self.runtime.start()
        self.step(self.hand, 4)
        self.record.wait_until(lambda: len(self.record.numbers) == 4)
        let_others_run(self.runtime)
        self.clock.advance(10 * NS_PER_S)

    def found(self, rates: Rates | None = None) -> tuple[Bottleneck, ...]:
        """Who is found where the first link is full."""
        channels = [channel_of(self.runtime, self.link)]
        return bottlenecks(self.runtime.graph, channels, rates or Rates(), self.clock.now_ns())


@pytest.mark.parametrize(("spent_s", "named"), [(9.6, True), (8.4, True), (7.0, False), (0.1, False)])
def test_who_was_inside_calls_for_nearly_all_of_the_window_is_named(spent_s: float, *, named: bool) -> None:
    stage = Three()
    with stage.runtime:
        stage.run()
        spend(stage.filter, spent_s)
        assert [one.processor_id for one in stage.found()] == ([stage.filter.id] if named else [])
        for one in stage.found():
            assert one.busy == pytest.approx(spent_s / 10, rel=1 / 32)
            assert one.slow


def test_the_window_begins_at_the_look_before() -> None:
    stage, rates = Three(), Rates()
    with stage.runtime:
        stage.run()
        spend(stage.filter, 9.6)
        assert stage.found(rates)
        stage.clock.advance(10 * NS_PER_S)
        assert stage.found(rates) == ()


def test_of_those_who_share_a_thread_the_one_that_takes_most_is_named() -> None:
    stage = Three("collect_0")
    with stage.runtime:
        stage.run()
        spend(stage.filter, 2.0)
        spend(stage.sink, 7.0)
        (found,) = stage.found()
        assert (found.processor_id, found.link_id) == (stage.sink.id, stage.link.id)
        assert found.busy == pytest.approx(0.7, rel=1 / 32)
        spend(stage.sink, 4.0)
        assert stage.found() == ()


def test_who_is_paused_or_left_or_waits_for_another_input_is_none() -> None:
    stage = Three()
    never, join = stage.runtime.add_processor(Never), stage.runtime.add_processor(Join)
    unread = stage.runtime.connect(stage.hand, never)
    lacks, other = stage.runtime.connect(stage.hand, join.input("picture")), stage.runtime.add_processor(Hand)
    stage.runtime.connect(other, join.input("music"))
    out = Record()
    stage.runtime.connect(join, stage.runtime.add_processor(Collect, record=out))
    with stage.runtime:
        stage.run()
        stage.step(other, 4)
        out.wait_until(lambda: len(out.numbers) == 4)
        let_others_run(stage.runtime)
        for handle in (stage.filter, never, join):
            spend(handle, 10.0)
        assert stage.found()
        stage.runtime.pause(stage.filter)
        assert stage.found() == ()
        channels = [channel_of(stage.runtime, link) for link in (unread, lacks)]
        assert bottlenecks(stage.runtime.graph, channels, Rates(), stage.clock.now_ns()) == ()
        assert stage.look.health().bottlenecks == ()
        stage.runtime.resume(stage.filter)
        stage.runtime.stop(drain=False)


class Newest(Stuck):
    """A `Stuck` that wants the newest frame alone."""

    into = LinkInput(DataFrame, delivery="latest")


class Camera(Hand):
    """Is not slowed."""

    live = True


def test_a_link_that_keeps_the_newest_makes_none_and_one_from_a_live_source_does_where_frames_are_lost(
    release: threading.Event,
) -> None:
    stage = Stage(release)
    hand, camera = stage.runtime.add_processor(Hand), stage.runtime.add_processor(Camera)
    newest = stage.runtime.add_processor(Newest, record=stage.record, release=release)
    stuck = stage.stuck()
    stage.runtime.connect(hand, newest.input("into"))
    stage.runtime.connect(camera, stuck, capacity=2)
    with stage.runtime:
        stage.runtime.start()
        for source in (hand, camera):
            stage.step(source, 1)
        stage.record.wait_until(lambda: stage.record.count("stuck") == 2)
        stage.clock.advance(NS_PER_S)
        stage.step(hand, 3)
        stage.step(camera, 2)
        assert stage.look.health().bottlenecks == ()
        stage.step(camera, 1)
        (found,) = stage.look.health().bottlenecks
        assert (found.processor_id, found.writers, found.slow) == (stuck.id, (camera.id,), True)
        release.set()


def test_a_full_link_that_drops_frames_holds_nobody_back() -> None:
    stage = Three()
    aside = stage.runtime.add_processor(Collect, record=Record())
    drops = stage.runtime.connect(stage.filter, aside, delivery="drop_oldest", capacity=2)
    with stage.runtime:
        stage.run()
        spend(stage.filter, 9.6)
        stage.runtime.pause(aside)
        stage.step(stage.hand, 4)
        stage.record.wait_until(lambda: len(stage.record.numbers) == 8)
        spend(stage.filter, 9.6)
        channels = [channel_of(stage.runtime, link) for link in (stage.link, drops)]
        (found,) = bottlenecks(stage.runtime.graph, channels, Rates(), stage.clock.now_ns())
        assert found.processor_id == stage.filter.id
        stage.runtime.resume(aside)


def test_the_busiest_comes_first() -> None:
    stage = Three()
    other = stage.runtime.add_processor(Pass)
    second = stage.runtime.connect(stage.hand, other)
    with stage.runtime:
        stage.run()
        spend(stage.filter, 8.5)
        spend(other, 9.5)
        channels = [channel_of(stage.runtime, link) for link in (stage.link, second)]
        found = bottlenecks(stage.runtime.graph, channels, Rates(), stage.clock.now_ns())
        assert [one.processor_id for one in found] == [other.id, stage.filter.id]


def test_who_was_removed_meanwhile_is_none() -> None:
    stage = Three()
    with stage.runtime:
        stage.run()
        spend(stage.filter, 9.6)
        channel = channel_of(stage.runtime, stage.link)
        stage.runtime.remove(stage.filter)
        assert bottlenecks(stage.runtime.graph, [channel], Rates(), stage.clock.now_ns()) == ()
