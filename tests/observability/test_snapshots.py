from __future__ import annotations

import msgspec
import pytest

from streamlib.ids import LinkId, ProcessorId
from streamlib.links.delivery import Delivery
from streamlib.links.latency import NEVER_TIMED, LatencyStats
from streamlib.observability.snapshots import GraphHealth, LinkEndpoint, LinkSnapshot
from streamlib.states import GraphState


def link(**fields: object) -> LinkSnapshot:
    plain: dict[str, object] = {
        "id": LinkId("a.out->b.into"),
        "source": LinkEndpoint(processor_id=ProcessorId("a"), port="out"),
        "target": LinkEndpoint(processor_id=ProcessorId("b"), port="into"),
        "delivery": Delivery.EVERY,
        "queue_depth": 0,
        "capacity": 2,
        "queued_bytes": 0,
        "throughput_fps": 0.0,
        "window_s": 0.0,
        "written": 0,
        "taken": 0,
        "replaced": 0,
        "full": 0,
        "closed": 0,
        "overflowed": 0,
        "wait": NEVER_TIMED,
        "runs": True,
    }
    return LinkSnapshot(**{**plain, **fields})  # type: ignore[arg-type]


def test_an_end_reads_as_its_port() -> None:
    assert str(link().source) == "a.out"


def test_what_was_dropped_is_the_sum_of_its_reasons() -> None:
    assert link(replaced=1, full=2, closed=4).dropped == 7


def test_a_link_is_full_while_it_runs_and_has_no_room() -> None:
    assert not link(queue_depth=1).is_full
    assert link(queue_depth=2).is_full
    assert not link(queue_depth=2, runs=False).is_full


def test_a_snapshot_is_frozen_and_comes_back_from_json() -> None:
    health = GraphHealth(
        state=GraphState.RUNNING,
        processor_count=2,
        link_count=1,
        dropped_frames=0,
        error_count=0,
        bottlenecks=(ProcessorId("b"),),
        failed=(),
        paused=(),
        queued_bytes=0,
        collector=LatencyStats(0, 0, 0, 0, 0),
    )
    with pytest.raises(AttributeError):
        health.link_count = 3  # type: ignore[misc]
    assert msgspec.json.decode(msgspec.json.encode(health), type=GraphHealth) == health
