from __future__ import annotations

import pytest

from streamlib.clock import NEVER_NS
from streamlib.errors import DeadlineError
from streamlib.execution.chain import TIMED_EVERY
from streamlib.links.delivery import Delivery
from streamlib.processors.context import ProcessContext
from streamlib.processors.ports import LinkOutput
from streamlib.testing import ManualClock
from tests.execution.plain_processors import (
    Both,
    Hand,
    Held,
    Note,
    Pair,
    Relay,
    Sink,
    Source,
    Step,
    Stubborn,
    numbers,
    repeat,
)
from tests.execution.rig import SECONDS, Rig, checked, loop_of, settle

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
        loop_of(end).apply(lambda: None, SECONDS, between_calls=True)
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
        loop.take_turn()
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
    rig.start(loop_of(end))
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
    rig.start(loop, loop_of(end))
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


class Once(Source):
    """Writes one frame and is not called again."""

    def __init__(self) -> None:
        super().__init__(1)

    def process(self, ctx: ProcessContext) -> None:
        """Write it, the first time."""
        if not self.sent:
            self.sent += 1
            self.out.write(Note(0))
        ctx.wake_at(NEVER_NS)


class Enough(Sink):
    """Ends with its fortieth frame."""

    def process(self, ctx: ProcessContext) -> None:
        """Keep one."""
        super().process(ctx)
        if len(self.got) == 40:
            ctx.end()


def test_what_an_inlined_one_put_aside_follows_as_there_is_room_though_nothing_calls_it() -> None:
    rig, sink = Rig(), Enough()
    source, burst, end = rig.add(Once()), rig.add(Step(repeat(40))), rig.add(sink)
    rig.loop(source, burst)
    rig.loop(end)
    link = rig.link(burst, end, capacity=2)
    rig.link(source, burst)
    rig.start()
    rig.reports.wait_for(end)
    rig.stop()
    assert len(sink.got) == 40
    checked(link)
