from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from streamlib import (
    DataFrame,
    LinkInput,
    ProcessContext,
    ProcessExecution,
    Processor,
    SchedulingStrategy,
    StreamRuntime,
)
from streamlib.graph import ProcessorNode
from streamlib.observability.snapshots import Place, RunsOn
from tests.scenarios.stage import Collect, Hand, Numbers, Pass, Record


class Chosen:
    """Each type where the test says, the rest lightweight."""

    def __init__(self, **strategies: SchedulingStrategy) -> None:
        self._strategies = strategies

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        return self._strategies.get(node.processor_type, SchedulingStrategy.lightweight())


class Polls(Processor):
    """Comes round by itself."""

    execution = ProcessExecution.continuous(interval_ms=1_000)

    def process(self, ctx: ProcessContext) -> None:
        """Nothing to do."""


class Later(Processor):
    """Is called on the event loop."""

    into = LinkInput(DataFrame)

    async def process(self, ctx: ProcessContext) -> None:
        self.into.read()
        await asyncio.sleep(0)


def place(runtime: StreamRuntime, handle: Any) -> Place:
    shown = runtime.inspector.processor(handle.id)
    assert shown is not None
    assert shown.place is not None
    return shown.place


@pytest.mark.promise("look.place")
def test_a_lightweight_processor_is_shown_where_its_head_runs() -> None:
    background = SchedulingStrategy.dedicated_thread(priority="background", name="own")
    record = Record()
    with StreamRuntime(scheduler=Chosen(Numbers=background)) as runtime:
        source = runtime.add_processor(Numbers, count=5)
        sink = runtime.add_processor(Collect, record=record)
        runtime.connect(source, sink)
        runtime.start()
        record.wait_until(lambda: len(record.numbers) == 5)
        head, inlined = place(runtime, source), place(runtime, sink)
        assert (head.strategy, head.runs_on, head.head) == ("dedicated_thread", RunsOn.THREAD, None)
        assert (inlined.strategy, inlined.runs_on, inlined.head) == ("lightweight", RunsOn.THREAD, source.id)
        assert head.thread == inlined.thread == "own"
        assert head.priority is not None
        assert (inlined.priority_asked, inlined.priority) == ("background", head.priority)


@pytest.mark.promise("look.place")
def test_the_pool_the_event_loop_and_who_steps_are_shown_as_such() -> None:
    pool = SchedulingStrategy.work_stealing_pool()
    with StreamRuntime(scheduler=Chosen(Pass=pool, Later=pool)) as runtime:
        hand, filter_ = runtime.add_processor(Hand), runtime.add_processor(Pass)
        later, sink = runtime.add_processor(Later), runtime.add_processor(Collect, record=Record())
        runtime.connect(hand, filter_)
        runtime.connect(filter_, later)
        runtime.connect(filter_, sink)
        assert runtime.inspector.processor(hand.id).place is None  # type: ignore[union-attr]
        runtime.start()
        assert place(runtime, hand).runs_on is RunsOn.CALLER
        assert (place(runtime, filter_).runs_on, place(runtime, filter_).thread) == (RunsOn.POOL, "")
        assert (place(runtime, sink).runs_on, place(runtime, sink).head) == (RunsOn.POOL, filter_.id)
        assert (place(runtime, later).strategy, place(runtime, later).runs_on) == (
            "work_stealing_pool",
            RunsOn.EVENT_LOOP,
        )


@pytest.mark.promise("look.place")
def test_what_runs_on_the_main_thread_names_it() -> None:
    with StreamRuntime(scheduler=Chosen(Polls=SchedulingStrategy.main_thread())) as runtime:
        polls = runtime.add_processor(Polls)
        runtime.start()
        shown = place(runtime, polls)
        assert (shown.runs_on, shown.thread) == (RunsOn.MAIN_THREAD, threading.main_thread().name)
        assert (shown.priority_asked, shown.priority) == (None, None)


@pytest.mark.promise("look.place")
def test_lightweight_processors_that_no_running_loop_feeds_share_a_thread() -> None:
    with StreamRuntime(scheduler=Chosen()) as runtime:
        alone = runtime.add_processor(Collect, record=Record())
        runtime.start()
        shown = place(runtime, alone)
        assert (shown.runs_on, shown.head, shown.thread) == (RunsOn.THREAD, None, "streamlib:lightweight")
