from __future__ import annotations

import gc
from typing import Any

import pytest

from streamlib import DataFrame, StreamRuntime
from streamlib.events import DataPushed, Event, EventQueue, QueueEmpty, QueueFull
from streamlib.graph.components import WiredChannel
from streamlib.runtime.handles import LinkHandle, ProcessorHandle
from tests.scenarios.stage import SECONDS, Collect, Hand, Pass, Record


def kinds(queue: EventQueue, count: int) -> list[type[Event]]:
    """The next events, by class."""
    events = [queue.get(SECONDS) for _ in range(count)]
    return [type(event) for event in events if event is not None]


def is_looked_at(runtime: StreamRuntime, link: LinkHandle) -> bool:
    wired = runtime.graph.get(link.id, WiredChannel)
    assert wired is not None
    return bool(wired.channel.tap)


def line(runtime: StreamRuntime) -> tuple[ProcessorHandle, LinkHandle, LinkHandle, Record]:
    record = Record()
    hand, middle = runtime.add_processor(Hand), runtime.add_processor(Pass)
    first = runtime.connect(hand, middle, capacity=2)
    second = runtime.connect(middle, runtime.add_processor(Collect, record=record))
    return hand, first, second, record


@pytest.mark.promise("event.link")
@pytest.mark.parametrize("early", [True, False])
def test_what_passes_in_a_link_is_told_to_who_subscribes_to_it(*, early: bool) -> None:
    with StreamRuntime() as runtime:
        hand, first, _, record = line(runtime)
        if early:
            queue = runtime.events.subscribe_queue(f"link:{first.id}")
            runtime.start()
        else:
            runtime.start()
            queue = runtime.events.subscribe_queue(f"link:{first.id}")
        runtime.step(hand)
        record.wait_until(lambda: record.numbers == [0])
        told = [queue.get(SECONDS), queue.get(SECONDS)]
        assert {type(event) for event in told} == {DataPushed, QueueEmpty}
        pushed = next(event for event in told if isinstance(event, DataPushed))
        assert pushed.link_id == first.id
        assert pushed.timestamp_ns > 0
        queue.close()
        assert not is_looked_at(runtime, first)


@pytest.mark.promise("event.link")
def test_a_full_link_is_told() -> None:
    with StreamRuntime() as runtime:
        hand, first, _, record = line(runtime)
        runtime.start()
        runtime.pause("pass_0")
        with runtime.events.subscribe_queue("link:*") as queue:
            runtime.step(hand)
            runtime.step(hand)
            assert kinds(queue, 2) == [DataPushed, DataPushed]
            writer = port_of(hand)
            writer.write(DataFrame({"n": 2}))
            full = queue.get(SECONDS)
            assert isinstance(full, QueueFull)
            assert (full.link_id, full.dropped) == (first.id, False)
        runtime.resume("pass_0")
        runtime.step(hand)
        record.wait_until(lambda: record.numbers == [0, 1, 2, 2])


def port_of(hand: ProcessorHandle) -> Any:
    """The output of the processor, as it writes to it."""
    instance = hand.instance()
    assert instance is not None
    return instance.processor.out  # type: ignore[attr-defined]


def test_links_that_come_are_told_and_those_that_go_leave_nothing() -> None:
    with StreamRuntime() as runtime:
        runtime.start()
        with runtime.events.subscribe_queue("link:*"):
            _, first, second, _ = line(runtime)
            assert is_looked_at(runtime, first)
            assert is_looked_at(runtime, second)
            channel = runtime.graph.get(second.id, WiredChannel)
            assert channel is not None
            runtime.disconnect(second)
            assert not channel.channel.tap
        assert not is_looked_at(runtime, first)


def test_one_who_subscribes_to_everything_looks_into_no_link() -> None:
    with StreamRuntime() as runtime, runtime.events.subscribe_queue("*"):
        _, first, _, _ = line(runtime)
        runtime.start()
        assert not is_looked_at(runtime, first)


def test_a_stream_that_nobody_holds_any_more_is_a_look_that_has_ended() -> None:
    with StreamRuntime() as runtime:
        hand, first, _, record = line(runtime)
        runtime.start()
        stream = runtime.events.stream(f"link:{first.id}")
        assert is_looked_at(runtime, first)
        del stream
        gc.collect()
        runtime.step(hand)
        runtime.step(hand)
        record.wait_until(lambda: record.numbers == [0, 1])
        runtime.pause()  # comes after what was in line
        runtime.resume()
        assert not is_looked_at(runtime, first)
