from __future__ import annotations

import pytest

from streamlib.processors.context import ProcessContext
from streamlib.processors.execution_mode import ProcessExecution
from tests.execution.plain_processors import (
    Flaky,
    Hand,
    Held,
    Relay,
    Sink,
    Source,
    Step,
    numbers,
    repeat,
)
from tests.execution.rig import SECONDS, Rig, checked

# ------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.promise("error.skip", "error.counted", "error.isolated")
@pytest.mark.parametrize("reads_first", [True, False])
@pytest.mark.parametrize("inlined", [True, False])
@pytest.mark.parametrize("brief", [True, False])
@pytest.mark.parametrize("bad", [{0}, {5}, {0, 1, 2, 200}, set(range(100, 300))])
def test_an_exception_costs_exactly_one_frame(bad: set[int], brief: bool, inlined: bool, reads_first: bool) -> None:
    rig, sink, other = Rig(brief=brief), Sink(), Sink()
    flaky = Flaky(bad, reads_first=reads_first)
    source, middle, end, beside = rig.add(Source(400)), rig.add(flaky), rig.add(sink), rig.add(other)
    if inlined:
        rig.loop(source, middle, end, beside)
    else:
        rig.loop(source)
        rig.loop(middle, end)
        rig.loop(beside)
    links = [rig.link(source, middle), rig.link(middle, end), rig.link(source, beside)]
    rig.run()
    assert numbers(sink.got) == [number for number in range(400) if number not in bad]
    assert numbers(other.got) == list(range(400)), "the other branch loses nothing"
    assert (middle.metrics.calls, middle.metrics.errors) == (400, len(bad))
    assert [timestamp for _, _, timestamp in rig.errors()] == [1_000 * number for number in sorted(bad)]
    checked(*links)


@pytest.mark.parametrize("brief", [True, False])
def test_a_head_that_raises_goes_on(brief: bool) -> None:
    class Broken(Source):
        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            if self.sent % 2:
                raise ValueError("odd")

    rig, sink = Rig(brief=brief), Sink()
    members = [rig.add(Broken(300)), rig.add(Relay()), rig.add(sink)]
    rig.loop(*members)
    links = rig.chain(*members)
    rig.run()
    assert numbers(sink.got) == list(range(300))
    assert members[0].metrics.errors == 150
    assert [member.metrics.calls for member in members] == [300, 300, 300]
    checked(*links)


def test_a_frame_that_comes_twice_is_lost_once() -> None:
    """The same object lies in the ring again: that the failed call has read the first is told by the count."""
    rig, sink = Rig(), Sink()
    flaky = Flaky({3})
    source, middle, end = rig.add(Step(repeat(8))), rig.add(flaky), rig.add(sink)
    hand = rig.add(Hand())
    feed = rig.loop(hand, source)
    loop = rig.loop(middle, end)
    rig.link(hand, source)
    rig.chain(source, middle, end)
    feed.arrange(feed.members)
    feed.step(SECONDS)
    rig.start(loop)
    hand.end()
    feed.step(SECONDS)
    rig.reports.wait_for(middle, end)
    rig.stop()
    assert numbers(sink.got) == [0] * 7


def test_a_continuous_processor_loses_no_frame_that_it_did_not_read() -> None:
    class Mixer(Flaky):
        execution = ProcessExecution.continuous()

    rig, sink = Rig(), Sink()
    flaky = Mixer({0, 1}, reads_first=False)
    hand, middle, end = rig.add(Hand()), rig.add(flaky), rig.add(sink)
    feed = rig.loop(hand)
    loop = rig.loop(middle, end)
    rig.chain(hand, middle, end)
    feed.step(SECONDS)
    rig.start(loop)
    hand.end()
    feed.step(SECONDS)
    rig.reports.wait_for(middle, end)
    rig.stop()
    assert middle.metrics.errors == 2
    assert numbers(sink.got) == [0]


# ---------------------------------------------------------------------------------------------------- ends of streams


def test_what_was_put_aside_and_the_end_arrive_when_the_thread_stops() -> None:
    rig, sink = Rig(), Held()
    source, burst, end = rig.add(Source(1)), rig.add(Step(repeat(40))), rig.add(sink)
    first = rig.loop(source, burst)
    rig.loop(end)
    link = rig.link(burst, end, capacity=2)
    rig.link(source, burst)
    runner = rig.start()[-1]
    sink.gate.wait_until_reached()
    rig.reports.wait_for(source, burst)
    assert runner.loop is first
    runner.stop()
    assert runner.join(SECONDS)
    sink.gate.open()
    rig.reports.wait_for(end)
    rig.stop()
    assert len(sink.got) == 40
    checked(link)
