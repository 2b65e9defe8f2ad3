from __future__ import annotations

import threading

import msgspec
import pytest

from streamlib import StreamRuntime
from streamlib.observability.snapshots import GraphSnapshot
from streamlib.observability.whole import SLICE
from streamlib.states import GraphState, ProcessorState
from tests.observability.test_inspector import Stage
from tests.scenarios.stage import Collect, Line, Pass, Record


@pytest.mark.promise("look.snapshot")
def test_the_whole_graph_is_shown_as_each_of_its_parts_is() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        stage.step(3)
        stage.clock.advance(2_000_000_000)
        shown, topology = stage.inspect.snapshot(), stage.inspect.topology()
        assert (shown.version, shown.state) == (topology.version, GraphState.RUNNING)
        assert [one.id for one in shown.processors] == [one.id for one in topology.processors]
        assert [one.id for one in shown.links] == [one.id for one in topology.links]
        assert [stage.inspect.processor(one.id) for one in shown.processors] == list(shown.processors)
        assert [stage.inspect.link(one.id) for one in shown.links] == list(shown.links)
        assert shown.health == stage.inspect.health()
        assert shown.at_ns == stage.clock.now_ns()
    after = stage.inspect.snapshot()
    assert [one.calls for one in after.processors] == [3, 3, 3]
    assert [one.taken for one in after.links] == [3, 3]
    assert {one.place for one in after.processors} == {None}
    assert after.health == stage.inspect.health()


@pytest.mark.promise("look.snapshot")
def test_a_whole_snapshot_is_frozen_and_comes_back_from_json() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        stage.step(1)
        shown = stage.inspect.snapshot()
    with pytest.raises(AttributeError):
        shown.version = 0  # type: ignore[misc]
    assert msgspec.json.decode(msgspec.json.encode(shown), type=GraphSnapshot) == shown


@pytest.mark.promise("look.snapshot", "look.consistent")
def test_beside_edits_a_whole_snapshot_is_of_one_version() -> None:
    """Each edit adds or takes ten pairs with their links: whatever the moment, links have both their ends."""
    runtime, seen, done = StreamRuntime(), list[GraphSnapshot](), threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.append(runtime.inspector.snapshot())

    watcher = threading.Thread(target=look)
    watcher.start()
    for _ in range(60):
        with runtime.edit() as edit:
            pairs = [(edit.add_processor(Pass), edit.add_processor(Pass)) for _ in range(10)]
            for one, other in pairs:
                edit.connect(one, other)
        with runtime.edit() as edit:
            for pair in pairs:
                for one in pair:
                    edit.remove(one)
    done.set()
    watcher.join()
    assert {(len(shown.processors), len(shown.links)) for shown in seen} <= {(0, 0), (20, 10)}
    for shown in seen:
        ids = {processor.id for processor in shown.processors}
        assert all({link.source.processor_id, link.target.processor_id} <= ids for link in shown.links)
        assert (shown.health.processor_count, shown.health.link_count) == (len(shown.processors), len(shown.links))


@pytest.mark.promise("look.snapshot", "look.counter-sets")
def test_at_full_speed_each_set_of_counters_agrees_in_itself_and_never_falls() -> None:
    runtime = StreamRuntime()
    with runtime:
        line = Line(runtime).run(10)
        before = runtime.inspector.snapshot()
        for _ in range(300):
            shown = runtime.inspector.snapshot()
            for link, was in zip(shown.links, before.links, strict=True):
                assert link.written == link.taken + link.queue_depth + link.dropped
                assert (link.written >= was.written, link.taken >= was.taken) == (True, True)
            before = shown
        assert line.record.is_gapless()


def test_more_links_than_are_read_at_a_time_are_all_shown() -> None:
    runtime = StreamRuntime()
    with runtime.edit() as edit:
        source = edit.add_processor(Pass)
        for _ in range(SLICE + 3):
            edit.connect(source, edit.add_processor(Collect, record=Record()))
    shown = runtime.inspector.snapshot()
    assert (len(shown.links), shown.health.link_count) == (SLICE + 3, SLICE + 3)
    assert {one.state for one in shown.processors} == {ProcessorState.IDLE}
    assert not any(link.runs for link in shown.links)
