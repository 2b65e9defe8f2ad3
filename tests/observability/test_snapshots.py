from __future__ import annotations

import msgspec
import pytest

from streamlib.ids import LinkId, ProcessorId
from streamlib.links.delivery import Delivery
from streamlib.links.latency import NEVER_TIMED, LatencyStats
from streamlib.observability.snapshots import (
    Bottleneck,
    GraphHealth,
    GraphSnapshot,
    LinkEndpoint,
    LinkSnapshot,
    ProcessorSnapshot,
)
from streamlib.states import GraphState, ProcessorState


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
        bottlenecks=(
            Bottleneck(
                processor_id=ProcessorId("b"),
                link_id=LinkId("a.out->b.into"),
                busy=0.97,
                window_s=2.0,
                call_ns=33_000_000,
                writers=(ProcessorId("a"),),
                slow=False,
            ),
        ),
        failed=(),
        paused=(),
        queued_bytes=0,
        collector=LatencyStats(0, 0, 0, 0, 0),
    )
    with pytest.raises(AttributeError):
        health.link_count = 3  # type: ignore[misc]
    assert msgspec.json.decode(msgspec.json.encode(health), type=GraphHealth) == health


def health(**fields: object) -> GraphHealth:
    plain: dict[str, object] = {
        "state": GraphState.RUNNING,
        "processor_count": 1,
        "link_count": 30,
        "dropped_frames": 0,
        "error_count": 2,
        "bottlenecks": (),
        "failed": (),
        "paused": (),
        "queued_bytes": 1_000,
        "collector": NEVER_TIMED,
    }
    return GraphHealth(**{**plain, **fields})  # type: ignore[arg-type]


def test_health_reads_as_a_few_lines_and_keeps_its_repr() -> None:
    well = health()
    assert str(well) == ("running: 1 processors, 30 links\nframes dropped: 0, errors: 2, waiting in links: 1,000 B")
    many = tuple(ProcessorId(f"p{number}") for number in range(25))
    lines = str(health(failed=(ProcessorId("a"),), paused=many)).splitlines()
    assert lines[2] == "failed: a"
    assert lines[3].endswith("p18, p19 and 5 more")
    assert repr(well).startswith("GraphHealth(state=")


def test_a_snapshot_reads_as_a_line_for_each_up_to_twenty_of_a_kind() -> None:
    one = ProcessorSnapshot(
        id=ProcessorId("a"),
        processor_type="Filter",
        state=ProcessorState.RUNNING,
        throughput_fps=25.04,
        window_s=1.0,
        calls=1_200,
        errors=2,
        latency=NEVER_TIMED,
        age=NEVER_TIMED,
        config={},
        place=None,
        generation=1,
    )
    links = (link(queue_depth=1, taken=9, replaced=3),) * 30
    whole = GraphSnapshot(version=1, state=GraphState.RUNNING, at_ns=0, processors=(one,), links=links, health=health())
    lines = str(whole).splitlines()
    assert lines[2] == "  a (Filter): running, 1,200 calls, 25.0 per second, 2 errors"
    assert lines[3] == "  a.out → b.into: every, 1 of 2 waiting, 9 read, 0.0 per second, 3 dropped"
    assert lines[-1] == "  and 10 more links"
    assert len(lines) == 2 + 1 + 20 + 1
