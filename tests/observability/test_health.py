from __future__ import annotations

import pytest

from streamlib import StreamRuntime
from streamlib.observability.health import read_health
from streamlib.observability.rates import Rates
from tests.observability.test_inspector import Stage


@pytest.mark.promise("look.health")
def test_a_graph_that_is_empty_is_well() -> None:
    health = read_health(StreamRuntime().graph, Rates(), 0)
    assert (health.processor_count, health.link_count, health.dropped_frames, health.queued_bytes) == (0, 0, 0, 0)
    assert (health.bottlenecks, health.failed, health.paused, health.collector.samples) == ((), (), (), 0)


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
        assert (running.paused, running.bottlenecks) == ((stage.sink.id,), ())
        stage.runtime.resume(stage.sink)
    stopped = stage.inspect.health()
    assert (stopped.dropped_frames, stopped.bottlenecks, stopped.queued_bytes) == (4, (), 0)
