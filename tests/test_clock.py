from __future__ import annotations

import math
import threading
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.clock import NS_PER_S, Clock, MonotonicClock, PausableClock, checked_timeout, checked_wait
from streamlib.errors import ConfigError
from streamlib.testing import ManualClock

SECONDS = 5.0  # longer than anything here takes


def held() -> threading.Lock:
    lock = threading.Lock()
    lock.acquire()
    return lock


# ------------------------------------------------------------------------------------------------ the system's clock


def test_the_systems_clock_never_goes_back() -> None:
    clock = MonotonicClock()
    times = [clock.now_ns() for _ in range(1000)]
    assert times == sorted(times)


@pytest.mark.parametrize("before_ns", [0, 1, NS_PER_S, 10**18])
def test_a_deadline_that_has_passed_is_not_waited_for(before_ns: int) -> None:
    clock, lock = MonotonicClock(), held()
    assert clock.wait(lock, clock.now_ns() - before_ns) is False
    assert lock.locked()


def test_a_deadline_is_reached() -> None:
    clock, lock = MonotonicClock(), held()
    deadline_ns = clock.now_ns() + 2_000_000
    assert clock.wait(lock, deadline_ns) is False
    assert clock.now_ns() >= deadline_ns


@pytest.mark.parametrize("deadline_ns", [None, 2**62, 2**63 - 1, 2**70])
def test_a_released_lock_is_had_however_late_the_deadline(deadline_ns: int | None) -> None:
    clock, lock = MonotonicClock(), held()
    woken: list[bool] = []
    thread = threading.Thread(target=lambda: woken.append(clock.wait(lock, deadline_ns)))
    thread.start()
    lock.release()
    thread.join(SECONDS)
    assert woken == [True]
    assert lock.locked()


# -------------------------------------------------------------------------------------------- the clock that pauses


@pytest.fixture
def manual() -> ManualClock:
    return ManualClock(start_ns=1000)


def test_it_shows_the_time_beneath_while_nobody_pauses_it(manual: ManualClock) -> None:
    clock = PausableClock(manual)
    manual.advance(5)
    assert clock.now_ns() == manual.now_ns() == 1005


def test_time_spent_paused_is_not_there(manual: ManualClock) -> None:
    clock = PausableClock(manual)
    clock.pause()
    manual.advance(300)
    assert clock.now_ns() == 1000
    clock.resume()
    assert clock.now_ns() == 1000
    manual.advance(7)
    assert clock.now_ns() == 1007


def test_pausing_and_resuming_twice_is_once(manual: ManualClock) -> None:
    clock = PausableClock(manual)
    clock.resume()
    clock.pause()
    manual.advance(10)
    clock.pause()
    manual.advance(10)
    clock.resume()
    clock.resume()
    assert clock.now_ns() == 1000


def test_a_deadline_after_a_pause_is_in_the_time_that_it_shows(manual: ManualClock) -> None:
    clock, lock = PausableClock(manual), held()
    clock.pause()
    manual.advance(300)
    clock.resume()
    manual.advance(9)
    outcome: list[bool] = []
    thread = threading.Thread(target=lambda: outcome.append(clock.wait(lock, 1010)))
    thread.start()
    manual.wait_for_sleepers(1)
    manual.advance(1)
    thread.join(SECONDS)
    assert outcome == [False]


def test_waiting_without_end_works_while_paused(manual: ManualClock) -> None:
    clock = PausableClock(manual)
    clock.pause()
    assert clock.wait(threading.Lock(), None) is True


STEPS = st.lists(st.one_of(st.integers(0, 10**9), st.sampled_from(["pause", "resume"])), max_size=40)


@given(STEPS)
def test_it_shows_exactly_the_time_spent_unpaused(steps: list[int | str]) -> None:
    manual = ManualClock(start_ns=0)
    clock = PausableClock(manual)
    shown, paused = 0, False
    for step in steps:
        if isinstance(step, int):
            manual.advance(step)
            shown += 0 if paused else step
        else:
            paused = step == "pause"
            (clock.pause if paused else clock.resume)()
        assert clock.now_ns() == shown


def test_both_are_clocks(manual: ManualClock) -> None:
    clocks: list[Clock] = [MonotonicClock(), PausableClock(manual)]
    assert all(clock.wait(threading.Lock(), 0) for clock in clocks)


def test_a_paused_clock_says_since_when() -> None:
    manual = ManualClock()
    clock = PausableClock(manual)
    manual.advance(5)
    clock.pause()
    manual.advance(5)
    assert clock.paused_ns == manual.now_ns() - 5
    clock.resume()
    assert clock.paused_ns is None


# ----------------------------------------------------------------------------------------- how long a caller waits


@pytest.mark.parametrize(("given", "seconds"), [(0, 0.0), (2, 2.0), (0.5, 0.5), (-1, 0.0), (-math.inf, 0.0)])
def test_a_number_is_a_time_and_one_below_0_is_none_left(given: float, seconds: float) -> None:
    assert checked_timeout(given) == checked_wait(given) == seconds


@pytest.mark.parametrize("given", [math.nan, "3", "soon", [], True, 1j, object()])
def test_what_is_no_number_is_refused(given: Any) -> None:
    for check in (checked_timeout, checked_wait):
        with pytest.raises(ConfigError, match="timeout is .*; give a number of seconds"):
            check(given)


@pytest.mark.parametrize("given", [math.inf, 1e12, 10**400], ids=["inf", "long", "no float"])
def test_a_wait_of_more_than_anybody_lives_has_no_end_and_nothing_else_may_take_so_long(given: float) -> None:
    assert checked_wait(given) is None
    with pytest.raises(ConfigError, match="give a number of seconds"):
        checked_timeout(given)


def test_a_wait_may_be_without_end() -> None:
    assert checked_wait(None) is None
