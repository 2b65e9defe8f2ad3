"""What becomes of frames that come faster than they are read, by the delivery of the link."""

from __future__ import annotations

import threading

import pytest

from streamlib import StreamRuntime
from tests.scenarios.stage import SECONDS, Collect, Gated, Numbers, Record

CAPACITY = 4


@pytest.mark.promise("link.capacity-per-link")
@pytest.mark.parametrize("delivery", ["latest", "drop_oldest", "drop_newest"])
def test_a_slow_reader_beside_a_fast_one_loses_its_own_frames_and_each_is_counted(
    runtime: StreamRuntime, delivery: str
) -> None:
    """ros-drivers/gscam#63, PeerTube#3571: a slow consumer ate all memory, or latency grew without end."""
    fast, slow, gate = Record(), Record(), threading.Event()
    source = runtime.add_processor(Numbers, count=500)
    runtime.connect(source, runtime.add_processor(Collect, record=fast))
    link = runtime.connect(
        source, runtime.add_processor(Gated, record=slow, gate=gate), delivery=delivery, capacity=CAPACITY
    )
    runtime.start()
    slow.wait_for_call("waits")
    gate.set()
    assert runtime.wait(SECONDS)
    counted = link.statistics()
    assert counted is not None
    assert fast.numbers == list(range(500))
    assert slow.numbers == sorted(set(slow.numbers))
    assert counted.written == 500
    assert counted.taken == len(slow.numbers) == 500 - counted.dropped
    reason = counted.full if delivery == "drop_newest" else counted.replaced
    assert counted.dropped == reason
    if delivery != "drop_newest":
        assert slow.numbers[-1] == 499, "the newest is never lost"


def test_under_every_a_slow_reader_holds_its_writer_back_and_nothing_is_lost(runtime: StreamRuntime) -> None:
    slow, gate = Record(), threading.Event()
    source = runtime.add_processor(Numbers, count=100)
    link = runtime.connect(source, runtime.add_processor(Gated, record=slow, gate=gate), capacity=CAPACITY)
    runtime.start()
    slow.wait_for_call("waits")
    counted = link.statistics()
    assert counted is not None
    assert counted.depth <= CAPACITY + 1
    gate.set()
    assert runtime.wait(SECONDS)
    assert slow.numbers == list(range(100))
