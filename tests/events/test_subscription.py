"""Events that wait in a bounded queue for whoever reads it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.errors import ConfigError
from streamlib.events import CustomEvent, Event, EventBus
from streamlib.testing import ManualClock

SECONDS = 5.0  # longer than anything here takes


@pytest.fixture
def bus() -> EventBus:
    return EventBus(ManualClock(start_ns=1000))


def note(topic: str, number: int = 0) -> CustomEvent:
    return CustomEvent(topic=topic, data={"n": number})


def numbers(heard: list[Event]) -> list[object]:
    return [event.data["n"] for event in heard if isinstance(event, CustomEvent)]


@pytest.mark.promise("event.bounded")
def test_a_full_queue_drops_the_oldest_and_counts_it(bus: EventBus) -> None:
    queue = bus.subscribe_queue("door", capacity=2)
    for number in range(5):
        bus.publish(note("door", number))
    assert (len(queue), queue.dropped, queue.capacity) == (2, 3, 2)
    assert numbers([event for event in (queue.get(0), queue.get(0)) if event]) == [3, 4]


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 5))
def test_a_queue_holds_the_newest_events_and_accounts_for_all(steps: list[bool], capacity: int) -> None:
    bus = EventBus(ManualClock())
    queue = bus.subscribe_queue("door", capacity)
    model: list[int] = []
    published = dropped = 0
    for publish in steps:
        if publish:
            bus.publish(note("door", published))
            model.append(published)
            published += 1
            dropped += len(model) > capacity
            del model[:-capacity]
        else:
            event = queue.get(0)
            assert numbers([event] if event else []) == model[:1]
            del model[:1]
    assert (len(queue), queue.dropped) == (len(model), dropped)


def test_nothing_in_time_is_none(bus: EventBus) -> None:
    assert bus.subscribe_queue("door").get(timeout=0) is None


def test_a_reader_is_woken_by_an_event(bus: EventBus) -> None:
    queue = bus.subscribe_queue("door")
    got = _on_a_thread(lambda: queue.get(SECONDS))
    bus.publish(note("door", 3))
    assert numbers(got()) == [3]


@pytest.mark.parametrize("close_bus", [False, True])
def test_a_reader_is_woken_by_the_end(bus: EventBus, close_bus: bool) -> None:
    queue = bus.subscribe_queue("door")
    got = _on_a_thread(lambda: queue.get(SECONDS))
    (bus if close_bus else queue).close()
    assert got() == []


def test_what_a_closed_queue_holds_is_read_to_the_end(bus: EventBus) -> None:
    queue = bus.subscribe_queue("door")
    for number in range(3):
        bus.publish(note("door", number))
    bus.close()
    bus.publish(note("door", 3))
    assert numbers(list(queue)) == [0, 1, 2]
    assert list(queue) == []


def test_leaving_the_block_ends_the_queue(bus: EventBus) -> None:
    with bus.subscribe_queue("door") as queue:
        bus.publish(note("door", 1))
    bus.publish(note("door", 2))
    assert numbers(list(queue)) == [1]


@pytest.mark.parametrize("capacity", [0, -1, 1.5, "3", None, True])
def test_a_queue_and_a_stream_hold_a_whole_number_of_events(bus: EventBus, capacity: Any) -> None:
    for subscribe in (bus.subscribe_queue, bus.stream):
        with pytest.raises(ConfigError, match=f"1 event or more, not {capacity!r}"):
            subscribe("door", capacity=capacity)


def _on_a_thread(get: Callable[[], Event | None]) -> Callable[[], list[Event]]:
    """Run `get` on a thread; what comes back waits for it and gives what it got."""
    got: list[Event | None] = []
    thread = threading.Thread(target=lambda: got.append(get()))
    thread.start()

    def result() -> list[Event]:
        thread.join(SECONDS)
        assert not thread.is_alive()
        return [event for event in got if event is not None]

    return result
