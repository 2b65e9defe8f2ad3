from __future__ import annotations

import gc
import threading

import pytest

from streamlib import StreamRuntime
from streamlib.clock import MonotonicClock
from streamlib.observability import interpreter_wait
from streamlib.observability.interpreter_wait import EVERY_NS, InterpreterWait, timer_lateness_ns

SECONDS = 10.0
NAME = "streamlib:interpreter-wait"


class Script:
    """A clock by which each sleep is late by what the script says; behind its end the probe sleeps until it is told."""

    def __init__(self, *late_ns: int) -> None:
        self._late_ns = list(late_ns)
        self._now_ns = 1_000
        self.played = threading.Event()

    def now_ns(self) -> int:
        return self._now_ns

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        assert deadline_ns == self._now_ns + EVERY_NS
        if not self._late_ns:
            self.played.set()
            return lock.acquire(timeout=SECONDS)
        self._now_ns = deadline_ns + self._late_ns.pop(0)
        return False


def probes() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == NAME]


@pytest.mark.promise("look.interpreter-wait")
def test_what_is_beyond_the_lateness_of_the_timer_is_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interpreter_wait, "timer_lateness_ns", lambda clock: 20)
    script = Script(20, 5_020, 10)
    with InterpreterWait(script) as wait:
        assert script.played.wait(SECONDS)
    stats = wait.stats()
    assert (stats.samples, stats.p50_ns, stats.max_ns) == (3, 0, 5_000)
    assert probes() == []


@pytest.mark.promise("look.interpreter-wait")
def test_nobody_asks_for_the_interpreter_before_or_after() -> None:
    runtime = StreamRuntime()
    assert probes() == []
    with runtime.inspector.interpreter_wait() as wait:
        assert probes() == [NAME]
    assert probes() == []
    wait.close()
    assert wait.stats().samples >= 0


@pytest.mark.promise("look.interpreter-wait")
def test_letting_go_of_it_ends_it() -> None:
    wait = StreamRuntime().inspector.interpreter_wait()
    assert probes() == [NAME]
    del wait
    gc.collect()
    assert probes() == []


def test_the_timer_is_measured_where_the_system_can() -> None:
    assert timer_lateness_ns(MonotonicClock()) >= 0


def test_without_such_a_sleep_nothing_is_taken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_here(name: None) -> None:
        raise OSError(name)

    monkeypatch.setattr("ctypes.PyDLL", none_here)
    assert timer_lateness_ns(MonotonicClock()) == 0
