from __future__ import annotations

import pytest

from streamlib.states import ProcessorState
from tests.execution.plain_processors import (
    Hand,
    Held,
    Relay,
    Sink,
    Source,
    Step,
    numbers,
    repeat,
)
from tests.execution.rig import SECONDS, Rig, checked, settle


def test_what_was_put_aside_arrives_when_its_processor_is_taken_out() -> None:
    rig, sink = Rig(), Held()
    source, burst, end = rig.add(Source(1)), rig.add(Step(repeat(40))), rig.add(sink)
    first = rig.loop(source, burst)
    rig.loop(end)
    rig.link(burst, end, capacity=2)
    rig.link(source, burst)
    rig.start()
    sink.gate.wait_until_reached()
    rig.reports.wait_for(source, burst)
    first.apply(lambda: first.arrange([source]), SECONDS)
    sink.gate.open()
    rig.reports.wait_for(end)
    rig.stop()
    assert len(sink.got) == 40


def test_a_processor_that_is_over_is_not_counted_any_more() -> None:
    rig, sink = Rig(), Sink()
    source, first, second = rig.add(Hand()), rig.add(Relay()), rig.add(sink)
    loop = rig.loop(source, first, second)
    links = rig.chain(source, first)
    other = rig.link(source, second)
    loop.arrange(loop.members)
    loop.step(SECONDS)
    first.end()
    loop.step(SECONDS)
    calls, taken = first.metrics.calls, links[0].statistics().taken
    for _ in range(5):
        loop.step(SECONDS)
    assert (first.metrics.calls, links[0].statistics().taken) == (calls, taken)
    assert links[0].statistics().written == 7
    assert other.statistics().taken == second.metrics.calls == 7


def test_counts_stay_exact_when_steps_are_arranged_while_the_head_waits() -> None:
    rig, slow, sink = Rig(), Held(), Sink()
    head, end, relay, last = rig.add(Source(60)), rig.add(slow), rig.add(Relay()), rig.add(sink)
    loop = rig.loop(head, relay, last)
    rig.loop(end)
    links = [rig.link(head, end, capacity=1), *rig.chain(head, relay, last)]
    rig.start()
    slow.gate.wait_until_reached()
    for _ in range(3):
        loop.apply(lambda: loop.pause_one(relay), SECONDS)
        loop.apply(lambda: loop.resume_one(relay), SECONDS)
    slow.gate.open()
    rig.reports.wait_for(head, end, relay, last)
    rig.stop()
    assert not rig.errors()
    assert numbers(sink.got) == list(range(60))
    assert [member.metrics.calls for member in (head, relay, last)] == [60, 60, 60]
    checked(*links)


def test_a_head_can_be_paused_alone() -> None:
    rig, sink, source = Rig(), Sink(), Source(100)
    head, end = rig.add(source), rig.add(sink)
    loop = rig.loop(head, end)
    rig.link(head, end)
    loop.pause_one(head)
    rig.start()
    settle(head)
    assert (source.sent, head.state) == (0, ProcessorState.PAUSED)
    loop.apply(lambda: loop.resume_one(head), SECONDS)
    rig.reports.wait_for(head, end)
    rig.stop()
    assert len(sink.got) == 100


@pytest.mark.parametrize("inlined", [True, False])
def test_one_that_is_paused_does_not_end_before_it_goes_on(inlined: bool) -> None:
    rig, sink = Rig(), Sink()
    source, end = rig.add(Source(0)), rig.add(sink)
    if inlined:
        loop = rig.loop(source, end)
    else:
        rig.loop(source)
        loop = rig.loop(end)
    rig.link(source, end)
    loop.pause_one(end)
    rig.start()
    rig.reports.wait_for(source)
    settle(end)
    assert sink.life == ["setup"]
    loop.apply(lambda: loop.resume_one(end), SECONDS)
    rig.reports.wait_for(end)
    rig.stop()
