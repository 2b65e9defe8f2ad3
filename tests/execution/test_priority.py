from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from streamlib.execution.priority import NICENESS, REAL_TIME_LEVEL, GrantedPriority, ThreadPriority, take
from streamlib.execution.thread_runner import ThreadRunner
from tests.execution.rig import SECONDS, Rig

NORMAL, HIGH, REAL_TIME, BACKGROUND = (
    ThreadPriority.NORMAL,
    ThreadPriority.HIGH,
    ThreadPriority.REAL_TIME,
    ThreadPriority.BACKGROUND,
)


class System:
    """What is asked of the operating system, which grants it or not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.refused: set[str] = set()
        monkeypatch.setattr(os, "sched_setscheduler", self._scheduler, raising=False)
        monkeypatch.setattr(os, "setpriority", self._niceness, raising=False)

    def _scheduler(self, pid: int, policy: int, level: os.sched_param) -> None:
        self._answer("real time", pid, policy, level.sched_priority)

    def _niceness(self, which: int, who: int, niceness: int) -> None:
        self._answer("niceness", which, who, niceness)

    def _answer(self, what: str, *asked: int) -> None:
        self.asked.append((what, *asked))
        if what in self.refused:
            raise PermissionError(1, "Operation not permitted")


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    return System(monkeypatch)


def in_thread(what: Callable[[], object]) -> Any:
    """What it returns on a thread of its own, so that nobody else's priority is changed."""
    answer: list[object] = []
    thread = threading.Thread(target=lambda: answer.append(what()))
    thread.start()
    thread.join(SECONDS)
    return answer[0]


def niceness() -> int:
    return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())


def test_normal_asks_for_nothing(system: System) -> None:
    assert take(NORMAL) == GrantedPriority(NORMAL, NORMAL)
    assert system.asked == []


@pytest.mark.promise("execution.priorities")
def test_real_time_that_is_granted_is_told(system: System) -> None:
    assert take(REAL_TIME) == GrantedPriority(REAL_TIME, REAL_TIME)
    assert system.asked == [("real time", 0, os.SCHED_FIFO, REAL_TIME_LEVEL)]


@pytest.mark.promise("execution.priorities")
def test_where_real_time_is_refused_high_is_taken_and_the_way_to_real_time_is_told(system: System) -> None:
    system.refused = {"real time"}
    granted = take(REAL_TIME)
    assert (granted.asked, granted.got) == (REAL_TIME, HIGH)
    assert "Operation not permitted" in granted.reason
    assert f"RLIMIT_RTPRIO to {REAL_TIME_LEVEL}" in granted.reason
    assert system.asked[-1] == ("niceness", os.PRIO_PROCESS, threading.get_native_id(), NICENESS["high"])


@pytest.mark.promise("execution.priorities")
@pytest.mark.parametrize("asked", [REAL_TIME, HIGH])
def test_where_all_is_refused_the_thread_stays_normal_and_says_why(system: System, asked: ThreadPriority) -> None:
    system.refused = {"real time", "niceness"}
    granted = take(asked)
    assert (granted.asked, granted.got) == (asked, NORMAL)
    assert "refused" in granted.reason
    assert "RLIMIT_" in granted.reason


@pytest.mark.parametrize("asked", [HIGH, BACKGROUND])
def test_high_and_background_are_a_niceness_of_the_one_thread(system: System, asked: ThreadPriority) -> None:
    assert take(asked) == GrantedPriority(asked, asked)
    assert system.asked == [("niceness", os.PRIO_PROCESS, threading.get_native_id(), NICENESS[asked])]


@pytest.mark.promise("execution.priorities")
@pytest.mark.parametrize("asked", [REAL_TIME, HIGH, BACKGROUND])
def test_on_a_system_without_priorities_of_threads_everyone_is_normal(
    system: System, monkeypatch: pytest.MonkeyPatch, asked: ThreadPriority
) -> None:
    monkeypatch.delattr(os, "sched_setscheduler")
    assert take(asked) == GrantedPriority(asked, NORMAL, "this system has no priorities for single threads")
    assert system.asked == []


@pytest.mark.promise("execution.priorities")
def test_background_is_really_taken_by_the_one_thread() -> None:
    before = niceness()
    granted, now = in_thread(lambda: (take(BACKGROUND), niceness()))
    assert granted == GrantedPriority(BACKGROUND, BACKGROUND)
    assert now == NICENESS["background"] > before
    assert niceness() == before


def test_a_runner_tells_what_its_thread_has_got_and_keeps_it(system: System) -> None:
    system.refused = {"real time"}
    told: list[GrantedPriority] = []
    runner = ThreadRunner(Rig().loop(head=False), "urgent", REAL_TIME, told.append)
    assert runner.granted is None
    runner.start()
    runner.stop()
    assert runner.join(SECONDS)
    assert told == [runner.granted]
    assert told[0].got is HIGH
