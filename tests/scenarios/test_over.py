"""Processors that have come to their end stay in the graph until somebody removes them, and do no harm there."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from streamlib import DataFrame, LinkHandle, ProcessorConfig, StreamRuntime
from streamlib.errors import DeadlineError, ProcessorFailed
from streamlib.events import ProcessorStateChanged
from streamlib.states import ProcessorState
from tests.scenarios.stage import SECONDS, Both, Collect, Numbers, Pass, Record

LAST = -1


class Fails(Pass):
    """Fails at the first frame."""

    error_policy = "fail"

    def process(self, ctx: object) -> None:
        if self.into.read() is not None:
            raise ValueError("no good")


class FailsAtLast(Both):
    """Fails at the number that comes last."""

    error_policy = "fail"

    def process(self, ctx: object) -> None:
        frame = self.left.read() or self.right.read()
        if frame is not None and frame.data["n"] == LAST:
            raise ValueError("no good")


class NumbersAndLast(Numbers):
    """Writes one number more when it is drained, and is torn down once somebody has failed."""

    class Config(ProcessorConfig):
        failed: Any
        first: int = 0
        count: int = -1

    def flush(self, ctx: object) -> None:
        self.out.write(DataFrame({"n": LAST}))

    def teardown(self) -> None:
        assert self.config.failed.wait(SECONDS)


class FailsSlowly(Both):
    """Fails at the first frame, and is torn down once it is released."""

    class Config(ProcessorConfig):
        record: Any
        release: Any

    error_policy = "fail"

    def process(self, ctx: object) -> None:
        raise ValueError("no good")

    def teardown(self) -> None:
        self.config.record.called("teardown")
        assert self.config.release.wait(SECONDS)


def closed_in(link: LinkHandle) -> int:
    figures = link.statistics()
    assert figures is not None
    return figures.closed


def ended_without_its_source(runtime: StreamRuntime, record: Record) -> list[str]:
    """A graph that has come to its end, from which the source was removed then: who else was in it."""
    source, filter_ = runtime.add_processor(Numbers, count=10), runtime.add_processor(Pass)
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(source, filter_)
    runtime.connect(filter_, sink)
    runtime.start()
    assert runtime.wait(SECONDS)
    runtime.remove(source)
    return [filter_.id, sink.id]


def test_those_whose_source_was_removed_are_removed_and_stopped(runtime: StreamRuntime) -> None:
    record = Record()
    filter_, sink = ended_without_its_source(runtime, record)
    runtime.remove(filter_)
    runtime.stop()
    assert runtime.graph.processor_ids() == [sink]
    assert record.numbers == list(range(10))
    assert record.calls == ["setup", "flush", "teardown"]


def test_those_whose_source_was_removed_are_made_anew_and_go_on_with_another(runtime: StreamRuntime) -> None:
    record = Record()
    filter_, sink = ended_without_its_source(runtime, record)
    with runtime.edit() as edit:
        edit.connect(edit.add_processor(Numbers, first=10), runtime.processor(filter_))
        edit.restart(filter_)
        edit.restart(sink)
    record.wait_for(20)
    runtime.stop()
    assert record.is_gapless()


@pytest.mark.parametrize("how", ["ended", "failed"])
def test_a_source_that_is_connected_to_one_that_is_over_is_not_held_back(runtime: StreamRuntime, how: str) -> None:
    first = runtime.add_processor(Numbers, count=1)
    over = runtime.add_processor(Pass if how == "ended" else Fails)
    cut = runtime.connect(first, over)
    runtime.start()
    if how == "ended":
        assert runtime.wait(SECONDS)
    else:
        with pytest.raises(ProcessorFailed):
            runtime.wait(SECONDS)
    record = Record()
    with runtime.edit() as edit:
        source = edit.add_processor(Numbers)
        edit.disconnect(cut)
        dead = edit.connect(source, over)
        edit.connect(source, edit.add_processor(Collect, record=record))
    record.wait_for(30)
    assert closed_in(dead) >= 20  # frames that nobody reads are counted as dropped
    runtime.stop()
    assert record.is_gapless()


def test_a_source_is_not_held_back_by_one_that_fails_at_what_was_drained_to_it(runtime: StreamRuntime) -> None:
    """Its new link comes to it once the old one is drained, and it had failed by then."""
    failed, record = threading.Event(), Record()
    first, over = runtime.add_processor(NumbersAndLast, failed=failed), runtime.add_processor(FailsAtLast)
    runtime.connect(first, over.input("left"))
    runtime.events.subscribe(f"processor:{over.id}", lambda event: failed.set() if _is_failure(event) else None)
    runtime.start()
    with runtime.edit() as edit:
        edit.remove(first)
        source = edit.add_processor(Numbers)
        dead = edit.connect(source, over.input("left"))
        edit.connect(source, edit.add_processor(Collect, record=record))
    assert over.state == "failed"
    record.wait_for(30)
    assert closed_in(dead) >= 20
    runtime.stop()
    assert record.is_gapless()


def _is_failure(event: object) -> bool:
    return isinstance(event, ProcessorStateChanged) and event.new is ProcessorState.FAILED


def test_a_source_is_not_held_back_by_one_that_was_in_its_teardown_when_it_got_the_link(
    runtime: StreamRuntime, release: threading.Event
) -> None:
    """It had closed the links that it had by then, and takes this one in when it comes back."""
    slow, record = Record(), Record()
    over = runtime.add_processor(FailsSlowly, record=slow, release=release)
    runtime.connect(runtime.add_processor(Numbers, count=1), over.input("left"))
    runtime.start()
    slow.wait_for_call("teardown")
    patience_s, runtime._site.answer_s = runtime._site.answer_s, 0.1
    with pytest.raises(DeadlineError), runtime.edit() as edit:
        source = edit.add_processor(Numbers)
        dead = edit.connect(source, over.input("right"))
        edit.connect(source, edit.add_processor(Collect, record=record))
    runtime._site.answer_s = patience_s
    release.set()
    record.wait_for(30)
    assert closed_in(dead) >= 20
    runtime.stop()
    assert record.is_gapless()


def test_one_that_is_made_anew_is_not_held_back_by_one_behind_it_that_is_over(runtime: StreamRuntime) -> None:
    filter_, sink = ended_without_its_source(runtime, Record())
    record = Record()
    runtime.restart(filter_)
    with runtime.edit() as edit:
        source = edit.add_processor(Numbers)
        edit.connect(source, runtime.processor(filter_))
        edit.connect(source, edit.add_processor(Collect, record=record))
    record.wait_for(50)
    assert runtime.processor(sink).state == "ended"
    runtime.stop()
    assert record.is_gapless()
