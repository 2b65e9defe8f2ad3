from __future__ import annotations

import pytest

from streamlib.processors.context import ProcessContext
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.states import ProcessorState
from tests.execution.plain_processors import (
    Flaky,
    Pair,
    Relay,
    Sink,
    Source,
    numbers,
)
from tests.execution.rig import SECONDS, Rig, checked, loop_of


def test_a_diamond_inside_a_loop_gets_both_ways_in_order() -> None:
    rig, pair = Rig(), Pair()
    source, left, right, end = rig.add(Source(300)), rig.add(Relay()), rig.add(Relay()), rig.add(pair)
    rig.loop(source, left, right, end)
    links = [
        rig.link(source, left),
        rig.link(source, right),
        rig.link(left, end, into="a"),
        rig.link(right, end, into="b"),
    ]
    rig.run()
    assert pair.got == [(name, number) for number in range(300) for name in ("a", "b")]
    assert end.metrics.calls == 300
    checked(*links)


def test_an_exception_in_one_with_two_inputs_costs_the_oldest_frame_alone() -> None:
    class FlakyPair(Pair):
        def process(self, ctx: ProcessContext) -> None:
            if self.calls in {0, 7}:
                self.calls += 1
                raise ValueError("not now")
            super().process(ctx)

    rig, pair = Rig(), FlakyPair()
    source, relay, end = rig.add(Source(300)), rig.add(Relay()), rig.add(pair)
    rig.loop(source, relay, end)
    links = [rig.link(source, end, into="a"), rig.link(source, relay), rig.link(relay, end, into="b")]
    rig.run()
    assert end.metrics.errors == 2
    assert pair.of("b") == list(range(300))
    assert len(pair.of("a")) == 298
    assert end.metrics.latency.stats().samples >= 2, "what is asked before it is called is timed too"
    checked(*links)


@pytest.mark.promise("error.fail", "error.isolated")
@pytest.mark.parametrize("inlined", [True, False])
def test_one_that_fails_is_torn_down_and_the_rest_goes_on(inlined: bool) -> None:
    rig, below, other = Rig(), Sink(), Sink()
    flaky = Flaky({10})
    source, middle = rig.add(Source(500)), rig.add(flaky, policy=ErrorPolicy.FAIL)
    end, beside = rig.add(below), rig.add(other)
    if inlined:
        rig.loop(source, middle, end, beside)
    else:
        for loop in (source, middle, end, beside):
            rig.loop(loop)
    link = rig.link(source, middle)
    links = [link, rig.link(middle, end), rig.link(source, beside)]
    rig.run()
    loop_of(source).apply(link.settle_closed, SECONDS)
    assert (middle.state, str(middle.failure)) == (ProcessorState.FAILED, "call 10")
    assert flaky.life == ["setup", "teardown"]
    assert numbers(below.got) == list(range(10))
    assert end.state is ProcessorState.ENDED
    assert numbers(other.got) == list(range(500))
    assert middle.metrics.calls == 11
    counted = link.statistics()
    assert (counted.written, counted.taken) == (500, 11)
    assert counted.closed == 489
    checked(*links)


def test_what_flush_and_teardown_raise_is_reported_and_ends_it_as_failed() -> None:
    class Bad(Relay):
        def flush(self, ctx: ProcessContext) -> None:
            raise ValueError("flush")

        def teardown(self) -> None:
            raise ValueError("teardown")

    rig, sink = Rig(), Sink()
    members = [rig.add(Source(3)), rig.add(Bad()), rig.add(sink)]
    rig.loop(*members)
    rig.chain(*members)
    rig.run()
    assert [error for _, error, _ in rig.errors()] == ["flush", "teardown"]
    assert (members[1].state, members[2].state) == (ProcessorState.FAILED, ProcessorState.ENDED)
    assert len(sink.got) == 3
