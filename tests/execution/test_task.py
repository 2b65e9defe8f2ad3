from __future__ import annotations

import os
import threading

import pytest

from streamlib.clock import NS_PER_MS
from streamlib.execution.loops import Loop
from streamlib.execution.task import TURNS, Task
from streamlib.processors.context import ProcessContext
from streamlib.states import ProcessorState
from streamlib.testing import ManualClock
from tests.execution.plain_processors import Hand, Note, Relay, Sink, Stubborn, numbers
from tests.execution.rig import SECONDS, Rig, loop_of, own
from tests.execution.stage import Stage, calls
from tests.execution.turns import Line


@pytest.mark.promise("execution.pool")
def test_a_task_is_in_line_once_however_often_it_is_woken() -> None:
    stage = Stage().started()
    for _ in range(100):
        stage.task.wake()
    stage.send(5)
    assert stage.line.ready == [stage.task]
    stage.line.empty()
    assert numbers(own(stage.end).got) == [0, 1, 2, 3, 4]


def test_it_is_not_in_line_before_it_is_started() -> None:
    stage = Stage()
    stage.send()
    stage.task.wake()
    assert stage.line.ready == []
    stage.started()
    assert numbers(own(stage.end).got) == [0]


@pytest.mark.promise("execution.idle")
def test_one_alone_that_has_nothing_to_do_at_its_start_has_no_turn_until_a_frame_comes() -> None:
    rig, line = Rig(ManualClock(), brief=True), Line()
    hand, sink = rig.add(Hand()), rig.add(Sink())
    rig.loop(hand)
    loop = Loop(sink.id, rig.stopwatch, rig.clock)
    loop.begin_with(sink)
    task = line.task(loop)
    rig.link(hand, sink)
    loop.touch([sink])
    task.start()
    assert line.ready == []
    assert loop_of(hand).step(SECONDS)
    assert line.ready == [task]
    line.empty()
    assert numbers(own(sink).got) == [0]
    assert not loop.attention, "and asks for frames alone from its first one on"


def test_one_that_is_called_in_its_setup_has_a_turn_at_its_start() -> None:
    stage = Stage()
    stage.end.wake()
    stage.task.start()
    assert stage.line.ready == [stage.task]
    stage.line.empty()
    assert calls(stage.end) == 1


def test_who_has_more_to_do_than_fits_in_a_turn_lets_others_go_first() -> None:
    stage = Stage().started()
    stage.send(TURNS + 3)
    stage.line.turn()
    assert calls(stage.end) == TURNS
    assert stage.line.ready == [stage.task]
    stage.line.turn()
    assert calls(stage.end) == TURNS + 3
    assert stage.line.ready == []


@pytest.mark.promise("execution.idle")
def test_a_task_with_nothing_to_do_has_no_turns() -> None:
    stage = Stage().started()
    stage.clock.advance(3_600_000 * NS_PER_MS)
    assert (stage.line.ready, stage.line.timers, calls(stage.end)) == ([], [], 0)


def test_frames_that_are_left_unread_call_nobody_again() -> None:
    stage = Stage(Stubborn()).started()
    stage.send(2)
    stage.line.empty()
    assert calls(stage.end) == 1


def test_what_comes_while_it_goes_back_to_sleep_is_seen() -> None:
    class Surprised(Loop):
        """A frame comes after the last look at the links, when nobody can wake it yet."""

        def work(self, turns: int) -> bool:
            more = super().work(turns)
            if surprises:
                surprises.pop()
                stage.send()
                assert stage.line.ready == [], "nobody is asleep, so nobody is woken"
            return more

    surprises: list[None] = []
    stage = Stage(loop=Surprised).started()
    surprises.append(None)
    stage.task.wake()
    stage.line.empty()
    assert numbers(own(stage.end).got) == [0]


def test_who_gets_the_next_turn_waits_while_the_one_before_looks_again() -> None:
    """Looking moves what was put aside and reads timers; doing so beside a turn would lose the order of frames."""
    entered, busy, seen = threading.Event(), [0], list[int]()
    threads: list[threading.Thread] = []

    class Watched(Loop):
        def work(self, turns: int) -> bool:
            busy[0] += 1
            seen.append(busy[0])
            more = super().work(turns)
            busy[0] -= 1
            return more

        def anything_to_do(self) -> bool:
            if not busy[0] and not threads and seen:
                busy[0] += 1
                stage.task.wake()
                threads.append(threading.Thread(target=next_turn))
                threads[0].start()
                assert entered.wait(SECONDS)
                for _ in range(1_000):
                    os.sched_yield()  # it has every chance to begin too early
                busy[0] -= 1
            return super().anything_to_do()

    def next_turn() -> None:
        entered.set()
        stage.line.turn()

    stage = Stage(loop=Watched)
    stage.task.start()
    stage.task.wake()
    stage.line.turn()
    threads[0].join(SECONDS)
    stage.line.empty()
    assert set(seen) == {1}
    assert len(seen) >= 2


# ------------------------------------------------------------------------------------------------------------- timers


class Timed(Sink):
    """Asks to be called at the times that it is given, the next with each call."""

    def __init__(self, *times: int) -> None:
        super().__init__()
        self.times = list(times)

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)
        if self.times:
            ctx.wake_at(self.times.pop(0))


def ring(stage: Stage) -> None:
    """Call what is due, as an alarm does."""
    now_ns = stage.clock.now_ns()
    due = [timer for timer in stage.line.timers if timer[0] <= now_ns]
    stage.line.timers = [timer for timer in stage.line.timers if timer[0] > now_ns]
    for _, action in due:
        action()


def test_it_is_called_at_the_time_that_its_processor_asks_for() -> None:
    stage = Stage(Timed(2_000_000_000)).started()
    stage.send()
    stage.line.empty()
    assert [at for at, _ in stage.line.timers] == [2_000_000_000]
    assert calls(stage.end) == 1
    stage.clock.advance(1_000_000_000)
    ring(stage)
    stage.line.empty()
    assert calls(stage.end) == 2
    assert stage.line.timers == []


def test_an_earlier_time_is_asked_for_and_a_later_one_when_the_first_has_come() -> None:
    stage = Stage(Timed(2_000_000_000, 1_500_000_000, 3_000_000_000)).started()
    for _ in range(2):
        stage.send()
        stage.line.empty()
    assert [at for at, _ in stage.line.timers] == [2_000_000_000, 1_500_000_000]
    stage.send()  # and now it wants to be called later
    stage.line.empty()
    assert calls(stage.end) == 3
    assert [at for at, _ in stage.line.timers] == [2_000_000_000, 1_500_000_000]
    stage.clock.advance(500_000_000)
    ring(stage)
    stage.line.empty()
    assert calls(stage.end) == 3, "it is not due yet"
    stage.clock.advance(1_500_000_000)
    for _ in range(2):
        ring(stage)
        stage.line.empty()
    assert calls(stage.end) == 4


def test_a_time_that_comes_while_the_task_has_its_turn_is_not_lost() -> None:
    """The alarm rings for a time that is not wanted any more, just while the next one is being decided on."""

    class Token(set[None]):
        def add(self, token: None) -> None:
            ring(stage)
            super().add(token)

    stage = Stage(Timed(1_500_000_000, 2_000_000_000)).started()
    stage.task.asleep = Token(stage.task.asleep)
    stage.send()
    stage.line.empty()
    stage.send()
    stage.clock.advance(500_000_000)
    stage.line.empty()
    assert calls(stage.end) == 2
    stage.clock.advance(500_000_000)
    ring(stage)
    stage.line.empty()
    assert calls(stage.end) == 3


# --------------------------------------------------------------------------------------------------------------- ends


def test_a_task_that_is_stopped_ends_in_its_next_turn() -> None:
    stage = Stage().started()
    stage.end.cut_off()
    stage.task.stop()
    assert not stage.task.join(0)
    stage.line.empty()
    assert stage.task.join(0)
    assert not stage.loop.threaded
    assert stage.end.state is ProcessorState.ENDED
    stage.task.wake()
    assert stage.line.ready == [], "it has no turns any more"


def test_a_task_that_lies_there_with_nobody_left_ends_without_a_turn() -> None:
    stage = Stage().started()
    stage.end.cut_off()
    stage.line.empty()
    assert (stage.end.state, stage.loop.threaded) == (ProcessorState.ENDED, True)
    stage.task.stop()
    assert (stage.line.ready, stage.task.join(0), stage.loop.threaded) == ([], True, False)
    stage.task.wake()
    assert stage.line.ready == [], "it has no turns any more"
    made: list[str] = []
    stage.loop.apply(lambda: made.append("a change"), SECONDS)
    assert made == ["a change"], "whoever wants one makes it"


def test_a_task_that_lies_there_and_has_somebody_has_a_turn_to_end_in() -> None:
    stage = Stage().started()
    stage.task.stop()
    assert (stage.line.ready, stage.task.join(0)) == ([stage.task], False)
    stage.line.empty()
    assert stage.task.join(0)


def test_what_a_head_has_put_aside_when_it_ends_is_sent_as_there_is_room() -> None:
    class Last(Relay):
        def flush(self, ctx: ProcessContext) -> None:
            for number in range(10):
                self.out.write(Note(number))

    rig, line = Rig(), Line()
    hand, last, end = rig.add(Hand()), rig.add(Last()), rig.add(Sink())
    rig.loop(hand)
    tasks = [line.task(rig.loop(instance)) for instance in (last, end)]
    rig.link(hand, last)
    link = rig.link(last, end, capacity=2)
    for task in tasks:
        task.loop.arrange(task.loop.members)
        task.start()
    line.empty()
    last.end()
    line.empty()
    assert numbers(own(end).got) == list(range(10))
    assert (last.state, end.state) == (ProcessorState.ENDED, ProcessorState.ENDED)
    assert link.statistics().overflowed == 8


def test_one_that_never_started_has_ended() -> None:
    stage = Stage()
    stage.task.stop()
    assert stage.task.join(0)


def test_a_change_of_a_task_is_made_in_its_turn_and_after_its_end_at_once() -> None:
    stage, made = Stage().started(), list[str]()
    change = stage.loop.post(lambda: made.append("in its turn"))
    assert made == []
    stage.line.turn()
    assert change.wait(0)
    stage.task.stop()
    stage.loop.post(lambda: made.append("while it leaves"))
    stage.line.empty()
    stage.loop.apply(lambda: made.append("at once"), 0)
    assert made == ["in its turn", "while it leaves", "at once"]


def test_what_no_policy_covers_goes_to_the_runner_who_may_give_it_another_turn() -> None:
    class Leaving(Sink):
        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            if self.calls == 1:
                raise KeyboardInterrupt

    stage = Stage(Leaving()).started()
    stage.send(2)
    with pytest.raises(KeyboardInterrupt):
        stage.line.turn()
    assert stage.line.ready == []
    stage.line.submit(stage.task)
    stage.line.empty()
    assert numbers(own(stage.end).got) == [0, 1]


def test_a_loop_that_is_a_task_does_not_wait_inside_write() -> None:
    stage = Stage()
    assert isinstance(stage.loop.waker, Task)
    assert not stage.loop.may_wait


def test_who_looks_at_a_calm_loop_asks_nothing_where_another_has_begun_its_turn() -> None:
    """A question may move what was put aside: beside a turn that would lose the order of frames."""

    class Token(set[None]):
        def add(self, token: None) -> None:
            super().add(token)
            if not beside:
                stage.task.wake()
                stage.loop.be_wary()  # as its turn begins with a change
                beside.append(True)

    class Watched(Loop):
        def head_due(self) -> bool:
            asked.extend(beside)
            return super().head_due()

    beside, asked = [False], list[bool]()
    stage = Stage(brief=True, loop=Watched).started()
    for _ in range(2):
        stage.send()
        stage.line.empty()
    stage.task.asleep = Token(stage.task.asleep)
    stage.send()
    beside.clear()
    asked.clear()
    stage.line.turn()
    assert (beside, asked) == ([True], [])
    assert stage.line.ready == [stage.task], "for that other turn"
    stage.line.empty()
    stage.send()
    stage.line.empty()
    assert numbers(own(stage.end).got) == [0, 1, 2, 3]
