from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from streamlib.clock import NS_PER_S, PausableClock
from streamlib.execution.loops import Loop
from streamlib.execution.pool_runner import usable_cores
from streamlib.execution.shared_threads import SharedThreads
from tests.execution.rig import SECONDS
from tests.execution.turns import CountingClock


class Shared:
    """The threads of a runtime, on a clock moved by hand."""

    def __init__(self, workers: int | None = None) -> None:
        self.clock = CountingClock()
        self.media_clock = PausableClock(self.clock)
        self.threads = SharedThreads(self.clock, self.media_clock, workers)

    def pause(self) -> None:
        self.media_clock.pause()
        self.threads.pause()

    def resume(self) -> None:
        self.media_clock.resume()
        self.threads.resume()


@pytest.fixture
def opens() -> Iterator[Callable[..., Shared]]:
    opened: list[Shared] = []

    def one(workers: int | None = None) -> Shared:
        opened.append(Shared(workers))
        return opened[-1]

    yield one
    for shared in opened:
        assert shared.threads.close(SECONDS)


@pytest.fixture
def shared(opens: Callable[..., Shared]) -> Shared:
    return opens()


def running(*prefixes: str) -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return sorted(name for name in names if name.startswith(prefixes or ("streamlib:",)))


@pytest.mark.promise("execution.idle")
def test_no_thread_is_there_before_somebody_needs_it(opens: Callable[..., Shared]) -> None:
    shared = opens(2)
    threads = shared.threads
    assert running() == []
    threads.on_main("window")
    threads.loop("hand")
    assert running() == []
    threads.common_loop()
    assert running() == ["streamlib:lightweight"]
    threads.pooled("a")
    threads.pooled("b")
    assert running("streamlib:pool") == ["streamlib:pool-0", "streamlib:pool-1"]
    assert threads.close(SECONDS)
    assert running() == []


def test_the_pool_has_a_worker_for_each_core_unless_it_is_told_how_many(opens: Callable[..., Shared]) -> None:
    assert opens().threads.workers == usable_cores()
    several = opens(3)
    several.threads.pooled("a")
    assert len(running("streamlib:pool")) == 3


def test_the_common_loop_is_spared_when_nobody_is_in_it(shared: Shared) -> None:
    threads = shared.threads
    assert threads.spare(0), "there is none"
    loop = threads.common_loop()
    assert threads.common_loop() is loop
    loop.members = [None]  # type: ignore[list-item]
    assert threads.spare(SECONDS)
    assert running() == ["streamlib:lightweight"]
    loop.members = []
    assert threads.spare(SECONDS)
    assert running() == []


@pytest.mark.parametrize("kind", ["loop", "common_loop", "pooled", "on_main"])
def test_what_begins_while_all_is_paused_begins_paused(shared: Shared, kind: str) -> None:
    shared.pause()
    made: dict[str, Callable[[], Loop]] = {
        "loop": lambda: shared.threads.loop("a"),
        "common_loop": shared.threads.common_loop,
        "pooled": lambda: shared.threads.pooled("a").loop,
        "on_main": lambda: shared.threads.on_main("a").loop,
    }
    assert made[kind]()._paused
    shared.resume()
    assert not shared.threads.loop("b")._paused


@pytest.mark.parametrize("begins", ["before", "during"])
def test_while_all_is_paused_nobody_is_called_at_a_time_and_the_alarm_sleeps(shared: Shared, begins: str) -> None:
    called = threading.Event()
    due_ns = shared.media_clock.now_ns() + NS_PER_S
    if begins == "before":
        shared.threads.alarm()
    shared.pause()
    shared.threads.alarm().call_at(due_ns, called.set)
    shared.clock.wait_for_sleepers(1, SECONDS)
    lain_down = shared.clock.waits
    shared.clock.advance(10 * NS_PER_S)
    shared.clock.wait_for_sleepers(1, SECONDS)
    assert (shared.clock.waits, called.is_set()) == (lain_down, False)
    shared.resume()
    shared.clock.wait_for_sleepers(1, SECONDS)
    assert not called.is_set(), "the clock for media has stood still"
    shared.clock.advance(NS_PER_S)
    assert called.wait(SECONDS)


def test_a_thread_that_does_not_end_in_time_is_told_and_named(
    opens: Callable[..., Shared], caplog: pytest.LogCaptureFixture
) -> None:
    shared, reached, release = opens(1), threading.Event(), threading.Event()
    threads = shared.threads

    def hold() -> None:
        reached.set()
        assert release.wait(SECONDS)

    loop = threads.common_loop()
    threads.pooled("a")
    loop.post(hold)
    assert reached.wait(SECONDS)
    assert not threads.close(0.001)
    assert "the threads of the lightweight processors" in caplog.text
    release.set()


def test_after_a_close_the_threads_begin_anew(shared: Shared) -> None:
    first = shared.threads.common_loop()
    assert shared.threads.close(SECONDS)
    assert shared.threads.close(SECONDS)
    assert shared.threads.common_loop() is not first
    assert running() == ["streamlib:lightweight"]
