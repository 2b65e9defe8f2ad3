from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from streamlib import ProcessContext, ProcessorConfig, StreamRuntime
from streamlib.errors import CommitError
from streamlib.events import CollectorPaused
from streamlib.graph.components import CollectorPauses
from streamlib.runtime import process_settings
from streamlib.runtime.process_settings import (
    COLLECTOR_THRESHOLDS,
    HELD_OFF_THRESHOLDS,
    MANY,
    SWITCH_INTERVAL_S,
    CollectorPause,
    Guest,
    ProcessSettings,
)
from tests.scenarios.stage import SECONDS, Collect, Lightweight, Numbers, Record


def guest() -> Guest:
    return Guest(CollectorPauses(), lambda pause: None)


@pytest.fixture
def owner() -> ProcessSettings:
    return ProcessSettings()


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = sys.getswitchinterval(), gc.get_threshold(), list(gc.callbacks), gc.get_freeze_count()
    yield
    assert (sys.getswitchinterval(), gc.get_threshold(), list(gc.callbacks), gc.get_freeze_count()) == before


@pytest.mark.promise("runtime.process-settings", "execution.switch-interval")
def test_settings_are_put_back_after_the_last_of_several_runtimes(owner: ProcessSettings) -> None:
    before = sys.getswitchinterval(), gc.get_threshold()
    one, two = guest(), guest()
    owner.enter(one)
    owner.enter(two)
    assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)
    assert gc.get_threshold() == COLLECTOR_THRESHOLDS
    assert gc.get_freeze_count() > 0
    owner.leave(one)
    assert gc.get_threshold() == COLLECTOR_THRESHOLDS
    owner.leave(two)
    assert (sys.getswitchinterval(), gc.get_threshold()) == before


def test_a_smaller_switch_interval_of_the_program_is_kept(owner: ProcessSettings) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.00005)
    try:
        one = guest()
        owner.enter(one)
        assert sys.getswitchinterval() == pytest.approx(0.00005)
        owner.leave(one)
        assert sys.getswitchinterval() == pytest.approx(0.00005)
    finally:
        sys.setswitchinterval(before)


def test_what_the_program_sets_while_a_runtime_runs_stays(owner: ProcessSettings) -> None:
    before = sys.getswitchinterval(), gc.get_threshold()
    one, two = guest(), guest()
    try:
        owner.enter(one)
        sys.setswitchinterval(0.002)
        gc.set_threshold(600, 9, 9)
        owner.enter(two)
        with owner.collector_held_off(MANY):
            assert gc.get_threshold() == HELD_OFF_THRESHOLDS
        assert gc.get_threshold() == (600, 9, 9), "from then on, not only after the end"
        assert sys.getswitchinterval() == pytest.approx(0.002)
        owner.leave(one)
        owner.leave(two)
        assert sys.getswitchinterval() == pytest.approx(0.002)
        assert gc.get_threshold() == (600, 9, 9)
        owner.enter(one)
        assert sys.getswitchinterval() == pytest.approx(SWITCH_INTERVAL_S)
        owner.leave(one)
        assert sys.getswitchinterval() == pytest.approx(0.002)
        assert gc.get_threshold() == (600, 9, 9)
    finally:
        sys.setswitchinterval(before[0])
        gc.set_threshold(*before[1])


def test_leaving_twice_or_without_having_entered_changes_nothing(owner: ProcessSettings) -> None:
    one, before = guest(), (sys.getswitchinterval(), gc.get_threshold())
    owner.leave(one)
    assert (sys.getswitchinterval(), gc.get_threshold()) == before
    owner.enter(one)
    owner.leave(one)
    owner.leave(one)
    assert (sys.getswitchinterval(), gc.get_threshold()) == before


def test_while_many_are_built_the_collector_is_held_off(owner: ProcessSettings) -> None:
    before = gc.get_threshold()
    with owner.collector_held_off(MANY):
        assert gc.get_threshold() == HELD_OFF_THRESHOLDS
        with owner.collector_held_off(MANY):
            assert gc.get_threshold() == HELD_OFF_THRESHOLDS
        assert gc.get_threshold() == HELD_OFF_THRESHOLDS, "the other one still builds"
    assert gc.get_threshold() == before


def test_what_was_built_is_old_for_the_collector_at_once(owner: ProcessSettings) -> None:
    built: list[list[int]] = []
    with owner.collector_held_off(MANY):
        built.append([])
    assert any(one is built[0] for one in gc.get_objects(generation=2))


def test_what_was_built_beside_a_runtime_stays_where_it_is(owner: ProcessSettings) -> None:
    one = guest()
    owner.enter(one)
    frozen = gc.get_freeze_count()
    with owner.collector_held_off(MANY):
        built: list[list[int]] = [[]]
    assert gc.get_freeze_count() <= frozen
    assert not any(one is built[0] for one in gc.get_objects(generation=2))
    owner.leave(one)


def test_few_are_built_beside_the_collector(owner: ProcessSettings) -> None:
    before = gc.get_threshold()
    with owner.collector_held_off(MANY - 1):
        assert gc.get_threshold() == before


def test_a_build_that_fails_gives_the_collector_back(owner: ProcessSettings) -> None:
    before = gc.get_threshold()
    with pytest.raises(OSError, match="no device"), owner.collector_held_off(MANY):
        raise OSError("no device")
    assert gc.get_threshold() == before


def test_a_build_that_is_broken_off_as_it_begins_gives_the_collector_back(
    owner: ProcessSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, put = gc.get_threshold(), gc.set_threshold

    def interrupted(*thresholds: int) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(gc, "set_threshold", interrupted)
    with pytest.raises(KeyboardInterrupt), owner.collector_held_off(MANY):
        pytest.fail("it has not begun")
    assert gc.set_threshold is put
    assert gc.get_threshold() == before
    with owner.collector_held_off(MANY):
        assert gc.get_threshold() == HELD_OFF_THRESHOLDS
    assert gc.get_threshold() == before


def test_runtimes_may_begin_and_end_while_another_builds(owner: ProcessSettings) -> None:
    before = gc.get_threshold()
    one, two = guest(), guest()
    with owner.collector_held_off(MANY):
        owner.enter(one)
        assert gc.get_threshold() == HELD_OFF_THRESHOLDS
    assert gc.get_threshold() == COLLECTOR_THRESHOLDS
    with owner.collector_held_off(MANY):
        owner.enter(two)
        owner.leave(one)
        owner.leave(two)
        assert gc.get_threshold() == HELD_OFF_THRESHOLDS
    assert gc.get_threshold() == before


def test_an_edit_of_many_and_a_start_hold_it_off_and_give_it_back_also_when_they_fail() -> None:
    class Looks(Numbers):
        class Config(ProcessorConfig):
            seen: Any
            fails: bool = False

        def setup(self, ctx: object) -> None:
            self.config.seen.append(gc.get_threshold())
            if self.config.fails:
                raise OSError("no device")

        def process(self, ctx: ProcessContext) -> None:
            ctx.end()

    record, seen = Record(), list[tuple[int, int, int]]()
    before = gc.get_threshold()
    runtime = StreamRuntime(workers=2, scheduler=Lightweight())
    with runtime.edit() as edit:
        edit.add_processor(Looks, seen=seen)
        for _ in range(MANY):
            edit.add_processor(Collect, record=record)
    assert gc.get_threshold() == before
    runtime.start()
    assert (seen.pop(), gc.get_threshold()) == (HELD_OFF_THRESHOLDS, COLLECTOR_THRESHOLDS)
    failing = runtime.edit()
    failing.add_processor(Looks, seen=seen, fails=True)
    for _ in range(MANY):
        failing.add_processor(Collect, record=record)
    with pytest.raises(CommitError, match="no device"):
        runtime.commit_edit(failing)
    assert (seen.pop(), gc.get_threshold()) == (HELD_OFF_THRESHOLDS, COLLECTOR_THRESHOLDS)
    runtime.add_processor(Looks, seen=seen)
    assert seen.pop() == COLLECTOR_THRESHOLDS, "a single one"
    runtime.stop()
    assert gc.get_threshold() == before


def test_it_is_held_off_from_the_moment_when_very_much_is_asked_for_and_while_very_many_stop() -> None:
    seen: list[tuple[int, int, int]] = []

    class Looks(Collect):
        def teardown(self) -> None:
            seen.append(gc.get_threshold())

    record, before = Record(), gc.get_threshold()
    runtime = StreamRuntime(workers=2, scheduler=Lightweight())
    with pytest.raises(OSError, match="no more"), runtime.edit() as edit:
        for _ in range(MANY):
            edit.add_processor(Collect, record=record)
        assert gc.get_threshold() == before
        edit.add_processor(Collect, record=record)
        assert gc.get_threshold() == HELD_OFF_THRESHOLDS
        raise OSError("no more")
    assert gc.get_threshold() == before
    with runtime.edit() as edit:
        for _ in range(MANY):
            edit.add_processor(Looks, record=record)
    runtime.start()
    runtime.stop()
    assert set(seen) == {HELD_OFF_THRESHOLDS}
    assert gc.get_threshold() == before


@pytest.mark.promise("execution.collector")
def test_each_pause_of_the_collector_is_counted_for_every_runtime(owner: ProcessSettings) -> None:
    one, two = guest(), guest()
    owner.enter(one)
    owner.enter(two)
    gc.collect()
    owner.leave(two)
    gc.collect()
    owner.leave(one)
    assert two.pauses.stats.samples >= 1
    assert one.pauses.stats.samples > two.pauses.stats.samples
    assert one.pauses.stats.max_ns > 0


def test_a_long_pause_is_told_on_a_thread_of_its_own(owner: ProcessSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_settings, "LONG_PAUSE_NS", 0)
    told: list[tuple[CollectorPause, str]] = []
    heard = threading.Event()

    def tell(pause: CollectorPause) -> None:
        told.append((pause, threading.current_thread().name))
        heard.set()

    one = Guest(CollectorPauses(), tell)
    owner.enter(one)
    gc.collect()
    assert heard.wait(SECONDS)
    owner.leave(one)
    assert told[0][1] == "streamlib:collector"
    assert told[0][0].generation in {0, 1, 2}


def test_a_running_graph_bears_the_pauses_as_a_component_and_tells_long_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_settings, "LONG_PAUSE_NS", 0)
    heard = threading.Event()
    record, runtime = Record(), StreamRuntime()
    runtime.connect(runtime.add_processor(Numbers), runtime.add_processor(Collect, record=record))
    runtime.events.subscribe(
        "runtime:global", lambda event: heard.set() if isinstance(event, CollectorPaused) else None
    )
    with runtime:
        runtime.start()
        gc.collect()
        pauses = runtime.graph.get(runtime.graph.whole, CollectorPauses)
        assert pauses is not None
        assert pauses.stats.samples >= 1
        assert heard.wait(SECONDS)
    assert runtime.graph.get(runtime.graph.whole, CollectorPauses) is None


def test_a_start_that_fails_leaves_the_process_as_it_was() -> None:
    class Broken(Numbers):
        def setup(self, ctx: object) -> None:
            raise OSError("no device")

    runtime = StreamRuntime()
    runtime.add_processor(Broken)
    with pytest.raises(RuntimeError, match="no device"):
        runtime.start()


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Each time that memory is given back."""
    given: list[None] = []
    monkeypatch.setattr(process_settings, "_give_memory_back", lambda: given.append(None))
    return given


def test_memory_is_given_back_once_nobody_builds_very_many(owner: ProcessSettings, given: list[None]) -> None:
    with owner.collector_held_off(MANY):
        with owner.collector_held_off(MANY):
            pass
        assert not given
    assert len(given) == 1
    with owner.collector_held_off(MANY - 1):
        pass
    assert len(given) == 1


def test_memory_is_given_back_at_a_start_and_an_end_and_not_while_a_runtime_runs(
    owner: ProcessSettings, given: list[None]
) -> None:
    one, two = guest(), guest()
    with owner.collector_held_off(MANY):
        owner.enter(one)
    assert len(given) == 1, "at a start"
    owner.enter(two)
    with owner.collector_held_off(MANY):
        pass
    with owner.collector_held_off(MANY):
        owner.leave(one)
    assert len(given) == 1, "frames flow"
    owner.leave(two)
    assert len(given) == 2, "at the end"
    owner.enter(one)
    owner.leave(one)
    assert len(given) == 2, "nothing large was done"
    owner.enter(one)
    with owner.collector_held_off(MANY):
        owner.leave(one)
    assert len(given) == 3, "somebody still held it off at the end"


@pytest.mark.parametrize("platform", [sys.platform, "elsewhere"])
def test_where_the_system_takes_no_memory_back_nothing_happens(platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    process_settings._give_memory_back()
