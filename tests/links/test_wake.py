from __future__ import annotations

import threading

import pytest

from streamlib.clock import MonotonicClock
from streamlib.links.wake import Waker
from streamlib.testing import ManualClock

SECONDS = 10.0


class Sleeper:
    """A thread that sleeps once."""

    def __init__(self, waker: Waker, deadline_ns: int | None = None) -> None:
        self._thread = threading.Thread(target=lambda: waker.sleep(lambda: False, lambda: deadline_ns))
        self._thread.start()

    def has_woken(self) -> bool:
        self._thread.join(SECONDS)
        return not self._thread.is_alive()


def test_nobody_sleeps_when_there_is_something_to_do() -> None:
    waker = Waker(MonotonicClock())
    waker.sleep(lambda: True)
    assert not waker.asleep


def test_waking_nobody_does_nothing_and_is_not_remembered() -> None:
    clock = ManualClock()
    waker = Waker(clock)
    waker.wake()
    waker.wake()
    sleeper = Sleeper(waker)
    clock.wait_for_sleepers(1)
    waker.wake()
    assert sleeper.has_woken()


def test_a_sleeper_is_woken_by_another_thread() -> None:
    clock = ManualClock()
    waker = Waker(clock)
    sleeper = Sleeper(waker)
    clock.wait_for_sleepers(1)
    assert len(waker.asleep) == 1
    waker.wake()
    assert sleeper.has_woken()
    assert not waker.asleep


def test_a_sleeper_wakes_at_its_deadline_and_can_sleep_again() -> None:
    clock = ManualClock(start_ns=0)
    waker = Waker(clock)
    for deadline_ns in (100, 200):
        sleeper = Sleeper(waker, deadline_ns)
        clock.wait_for_sleepers(1)
        clock.advance(100)
        assert sleeper.has_woken()
        assert not waker.asleep


def test_one_who_is_woken_while_lying_down_takes_it_as_his_wake() -> None:
    """The waker claims the lock between the look and the sleep: nothing of it is left for the next sleep."""
    clock = ManualClock(start_ns=0)
    waker = Waker(clock)

    def woken_meanwhile() -> bool:
        waker.wake()
        return True

    waker.sleep(woken_meanwhile)
    sleeper = Sleeper(waker)
    clock.wait_for_sleepers(1)  # it really sleeps: the wake of before was used up
    waker.wake()
    assert sleeper.has_woken()


def test_a_wake_after_the_look_is_not_missed() -> None:
    waker = Waker(MonotonicClock())

    def nothing_yet() -> bool:
        waker.wake()
        return False

    waker.sleep(nothing_yet)  # without end if the wake were lost
    assert not waker.asleep


def test_a_wake_after_it_was_asked_until_when_is_not_missed() -> None:
    """Who brings the time forward just then wakes after: the time that was told before holds nobody asleep."""
    waker = Waker(ManualClock())

    def far_ahead() -> int:
        waker.wake()
        return 1 << 60

    waker.sleep(lambda: False, far_ahead)
    assert not waker.asleep


def test_what_there_is_to_do_is_looked_at_after_the_time_until_which_there_is_nothing() -> None:
    """Both behind the claim: time goes by between them, and what it brings is found."""
    asked: list[tuple[str, int]] = []
    waker = Waker(MonotonicClock())

    def until() -> int:
        asked.append(("until", len(waker.asleep)))
        return 1 << 60

    def ready() -> bool:
        asked.append(("ready", len(waker.asleep)))
        return True

    waker.sleep(ready, until)
    assert asked == [("until", 1), ("ready", 1)]


def test_two_threads_hand_a_counter_back_and_forth_without_missing_a_wake() -> None:
    wakers = [Waker(MonotonicClock()), Waker(MonotonicClock())]
    turns = 5_000
    count = [0]

    def play(me: int) -> None:
        while count[0] < turns:
            if count[0] % 2 == me:
                count[0] += 1
                wakers[1 - me].wake()
            else:
                wakers[me].sleep(lambda: count[0] % 2 == me or count[0] >= turns)
        wakers[1 - me].wake()

    players = [threading.Thread(target=play, args=(me,)) for me in (0, 1)]
    for player in players:
        player.start()
    for player in players:
        player.join(SECONDS)
    assert not any(player.is_alive() for player in players)
    assert count[0] >= turns


class Interrupted(ManualClock):
    """A clock on which the first who waits is interrupted, as by Ctrl-C."""

    interrupts = 1

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        if self.interrupts:
            self.interrupts -= 1
            raise KeyboardInterrupt
        return super().wait(lock, deadline_ns)


def test_a_sleep_that_was_broken_off_leaves_nothing_for_a_later_waker_to_stumble_over() -> None:
    waker = Waker(Interrupted())
    with pytest.raises(KeyboardInterrupt):
        waker.sleep(lambda: False)
    waker.wake()  # as before the next sleep everybody may
    waker.sleep(lambda: True)
    for _ in range(3):
        waker.sleep(waker.wake)  # woken after it lay down and before it fell asleep
    assert not waker.asleep
