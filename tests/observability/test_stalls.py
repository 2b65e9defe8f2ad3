from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from streamlib import PushSource, StreamRuntime
from streamlib.events import Event, EventQueue, StallDetected, StallOver
from streamlib.frames import DataFrame
from streamlib.observability.explanation import Cause, Explanation, Finding
from streamlib.observability.stalls import StallWatcher
from streamlib.states import GraphState
from streamlib.testing import ManualClock
from tests.scenarios.stage import SECONDS, STRATEGIES, Collect, Numbers, Pass, Record, Stuck
from tests.scenarios.trouble import Join, Keeps, Never

S = 1_000_000_000


@pytest.fixture(params=sorted(STRATEGIES))
def scheduler(request: pytest.FixtureRequest) -> Any:
    return STRATEGIES[request.param]()


class Stage:
    """A runtime whose clock stands, so that its watcher looks when the test says so."""

    def __init__(self, scheduler: Any = None, **choices: Any) -> None:
        self.clock = ManualClock()
        self.runtime = StreamRuntime(clock=self.clock, scheduler=scheduler, workers=2, stall_after=3, **choices)
        self.told: EventQueue = self.runtime.events.subscribe_queue("processor:*", capacity=1_000)

    def hear(self, kind: type[Event]) -> Any:
        """The next event of a class, while the clock goes on."""
        for _ in range(round(SECONDS * 100)):
            event = self.told.get(timeout=0.01)
            if isinstance(event, kind):
                return event
            if event is None:
                self.clock.advance(S // 2)
        raise AssertionError(f"no {kind.__name__}")

    def heard(self, kind: type[Event]) -> list[Event]:
        """The events of a class that have come and were not heard yet."""
        self.told.close()
        return [event for event in self.told if isinstance(event, kind)]


@pytest.fixture
def release() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.promise("look.stalls")
def test_a_call_that_does_not_come_back_is_told_once_and_told_when_it_is_over(
    scheduler: Any, release: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    stage, record = Stage(scheduler), Record()
    stuck = stage.runtime.add_processor(Stuck, record=record, release=release)
    stage.runtime.connect(stage.runtime.add_processor(Numbers), stuck)
    with stage.runtime:
        stage.runtime.start()
        record.wait_for_call("stuck")
        detected = stage.hear(StallDetected)
        assert (detected.processor_id, detected.cause) == (stuck.id, "inside a call")
        assert detected.sentence.startswith(f"{stuck.id} has been inside process() for ")
        assert detected.topic == f"processor:{stuck.id}"
        watcher = stage.runtime._lifecycle.stalls
        assert watcher is not None
        for _ in range(5):
            stage.clock.advance(2 * S)
            watcher.look()
        release.set()
        over = stage.hear(StallOver)
        assert (over.processor_id, over.cause) == (stuck.id, "inside a call")
        assert over.lasted_ns >= 3 * S
        stage.runtime.stop(drain=False)
    assert stage.heard(StallDetected) == []
    (line,) = [one for one in caplog.records if "inside process()" in one.getMessage()]
    assert (vars(line)["processor_id"], vars(line)["processor_type"]) == (stuck.id, "Stuck")


@pytest.mark.promise("look.stalls")
def test_a_diamond_that_starves_itself_is_told(scheduler: Any) -> None:
    stage = Stage(scheduler)
    add, connect = stage.runtime.add_processor, stage.runtime.connect
    source, keeps, join = add(Numbers), add(Keeps), add(Join)
    connect(source, keeps)
    connect(keeps, join.input("music"))
    connect(source, join.input("picture"))
    connect(join, add(Collect, record=Record()))
    with stage.runtime:
        stage.runtime.start()
        detected = stage.hear(StallDetected)
        assert (detected.processor_id, detected.cause) == (join.id, "starves itself")
        stage.runtime.stop(drain=False)


@pytest.mark.promise("look.stalls")
def test_who_leaves_frames_unread_is_told_while_others_wait_for_room(scheduler: Any) -> None:
    stage = Stage(scheduler)
    source = stage.runtime.add_processor(PushSource, type=DataFrame)
    never = stage.runtime.add_processor(Never)
    stage.runtime.connect(source, never, capacity=2)
    with stage.runtime:
        stage.runtime.start()
        for n in range(10):
            source.push(DataFrame({"n": n}))
        detected = stage.hear(StallDetected)
        assert (detected.processor_id, detected.cause) == (never.id, "leaves frames unread")
        stage.runtime.stop(drain=False)


def test_who_is_paused_is_no_stall_nor_is_anybody_while_all_is_paused(release: threading.Event) -> None:
    stage, record = Stage(), Record()
    sink = stage.runtime.add_processor(Collect, record=record)
    stage.runtime.connect(stage.runtime.add_processor(Numbers), sink)
    with stage.runtime:
        stage.runtime.start()
        record.wait_for(20)
        stage.runtime.pause(sink)
        watcher = stage.runtime._lifecycle.stalls
        assert watcher is not None
        for _ in range(4):
            stage.clock.advance(2 * S)
            watcher.look()
        stage.runtime.pause()
        for _ in range(4):
            stage.clock.advance(2 * S)
            watcher.look()
        stage.runtime.stop(drain=False)
    assert stage.heard(StallDetected) == []


def test_a_graph_that_flows_is_not_asked_for_explanations(scheduler: Any) -> None:
    stage, record = Stage(scheduler), Record()
    middle = stage.runtime.add_processor(Pass)
    stage.runtime.connect(stage.runtime.add_processor(Numbers), middle)
    stage.runtime.connect(middle, stage.runtime.add_processor(Collect, record=record))
    asked: list[int] = []
    watcher = stage.runtime._lifecycle.stalls
    assert watcher is not None
    explain = watcher._explain

    def note() -> Explanation:
        asked.append(1)
        return explain()

    watcher._explain, watcher._explain_calls = note, lambda _: note()
    with stage.runtime:
        stage.runtime.start()
        for _ in range(5):
            record.wait_for(500)
            stage.clock.advance(1 * S)
        stage.runtime.stop(drain=False)
    assert not asked


def test_a_call_that_was_only_slow_at_the_first_looks_is_told_once_it_is_more(release: threading.Event) -> None:
    stage, record = Stage(), Record()
    stuck = stage.runtime.add_processor(Stuck, record=record, release=release)
    stage.runtime.connect(stage.runtime.add_processor(Numbers), stuck)
    watcher = stage.runtime._lifecycle.stalls
    assert watcher is not None
    explain, asked = watcher._explain, list[int]()
    slow = Finding(
        cause=Cause.SLOW, subjects=(stuck.id,), root=stuck.id, root_cause=Cause.SLOW, sentence="it is slow", advice="-"
    )

    def first_slow() -> Explanation:
        asked.append(1)
        return Explanation(at_ns=1, state=GraphState.RUNNING, findings=(slow,)) if len(asked) < 5 else explain()

    watcher._explain, watcher._explain_calls = first_slow, lambda _: first_slow()
    with stage.runtime:
        stage.runtime.start()
        record.wait_for_call("stuck")
        assert stage.hear(StallDetected).processor_id == stuck.id
        release.set()
        stage.runtime.stop(drain=False)
    assert len(asked) >= 5


def test_a_call_that_is_told_by_itself_has_nobody_else_looked_at(release: threading.Event) -> None:
    stage = Stage()
    stuck = stage.runtime.add_processor(Stuck, record=Record(), release=release)
    stage.runtime.connect(stage.runtime.add_processor(Numbers, count=1), stuck)
    stage.runtime.connect(stuck, stage.runtime.add_processor(Collect, record=Record()))
    watcher = stage.runtime._lifecycle.stalls
    assert watcher is not None
    explain, asked = watcher._explain, list[int]()

    def note() -> Explanation:
        asked.append(1)
        return explain()

    watcher._explain = note
    with stage.runtime:
        stage.runtime.start()
        told = stage.hear(StallDetected)
        release.set()
        assert stage.hear(StallOver).processor_id == stuck.id
        stage.runtime.stop(drain=False)
    assert (told.processor_id, told.cause) == (stuck.id, Cause.INSIDE)
    assert "has been inside process() for" in told.sentence
    assert not asked


def test_the_end_of_a_run_is_the_end_of_its_stalls_and_of_the_thread(release: threading.Event) -> None:
    stage, record = Stage(), Record()
    stuck = stage.runtime.add_processor(Stuck, record=record, release=release)
    stage.runtime.connect(stage.runtime.add_processor(Numbers), stuck)
    stage.runtime.start()
    record.wait_for_call("stuck")
    stage.hear(StallDetected)
    assert [thread for thread in threading.enumerate() if thread.name == "streamlib:stalls"]
    release.set()
    stage.runtime.stop(drain=False)
    assert not [thread for thread in threading.enumerate() if thread.name == "streamlib:stalls"]
    assert stage.hear(StallOver).processor_id == stuck.id


def test_a_look_that_fails_is_not_the_last(caplog: pytest.LogCaptureFixture) -> None:
    stage, looked = Stage(), threading.Event()
    watcher = stage.runtime._lifecycle.stalls
    assert watcher is not None
    times: list[int] = []

    def look() -> None:
        times.append(1)
        watcher._looked_ns = stage.clock.now_ns()
        if len(times) > 1:
            looked.set()
        raise ValueError("no luck")

    watcher.look = look  # type: ignore[method-assign]
    with stage.runtime:
        stage.runtime.start()
        for _ in range(round(SECONDS * 100)):
            stage.clock.advance(2 * S)
            if looked.wait(0.01):
                break
    assert looked.is_set()
    assert "a look for stalls failed" in caplog.text


def test_a_runtime_is_not_held_by_who_watches_over_it() -> None:
    stage = Stage()
    gone = weakref.ref(stage.runtime)
    with stage.runtime:
        stage.runtime.start()
    del stage
    gc.collect()
    assert gone() is None


def test_a_watcher_that_never_began_ends() -> None:
    stage = Stage()
    watcher = stage.runtime._lifecycle.stalls
    assert isinstance(watcher, StallWatcher)
    watcher.end()
