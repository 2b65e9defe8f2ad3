from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.clock import Clock, MonotonicClock, PausableClock
from streamlib.errors import ConfigError, DeadlineError, ProcessorFailed, UnknownPortError
from streamlib.frames.data import DataFrame
from streamlib.processors.context import ProcessContext
from streamlib.processors.execution_mode import ProcessExecution
from streamlib.processors.function import processor
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.runtime.runtime import StreamRuntime
from streamlib.testing import At, Collected, Gate, ListSink, ListSource, ManualClock, run_processor

SECONDS = 5.0  # longer than anything here takes


class Sleeper:
    """A thread that waits on a clock once; `outcome` is what the wait answered."""

    def __init__(self, clock: Clock, deadline_ns: int | None) -> None:
        self.lock = threading.Lock()
        self.lock.acquire()
        self._outcome: list[bool] = []
        self._thread = threading.Thread(target=lambda: self._outcome.append(clock.wait(self.lock, deadline_ns)))
        self._thread.start()

    def outcome(self) -> bool:
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
        return self._outcome[0]


def test_the_clock_stands_still_until_it_is_advanced() -> None:
    clock: Clock = ManualClock(start_ns=5)
    assert (clock.now_ns(), clock.now_ns()) == (5, 5)
    moved = ManualClock(start_ns=5)
    moved.advance(7)
    moved.advance(0)
    assert moved.now_ns() == 12


def test_the_clock_does_not_go_backwards() -> None:
    with pytest.raises(ConfigError, match="forward only"):
        ManualClock().advance(-1)


def test_a_sleeper_wakes_when_its_deadline_has_come_and_not_before() -> None:
    clock = ManualClock(start_ns=0)
    sleeper = Sleeper(clock, 100)
    clock.wait_for_sleepers(1)
    clock.advance(99)
    assert clock.sleepers == 1
    clock.advance(1)
    assert clock.sleepers == 0
    assert sleeper.outcome() is False
    assert sleeper.lock.locked()


def test_a_sleeper_wakes_when_its_lock_is_released() -> None:
    clock = ManualClock()
    for deadline_ns in (None, clock.now_ns() + 100):
        sleeper = Sleeper(clock, deadline_ns)
        clock.wait_for_sleepers(1)
        sleeper.lock.release()
        assert sleeper.outcome() is True
        assert sleeper.lock.locked()
        assert clock.sleepers == 0


def test_a_lock_that_is_free_is_had_at_once() -> None:
    assert ManualClock().wait(threading.Lock(), None) is True
    assert ManualClock(start_ns=10).wait(threading.Lock(), 0) is True


def test_a_deadline_that_has_passed_is_not_waited_for() -> None:
    lock = threading.Lock()
    lock.acquire()
    assert ManualClock(start_ns=10).wait(lock, 10) is False
    lock.release()


def test_one_step_wakes_all_whose_deadline_lies_in_it() -> None:
    clock = ManualClock(start_ns=0)
    sleepers = [Sleeper(clock, deadline_ns) for deadline_ns in (10, 20, 30)]
    clock.wait_for_sleepers(3)
    clock.advance(20)
    assert [sleeper.outcome() for sleeper in sleepers[:2]] == [False, False]
    assert clock.sleepers == 1
    sleepers[2].lock.release()
    assert sleepers[2].outcome() is True


def test_waiting_for_sleepers_who_do_not_come_ends() -> None:
    clock = ManualClock()
    sleeper = Sleeper(clock, None)
    clock.wait_for_sleepers(1)
    with pytest.raises(DeadlineError, match="falling asleep of 3 threads") as late:
        clock.wait_for_sleepers(3, timeout=0)
    assert late.value.waiting_for == ("2 more",)
    sleeper.lock.release()
    sleeper.outcome()


def test_one_who_has_been_woken_does_not_count_as_asleep() -> None:
    clock = ManualClock(start_ns=0)
    released, due = Sleeper(clock, None), Sleeper(clock, 1)
    clock.wait_for_sleepers(2)
    released.lock.release()
    assert clock.sleepers == 1
    clock.advance(1)
    assert clock.sleepers == 0
    assert (released.outcome(), due.outcome()) == (True, False)


def test_a_wake_and_a_deadline_at_once_leave_the_lock_whole() -> None:
    """Whoever comes first, the waker's release never meets a lock that somebody else has released."""
    clock = ManualClock(start_ns=0)
    for turn in range(1, 51):
        sleeper = Sleeper(clock, turn)
        clock.wait_for_sleepers(1)
        waker = threading.Thread(target=sleeper.lock.release)
        waker.start()
        clock.advance(1)
        waker.join(SECONDS)
        woken = sleeper.outcome()
        assert sleeper.lock.locked() is woken


def test_a_thread_can_be_led_from_deadline_to_deadline() -> None:
    clock = ManualClock(start_ns=0)
    ticks: list[int] = []
    lock = threading.Lock()
    lock.acquire()

    def tick() -> None:
        while len(ticks) < 100:
            clock.wait(lock, (len(ticks) + 1) * 10)
            ticks.append(clock.now_ns())

    thread = threading.Thread(target=tick)
    thread.start()
    for _ in range(100):
        clock.wait_for_sleepers(1)
        clock.advance(10)
    thread.join(SECONDS)
    assert ticks == [10 * (index + 1) for index in range(100)]


def test_a_paused_clock_above_it_waits_in_the_time_that_it_shows() -> None:
    manual = ManualClock(start_ns=0)
    clock = PausableClock(manual)
    clock.pause()
    manual.advance(50)
    clock.resume()
    sleeper = Sleeper(clock, 10)
    manual.wait_for_sleepers(1)
    manual.advance(9)
    assert manual.sleepers == 1
    manual.advance(1)
    assert sleeper.outcome() is False
    assert clock.now_ns() == 10


@given(st.lists(st.integers(0, 10**12), max_size=20))
def test_the_time_is_the_sum_of_the_steps(steps: list[int]) -> None:
    clock = ManualClock(start_ns=0)
    for step in steps:
        clock.advance(step)
    assert clock.now_ns() == sum(steps)


@pytest.mark.parametrize("make", [ManualClock, MonotonicClock, lambda: PausableClock(ManualClock())])
def test_every_clock_answers_alike_about_a_free_and_a_held_lock(make: Callable[[], Clock]) -> None:
    clock, lock = make(), threading.Lock()
    assert clock.wait(lock, clock.now_ns()) is True
    assert clock.wait(lock, clock.now_ns()) is False
    lock.release()
    assert clock.wait(lock, None) is True


def numbers(*given: int) -> list[DataFrame]:
    return [DataFrame({"n": n}) for n in given]


def values(frames: list[DataFrame]) -> list[object]:
    return [frame.data["n"] for frame in frames]


@processor
def doubled(frame: DataFrame, factor: int = 2) -> DataFrame:
    number = frame.data["n"]
    assert isinstance(number, int)
    return DataFrame({"n": number * factor})


class Newest(Processor):
    """Shows that a frame is not overtaken in a test."""

    shown = LinkInput(DataFrame, delivery="latest")
    even = LinkOutput(DataFrame)
    odd = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.shown.read()
        if frame is not None:
            (self.odd if frame.sequence % 2 else self.even).write(frame)


class Endless(Processor):
    out = LinkOutput(DataFrame)
    execution = ProcessExecution.continuous(interval_ms=0)

    def process(self, ctx: ProcessContext) -> None:
        self.out.write(DataFrame({"n": 7}))


class Joined(Processor):
    left = LinkInput(DataFrame)
    right = LinkInput(DataFrame)
    both = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        for port in (self.left, self.right):
            frame = port.read()
            if frame is not None:
                self.both.write(frame)


@pytest.mark.promise("testing.doubles")
def test_a_processor_runs_between_a_list_and_a_list() -> None:
    assert values(run_processor(doubled, numbers(1, 2, 3))["output"]) == [2, 4, 6]
    assert values(run_processor(doubled, numbers(1, 2), {"factor": 5})["output"]) == [5, 10]
    assert values(run_processor(doubled, {"frame": numbers(1)}, factor=3)["output"]) == [3]


def test_every_frame_reaches_it_whatever_its_input_declares() -> None:
    written = run_processor(Newest, numbers(*range(50)))
    assert values(written["even"]) == list(range(0, 50, 2))
    assert values(written["odd"]) == list(range(1, 50, 2))


def test_each_of_several_inputs_keeps_its_order() -> None:
    both = values(run_processor(Joined, {"left": numbers(1, 2, 3), "right": numbers(10, 20)})["both"])
    assert [n for n in both if n in {1, 2, 3}] == [1, 2, 3]
    assert [n for n in both if n in {10, 20}] == [10, 20]
    assert values(run_processor(Joined, {"left": numbers(1)})["both"]) == [1]


def test_a_plain_list_for_several_inputs_is_refused() -> None:
    with pytest.raises(ConfigError, match="2 inputs"):
        run_processor(Joined, numbers(1))
    with pytest.raises(UnknownPortError, match="left"):
        run_processor(Joined, {"lefd": numbers(1)})


def test_a_processor_that_does_not_end_is_stopped_after_so_many_frames() -> None:
    assert values(run_processor(Endless, limit=3)["out"]) == [7, 7, 7]
    assert values(run_processor(doubled, numbers(1, 2), limit=5)["output"]) == [2, 4]
    with pytest.raises(DeadlineError, match="endless_0"):
        run_processor(Endless, timeout=0.05)


def test_what_it_raises_reaches_the_test() -> None:
    with pytest.raises(ProcessorFailed) as failed:
        run_processor(doubled, [DataFrame({"x": 1}), *numbers(2)])
    assert isinstance(failed.value.failures["doubled_0"], KeyError)
    assert values(run_processor(doubled, [DataFrame({"x": 1}), *numbers(2)], on_error="skip")["output"]) == [4]


@pytest.mark.promise("testing.doubles")
def test_a_list_source_follows_its_script() -> None:
    clock, gate, collected = ManualClock(start_ns=1_000), Gate(), Collected()
    first, second, third = numbers(1, 2, 3)
    script = [first, gate, second, ValueError("broken"), At(5_000), third]
    with StreamRuntime(clock=clock) as runtime:
        source = runtime.add_processor(ListSource, items=script)
        runtime.connect(source, runtime.add_processor(ListSink, into=collected))
        runtime.start()
        gate.wait_until_reached()
        assert values(collected.wait_for(1)) == [1]
        gate.open()
        assert values(collected.wait_for(2)) == [1, 2]
        clock.wait_for_sleepers(1)
        assert not collected.ended
        clock.advance(4_000)
        assert runtime.wait(5)
        assert source.metrics is not None
        assert source.metrics.errors == 1
    assert values(collected.frames) == [1, 2, 3]
    assert collected.ended


def test_a_gate_that_is_open_holds_nobody() -> None:
    gate = Gate()
    gate.open()
    assert values(run_processor(ListSource, items=[gate, *numbers(1)])["output"]) == [1]
    gate.wait_until_reached(timeout=0)


def test_a_list_source_declares_the_classes_that_it_holds() -> None:
    kinds = [ListSource.declaration_for(ListSource.Config(items=items)).outputs["output"].frame_types for items in
             ((), (Gate(), *numbers(1, 2)), (1, "two"))]  # fmt: skip
    assert kinds == [(object,), (DataFrame,), (int, str)]
    named = ListSource.declaration_for(ListSource.Config(type=DataFrame))
    assert named.outputs["output"].frame_types == (DataFrame,)


def test_waiting_for_what_does_not_come_ends() -> None:
    with pytest.raises(DeadlineError, match="2 frames") as late:
        Collected().wait_for(2, timeout=0)
    assert late.value.waiting_for == ("2 more",)
    with pytest.raises(DeadlineError, match="gate"):
        Gate().wait_until_reached(timeout=0)
