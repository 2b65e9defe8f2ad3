from __future__ import annotations

import pytest

from streamlib import StreamRuntime
from streamlib.observability.health import Burdens, health_of, read_health
from streamlib.states import GraphState
from tests.observability.test_inspector import Stage


@pytest.mark.promise("look.health")
def test_a_graph_that_is_empty_is_well() -> None:
    health = read_health(StreamRuntime().graph)
    assert (health.processor_count, health.link_count, health.dropped_frames, health.queued_bytes) == (0, 0, 0, 0)
    assert (health.bottlenecks, health.failed, health.paused, health.collector.samples) == ((), (), (), 0)


@pytest.mark.promise("look.health")
def test_those_whom_others_wait_for_come_first() -> None:
    ids = [f"pass_{number}" for number in range(3)]
    full = [(ids[0], ids[1]), (ids[1], ids[2])]
    health = health_of(StreamRuntime().graph, GraphState.IDLE, [], [], 0, Burdens(links=2, full=full))  # type: ignore[arg-type]
    assert health.bottlenecks == ("pass_2", "pass_1")


@pytest.mark.promise("look.health")
def test_after_a_stop_health_is_that_of_the_last_run() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        stage.step(1)
        stage.runtime.pause(stage.sink)
        for _ in range(12):
            stage.runtime.step(stage.hand)
        while (shown := stage.inspect.link(stage.second.id)) is not None and shown.written < 13:
            pass
        running = stage.inspect.health()
        assert running.dropped_frames == 4
        assert running.bottlenecks == (stage.sink.id,)
        stage.runtime.resume(stage.sink)
    stopped = stage.inspect.health()
    assert (stopped.dropped_frames, stopped.bottlenecks, stopped.queued_bytes) == (4, (), 0)


@pytest.mark.promise("look.health")
def test_a_link_that_lacks_one_frame_is_as_good_as_full() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        stage.step(1)
        stage.runtime.pause(stage.sink)
        for _ in range(stage.inspect.link(stage.second.id).capacity - 1):  # type: ignore[union-attr]
            stage.runtime.step(stage.hand)
        while (shown := stage.inspect.link(stage.second.id)) is not None and shown.queue_depth < shown.capacity - 1:
            pass
        assert stage.inspect.health().bottlenecks == stage.inspect.snapshot().health.bottlenecks == (stage.sink.id,)
        stage.runtime.resume(stage.sink)
