from __future__ import annotations

import threading

import msgspec
import pytest

from streamlib import SchedulingStrategy, StreamRuntime
from streamlib.errors import ProcessorFailed, UnknownLinkError, UnknownProcessorError
from streamlib.execution.priority import ThreadPriority
from streamlib.execution.strategy import StrategyKind
from streamlib.graph import ProcessorNode
from streamlib.links.delivery import Delivery
from streamlib.states import GraphState, ProcessorState
from streamlib.testing import ManualClock
from tests.scenarios.stage import SECONDS, Collect, Faulty, Hand, Pass, Record


class Threads:
    """Everything that may have one has a thread of its own, which is in no hurry."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        return SchedulingStrategy.dedicated_thread(priority="background", name=f"own:{node.id}")


class Stage:
    """A source that the test steps, a filter and a sink, by a clock that the test moves."""

    def __init__(self, **choices: object) -> None:
        self.clock = ManualClock()
        self.runtime = StreamRuntime(clock=self.clock, scheduler=Threads(), **choices)  # type: ignore[arg-type]
        self.record = Record()
        self.hand = self.runtime.add_processor(Hand)
        self.filter = self.runtime.add_processor(Pass, tag="one")
        self.sink = self.runtime.add_processor(Collect, record=self.record)
        self.first = self.runtime.connect(self.hand, self.filter, capacity=2)
        self.second = self.runtime.connect(self.filter, self.sink, delivery="drop_oldest")
        self.inspect = self.runtime.inspector

    def step(self, times: int = 1) -> None:
        target = len(self.record.numbers) + times
        for _ in range(times):
            self.runtime.step(self.hand)
        self.record.wait_until(lambda: len(self.record.numbers) == target)


@pytest.mark.promise("look.processor", "look.real-priority")
def test_a_processor_is_shown_with_all_that_is_known_of_it() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        stage.step(3)
        stage.clock.advance(2_000_000_000)
        shown = stage.inspect.processor(stage.filter.id)
        assert shown is not None
        assert (shown.id, shown.processor_type, shown.state) == ("pass_0", "Pass", ProcessorState.RUNNING)
        assert (shown.calls, shown.errors, shown.throughput_fps, shown.window_s) == (3, 0, 1.5, 2.0)
        assert 0 < shown.latency.samples <= 3
        assert shown.config == {"record": None, "tag": "one", "gain": 0}
        assert shown.place is not None
        assert (shown.place.strategy, shown.place.thread) == (StrategyKind.DEDICATED_THREAD, "own:pass_0")
        assert shown.place.priority_asked is ThreadPriority.BACKGROUND
        assert shown.place.priority in {ThreadPriority.BACKGROUND, ThreadPriority.NORMAL}
        assert shown.generation == stage.runtime.graph.node(stage.filter.id).generation
        assert msgspec.json.decode(msgspec.json.encode(shown))["id"] == "pass_0"


@pytest.mark.promise("look.processor")
def test_the_window_begins_at_the_look_before() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        stage.step(2)
        stage.clock.advance(1_000_000_000)
        assert stage.inspect.processor("pass_0").throughput_fps == 2.0  # type: ignore[union-attr]
        stage.step(8)
        stage.clock.advance(2_000_000_000)
        shown = stage.inspect.processor("pass_0")
        assert shown is not None
        assert (shown.throughput_fps, shown.window_s) == (4.0, 2.0)
        stage.step(1)
        stage.clock.advance(1_000_000)  # too soon behind it for a rate of its own
        again = stage.inspect.processor("pass_0")
        assert again is not None
        assert (again.window_s, round(again.throughput_fps, 2)) == (2.001, 4.5)
        stage.runtime.stop()
        assert stage.inspect.processor("pass_0").calls == 11  # type: ignore[union-attr]


@pytest.mark.promise("look.link")
def test_a_link_is_shown_with_its_ends_its_queue_and_its_counters() -> None:
    stage = Stage()
    with stage.runtime:
        before = stage.inspect.link(stage.first.id)
        assert before is not None
        assert (before.runs, before.capacity, before.window_s) == (False, 2, 0.0)
        stage.runtime.start()
        stage.step(3)
        stage.runtime.pause(stage.filter)
        stage.runtime.step(stage.hand)
        stage.clock.advance(1_000_000_000)
        shown = stage.inspect.link(stage.first.id)
        assert shown is not None
        assert (str(shown.source), str(shown.target)) == ("hand_0.out", "pass_0.into")
        assert (shown.queue_depth, shown.capacity, shown.written, shown.taken) == (1, 2, 4, 3)
        assert (shown.throughput_fps, shown.dropped, shown.runs) == (3.0, 0, True)
        assert stage.inspect.link(stage.second.id).delivery is Delivery.DROP_OLDEST  # type: ignore[union-attr]


@pytest.mark.promise("look.topology", "look.consistent")
def test_the_topology_is_of_one_version() -> None:
    stage = Stage()
    topology = stage.inspect.topology()
    assert [one.id for one in topology.processors] == ["hand_0", "pass_0", "collect_0"]
    assert [(str(one.source), str(one.target)) for one in topology.links] == [
        ("hand_0.out", "pass_0.into"),
        ("pass_0.out", "collect_0.into"),
    ]
    assert topology == stage.inspect.topology()
    stage.runtime.disconnect(stage.second)
    assert stage.inspect.topology().version > topology.version


@pytest.mark.promise("look.consistent")
def test_no_topology_is_ever_half_of_an_edit() -> None:
    runtime, seen, done = StreamRuntime(), list[int](), threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.append(len(runtime.inspector.topology().processors))

    watcher = threading.Thread(target=look)
    watcher.start()
    for _ in range(200):
        with runtime.edit() as edit:
            pair = [edit.add_processor(Pass) for _ in range(10)]
        with runtime.edit() as edit:
            for one in pair:
                edit.remove(one)
    done.set()
    watcher.join()
    assert set(seen) <= {0, 10}


def test_a_plan_leaves_the_version_as_it_is() -> None:
    runtime = StreamRuntime()
    version = runtime.inspector.topology().version
    edit = runtime.edit()
    edit.add_processor(Pass)
    assert edit.plan().changes
    assert runtime.inspector.topology().version == version


@pytest.mark.promise("look.health")
def test_health_counts_and_names_who_stands_in_the_way() -> None:
    stage, told = Stage(), Record()
    faulty = stage.runtime.add_processor(Faulty, where="process", record=told, on_error="fail")
    stage.runtime.connect(stage.hand, faulty)
    with pytest.raises(ProcessorFailed, match=faulty.id), stage.runtime:
        stage.runtime.start()
        health = stage.inspect.health()
        assert (health.state, health.processor_count, health.link_count) == (GraphState.RUNNING, 4, 3)
        assert (health.dropped_frames, health.error_count, health.bottlenecks) == (0, 0, ())
        with stage.runtime.events.subscribe_queue(f"processor:{faulty.id}") as queue:
            stage.step(1)
            while faulty.state is not ProcessorState.FAILED:
                assert queue.get(SECONDS)
        stage.runtime.pause(stage.filter)
        for _ in range(2):
            stage.runtime.step(stage.hand)
        health = stage.inspect.health()
        assert health.failed == (faulty.id,)
        assert health.paused == (stage.filter.id,)
        assert health.bottlenecks == ()  # its input is full, and that is not its doing
        assert health.error_count == 1
        assert health.collector.samples >= 0
        stage.runtime.resume(stage.filter)


def test_what_has_stopped_has_no_rate_and_keeps_its_counts() -> None:
    stage = Stage()
    stage.runtime.start()
    stage.step(3)
    stage.clock.advance(2_000_000_000)
    stage.runtime.stop()
    shown = stage.inspect.processor(stage.filter)
    assert shown is not None
    assert (shown.calls, shown.throughput_fps, shown.window_s) == (3, 0.0, 0.0)


def test_a_runtime_that_is_paused_says_so_in_its_health_alone() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        stage.runtime.pause()
        health, filter_ = stage.inspect.health(), stage.inspect.processor(stage.filter)
        assert filter_ is not None
        assert (health.state, health.paused, filter_.state) == (GraphState.PAUSED, (), ProcessorState.RUNNING)


def test_who_does_not_exist_is_none() -> None:
    inspector = StreamRuntime().inspector
    assert inspector.processor("nobody") is None
    assert inspector.link("a.out->b.into") is None


def test_one_is_named_by_its_id_or_its_handle() -> None:
    stage = Stage()
    processor, link = stage.inspect.processor(stage.filter), stage.inspect.link(stage.first)
    assert processor is not None
    assert link is not None
    assert (processor.id, link.id) == (stage.filter.id, stage.first.id)
    other = Stage()
    with pytest.raises(UnknownProcessorError, match="is of another runtime"):
        stage.inspect.processor(other.filter)
    with pytest.raises(UnknownLinkError, match="is of another runtime"):
        stage.inspect.link(other.first)


def test_what_is_neither_id_nor_handle_is_refused_with_a_hint() -> None:
    inspector = Stage().inspect
    with pytest.raises(UnknownProcessorError, match="5 names no processor; give its handle or its id"):
        inspector.processor(5)  # type: ignore[arg-type]
    with pytest.raises(UnknownLinkError, match="None names no link; give its handle or its id"):
        inspector.link(None)  # type: ignore[arg-type]


@pytest.mark.parametrize("arrow", ["->", " -> ", "→", " → "])
def test_the_arrow_of_a_link_may_be_written_with_spaces(arrow: str) -> None:
    stage = Stage()
    written = stage.first.id.replace("->", arrow)
    shown = stage.inspect.link(written)
    assert shown is not None
    assert shown.id == stage.first.id
    assert str(stage.inspect.explain(written)) == str(stage.inspect.explain(stage.first))
    stage.inspect.observe_link(written).close()


def test_a_config_that_is_no_plain_value_is_said_in_words() -> None:
    stage = Stage()
    shown = stage.inspect.processor(stage.sink.id)
    assert shown is not None
    assert "Record object" in str(shown.config["record"])
    assert (shown.place, shown.calls, shown.window_s) == (None, 0, 0.0)
