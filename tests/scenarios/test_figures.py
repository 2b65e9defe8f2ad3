"""What is timed of frames on their way: how long they waited in links, and how old they were."""

from __future__ import annotations

from typing import Any

import pytest

from streamlib import Processor, ProcessorHandle, StreamRuntime
from streamlib.clock import NS_PER_MS
from streamlib.execution.closer_look import LOOK_EVERY_NS
from streamlib.links.latency import LatencyStats
from streamlib.observability.snapshots import RunsOn
from streamlib.runtime.handles import LinkHandle
from streamlib.testing import ManualClock
from tests.scenarios.conftest import Make
from tests.scenarios.stage import SECONDS, Both, Collect, Hand, Numbers, Pass, Record, let_others_run
from tests.scenarios.test_many import Turns

WAIT_NS = 30 * NS_PER_MS


class Stage:
    """A source that the test steps, by a clock that the test moves.

    Links hold one frame, so that the next one written is the next one timed.
    """

    def __init__(self, make: Make) -> None:
        self.clock, self.record = ManualClock(), Record()
        self.runtime: StreamRuntime = make(clock=self.clock)
        self.hand = self.runtime.add_processor(Hand)
        self.come = 0

    def add(self, kind: type[Processor], **config: Any) -> ProcessorHandle:
        handle: ProcessorHandle = self.runtime.add_processor(kind, **config)
        return handle

    def join(self, source: ProcessorHandle, target: ProcessorHandle, port: str = "into") -> LinkHandle:
        link: LinkHandle = self.runtime.connect(source, target.input(port), capacity=1)
        return link

    def send(self, ways: int = 1) -> None:
        """One frame, and wait until it has come to the end, by so many ways."""
        assert self.runtime.step(self.hand)
        self.arrive(ways)

    def arrive(self, frames: int) -> None:
        self.come += frames
        self.record.wait_until(lambda: len(self.record.numbers) == self.come)
        let_others_run(self.runtime)

    def hold(self, paused: ProcessorHandle, *, pause_ns: int = 0, ways: int = 1) -> None:
        """One frame that has to wait."""
        self.clock.advance(2 * LOOK_EVERY_NS)  # far enough behind the last to be looked at
        self.runtime.pause(paused)
        assert self.runtime.step(self.hand)
        for _ in range(10_000):  # until it waits where it is to wait
            if self.waiting(paused) == ways:
                break
            let_others_run(self.runtime)
        assert self.waiting(paused) == ways
        self.clock.advance(WAIT_NS)
        if pause_ns:
            self.runtime.pause()
            self.clock.advance(pause_ns)
            self.runtime.resume()
        self.runtime.resume(paused)
        shown = self.runtime.inspector.processor(paused.id)
        assert shown is not None
        assert shown.place is not None
        if shown.place.runs_on is RunsOn.CALLER:  # nobody runs those in the loop of a manual processor but its step
            assert self.runtime.step(self.hand)
            self.come += ways
        self.arrive(ways)

    def waiting(self, handle: ProcessorHandle) -> int:
        links = [self.runtime.inspector.link(link.id) for link in self.runtime.graph.links_into(handle.id)]
        return sum(link.queue_depth for link in links if link is not None)

    def wait(self, link: LinkHandle) -> LatencyStats:
        shown = self.runtime.inspector.link(link.id)
        assert shown is not None
        return shown.wait

    def age(self, handle: ProcessorHandle) -> LatencyStats:
        shown = self.runtime.inspector.processor(handle.id)
        assert shown is not None
        return shown.age


@pytest.mark.promise("look.link-wait", "look.age")
def test_a_frame_that_is_known_to_wait_is_shown_with_exactly_that_wait_and_age(make: Make) -> None:
    stage = Stage(make)
    filter_, sink = stage.add(Pass), stage.add(Collect, record=stage.record)
    first, second = stage.join(stage.hand, filter_), stage.join(filter_, sink)
    assert stage.wait(first).samples == stage.age(filter_).samples == 0
    stage.runtime.start()
    stage.send()
    stage.hold(filter_)
    assert (stage.wait(first).max_ns, stage.wait(second).max_ns) == (WAIT_NS, 0)
    assert stage.wait(first).samples >= 1 <= stage.wait(second).samples
    assert (stage.age(filter_).max_ns, stage.age(sink).max_ns) == (WAIT_NS, WAIT_NS)
    assert stage.age(stage.hand).samples == 0
    stage.runtime.stop()
    assert (stage.wait(first).max_ns, stage.age(sink).max_ns) == (WAIT_NS, WAIT_NS)


@pytest.mark.promise("look.link-wait")
def test_time_spent_paused_is_no_wait(make: Make) -> None:
    stage = Stage(make)
    sink = stage.add(Collect, record=stage.record)
    link = stage.join(stage.hand, sink)
    stage.runtime.start()
    stage.send()
    stage.hold(sink, pause_ns=1_000 * WAIT_NS)
    assert (stage.wait(link).max_ns, stage.age(sink).max_ns) == (WAIT_NS, WAIT_NS)


@pytest.mark.promise("look.link-wait")
@pytest.mark.parametrize("kind", [Turns, Both])
def test_each_link_of_several_is_timed(make: Make, kind: type[Processor]) -> None:
    stage = Stage(make)
    joined = stage.add(kind, record=stage.record)
    links = []
    for port in ("into", "into") if kind is Turns else ("left", "right"):
        filter_ = stage.add(Pass)
        stage.join(stage.hand, filter_)
        links.append(stage.join(filter_, joined, port))
    if kind is Both:
        stage.join(joined, stage.add(Collect, record=stage.record))
    stage.runtime.start()
    stage.send(2)
    for _ in range(2):  # a frame of each link is timed in one of two looks: not in that by which it is timed just now
        stage.hold(joined, ways=2)
    assert [stage.wait(link).max_ns for link in links] == [WAIT_NS, WAIT_NS]
    assert stage.age(joined).max_ns == WAIT_NS


def test_who_has_ended_has_no_rate_and_neither_have_the_links_around(make: Make) -> None:
    """While others go on: the figures of a run that is over would be an average from then."""
    clock, record = ManualClock(), Record()
    runtime = make(clock=clock)
    hand, source = runtime.add_processor(Hand), runtime.add_processor(Numbers, count=20)
    sink = runtime.add_processor(Collect, record=record)
    link = runtime.connect(source, sink)
    runtime.connect(hand, runtime.add_processor(Collect, record=Record()))
    runtime.start()
    assert runtime._reports.wait_until(lambda: {source.state, sink.state} == {"ended"}, SECONDS)
    clock.advance(2_000_000_000)
    assert runtime.step(hand)
    shown = {one.id: one for one in runtime.inspector.snapshot().processors}
    assert [(shown[id_].calls > 0, shown[id_].throughput_fps) for id_ in (source.id, sink.id)] == [(True, 0.0)] * 2
    assert shown[hand.id].throughput_fps == 0.5
    carried = runtime.inspector.link(link)
    assert carried is not None
    assert (carried.taken, carried.throughput_fps) == (20, 0.0)
