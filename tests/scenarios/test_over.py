"""Processors that have come to their end stay in the graph until somebody removes them, and do no harm there."""

from __future__ import annotations

import pytest

from streamlib import StreamRuntime
from streamlib.errors import ProcessorFailed
from tests.scenarios.stage import SECONDS, Collect, Numbers, Pass, Record


class Fails(Pass):
    """Fails at the first frame."""

    error_policy = "fail"

    def process(self, ctx: object) -> None:
        if self.into.read() is not None:
            raise ValueError("no good")


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
    figures = dead.statistics()
    assert figures is not None
    assert figures.closed >= 20  # frames that nobody reads are counted as dropped
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
