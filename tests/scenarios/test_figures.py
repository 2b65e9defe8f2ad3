"""What is timed of frames on their way: how long they waited in links, and how old they were."""

from __future__ import annotations

from typing import Any

import pytest

from streamlib import ProcessorHandle, StreamRuntime
from streamlib.clock import NS_PER_MS
from streamlib.execution.sampling import SAMPLE_EVERY_NS
from streamlib.links.latency import LatencyStats
from streamlib.runtime.handles import LinkHandle
from streamlib.testing import ManualClock
from tests.scenarios.conftest import Make
from tests.scenarios.stage import Both, Collect, Hand, Pass, Record, let_others_run
from tests.scenarios.test_many import Turns

WAIT_NS = 30 * NS_PER_MS


class Stage:
    """A source that the test steps, by a clock that the test moves; each step is far enough behind the last."""

    def __init__(self, make: Make) -> None:
        self.clock, self.record = ManualClock(), Record()
        self.runtime: StreamRuntime = make(clock=self.clock)
        self.hand = self.runtime.add_processor(Hand)

    def sink(self, kind: Any = Collect) -> ProcessorHandle:
        return self.runtime.add_processor(kind, record=self.record)

    def write(self) -> None:
        self.clock.advance(SAMPLE_EVERY_NS)
        assert self.runtime.step(self.hand)

    def send(self, frames: int = 1) -> None:
        """One frame, and wait until it has come to the end, by so many ways."""
        self.write()
        self.arrive(frames)

    def arrive(self, frames: int) -> None:
        self.record.wait_for(frames - (len(self.record.numbers) - self._sent))
        self._sent = len(self.record.numbers)
        let_others_run(self.runtime)

    _sent = 0


def wait_of(link: LinkHandle) -> LatencyStats:
    shown = link.runtime.inspector.link(link.id)  # type: ignore[attr-defined]
    assert shown is not None
    assert isinstance(shown.wait, LatencyStats)
    return shown.wait


def age_of(handle: ProcessorHandle) -> LatencyStats:
    shown = handle.runtime.inspector.processor(handle.id)  # type: ignore[attr-defined]
    assert shown is not None
    assert isinstance(shown.age, LatencyStats)
    return shown.age


@pytest.mark.promise("look.link-wait", "look.age")
def test_a_frame_that_is_known_to_wait_is_shown_with_exactly_that_wait_and_age(make: Make) -> None:
    stage = Stage(make)
    filter_, sink = stage.runtime.add_processor(Pass), stage.sink()
    first, second = stage.runtime.connect(stage.hand, filter_), stage.runtime.connect(filter_, sink)
    assert wait_of(first).samples == age_of(filter_).samples == 0
    stage.runtime.start()
    stage.send()
    stage.runtime.pause(filter_)
    stage.write()
    stage.clock.advance(WAIT_NS)
    stage.runtime.resume(filter_)
    stage.arrive(1)
    assert (wait_of(first).max_ns, wait_of(second).max_ns) == (WAIT_NS, 0)
    assert wait_of(first).samples >= 1 <= wait_of(second).samples
    assert (age_of(filter_).max_ns, age_of(sink).max_ns) == (WAIT_NS, WAIT_NS)
    assert age_of(stage.hand).samples == 0
    stage.runtime.stop()
    assert (wait_of(first).max_ns, age_of(sink).max_ns) == (WAIT_NS, WAIT_NS)


@pytest.mark.promise("look.link-wait")
def test_time_spent_paused_is_no_wait(make: Make) -> None:
    stage = Stage(make)
    sink = stage.sink()
    link = stage.runtime.connect(stage.hand, sink)
    stage.runtime.start()
    stage.send()
    stage.runtime.pause(sink)
    stage.write()
    stage.clock.advance(WAIT_NS)
    stage.runtime.pause()
    stage.clock.advance(1_000 * WAIT_NS)
    stage.runtime.resume()
    stage.runtime.resume(sink)
    stage.arrive(1)
    assert (wait_of(link).max_ns, age_of(sink).max_ns) == (WAIT_NS, WAIT_NS)


@pytest.mark.promise("look.link-wait")
@pytest.mark.parametrize("kind", [Turns, Both])
def test_each_link_of_several_inputs_has_a_wait_of_its_own(make: Make, kind: Any) -> None:
    stage = Stage(make)
    slow, quick, joined = (
        stage.runtime.add_processor(Pass), stage.runtime.add_processor(Pass), stage.runtime.add_processor(kind, record=stage.record)
    )  # fmt: skip
    end = stage.sink() if kind is Both else joined
    for filter_ in (slow, quick):
        stage.runtime.connect(stage.hand, filter_)
    ports = ("left", "right") if kind is Both else ("into", "into")
    links = [
        stage.runtime.connect(filter_.output("out"), joined.input(port))
        for filter_, port in zip((slow, quick), ports, strict=True)
    ]
    if end is not joined:
        stage.runtime.connect(joined, end)
    stage.runtime.start()
    stage.send(2)
    stage.runtime.pause(slow)
    stage.write()
    stage.arrive(1)
    stage.runtime.pause(joined)
    stage.runtime.resume(slow)
    let_others_run(stage.runtime)
    stage.clock.advance(WAIT_NS)
    stage.runtime.resume(joined)
    stage.arrive(1)
    assert (wait_of(links[0]).max_ns, wait_of(links[1]).max_ns) == (WAIT_NS, 0)
    assert age_of(joined).max_ns == WAIT_NS
