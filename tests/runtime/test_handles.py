"""Handles name processors, ports and links, and stay good over restarts."""

from __future__ import annotations

import pytest

from streamlib import StreamRuntime
from streamlib.errors import UnknownPortError
from streamlib.execution.metrics import ProcessorMetrics
from streamlib.graph.components import ReactiveMarker
from streamlib.runtime.handles import LinkHandle
from tests.scenarios.stage import SECONDS, Collect, Numbers, Record


class Note(str):
    """A component of a user's own."""

    __slots__ = ()


@pytest.mark.promise("graph.component.metrics", "execution.metrics", "look.exact-counters", "look.sample-count")
def test_a_handle_tells_what_runs_and_what_it_has_done() -> None:
    record = Record()
    with StreamRuntime() as runtime:
        source = runtime.add_processor(Numbers, count=100)
        sink = runtime.add_processor(Collect, record=record)
        link = runtime.connect(source, sink)
        assert (sink.instance(), sink.metrics, link.statistics()) == (None, None, None)
        runtime.start()
        assert runtime.wait(SECONDS)
        assert sink.state == "ended"
        metrics, statistics = sink.components[ProcessorMetrics], link.statistics()
        assert metrics.calls == 100
        assert 0 < metrics.latency.stats().samples <= 100
        assert statistics is not None
        assert (statistics.written, statistics.taken, statistics.dropped) == (100, 100, 0)


@pytest.mark.promise("graph.component.markers")
def test_components_of_ones_own_stay_when_the_runtime_stops_and_the_engine_s_go() -> None:
    with StreamRuntime() as runtime:
        sink = runtime.add_processor(Collect, record=Record())
        sink.components[Note] = Note("left of the door")
        runtime.start()
        assert ReactiveMarker in sink.components
        runtime.stop()
        assert ReactiveMarker not in sink.components
        assert sink.components[Note] == "left of the door"


def test_a_port_that_is_not_there_is_told_with_the_nearest() -> None:
    source = StreamRuntime().add_processor(Numbers)
    with pytest.raises(UnknownPortError, match="out"):
        source.output("ouput")


def test_two_handles_of_one_thing_are_equal() -> None:
    runtime, other = StreamRuntime(), StreamRuntime()
    source = runtime.add_processor(Numbers)
    sink = runtime.add_processor(Collect, record=Record())
    link = runtime.connect(source, sink)
    assert runtime.processor(source.id) == source
    assert len({source, runtime.processor(source.id), sink}) == 2
    assert source != sink
    assert other.add_processor(Numbers) != source
    assert source != source.id
    same = LinkHandle(runtime, link.id, link.commit)
    assert (same == link, len({same, link})) == (True, 1)
    assert LinkHandle(other, link.id, link.commit) != link
    assert link != link.id
