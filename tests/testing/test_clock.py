from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.clock import NS_PER_S, Clock, Lookout, MonotonicClock, PausableClock
from streamlib.errors import ConfigError, DeadlineError
from streamlib.testing.clock import JumpingClock, ManualClock

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
    with pytest.raises(DeadlineError, match="3 threads to sleep on the clock") as late:
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


@pytest.mark.parametrize("make", [ManualClock, MonotonicClock, JumpingClock, lambda: PausableClock(ManualClock())])
def test_every_clock_answers_alike_about_a_free_and_a_held_lock(make: Callable[[], Clock]) -> None:
    clock, lock = make(), threading.Lock()
    assert clock.wait(lock, clock.now_ns()) is True
    assert clock.wait(lock, clock.now_ns()) is False
    lock.release()
    assert clock.wait(lock, None) is True


def test_a_jumping_clock_is_at_a_deadline_as_soon_as_nobody_wakes_the_sleeper() -> None:
    clock, lock = JumpingClock(), threading.Lock()
    lock.acquire()
    start_ns = clock.now_ns()
    for tick in range(1, 1001):
        assert clock.wait(lock, start_ns + tick * 2 * NS_PER_S) is False
    assert clock.now_ns() >= start_ns + 2000 * NS_PER_S


def test_a_jumping_clock_lets_itself_be_woken_before_a_deadline() -> None:
    clock = JumpingClock()
    sleeper = Sleeper(clock, clock.now_ns() + 3600 * NS_PER_S)
    sleeper.lock.release()
    assert sleeper.outcome() is True
    without_end = Sleeper(clock, None)
    without_end.lock.release()
    assert without_end.outcome() is True


def test_of_two_who_sleep_on_a_jumping_clock_the_earlier_deadline_comes_first() -> None:
    clock = JumpingClock()
    start_ns = clock.now_ns()
    later = Sleeper(clock, start_ns + 4 * NS_PER_S)
    earlier = Sleeper(clock, start_ns + 2 * NS_PER_S)
    assert earlier.outcome() is False
    assert later.outcome() is False
    assert clock.now_ns() >= start_ns + 4 * NS_PER_S


def test_a_far_deadline_on_a_jumping_clock_is_reached_by_the_jumps_of_others() -> None:
    clock, lock = JumpingClock(), threading.Lock()
    lock.acquire()
    far = Sleeper(clock, clock.now_ns() + 60 * NS_PER_S)
    for _ in range(20):
        clock.wait(lock, clock.now_ns() + 4 * NS_PER_S)
    assert far.outcome() is False


def test_who_only_looks_on_is_not_counted_nor_jumped_for() -> None:
    clock, jumping = ManualClock(), JumpingClock()
    lock, other = threading.Lock(), threading.Lock()
    lock.acquire()
    other.acquire()
    began_ns = jumping.now_ns()
    looks = [
        threading.Thread(target=clock.wait, args=(lock, Lookout(clock.now_ns() + 10))),
        threading.Thread(target=jumping.wait, args=(other, Lookout(began_ns + 3 * NS_PER_S))),
    ]
    for thread in looks:
        thread.start()
    with pytest.raises(DeadlineError):
        clock.wait_for_sleepers(1, timeout=0.02)
    assert clock.sleepers == 0
    assert jumping.now_ns() < began_ns + 3 * NS_PER_S
    lock.release()
    other.release()
    for thread in looks:
        thread.join()
