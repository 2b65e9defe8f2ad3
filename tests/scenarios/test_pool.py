"""Processors on the work-stealing pool, each pair of the matrix, priorities, and what an idle graph does: nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    ProcessContext,
    ProcessExecution,
    Processor,
    ProcessorConfig,
    PushSource,
    SchedulingStrategy,
    StreamRuntime,
)
from streamlib.clock import NS_PER_S
from streamlib.events.processor import PriorityTaken
from streamlib.events.topics import processor_topic
from streamlib.execution.loops import Loop
from streamlib.execution.priority import GrantedPriority, ThreadPriority
from streamlib.execution.strategy import LEGAL_STRATEGIES, StrategyKind
from streamlib.graph import ProcessorNode
from streamlib.graph.components import PoolMarker, ThreadHandle
from streamlib.ids import ProcessorId
from streamlib.processors.execution_mode import ExecutionMode
from streamlib.testing import ManualClock
from tests.scenarios.conftest import Make
from tests.scenarios.stage import SECONDS, Collect, Hand, Numbers, Pass, Pooled, Record, let_others_run


class Meet(Collect):
    """Passes only where as many as its barrier wants are inside their calls at once."""

    class Config(ProcessorConfig):
        record: Any
        barrier: Any

    def process(self, ctx: ProcessContext) -> None:
        self.config.barrier.wait(SECONDS)
        self.config.record.threads.add(threading.current_thread().name)
        super().process(ctx)


class Fan(Pass):
    """Hands a frame to all behind it, and stays inside the call until they have seen it."""

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)
        self.config.record.wait_for_call("seen by all")


# ----------------------------------------------------------------------------------------------------------- the pool


@pytest.mark.promise("graph.component.pool-marker")
def test_a_processor_on_the_pool_carries_its_marker_and_no_thread() -> None:
    with StreamRuntime(scheduler=Pooled(), workers=2) as runtime:
        source, pooled = runtime.add_processor(Numbers), runtime.add_processor(Pass)
        runtime.connect(source, pooled)
        runtime.start()
        assert pooled.components[PoolMarker] is not None
        assert ThreadHandle not in pooled.components
        assert runtime.graph.query(PoolMarker) == [pooled.id]
        runtime.stop()
        assert runtime.graph.query(PoolMarker) == []
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("streamlib:")]


@pytest.mark.promise("execution.pool")
def test_as_many_calls_as_there_are_workers_are_made_at_the_same_time() -> None:
    """A call that lets go of the interpreter fills a core; the barrier opens only to all of them at once."""
    workers, record = 4, Record()
    barrier = threading.Barrier(workers)
    with StreamRuntime(scheduler=Pooled(), workers=workers) as runtime:
        source = runtime.add_processor(Numbers, count=20)
        for _ in range(workers):
            runtime.connect(source, runtime.add_processor(Meet, record=record, barrier=barrier))
        runtime.start()
        assert runtime.wait(SECONDS)
    assert sorted(record.numbers) == sorted([*range(20)] * workers)
    assert record.threads == {f"streamlib:pool-{number}" for number in range(workers)}


@pytest.mark.promise("execution.pool")
def test_what_a_worker_has_in_line_is_taken_by_the_others_while_it_is_inside_a_call() -> None:
    seen, behind = Record(), Record()
    with StreamRuntime(scheduler=Pooled(), workers=3) as runtime:
        hand, fan = runtime.add_processor(Hand), runtime.add_processor(Fan, record=seen)
        runtime.connect(hand, fan)
        for _ in range(20):
            runtime.connect(fan, runtime.add_processor(Collect, record=behind))
        runtime.start()
        runtime.step(hand)
        behind.wait_until(lambda: len(behind.numbers) == 20)
        seen.called("seen by all")


def test_a_deep_and_wide_graph_passes_every_frame_in_order() -> None:
    records = [Record() for _ in range(10)]
    with StreamRuntime(scheduler=Pooled(), workers=3) as runtime:
        with runtime.edit() as edit:
            source = edit.add_processor(Numbers, count=100)
            for record in records:
                before = source
                for _ in range(20):
                    stage = edit.add_processor(Pass)
                    edit.connect(before, stage, capacity=2)
                    before = stage
                edit.connect(before, edit.add_processor(Collect, record=record))
        runtime.start()
        assert runtime.wait(SECONDS)
    assert all(record.numbers == list(range(100)) for record in records)


# --------------------------------------------------------------------------------------------------------- the matrix


class Flow(Processor):
    """Hands frames on, as whatever mode says."""

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.out.write(frame)


class Ticking(Flow):
    execution = ProcessExecution.continuous(interval_ms=1)


class ByHand(Flow):
    execution = ProcessExecution.manual()


FLOWS = {ExecutionMode.REACTIVE: Flow, ExecutionMode.CONTINUOUS: Ticking, ExecutionMode.MANUAL: ByHand}


class One:
    """One type has a strategy of its own; the others have threads."""

    def __init__(self, type_: type[Processor], strategy: SchedulingStrategy) -> None:
        self._type = type_
        self._strategy = strategy

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        return self._strategy if node.declaration.processor is self._type else SchedulingStrategy.dedicated_thread()


@pytest.mark.promise("execution.matrix-full")
@pytest.mark.parametrize(("mode", "kind"), [(mode, kind) for mode, kinds in LEGAL_STRATEGIES.items() for kind in kinds])
def test_every_pair_of_mode_and_strategy_runs(mode: ExecutionMode, kind: StrategyKind) -> None:
    record = Record()
    with StreamRuntime(scheduler=One(FLOWS[mode], SchedulingStrategy(kind)), workers=2) as runtime:
        flow = runtime.add_processor(FLOWS[mode])
        runtime.connect(runtime.add_processor(Numbers, count=6), flow)
        runtime.connect(flow, runtime.add_processor(Collect, record=record))
        runtime.start()
        if mode is ExecutionMode.MANUAL:
            while len(record.numbers) < 6 and runtime.step(flow):
                pass
        assert runtime.wait(SECONDS)
    assert record.numbers == list(range(6))


# -------------------------------------------------------------------------------------------------------------- wake


class Join(Processor):
    """Is called only when each of its inputs holds a frame or has ended; notes a call that was not so."""

    class Config(ProcessorConfig):
        record: Any

    wake = "all"
    left = LinkInput(DataFrame)
    right = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        pair = [port.read() for port in (self.left, self.right)]
        for port, frame in zip((self.left, self.right), pair, strict=True):
            if frame is None and not port.ended:
                self.config.record.called("called too early")
        self.config.record.called(" ".join("-" if frame is None else str(frame.data["n"]) for frame in pair))


@pytest.mark.promise("link.wake-all")
def test_who_wants_all_is_called_when_every_input_holds_a_frame_or_has_ended(runtime: StreamRuntime) -> None:
    record = Record()
    left, right = (runtime.add_processor(PushSource, type=DataFrame) for _ in range(2))
    join = runtime.add_processor(Join, record=record)
    runtime.connect(left.output("output"), join.input("left"))
    runtime.connect(right.output("output"), join.input("right"))
    runtime.start()
    for n in range(3):
        left.push(DataFrame({"n": n}))
    let_others_run(runtime)
    assert record.calls == [], "only one of them holds a frame"
    right.push(DataFrame({"n": 0}))
    record.wait_for_call("0 0")
    assert record.calls == ["0 0"]
    runtime.stop()  # which ends both inputs
    assert record.calls == ["0 0", "1 -", "2 -"]


@pytest.mark.promise("link.wake-all")
@pytest.mark.parametrize(("left", "right"), [(100, 100), (100, 37), (0, 50)])
def test_frames_are_joined_in_pairs_and_the_rest_comes_when_the_other_input_has_ended(
    runtime: StreamRuntime, left: int, right: int
) -> None:
    record = Record()
    join = runtime.add_processor(Join, record=record)
    runtime.connect(runtime.add_processor(Numbers, count=left).output("out"), join.input("left"))
    runtime.connect(runtime.add_processor(Numbers, count=right).output("out"), join.input("right"))
    runtime.start()
    assert runtime.wait(SECONDS)
    pairs = [f"{n if n < left else '-'} {n if n < right else '-'}" for n in range(max(left, right))]
    assert record.calls == pairs


class Either(Join):
    """Notes what it reads."""

    def process(self, ctx: ProcessContext) -> None:
        pair = [port.read() for port in (self.left, self.right)]
        self.config.record.called(" ".join("-" if frame is None else str(frame.data["n"]) for frame in pair))


class Restless(Pass):
    """Asks in each call for the next."""

    def process(self, ctx: ProcessContext) -> None:
        super().process(ctx)
        ctx.wake()


def test_one_that_asks_in_each_call_for_the_next_keeps_nobody_waiting(runtime: StreamRuntime) -> None:
    record = Record()
    source, first, second = runtime.add_processor(Numbers, count=100), *map(runtime.add_processor, [Restless, Restless])
    for before, behind in pairwise([source, first, second, runtime.add_processor(Collect, record=record)]):
        runtime.connect(before, behind)
    runtime.start()
    assert runtime.wait(SECONDS)
    assert record.numbers == list(range(100))


@pytest.mark.promise("link.wake-all")
def test_an_input_whose_link_was_cut_is_not_waited_for_once_it_is_read(runtime: StreamRuntime) -> None:
    record = Record()
    left, right = (runtime.add_processor(PushSource, type=DataFrame) for _ in range(2))
    join = runtime.add_processor(Either, record=record)
    runtime.connect(left.output("output"), join.input("left"))
    link = runtime.connect(right.output("output"), join.input("right"))
    runtime.start()
    for n in range(3):
        left.push(DataFrame({"n": n}))
    right.push(DataFrame({"n": 0}))
    record.wait_for_call("0 0")
    let_others_run(runtime)
    assert record.calls == ["0 0"]
    runtime.disconnect(link)
    record.wait_for_call("2 -")
    left.end()
    assert runtime.graph.link_ids() == [left_link.id for left_link in runtime.graph.links_into(join.id)]
    runtime.stop()
    assert record.calls == ["0 0", "1 -", "2 -"]


# --------------------------------------------------------------------------------------------------------------- idle


@pytest.mark.promise("execution.idle")
def test_an_idle_graph_does_nothing_however_large_and_however_long(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [0]

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def look(*args: Any) -> Any:
            looks[0] += 1
            return method(*args)

        return look

    clock, record = ManualClock(), Record()
    runtime = make(clock=clock, workers=2)
    hand = runtime.add_processor(Hand)
    with runtime.edit() as edit:
        for _ in range(40):
            before = hand
            for _ in range(3):
                stage = edit.add_processor(Pass)
                edit.connect(before, stage)
                before = stage
            edit.connect(before, edit.add_processor(Collect, record=record))
    runtime.start()
    runtime.step(hand)
    record.wait_until(lambda: len(record.numbers) == 40)
    threads = [thread for thread in threading.enumerate() if thread.name.startswith("streamlib:")]
    # The one waits for the interpreter's pauses, the other looks for stalls now and then.
    threads = [one for one in threads if one.name not in {"streamlib:collector", "streamlib:stalls"}]
    clock.wait_for_sleepers(len(threads))
    monkeypatch.setattr(Loop, "anything_to_do", counted(Loop.anything_to_do))
    monkeypatch.setattr(Loop, "_do_something", counted(Loop._do_something))
    clock.advance(3_600 * NS_PER_S)
    clock.wait_for_sleepers(len(threads))
    assert looks == [0]
    assert clock.sleepers == len(threads)


# --------------------------------------------------------------------------------------------------------- priorities


class Urgent:
    """Gives a pass the priority that is asked for."""

    def __init__(self, priority: str) -> None:
        self._priority = priority

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        return SchedulingStrategy.dedicated_thread(priority=self._priority)


@pytest.mark.promise("execution.priorities")
@pytest.mark.parametrize(
    ("asked", "refused", "got"),
    [
        ("realtime", set(), "realtime"),
        ("realtime", {"real time"}, "high"),
        ("realtime", {"real time", "niceness"}, "normal"),
        ("high", {"niceness"}, "normal"),
        ("background", set(), "background"),
    ],
)
def test_what_priority_was_asked_and_what_was_got_is_told(
    monkeypatch: pytest.MonkeyPatch, asked: str, refused: set[str], got: str
) -> None:
    def system(what: str) -> Callable[..., None]:
        def answer(*_: object) -> None:
            if what in refused:
                raise PermissionError(1, "Operation not permitted")

        return answer

    monkeypatch.setattr(os, "sched_setscheduler", system("real time"), raising=False)
    monkeypatch.setattr(os, "setpriority", system("niceness"), raising=False)
    told = Record()
    events: list[PriorityTaken] = []

    def take_note(event: object) -> None:
        if isinstance(event, PriorityTaken):
            events.append(event)
            told.called("told")

    with StreamRuntime(scheduler=Urgent(asked)) as runtime:
        runtime.events.subscribe(processor_topic(ProcessorId("pass_0")), take_note)
        urgent = runtime.add_processor(Pass)
        runtime.start()
        told.wait_for_call("told")
        granted = urgent.components[ThreadHandle].priority
    assert isinstance(granted, GrantedPriority)
    assert (granted.asked, granted.got) == (asked, got)
    assert bool(granted.reason) is (asked != got)
    assert [(event.processor_id, event.asked, event.got, event.reason) for event in events] == [
        ("pass_0", asked, got, granted.reason)
    ]


def test_a_normal_priority_is_nothing_to_tell_of() -> None:
    events: list[object] = []
    with StreamRuntime(scheduler=Urgent("normal")) as runtime:
        runtime.events.subscribe(processor_topic(ProcessorId("pass_0")), events.append)
        plain = runtime.add_processor(Pass)
        runtime.start()
        runtime.pause()  # which its thread answers, once it runs
        assert plain.components[ThreadHandle].priority == GrantedPriority(ThreadPriority.NORMAL, ThreadPriority.NORMAL)
    assert not any(isinstance(event, PriorityTaken) for event in events)
