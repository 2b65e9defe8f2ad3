from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from streamlib.clock import NEVER_NS, NS_PER_MS
from streamlib.execution.loops import Loop
from streamlib.processors.context import ProcessContext
from streamlib.processors.execution_mode import ProcessExecution
from streamlib.processors.ports import LinkOutput
from streamlib.testing import ManualClock
from tests.execution.plain_processors import (
    Gate,
    Hand,
    Life,
    Note,
    Sink,
)
from tests.execution.rig import SECONDS, Rig, loop_of, settle, stand_in

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


@pytest.mark.parametrize("asked", ["next_ns", "anything_to_do"])
def test_a_tick_that_comes_while_its_thread_lies_down_is_not_slept_through(
    monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    clock, ticker = ManualClock(start_ns=0), Ticker()
    rig = Rig(clock)
    loop = rig.loop(rig.add(ticker))
    usual = getattr(Loop, asked)

    def time_goes_by() -> object:
        if ticker.at_ms == [0]:
            clock.advance(10 * NS_PER_MS)
        return usual(loop)

    stand_in(monkeypatch, loop, asked, time_goes_by)
    rig.start()
    clock.wait_for_sleepers(1)
    rig.stop()
    assert ticker.at_ms == [0, 10]


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


def test_who_waits_to_be_woken_ticks_again_after_that() -> None:
    ticker = Ticker(lambda ctx: ctx.wake_at(NEVER_NS))
    rig, clock, head = ticking(ticker)
    advance(clock, 4)
    head.wake()
    settle(head)
    clock.wait_for_sleepers(1)
    advance(clock, 6, 10)
    rig.stop()
    assert ticker.at_ms == [0, 4, 10, 20]


def test_a_pause_moves_the_grid_to_where_it_goes_on() -> None:
    ticker = Ticker()
    rig, clock, head = ticking(ticker)
    loop = loop_of(head)
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


class Later(Alarm):
    """Passes on what it reads."""

    out = LinkOutput(Note)

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)
        if len(self.called_ms) == 1:
            self.out.write(Note(0))


class Fork(Life):
    """Writes one frame to one side, and with its next call more to the other than there is room for."""

    one = LinkOutput(Note)
    many = LinkOutput(Note)
    calls = 0

    def process(self, ctx: ProcessContext) -> None:
        if not self.calls:
            self.one.write(Note(0))
        for number in range(3 * self.calls):
            self.many.write(Note(number))
        self.calls += 1


class ByHand(Sink):
    execution = ProcessExecution.manual()


@pytest.mark.promise("link.wake-at")
@pytest.mark.parametrize("in_a_write", [False, True])
def test_a_time_wished_for_by_one_without_room_comes_where_room_is_made_as_its_thread_lies_down(
    monkeypatch: pytest.MonkeyPatch, *, in_a_write: bool
) -> None:
    clock = ManualClock(start_ns=0)
    rig, later = Rig(clock), Later(5)
    feed, held, end, stuck = rig.add(Fork()), rig.add(later), rig.add(ByHand()), rig.add(ByHand())
    if in_a_write:
        loop = rig.loop(feed, held)
    else:
        rig.loop(feed)
        loop = rig.loop(held, head=False)
    reads, _ = rig.loop(end), rig.loop(stuck)
    rig.link(feed, held, "one")
    rig.link(feed, stuck, "many", capacity=1)
    rig.link(held, end, capacity=1)
    sleep = Loop._sleep

    def lie_down(ready: Callable[[], object], until: Callable[[], int | None] | None = None) -> None:
        if later.called_ms:
            reads.step(SECONDS)  # it wakes who waits for room: nobody sleeps yet
        sleep(loop, ready, until)

    stand_in(monkeypatch, loop, "_sleep", lie_down)
    rig.start(*{id(one): one for one in (loop, loop_of(feed))}.values())
    sleepers = 1 if in_a_write else 2
    clock.wait_for_sleepers(sleepers)
    clock.advance(5 * NS_PER_MS)
    clock.wait_for_sleepers(sleepers)
    rig.stop()
    assert later.called_ms == [0, 5]


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
