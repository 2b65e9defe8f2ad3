from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlib.errors import LinkOverflowError
from streamlib.execution.chain import TIMED_EVERY
from streamlib.links.reader import OVERFLOW_LIMIT
from streamlib.processors.context import ProcessContext
from streamlib.processors.ports import LinkOutput
from streamlib.states import ProcessorState
from tests.execution.plain_processors import (
    Both,
    Held,
    Life,
    Note,
    Pair,
    Relay,
    Sink,
    Source,
    Step,
    Stubborn,
    numbers,
    only,
    repeat,
)
from tests.execution.rig import SECONDS, Rig, checked, own

# ------------------------------------------------------------------------------------------------------ one chain


@pytest.mark.promise("link.inlined-chain", "execution.lightweight-deep")
def test_a_chain_of_ten_thousand_passes_frames() -> None:
    rig, frames = Rig(), 30
    sink = Sink()
    members = [
        rig.add(Source(frames)),
        *(rig.add(Relay()) for _ in range(10_000)),
        rig.add(sink),
    ]
    rig.loop(*members)
    links = rig.chain(*members)
    rig.run()
    assert numbers(sink.got) == list(range(frames))
    assert {member.metrics.calls for member in members} == {frames}
    assert {link.statistics().taken for link in links} == {frames}
    assert rig.ended() == [member.id for member in members]


@pytest.mark.parametrize("brief", [True, False])
@pytest.mark.parametrize("frames", [1, 127, 128, 129, 1_000])
def test_calls_and_frames_are_counted_exactly_whatever_a_filter_drops(frames: int, brief: bool) -> None:
    rig, sink = Rig(brief=brief), Sink()
    third = rig.add(Step(only(lambda number: number % 3 == 0)))
    members = [rig.add(Source(frames)), rig.add(Relay()), third, rig.add(Relay()), rig.add(sink)]
    rig.loop(*members)
    links = rig.chain(*members)
    rig.run()
    wanted = list(range(0, frames, 3))
    assert numbers(sink.got) == wanted
    assert [member.metrics.calls for member in members] == [frames, frames, frames, len(wanted), len(wanted)]
    assert [link.statistics().taken for link in links] == [frames, frames, len(wanted), len(wanted)]
    checked(*links)


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=4),
    st.integers(1, 5),
    st.integers(1, 40),
    st.integers(1, 9),
    st.booleans(),
)
@settings(max_examples=60)
def test_counts_and_order_hold_whatever_each_writes_per_call(
    factors: list[int], per_call: int, frames: int, capacity: int, brief: bool
) -> None:
    rig, sink = Rig(brief=brief), Sink()
    members = [rig.add(Source(frames, per_call)), *(rig.add(Step(repeat(n))) for n in factors), rig.add(sink)]
    rig.loop(*members)
    links = rig.chain(*members, capacity=capacity)
    rig.run()
    count, calls = frames, [-(-frames // per_call)]
    for factor in [*factors, 1]:
        calls.append(count)
        count *= factor
    assert numbers(sink.got) == [number for number in range(frames) for _ in range(count // frames)]
    assert [member.metrics.calls for member in members] == calls
    assert [link.statistics().taken for link in links] == calls[1:]
    checked(*links)


def test_a_processor_that_reads_all_in_one_call_is_counted_right() -> None:
    class Greedy(Stubborn):
        reads = True

    rig, sink = Rig(), Greedy()
    members = [rig.add(Source(50)), rig.add(Step(repeat(3))), rig.add(sink)]
    rig.loop(*members)
    links = rig.chain(*members)
    rig.run()
    assert len(sink.got) == 150
    assert [link.statistics().taken for link in links] == [50, 150]
    checked(*links)


@pytest.mark.promise("link.overflow")
def test_one_call_that_writes_without_measure_fails_alone_and_the_rest_arrives() -> None:
    rig, sink = Rig(), Sink()
    burst = rig.add(Step(repeat(8 + OVERFLOW_LIMIT + 1)))
    members = [rig.add(Source(1)), burst, rig.add(sink)]
    rig.loop(*members)
    rig.chain(*members)
    rig.run()
    assert isinstance(rig.reports.errors[0][1], LinkOverflowError)
    assert len(sink.got) == 8 + OVERFLOW_LIMIT


def test_flush_and_teardown_come_once_and_in_order() -> None:
    class Tail(Relay):
        def flush(self, ctx: ProcessContext) -> None:
            super().flush(ctx)
            self.out.write(Note(-1))

    rig, sink = Rig(), Sink()
    members = [rig.add(Source(3)), rig.add(Tail()), rig.add(Tail()), rig.add(sink)]
    rig.loop(*members)
    rig.chain(*members)
    rig.run()
    assert numbers(sink.got) == [0, 1, 2, -1, -1]
    for member in members[:-1]:
        assert isinstance(member.processor, Life)
        assert own(member).life == ["setup", "flush", "teardown"]
    assert sink.life == ["setup", "flush", "after 5", "teardown"]
    assert rig.ended() == [member.id for member in members]
    assert {member.state for member in members} == {ProcessorState.ENDED}


def test_the_loop_times_one_pass_in_so_many_and_says_how_many() -> None:
    rig = Rig()
    members = [rig.add(Source(TIMED_EVERY * 4)), rig.add(Relay()), rig.add(Sink())]
    rig.loop(*members)
    rig.chain(*members)
    rig.run()
    assert 4 <= members[0].metrics.latency.stats().samples <= 12
    assert 1 <= members[1].metrics.latency.stats().samples <= 8


# ----------------------------------------------------------------------------------------------- several ways through


def test_a_diamond_with_a_way_that_drops_frames_does_not_starve() -> None:
    """`Both` leaves what it cannot pair; a link holds its capacity of such before it holds its writer back."""
    rig, both = Rig(), Both()
    source, every, some, end = (
        rig.add(Source(40)),
        rig.add(Relay()),
        rig.add(Step(only(lambda number: number % 4 == 3))),
        rig.add(both),
    )
    rig.loop(source, every, some, end)
    rig.link(source, every)
    rig.link(source, some)
    rig.link(every, end, into="a", capacity=64)
    rig.link(some, end, into="b")
    rig.run()
    assert both.of("a") == list(range(40))
    assert both.of("b") == list(range(3, 40, 4))


@pytest.mark.parametrize("kind", [Pair, Both])
def test_a_diamond_across_loops_gets_both_ways(kind: type[Pair]) -> None:
    rig, pair = Rig(), kind()
    source, inside, outside, end = rig.add(Source(2_000)), rig.add(Relay()), rig.add(Relay()), rig.add(pair)
    rig.loop(source, inside, end)
    rig.loop(outside)
    links = [
        rig.link(source, inside),
        rig.link(source, outside),
        rig.link(inside, end, into="a"),
        rig.link(outside, end, into="b"),
    ]
    rig.run()
    assert pair.of("a") == pair.of("b") == list(range(2_000))
    checked(*links)


def test_a_loop_without_a_head_runs_what_others_feed() -> None:
    rig, sinks = Rig(), [Sink(), Sink()]
    source, relay = rig.add(Source(500)), rig.add(Relay())
    ends = [rig.add(sink) for sink in sinks]
    rig.loop(source)
    rig.loop(relay, *ends, head=False)
    links = [rig.link(source, relay), rig.link(relay, ends[0]), rig.link(relay, ends[1])]
    rig.run()
    assert [numbers(sink.got) for sink in sinks] == [list(range(500))] * 2
    checked(*links)


@pytest.mark.promise("link.back-pressure-thread", "link.capacity")
def test_a_source_on_a_thread_waits_for_a_slow_sink() -> None:
    rig, sink, source = Rig(), Held(), Source(50)
    ends = rig.add(source), rig.add(sink)
    for end in ends:
        rig.loop(end)
    link = rig.link(*ends, capacity=4)
    rig.start()
    sink.gate.wait_until_reached()
    rig.loops[id(ends[0].loop)].apply(lambda: None, SECONDS)  # it serves changes while it waits
    assert source.sent <= 5
    sink.gate.open()
    rig.reports.wait_for(*ends)
    rig.stop()
    assert numbers(sink.got) == list(range(50))
    checked(link)


def test_a_reader_that_needs_another_link_does_not_leave_its_writer_asleep() -> None:
    """It took one frame of a full ring and rests: there is room for the frame that its other link waits behind."""

    class Skewed(Life):
        out = LinkOutput(Note)
        other = LinkOutput(Note)

        def process(self, ctx: ProcessContext) -> None:
            for number in range(9):
                self.out.write(Note(number))
            self.other.write(Note(0))
            ctx.end()

    class OneThenWait(Pair):
        def process(self, ctx: ProcessContext) -> None:
            if not self.of("a") or self.of("b"):
                frame = self.a.read()
                if frame is not None:
                    self.got.append(("a", frame.number))
            super_b = self.b.read()
            if super_b is not None:
                self.got.append(("b", super_b.number))

    rig, pair = Rig(), OneThenWait()
    source, end = rig.add(Skewed()), rig.add(pair)
    rig.loop(source)
    rig.loop(end)
    rig.link(source, end, "out", "a", capacity=8)
    rig.link(source, end, "other", "b")
    rig.run()
    assert pair.of("a") == list(range(9))


# ------------------------------------------------------------------------------------------------------ pause, resume


def test_pausing_stops_calls_and_loses_nothing() -> None:
    rig, sink, source = Rig(), Sink(), Source(20_000)
    members = [rig.add(source), rig.add(Relay()), rig.add(sink)]
    loop = rig.loop(*members)
    rig.chain(*members)
    rig.start()
    for _ in range(5):
        loop.apply(loop.pause, SECONDS)
        calls = source.sent
        loop.apply(lambda: None, SECONDS)
        assert source.sent == calls
        loop.apply(loop.resume, SECONDS)
    rig.reports.wait_for(*members)
    rig.stop()
    assert numbers(sink.got) == list(range(20_000))
    assert [member.metrics.calls for member in members] == [20_000] * 3
