from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlib.clock import NS_PER_MS
from streamlib.errors import DeadlineError, LinkOverflowError
from streamlib.execution.loops import TIMED_EVERY, Change, Loop, inside_loop
from streamlib.links.channel import Channel
from streamlib.links.delivery import Delivery
from streamlib.links.reader import OVERFLOW_LIMIT
from streamlib.processors.context import ProcessContext
from streamlib.processors.execution_mode import ErrorPolicy, ProcessExecution
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.states import ProcessorState
from streamlib.testing import ManualClock
from tests.execution.rig import (
    SECONDS,
    Both,
    Endless,
    Gate,
    Hand,
    Held,
    Life,
    Note,
    Pair,
    Relay,
    Rig,
    Sink,
    Source,
    Step,
    Stubborn,
    numbers,
)


def checked(*links: Channel) -> None:
    for link in links:
        counted = link.statistics()
        assert counted.written == counted.taken + counted.depth + counted.dropped, link.name


def repeat(times: int) -> Callable[[Note], list[Note]]:
    return lambda note: [note] * times


def only(wanted: Callable[[int], bool]) -> Callable[[Note], list[Note]]:
    return lambda note: [note] if wanted(note.number) else []


class Flaky(Relay):
    """Raises on some frames, before or after it has read them."""

    def __init__(self, bad: set[int], *, reads_first: bool = True) -> None:
        super().__init__()
        self.bad = bad
        self.reads_first = reads_first
        self.calls = 0

    def process(self, ctx: ProcessContext) -> None:
        number = self.calls
        self.calls += 1
        frame = self.inp.read() if self.reads_first or number not in self.bad else None
        if number in self.bad:
            raise ValueError(f"call {number}")
        if frame is not None:
            self.out.write(frame)


# ------------------------------------------------------------------------------------------------------ one chain


@pytest.mark.promise("link.inlined-chain", "done.depth")
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


@pytest.mark.parametrize("frames", [1, 127, 128, 129, 1_000])
def test_calls_and_frames_are_counted_exactly_whatever_a_filter_drops(frames: int) -> None:
    rig, sink = Rig(), Sink()
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


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.integers(1, 5), st.integers(1, 40), st.integers(1, 9))
@settings(max_examples=60)
def test_counts_and_order_hold_whatever_each_writes_per_call(
    factors: list[int], per_call: int, frames: int, capacity: int
) -> None:
    rig, sink = Rig(), Sink()
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
    assert members[0].metrics.latency.stats().samples >= 4
    assert 1 <= members[1].metrics.latency.stats().samples <= 8


# ----------------------------------------------------------------------------------------------- several ways through


def test_a_diamond_inside_a_loop_gets_both_ways_in_order() -> None:
    rig, pair = Rig(), Pair()
    source, left, right, end = rig.add(Source(300)), rig.add(Relay()), rig.add(Relay()), rig.add(pair)
    rig.loop(source, left, right, end)
    links = [rig.link(source, left), rig.link(source, right), rig.link(left, end, into="a"), rig.link(right, end, into="b")]
    rig.run()
    assert pair.got == [(name, number) for number in range(300) for name in ("a", "b")]
    assert end.metrics.calls == 300
    checked(*links)


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


# -------------------------------------------------------------------------------------------------- frames left unread


def test_a_threaded_processor_that_does_not_read_is_called_again_only_for_news() -> None:
    rig, sink, hand = Rig(), Stubborn(), Hand()
    source, end = rig.add(hand), rig.add(sink)
    feed, _ = rig.loop(source), rig.loop(end)
    rig.link(source, end)
    rig.start(*[loop for loop in rig.loops.values() if loop is not feed])
    calls = []
    for _ in range(3):
        assert feed.step(SECONDS)
        rig_loop(end).apply(lambda: None, SECONDS, between_calls=True)
        settle(end)
        calls.append(sink.calls)
    assert 3 <= calls[-1] <= 3 * TIMED_EVERY
    settle(end)
    assert sink.calls == calls[-1]
    sink.reads = True
    assert feed.step(SECONDS)
    source.end()
    assert not feed.step(SECONDS)
    rig.reports.wait_for(end)
    rig.stop()
    assert numbers(sink.got) == [0, 1, 2, 3]


def rig_loop(instance: Any) -> Loop:
    assert isinstance(instance.loop, Loop)
    return instance.loop


def settle(instance: Any) -> None:
    """Have a loop go round twice: what it wants to do by itself, it has done by then."""
    for _ in range(3):
        rig_loop(instance).apply(lambda: None, SECONDS)


def test_an_inlined_processor_that_does_not_read_is_called_again_only_for_news() -> None:
    rig, sink = Rig(), Stubborn()
    source, end = rig.add(Hand()), rig.add(sink)
    loop = rig.loop(source, end)
    link = rig.link(source, end, capacity=4)
    loop.arrange(loop.members)
    for frames in range(1, 5):
        assert loop.step(SECONDS)
        assert frames <= sink.calls <= 2 * frames
    before = sink.calls
    loop.disturb()
    with pytest.raises(DeadlineError, match="room for what hand_0 writes") as caught:
        loop.step(0)
    assert caught.value.waiting_for == (link.name,)
    assert sink.calls == before
    sink.reads = True
    end.wake()
    assert loop.step(SECONDS)
    assert numbers(sink.got) == [0, 1, 2, 3, 4]
    checked(link)


def test_a_processor_that_waits_for_all_inputs_and_does_not_read_is_not_called_for_ever() -> None:
    class Idle(Both):
        def process(self, ctx: ProcessContext) -> None:
            self.calls += 1

    rig, idle = Rig(), Idle()
    source, end = rig.add(Hand()), rig.add(idle)
    loop = rig.loop(source, end)
    rig.link(source, end, into="a")
    rig.link(source, end, into="b")
    loop.arrange(loop.members)
    assert loop.step(SECONDS)
    assert idle.calls <= 2


def test_a_newer_frame_in_place_of_an_unread_one_is_news() -> None:
    class Third(Sink):
        """Reads when it is called for the third time."""

        def process(self, ctx: ProcessContext) -> None:
            self.calls += 1
            if self.calls % 3 == 0:
                frame = self.inp.read()
                assert frame is not None
                self.got.append(frame)

    rig, sink = Rig(), Third()
    source, end = rig.add(Hand()), rig.add(sink)
    feed, loop = rig.loop(source), rig.loop(end)
    rig.link(source, end, delivery=Delivery.LATEST)
    now_ns = rig.clock.now_ns
    for number in range(6):
        feed.step(SECONDS)
        assert end.due(now_ns()), number
        loop._turn()
    assert len(sink.got) >= 1


def test_the_end_of_an_input_is_news_for_one_that_left_frames_unread() -> None:
    class Waiting(Pair):
        """Leaves `a` until `b` has a frame or has ended."""

        def process(self, ctx: ProcessContext) -> None:
            self.calls += 1
            other = self.b.read()
            if other is not None or self.b.ended:
                super().process(ctx)

    for together in (True, False):
        rig, pair = Rig(), Waiting()
        first, second, end = rig.add(Source(5)), rig.add(Source(0)), rig.add(pair)
        rig.loop(first, *([end] if together else []))
        rig.loop(second)
        if not together:
            rig.loop(end)
        rig.link(first, end, into="a")
        rig.link(second, end, into="b")
        rig.start(*[loop for loop in rig.loops.values() if loop is not second.loop])
        settle(end)
        rig.start()
        rig.reports.wait_for(first, second, end)
        rig.stop()
        assert pair.of("a") == [0, 1, 2, 3, 4]


def test_a_frame_that_comes_during_a_call_that_reads_nothing_is_not_overlooked() -> None:
    """Called by the clock, it finds nothing; a frame arrives before the call is over."""
    rig, hand = Rig(), Hand()
    source = rig.add(hand)
    feed = rig.loop(source)

    class Late(Sink):
        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            if self.calls == 1:
                feed.step(SECONDS)

    sink = Late()
    end = rig.add(sink)
    rig.loop(end)
    rig.link(source, end)
    end.wake()
    rig.start(rig_loop(end))
    settle(end)
    source.end()
    feed.step(SECONDS)
    rig.reports.wait_for(end)
    rig.stop()
    assert numbers(sink.got) == [0]


# ------------------------------------------------------------------------------------------------------ back-pressure


@pytest.mark.promise("link.back-pressure-ready")
@pytest.mark.parametrize("between", [0, 1, 5])
def test_a_step_without_room_holds_back_the_head_and_nobody_else(between: int) -> None:
    rig, slow, source = Rig(), Held(), Source(400)
    head, held, end = rig.add(source), rig.add(Relay(), "held"), rig.add(slow)
    relays = [rig.add(Relay()) for _ in range(between)]
    side_source, side, seen = rig.add(Source(100), "side"), rig.add(Relay()), Sink()
    side_end = rig.add(seen)
    loop = rig.loop(head, *relays, held, side, side_end)
    rig.loop(side_source)
    rig.loop(end)
    links = rig.chain(head, *relays, held, end, capacity=4)
    links += rig.chain(side_source, side, side_end)
    loop.arrange(loop.members)
    rig.start()
    slow.gate.wait_until_reached()
    rig.reports.wait_for(side_end)
    settle(head)
    assert numbers(seen.got) == list(range(100)), "the other members go on"
    assert source.sent <= 4 * (between + 2) + 3
    slow.gate.open()
    rig.reports.wait_for(head, end)
    rig.stop()
    assert not rig.errors()
    assert numbers(slow.got) == list(range(400))
    checked(*links)


def test_a_paused_step_holds_back_the_head_and_goes_on() -> None:
    rig, sink, source = Rig(), Sink(), Source(10_000)
    members = [rig.add(source), rig.add(Relay()), rig.add(Relay()), rig.add(sink)]
    loop = rig.loop(*members)
    links = rig.chain(*members)
    members[2].pause()
    rig.start()
    settle(members[0])
    loop.apply(lambda: None, SECONDS)
    assert source.sent <= 40
    assert not sink.got
    loop.apply(lambda: loop.resume_one(members[2]), SECONDS)
    rig.reports.wait_for(*members)
    rig.stop()
    assert not rig.errors()
    assert numbers(sink.got) == list(range(10_000))
    assert [member.metrics.calls for member in members] == [10_000] * 4
    checked(*links)


def test_a_head_that_waits_in_write_serves_changes_and_inlined_processors() -> None:
    class Uneven(Source):
        """Writes one frame to the side after each frame, and is held up by the first link."""

        side = LinkOutput(Note)

        def process(self, ctx: ProcessContext) -> None:
            self.side.write(Note(self.sent))
            super().process(ctx)

    clock = ManualClock()
    rig, slow, seen = Rig(clock), Held(), Sink()
    head, end, inlined = rig.add(Uneven(50)), rig.add(slow), rig.add(seen)
    loop = rig.loop(head, inlined)
    rig.loop(end)
    rig.link(head, end, "out", capacity=2)
    side = rig.link(head, inlined, "side")
    other = rig.add(Source(20), "other")
    rig.loop(other)
    echo = Sink()
    echoed = rig.add(echo)
    loop.arrange([head, inlined, echoed])
    rig.link(other, echoed)
    rig.start()
    slow.gate.wait_until_reached()
    rig.reports.wait_for(echoed)
    assert numbers(echo.got) == list(range(20))
    clock.wait_for_sleepers(2)
    loop.apply(lambda: None, SECONDS)
    waits = loop.post(lambda: None, between_calls=True)
    assert not waits.wait(0)
    slow.gate.open()
    assert waits.wait(SECONDS)
    rig.reports.wait_for(head, end, inlined)
    rig.stop()
    assert numbers(slow.got) == numbers(seen.got) == list(range(50))
    checked(side)


def test_processors_move_while_a_change_waits_for_the_head_to_come_back() -> None:
    """The head waits in write and a change wants the head: others are still served, and nobody spins."""
    clock = ManualClock()
    rig, slow, echo = Rig(clock), Held(), Sink()
    head, end, echoed = rig.add(Source(20)), rig.add(slow), rig.add(echo)
    loop = rig.loop(head, echoed)
    rig.loop(end)
    hand = Hand()
    other = rig.add(hand)
    feed = rig.loop(other)
    rig.link(head, end, capacity=2)
    rig.link(other, echoed)
    rig.start(loop, rig_loop(end))
    slow.gate.wait_until_reached()
    clock.wait_for_sleepers(1)
    waits = loop.post(lambda: None, between_calls=True)
    feed.step(SECONDS)
    other.end()
    feed.step(SECONDS)
    rig.reports.wait_for(echoed)
    clock.wait_for_sleepers(1)
    assert numbers(echo.got) == [0]
    slow.gate.open()
    assert waits.wait(SECONDS)
    rig.reports.wait_for(head, end)
    rig.stop()


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


# ------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.promise("error.skip", "error.counted", "error.isolated")
@pytest.mark.parametrize("reads_first", [True, False])
@pytest.mark.parametrize("inlined", [True, False])
@pytest.mark.parametrize("bad", [{0}, {5}, {0, 1, 2, 200}, set(range(100, 300))])
def test_an_exception_costs_exactly_one_frame(bad: set[int], inlined: bool, reads_first: bool) -> None:
    rig, sink, other = Rig(), Sink(), Sink()
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


def test_a_head_that_raises_goes_on() -> None:
    class Broken(Source):
        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            if self.sent % 2:
                raise ValueError("odd")

    rig, sink = Rig(), Sink()
    members = [rig.add(Broken(300)), rig.add(Relay()), rig.add(sink)]
    rig.loop(*members)
    links = rig.chain(*members)
    rig.run()
    assert numbers(sink.got) == list(range(300))
    assert members[0].metrics.errors == 150
    assert [member.metrics.calls for member in members] == [300, 300, 300]
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
    rig_loop(source).apply(link.settle_closed, SECONDS)
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


# --------------------------------------------------------------------------------------------------------------- time


class Ticker(Life):
    """Notes when it is called."""

    execution = ProcessExecution.continuous(interval_ms=10)
    out = LinkOutput(Note)

    def __init__(self, first: Callable[[ProcessContext], None] | None = None) -> None:
        super().__init__()
        self.at_ms: list[int] = []
        self.first = first

    def process(self, ctx: ProcessContext) -> None:
        self.at_ms.append(ctx.now_ns() // NS_PER_MS)
        if self.first is not None and len(self.at_ms) == 1:
            self.first(ctx)


def ticking(processor: Life) -> tuple[Rig, ManualClock, Any]:
    clock = ManualClock(start_ns=0)
    rig = Rig(clock)
    head = rig.add(processor)
    rig.loop(head)
    rig.start()
    clock.wait_for_sleepers(1)
    return rig, clock, head


def advance(clock: ManualClock, *steps_ms: float) -> None:
    for step in steps_ms:
        clock.advance(round(step * NS_PER_MS))
        clock.wait_for_sleepers(1)


def test_ticks_stay_on_their_grid_and_missed_ones_are_skipped() -> None:
    ticker = Ticker()
    rig, clock, _ = ticking(ticker)
    advance(clock, 10, 13, 7, 9, 1, 25, 4, 1)
    rig.stop()
    assert ticker.at_ms == [0, 10, 23, 30, 40, 65, 70]


def test_a_wished_time_replaces_the_next_tick() -> None:
    ticker = Ticker(lambda ctx: ctx.wake_at(25 * NS_PER_MS))
    rig, clock, _ = ticking(ticker)
    advance(clock, 10, 10, 5, 5, 10)
    rig.stop()
    assert ticker.at_ms == [0, 25, 30, 40]


def test_an_early_wished_time_replaces_the_next_tick_too() -> None:
    ticker = Ticker(lambda ctx: ctx.wake_at(3 * NS_PER_MS))
    rig, clock, _ = ticking(ticker)
    advance(clock, 3, 7, 10)
    rig.stop()
    assert ticker.at_ms == [0, 3, 20]


def test_a_continuous_processor_can_be_woken_between_two_ticks() -> None:
    ticker = Ticker()
    rig, clock, head = ticking(ticker)
    advance(clock, 4)
    head.wake()
    settle(head)
    clock.wait_for_sleepers(1)
    advance(clock, 6, 10)
    rig.stop()
    assert ticker.at_ms == [0, 4, 10, 20]


def test_waking_keeps_a_time_that_was_wished_for() -> None:
    ticker = Ticker(lambda ctx: ctx.wake_at(15 * NS_PER_MS))
    rig, clock, head = ticking(ticker)
    advance(clock, 4)
    head.wake()
    settle(head)
    clock.wait_for_sleepers(1)
    advance(clock, 6, 5, 5)
    rig.stop()
    assert ticker.at_ms == [0, 4, 15, 20]


def test_a_pause_moves_the_grid_to_where_it_goes_on() -> None:
    ticker = Ticker()
    rig, clock, head = ticking(ticker)
    loop = rig_loop(head)
    loop.apply(lambda: loop.pause_one(head), SECONDS)
    clock.wait_for_sleepers(1)
    advance(clock, 33)
    loop.apply(lambda: loop.resume_one(head), SECONDS)
    clock.wait_for_sleepers(1)
    advance(clock, 10)
    rig.stop()
    assert ticker.at_ms == [0, 33, 43]


class Alarm(Sink):
    """Wants to be called at a time once it has seen a frame."""

    def __init__(self, at_ms: int) -> None:
        super().__init__()
        self.at_ms = at_ms
        self.called_ms: list[int] = []

    def process(self, ctx: ProcessContext) -> None:
        self.called_ms.append(ctx.now_ns() // NS_PER_MS)
        if self.inp.read() is not None and len(self.called_ms) == 1:
            ctx.wake_at(self.at_ms * NS_PER_MS)


@pytest.mark.promise("link.wake-at")
@pytest.mark.parametrize("inlined", [True, False])
def test_a_reactive_processor_is_called_at_the_time_it_wished_for(inlined: bool) -> None:
    """A frame that comes before does not make it forgotten."""

    class Twice(Ticker):
        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            if len(self.at_ms) <= 2:
                self.out.write(Note(len(self.at_ms)))

    clock = ManualClock(start_ns=0)
    rig, alarm = Rig(clock), Alarm(25)
    head, end = rig.add(Twice()), rig.add(alarm)
    if inlined:
        rig.loop(head, end)
    else:
        rig.loop(head)
        rig.loop(end)
    rig.link(head, end)
    rig.start()
    for step in (0, 10, 10, 5, 5):
        clock.advance(step * NS_PER_MS)
        clock.wait_for_sleepers(1 if inlined else 2)
    rig.stop()
    assert alarm.called_ms == [0, 10, 25]


def test_a_time_wished_for_by_one_who_is_paused_keeps_nobody_awake() -> None:
    """Its time has come and it may not be called: the thread sleeps until it may."""
    clock = ManualClock(start_ns=0)
    rig, alarm = Rig(clock), Alarm(5)
    head, end = rig.add(Hand()), rig.add(alarm)
    common = rig.loop(end, head=False)
    feed = rig.loop(head)
    rig.link(head, end)
    rig.start(common)
    feed.step(SECONDS)
    settle(end)
    common.apply(lambda: common.pause_one(end), SECONDS)
    clock.wait_for_sleepers(1)
    advance(clock, 10, 10)
    assert alarm.called_ms == [0]
    common.apply(lambda: common.resume_one(end), SECONDS)
    clock.wait_for_sleepers(1)
    rig.stop()
    assert alarm.called_ms == [0, 20]


def test_a_processor_that_moves_takes_the_time_it_wished_for_along() -> None:
    clock = ManualClock(start_ns=0)
    rig, alarm = Rig(clock), Alarm(5)
    head, end = rig.add(Hand()), rig.add(alarm)
    feed, old, new = rig.loop(head), rig.loop(end, head=False), rig.loop(head=False)
    rig.link(head, end)
    rig.start(old, new)
    feed.step(SECONDS)
    settle(end)
    old.apply(lambda: old.arrange([]), SECONDS)
    new.apply(lambda: new.arrange([end]), SECONDS)
    clock.wait_for_sleepers(2)
    clock.advance(5 * NS_PER_MS)
    clock.wait_for_sleepers(2)
    rig.stop()
    assert alarm.called_ms == [0, 5]


def test_a_call_asked_for_from_another_thread_comes() -> None:
    class Asked(Sink):
        def __init__(self) -> None:
            super().__init__()
            self.gate = Gate()

        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            if self.calls == 2:
                ctx.end()

    rig, sinks = Rig(), [Asked(), Asked()]
    ends = [rig.add(sink) for sink in sinks]
    rig.loop(ends[0])
    rig.loop(ends[1], head=False)
    rig.start()
    for end in ends:
        for _ in range(2):
            threading.Thread(target=end.context.wake).start()
            settle(end)
    for end in ends:
        end.wake()
        settle(end)
        end.wake()
    rig.reports.wait_for(*ends)
    rig.stop()
    assert all(sink.calls == 2 for sink in sinks)


# ------------------------------------------------------------------------------------------------------------- by hand


def test_a_step_calls_once_and_everyone_it_gives_a_frame() -> None:
    rig, sink = Rig(), Sink()
    head, end = rig.add(Hand()), rig.add(sink)
    loop = rig.loop(head, end)
    rig.link(head, end)
    loop.arrange(loop.members)
    for number in range(4):
        assert loop.step(SECONDS)
        assert numbers(sink.got) == list(range(number + 1))
    assert head.metrics.calls == end.metrics.calls == 4


def test_a_step_without_room_waits_and_names_the_link() -> None:
    rig, sink = Rig(), Sink()
    head, end = rig.add(Hand()), rig.add(sink)
    loop, behind = rig.loop(head), rig.loop(end)
    link = rig.link(head, end, capacity=2)
    assert loop.step(SECONDS)
    assert loop.step(SECONDS)
    with pytest.raises(DeadlineError, match="room for what hand_0 writes") as caught:
        loop.step(0.001)
    assert caught.value.waiting_for == (link.name,)
    rig.start(behind)
    assert loop.step(SECONDS)
    settle(end)
    rig.stop()
    assert numbers(sink.got) == [0, 1, 2]


def test_a_step_names_the_link_that_holds_someone_behind_the_head() -> None:
    rig = Rig()
    head, relay, end = rig.add(Hand()), rig.add(Relay()), rig.add(Sink())
    loop, _ = rig.loop(head, relay), rig.loop(end)
    rig.link(head, relay, capacity=1)
    far = rig.link(relay, end, capacity=1)
    loop.arrange(loop.members)
    assert loop.step(SECONDS)
    assert loop.step(SECONDS)
    with pytest.raises(DeadlineError) as caught:
        loop.step(0)
    assert far.name in caught.value.waiting_for


def test_a_paused_or_ended_head_is_not_stepped() -> None:
    rig = Rig()
    head = rig.add(Hand())
    loop = rig.loop(head)
    loop.pause()
    assert not loop.step(SECONDS)
    loop.resume()
    head.pause()
    assert not loop.step(SECONDS)
    head.resume()
    assert loop.step(SECONDS)
    head.end()
    assert not loop.step(SECONDS)
    assert head.over
    assert not loop.step(SECONDS)
    assert not rig.loop(head=False).step(SECONDS)


def test_a_manual_head_that_says_it_is_done_ends_after_that_step() -> None:
    class Once(Hand):
        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            ctx.end()

    rig, sink = Rig(), Sink()
    head, end = rig.add(Once()), rig.add(sink)
    loop = rig.loop(head, end)
    rig.link(head, end)
    loop.arrange(loop.members)
    assert loop.step(SECONDS)
    assert rig.ended() == [head.id, end.id]
    assert len(sink.got) == 1


def test_a_manual_sink_ends_when_its_input_has() -> None:
    class ByHand(Sink):
        execution = ProcessExecution.manual()

    rig, sink = Rig(), ByHand()
    source, end = rig.add(Source(2)), rig.add(sink)
    feed, loop = rig.loop(source), rig.loop(end)
    rig.link(source, end)
    rig.start(feed)
    rig.reports.wait_for(source)
    assert loop.step(SECONDS)
    assert loop.step(SECONDS)
    assert end.over
    assert not loop.step(SECONDS)
    rig.stop()
    assert len(sink.got) == 2


def test_a_manual_head_that_fails_ends() -> None:
    class Bad(Hand):
        def process(self, ctx: ProcessContext) -> None:
            raise ValueError("by hand")

    rig = Rig()
    head = rig.add(Bad(), policy=ErrorPolicy.FAIL)
    loop = rig.loop(head)
    assert loop.step(SECONDS)
    assert head.state is ProcessorState.FAILED


def test_a_change_is_made_while_a_step_waits_for_room() -> None:
    clock = ManualClock()
    rig = Rig(clock)
    head, end = rig.add(Hand()), rig.add(Sink())
    loop = rig.loop(head)
    rig.loop(end)
    rig.link(head, end, capacity=1)
    assert loop.step(SECONDS)
    refused: list[BaseException] = []

    def step() -> None:
        try:
            loop.step(1.0)
        except DeadlineError as error:
            refused.append(error)

    stepping = threading.Thread(target=step)
    stepping.start()
    clock.wait_for_sleepers(1)
    done: list[int] = []
    loop.apply(lambda: done.append(1), SECONDS)
    assert done == [1]
    assert stepping.is_alive()
    clock.advance(10**10)
    stepping.join(SECONDS)
    assert len(refused) == 1


# ------------------------------------------------------------------------------------------------------------ changes


def test_a_change_is_made_at_once_where_no_thread_runs() -> None:
    loop, done = Rig().loop(head=False), list[int]()
    loop.apply(lambda: done.append(1), 0.0)
    loop.apply(lambda: done.append(2), 0.0, between_calls=True)
    assert done == [1, 2]


@pytest.mark.parametrize("threaded", [True, False])
def test_an_error_of_a_change_belongs_to_who_asked(threaded: bool) -> None:
    rig = Rig()
    head = rig.add(Sink())
    loop = rig.loop(head)
    if threaded:
        rig.start()

    def fail() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        loop.apply(fail, SECONDS)
    loop.apply(lambda: None, SECONDS)
    rig.stop()


def test_who_asks_in_vain_is_told_whom_it_asked() -> None:
    rig, sink = Rig(), Held()
    source, end = rig.add(Source(1)), rig.add(sink)
    rig.loop(source)
    loop = rig.loop(end)
    rig.link(source, end)
    rig.start()
    sink.gate.wait_until_reached()
    done = threading.Event()
    with pytest.raises(DeadlineError, match="a change took longer") as caught:
        loop.apply(done.set, 0.01)
    assert caught.value.waiting_for == (loop.name,)
    sink.gate.open()
    assert done.wait(SECONDS), "it is still done afterwards"
    rig.reports.wait_for(source, end)
    rig.stop()


def test_a_change_that_was_not_made_is_not_done() -> None:
    assert not Change(lambda: None).wait(0)


def test_a_change_handed_over_while_the_thread_leaves_is_made() -> None:
    class Leaving(Loop):
        def run(self) -> None:
            super().run()
            self.late = self.post(lambda: None)

    rig = Rig()
    loop = Leaving("leaving", rig.clock, rig.clock)
    rig.loops[id(loop)] = loop
    runner = rig.start(loop)[0]
    runner.stop()
    assert runner.join(SECONDS)
    assert loop.late.wait(0)


def test_changes_of_links_while_frames_flow_lose_none() -> None:
    """A branch comes and goes a hundred times; the untouched path gets every frame once."""
    rig, main = Rig(), Sink()
    endless = Endless()
    source, relay, end = rig.add(endless), rig.add(Relay()), rig.add(main)
    loop = rig.loop(source, relay, end)
    link = rig.chain(source, relay, end)
    rig.start()
    branches = []
    for number in range(100):
        sink = Sink()
        branch = rig.add(sink, f"branch_{number}")
        inlined = number % 2 == 0
        other = None if inlined else rig.loop(branch)

        def join(branch: Any = branch, inlined: bool = inlined) -> None:
            if inlined:
                loop.arrange([*loop.members, branch])
            rig.link(relay, branch)
            loop.arrange(loop.members)

        if other is not None:
            rig.start(other)
        loop.apply(join, SECONDS)
        loop.apply(lambda: None, SECONDS)
        cut = rig.links[f"{relay.id}.out->{branch.id}.inp"]
        loop.apply(lambda cut=cut: relay.switch_output("out", [cut], []), SECONDS)  # type: ignore[misc]
        rig.reports.wait_for(branch)
        loop.apply(lambda branch=branch: loop.arrange([m for m in loop.members if m is not branch]), SECONDS)  # type: ignore[misc]
        branches.append((sink, cut))
    source.end()
    rig.reports.wait_for(source, relay, end)
    rig.stop()
    assert not rig.errors()
    sent = endless.sent
    assert numbers(main.got) == list(range(sent))
    assert [member.metrics.calls for member in (source, relay, end)] == [sent] * 3
    checked(*link)
    for sink, cut in branches:
        got = numbers(sink.got)
        assert got == list(range(got[0], got[0] + len(got))) if got else True
        counted = cut.statistics()
        assert (counted.written, counted.taken) == (len(got), len(got))


# ---------------------------------------------------------------------------------------------- replaced and abandoned


@pytest.mark.parametrize("inlined", [True, False])
def test_one_that_takes_the_place_of_another_goes_on_with_its_frames_and_counters(inlined: bool) -> None:
    rig, sink, endless = Rig(), Sink(), Endless()
    source, old, end = rig.add(endless), rig.add(Relay()), rig.add(sink)
    if inlined:
        loop = rig.loop(source, old, end)
    else:
        rig.loop(source)
        loop = rig.loop(old, end)
    links = rig.chain(source, old, end)
    rig.start()
    present = old
    made = [old]
    for number in range(10):
        new = rig.add(Relay(), f"new_{number}", ready=False)
        new.setup()

        def swap(new: Any = new, present: Any = present) -> None:
            present.suspend()
            loop.replace(present, new)
            new.become(ProcessorState.RUNNING)

        loop.apply(swap, SECONDS, between_calls=True)
        made.append(new)
        present = new
    source.end()
    rig.reports.wait_for(source, present, end)
    rig.stop()
    assert numbers(sink.got) == list(range(endless.sent))
    assert present.metrics is old.metrics
    assert present.metrics.calls == endless.sent
    for member in made:
        assert isinstance(member.processor, Relay)
        assert own(member).life == ["setup", "flush", "teardown"]
    checked(*links)


def test_draining_has_paused_processors_do_what_waits_for_them() -> None:
    rig, sink = Rig(), Sink()
    head, relay, end = rig.add(Hand()), rig.add(Relay()), rig.add(sink)
    loop = rig.loop(head, relay, end)
    rig.chain(head, relay, end)
    loop.arrange(loop.members)
    loop.pause_one(relay)
    for _ in range(3):
        loop.step(SECONDS)
    assert not sink.got
    loop.pause()
    head.end()
    relay.paused = False
    loop.apply(lambda: loop.drain([head, relay, end]), SECONDS)
    assert numbers(sink.got) == [0, 1, 2]
    assert rig.ended() == [head.id, relay.id, end.id]


def test_nobody_knows_of_a_loop_outside_it() -> None:
    rig, inside = Rig(), list[bool]()

    class Asks(Sink):
        def process(self, ctx: ProcessContext) -> None:
            inside.append(inside_loop())
            ctx.end()

    end = rig.add(Asks())
    rig.loop(end)
    rig.start()
    end.wake()
    rig.reports.wait_for(end)
    rig.stop()
    assert inside == [True]
    assert not inside_loop()


class Unused(Life):
    """A processor with an input that nobody feeds."""

    inp = LinkInput(Note)

    def process(self, ctx: ProcessContext) -> None:
        pytest.fail("it was called for nothing")


def test_a_processor_that_nobody_feeds_is_not_called() -> None:
    clock = ManualClock()
    rig = Rig(clock)
    end = rig.add(Unused())
    rig.loop(end)
    rig.start()
    clock.wait_for_sleepers(1)
    rig.stop()
