from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from streamlib.errors import DeadlineError
from streamlib.execution.changes import inside_loop
from streamlib.execution.loops import Loop, loop_of
from streamlib.execution.thread_runner import ThreadRunner
from streamlib.processors.context import ProcessContext
from streamlib.processors.execution_mode import ErrorPolicy, ProcessExecution
from streamlib.processors.ports import LinkInput
from streamlib.states import ProcessorState
from streamlib.testing import ManualClock
from tests.execution.plain_processors import (
    Endless,
    Hand,
    Held,
    Life,
    Note,
    Pair,
    Relay,
    Sink,
    Source,
    numbers,
)
from tests.execution.rig import SECONDS, Rig, checked, own, settle

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
        """There is nothing to do."""


def test_a_processor_that_nobody_feeds_is_not_called() -> None:
    clock = ManualClock()
    rig = Rig(clock)
    end = rig.add(Unused())
    rig.loop(end)
    rig.start()
    clock.wait_for_sleepers(1)
    assert end.metrics.calls == 0
    end.wake()
    settle(end)
    assert end.metrics.calls == 1
    rig.stop()


# ------------------------------------------------------------------------------------------------------- who is whose


def test_an_instance_has_the_loop_that_arranged_it_and_none_before() -> None:
    rig = Rig()
    end = rig.add(Sink())
    assert loop_of(end) is None
    loop = rig.loop(end)
    assert loop_of(end) is loop


def test_a_loop_knows_its_runner_and_has_none_where_it_is_called_by_hand() -> None:
    rig = Rig()
    loop = rig.loop(rig.add(Hand()))
    assert loop.runner is None
    runner = ThreadRunner(loop, "its thread")
    assert loop.runner is runner


class Swapping(ManualClock):
    """A clock on which somebody does something each time a sleeper lies down."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[Callable[[], object]] = []

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        """Do the next, which wakes the sleeper."""
        self.meanwhile.pop(0)()
        return lock.acquire(timeout=SECONDS)


def test_a_step_that_waits_for_room_calls_the_one_that_has_taken_the_place_of_its_head() -> None:
    clock = Swapping()
    rig, sink = Rig(clock), Sink()
    old, end = rig.add(Hand()), rig.add(sink)
    loop = rig.loop(old)
    rig.loop(end)
    rig.link(old, end, capacity=1)
    new = rig.add(Hand(), old.id)

    def swap() -> None:
        own(new).sent = own(old).sent
        old.suspend()
        loop.replace(old, new)

    assert loop.step(SECONDS)
    clock.meanwhile = [lambda: loop.post(swap, between_calls=True), own(end).inp.read]
    assert loop.step(SECONDS)
    assert (own(old).sent, own(new).sent) == (1, 2)
    assert old.metrics is new.metrics


def test_a_step_that_waits_for_room_calls_nobody_who_was_paused_meanwhile() -> None:
    clock = Swapping()
    rig, sink = Rig(clock), Sink()
    head, end = rig.add(Hand()), rig.add(sink)
    loop = rig.loop(head)
    rig.loop(end)
    rig.link(head, end, capacity=1)
    assert loop.step(SECONDS)
    clock.meanwhile = [lambda: loop.post(lambda: loop.pause_one(head))]
    assert not loop.step(SECONDS)
    assert own(head).sent == 1


# ------------------------------------------------------------------------------------------------- who is never at rest


class Restless(Relay):
    """Asks in each call for the next; says once that it was called a thousand times in a row without its head."""

    def __init__(self, clock: ManualClock, *, by_clock: bool) -> None:
        super().__init__()
        self.clock = clock
        self.by_clock = by_clock
        self.idle = 0

    def process(self, ctx: ProcessContext) -> None:
        """Pass one on; a call takes longer than the time after which it wants the next."""
        frame = self.inp.read()
        self.idle = 0 if frame is not None else self.idle + 1
        assert self.idle < 1_000, "the head has no turn"
        if frame is not None:
            self.out.write(frame)
        if self.by_clock:
            ctx.wake_at(ctx.now_ns() + 1)
            self.clock.advance(2)
        else:
            ctx.wake()


@pytest.mark.parametrize("by_clock", [False, True])
def test_one_that_asks_in_each_call_for_the_next_does_not_keep_its_head_waiting(by_clock: bool) -> None:
    clock = ManualClock()
    rig, sink = Rig(clock), Sink()
    source, restless, end = rig.add(Source(200)), rig.add(Restless(clock, by_clock=by_clock)), rig.add(sink)
    rig.loop(source, restless, end)
    rig.chain(source, restless, end)
    rig.run()
    assert numbers(sink.got) == list(range(200))
    assert rig.errors() == []


@pytest.mark.parametrize("by_clock", [False, True])
def test_a_step_ends_though_somebody_behind_the_head_asks_in_each_call_for_the_next(by_clock: bool) -> None:
    clock = ManualClock()
    rig, sink = Rig(clock), Sink()
    head, restless, end = rig.add(Hand()), rig.add(Restless(clock, by_clock=by_clock)), rig.add(sink)
    loop = rig.loop(head, restless, end)
    rig.chain(head, restless, end)
    loop.arrange(loop.members)
    for number in range(5):
        assert loop.step(SECONDS)
        assert numbers(sink.got) == list(range(number + 1))
    assert rig.errors() == []


def test_a_wake_that_was_put_off_is_not_forgotten() -> None:
    clock = ManualClock()
    rig, sink = Rig(clock), Sink()
    restless, end = rig.add(Restless(clock, by_clock=False)), rig.add(sink)
    loop = rig.loop(restless, end, head=False)
    rig.link(restless, end)
    loop.arrange(loop.members)
    restless.wake()
    for calls in range(1, 5):
        loop.settle()
        assert restless.metrics.calls == calls
        assert loop.unsettled


class Flooded(Pair):
    """Has a frame more by its second input after each call, as if another thread were as fast as it is."""

    feed: Callable[[], object]

    def process(self, ctx: ProcessContext) -> None:
        """Keep what there is, and get more."""
        super().process(ctx)
        assert self.calls < 5_000, "the head has no turn"
        self.feed()


def test_frames_that_never_end_from_another_thread_do_not_keep_the_head_waiting() -> None:
    rig, flooded = Rig(), Flooded()
    source, mixer, hand = rig.add(Source(3)), rig.add(flooded), rig.add(Hand())
    loop, other = rig.loop(source, mixer), rig.loop(hand)
    rig.link(source, mixer, into="a")
    rig.link(hand, mixer, into="b", capacity=4)
    flooded.feed = lambda: other.step(0)
    loop.arrange(loop.members)
    other.step(0)
    turns = 0
    while not source.over:
        loop.work(1)
        turns += 1
        assert turns < 100
    assert flooded.of("a") == [0, 1, 2]
    assert flooded.of("b") == list(range(len(flooded.of("b"))))
    assert rig.errors() == []
