from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from unittest import mock

import pytest

from streamlib.clock import NS_PER_S
from streamlib.execution.alarm import Alarm
from streamlib.links.wake import Waker
from tests.execution.rig import SECONDS
from tests.execution.turns import CountingClock

START_NS = NS_PER_S  # where a clock moved by hand begins


class Bell:
    """An alarm on a clock moved by hand, and what it has called."""

    def __init__(self) -> None:
        self.clock = CountingClock()
        self.alarm = Alarm(self.clock)
        self.rung: list[str] = []

    def set(self, second: int, name: str) -> None:
        """Have it call at so many seconds from the start."""
        self.alarm.call_at(START_NS + second * NS_PER_S, lambda: self.rung.append(name))

    def go_to(self, second: int) -> None:
        """Advance the clock, and wait until the alarm sleeps again."""
        self.clock.advance(START_NS + second * NS_PER_S - self.clock.now_ns())
        self.settle()

    def settle(self) -> None:
        """Wait until it sleeps, with nothing due."""
        self.clock.wait_for_sleepers(1, SECONDS)


@pytest.fixture
def bell() -> Iterator[Bell]:
    made = Bell()
    yield made
    assert made.alarm.close(SECONDS)


def alarms() -> int:
    return sum(thread.name == "streamlib:alarm" for thread in threading.enumerate())


def test_it_calls_in_the_order_of_the_times_and_those_of_one_time_in_the_order_they_came(bell: Bell) -> None:
    for second, name in [(3, "c"), (1, "a"), (2, "b"), (1, "also a")]:
        bell.set(second, name)
    bell.settle()
    assert bell.rung == []
    bell.go_to(1)
    assert bell.rung == ["a", "also a"]
    bell.go_to(5)
    assert bell.rung == ["a", "also a", "b", "c"]


def test_an_earlier_time_that_comes_just_before_it_sleeps_is_kept(bell: Bell) -> None:
    sleep, once = Waker.sleep, iter([None])

    def about_to_sleep(waker: Waker, ready: Callable[[], object], until: Callable[[], int | None]) -> None:
        for _ in once:
            bell.set(2, "earlier")  # wakes nobody: there is no sleeper yet
        sleep(waker, ready, until)

    with mock.patch.object(Waker, "sleep", about_to_sleep):
        bell.set(5, "later")
        bell.settle()
    bell.go_to(3)
    assert bell.rung == ["earlier"]
    bell.go_to(5)
    assert bell.rung == ["earlier", "later"]


def test_an_earlier_time_that_comes_while_it_sleeps_is_kept(bell: Bell) -> None:
    bell.set(10, "late")
    bell.settle()
    bell.set(1, "early")
    bell.settle()
    bell.go_to(1)
    assert bell.rung == ["early"]


def test_a_time_that_has_passed_is_now(bell: Bell) -> None:
    done = threading.Event()
    bell.alarm.call_at(0, done.set)
    assert done.wait(SECONDS)


@pytest.mark.promise("execution.idle")
def test_it_has_no_thread_before_the_first_call_and_sleeps_in_between(bell: Bell) -> None:
    assert alarms() == 0
    bell.set(3_600, "in an hour")
    bell.settle()
    assert alarms() == 1
    lain_down = bell.clock.waits
    for second in range(1, 3_600, 100):
        bell.go_to(second)
    assert (bell.clock.waits, bell.rung) == (lain_down, [])
    bell.go_to(3_600)
    assert bell.rung == ["in an hour"]


def test_one_that_raises_is_logged_and_keeps_nobody_from_being_called(
    bell: Bell, caplog: pytest.LogCaptureFixture
) -> None:
    bell.alarm.call_at(START_NS + NS_PER_S, _fail)
    bell.set(1, "the next")
    bell.settle()
    bell.go_to(1)
    assert bell.rung == ["the next"]
    assert [record.message for record in caplog.records] == ["what was to be done at a time raised"]


def test_paused_it_calls_nobody_until_it_goes_on(bell: Bell) -> None:
    bell.set(1, "a")
    bell.settle()
    bell.alarm.pause()
    bell.go_to(2)
    bell.set(1, "b")
    bell.settle()
    assert bell.rung == []
    bell.set(2, "c")
    bell.alarm.resume()
    _until(lambda: len(bell.rung) == 3, bell)
    assert bell.rung == ["a", "b", "c"]


def test_closed_it_calls_nobody_any_more() -> None:
    bell = Bell()
    bell.set(1, "a")
    bell.settle()
    assert bell.alarm.close(SECONDS)
    assert alarms() == 0
    bell.clock.advance(5 * NS_PER_S)
    bell.set(1, "b")
    assert (bell.rung, alarms()) == ([], 0)


def test_one_that_nobody_asked_closes_at_once() -> None:
    assert Bell().alarm.close(0)


def test_closed_while_its_thread_begins_it_waits_for_that_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    bell, closed, begin = Bell(), list[bool](), threading.Thread.start
    closer = threading.Thread(target=lambda: closed.append(bell.alarm.close(SECONDS)))

    def begin_late(thread: threading.Thread) -> None:
        if thread.name == "streamlib:alarm":
            begin(closer)
            closer.join(0.05)  # it comes to where it waits
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", begin_late)
    bell.set(1, "a")
    closer.join(SECONDS)
    assert (closed, alarms()) == ([True], 0)


def test_an_alarm_that_is_held_up_has_not_closed_in_time() -> None:
    bell, reached, release = Bell(), threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        assert release.wait(SECONDS)

    bell.alarm.call_at(0, hold)
    assert reached.wait(SECONDS)
    assert not bell.alarm.close(0)
    release.set()
    assert bell.alarm.close(SECONDS)


def _fail() -> None:
    raise ValueError("no luck")


def _until(done: Callable[[], bool], bell: Bell) -> None:
    """Wait for what a last call will show."""
    last = threading.Event()
    bell.alarm.call_at(bell.clock.now_ns(), last.set)
    assert last.wait(SECONDS)
    assert done()
