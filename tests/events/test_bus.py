from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.errors import ConfigError, StateError
from streamlib.events import (
    CustomEvent,
    Event,
    EventBus,
    ProcessorError,
    RuntimeStarted,
    RuntimeStarting,
    SubscriberFailed,
    Subscription,
)
from streamlib.ids import ProcessorId
from streamlib.testing import ManualClock

SECONDS = 5.0  # longer than anything here takes


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(start_ns=1000)


@pytest.fixture
def bus(clock: ManualClock) -> EventBus:
    return EventBus(clock)


def note(topic: str, number: int = 0) -> CustomEvent:
    return CustomEvent(topic=topic, data={"n": number})


def topics(heard: list[Event]) -> list[str]:
    return [event.topic for event in heard]


def numbers(heard: list[Event]) -> list[object]:
    return [event.data["n"] for event in heard if isinstance(event, CustomEvent)]


# ---------------------------------------------------------------------------------------------------- who hears what


@pytest.mark.promise("event.topics")
@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("processor:a", ["processor:a"]),
        ("processor:*", ["processor:a", "processor:ab"]),
        ("processor:a*", ["processor:a", "processor:ab"]),
        ("*", ["processor:a", "processor:ab", "door", "runtime:global"]),
        ("runtime:global", ["runtime:global"]),
        ("door", ["door"]),
        ("processor:", []),
    ],
)
def test_a_subscriber_hears_what_its_topic_covers(bus: EventBus, topic: str, expected: list[str]) -> None:
    heard: list[Event] = []
    bus.subscribe(topic, heard.append)
    for published in ("processor:a", "processor:ab", "door"):
        bus.publish(note(published))
    bus.publish(RuntimeStarted())
    assert topics(heard) == expected
    assert bus.listens("processor:ab") == ("processor:ab" in expected)


def test_several_subscribers_hear_the_same_record(bus: EventBus) -> None:
    heard: list[Event] = []
    for topic in ("door", "door", "*"):
        bus.subscribe(topic, heard.append)
    bus.publish(note("door"))
    assert len(heard) == 3
    assert len({id(event) for event in heard}) == 1


@pytest.mark.promise("event.typed")
def test_an_event_bears_the_time_at_which_it_was_published(bus: EventBus, clock: ManualClock) -> None:
    heard: list[Event] = []
    bus.subscribe("*", heard.append)
    bus.publish(RuntimeStarting())
    clock.advance(500)
    bus.publish(RuntimeStarted())
    bus.publish(ProcessorError(processor_id=ProcessorId("a"), error="x", timestamp_ns=7))
    assert [event.timestamp_ns for event in heard] == [1000, 1500, 7]


def test_publishing_to_nobody_asks_neither_topic_nor_time() -> None:
    asked: list[str] = []

    class Untold(Event, frozen=True, gc=False, kw_only=True):
        @property
        def topic(self) -> str:
            asked.append("topic")
            return "door"

    class Watch(ManualClock):
        def now_ns(self) -> int:
            asked.append("time")
            return super().now_ns()

    bus = EventBus(Watch())
    bus.publish(Untold())
    assert asked == []
    bus.subscribe("door", lambda event: None)
    bus.publish(Untold())
    assert set(asked) == {"topic", "time"}


def test_two_buses_share_nothing(clock: ManualClock) -> None:
    first, second = EventBus(clock), EventBus(clock)
    heard: list[Event] = []
    first.subscribe("*", heard.append)
    second.publish(RuntimeStarted())
    assert heard == []


# ------------------------------------------------------------------------------------------- callbacks that misbehave


@pytest.mark.promise("event.subscriber-raises")
def test_a_subscriber_that_raises_is_logged_named_and_removed(bus: EventBus, caplog: pytest.LogCaptureFixture) -> None:
    def careless(event: Event) -> None:
        raise ValueError("spilled")

    heard: list[Event] = []
    subscription = bus.subscribe("door", careless)
    bus.subscribe("door", heard.append)
    failures: list[Event] = []
    bus.subscribe("runtime:global", failures.append)
    with caplog.at_level(logging.ERROR, "streamlib.events"):
        bus.publish(note("door", 1))
    bus.publish(note("door", 2))
    assert numbers(heard) == [1, 2]
    assert not subscription.active
    [failure] = failures
    assert isinstance(failure, SubscriberFailed)
    assert failure.subscriber.endswith("careless")
    assert (failure.subscribed_to, failure.error, failure.timestamp_ns) == ("door", "ValueError: spilled", 1000)
    assert "careless to door raised" in caplog.text
    assert "spilled" in caplog.text


def test_a_subscriber_that_raises_about_a_failure_ends_there(bus: EventBus) -> None:
    def careless(event: Event) -> None:
        raise ValueError("spilled")

    for _ in range(3):
        bus.subscribe("*", careless)
    bus.publish(note("door"))
    assert not bus.listens("door")


def test_a_callable_object_is_named_by_its_class(bus: EventBus) -> None:
    class Careless:
        def __call__(self, event: Event) -> None:
            raise ValueError

    failures: list[Event] = []
    bus.subscribe("runtime:global", failures.append)
    bus.subscribe("door", Careless())
    bus.publish(note("door"))
    assert isinstance(failures[0], SubscriberFailed)
    assert "Careless" in failures[0].subscriber


# ------------------------------------------------------------------------------------------------------- re-entrancy


def test_a_subscriber_may_publish(bus: EventBus) -> None:
    heard: list[Event] = []
    bus.subscribe("answer", heard.append)
    bus.subscribe("question", lambda event: bus.publish(note("answer")))
    bus.publish(note("question"))
    assert topics(heard) == ["answer"]


def test_a_subscriber_may_subscribe_another(bus: EventBus) -> None:
    heard: list[Event] = []
    bus.subscribe("door", lambda event: bus.subscribe("door", heard.append))
    bus.publish(note("door", 1))
    assert heard == []
    bus.publish(note("door", 2))
    assert numbers(heard) == [2]


def test_a_subscriber_may_end_itself_and_the_next(bus: EventBus) -> None:
    heard: list[Event] = []
    later: list[Subscription] = []

    def last_words(event: Event) -> None:
        heard.append(event)
        for subscription in later:
            subscription.close()

    later.append(bus.subscribe("door", last_words))
    later.append(bus.subscribe("door", heard.append))
    bus.publish(note("door", 1))
    bus.publish(note("door", 2))
    assert numbers(heard) == [1]


def test_leaving_the_block_ends_the_subscription(bus: EventBus) -> None:
    heard: list[Event] = []
    with bus.subscribe("door", heard.append) as subscription:
        bus.publish(note("door", 1))
    bus.publish(note("door", 2))
    subscription.close()
    assert numbers(heard) == [1]


# ------------------------------------------------------------------------------------------------------------ queues


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


def test_a_queue_holds_at_least_one_event(bus: EventBus) -> None:
    with pytest.raises(ConfigError, match="1 event or more, not 0"):
        bus.subscribe_queue("door", capacity=0)


def test_a_closed_bus_takes_no_subscriber(bus: EventBus) -> None:
    heard: list[Event] = []
    bus.subscribe("*", heard.append)
    bus.close()
    bus.close()
    bus.publish(note("door"))
    assert heard == []
    assert not bus.listens("door")
    for subscribe in (bus.subscribe_queue, lambda topic: bus.subscribe(topic, heard.append)):
        with pytest.raises(StateError, match="the bus is closed"):
            subscribe("door")


# ------------------------------------------------------------------------------------------------------- any thread


def test_publishers_on_several_threads_lose_nothing(bus: EventBus) -> None:
    queue = bus.subscribe_queue("*", capacity=4000)

    def publish(name: str) -> None:
        for number in range(1000):
            bus.publish(note(name, number))
            with bus.subscribe("nobody", print):
                pass

    threads = [threading.Thread(target=publish, args=(f"t{index}",)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS * 4)
    bus.close()
    heard = list(queue)
    assert queue.dropped == 0
    for index in range(4):
        assert numbers([event for event in heard if event.topic == f"t{index}"]) == list(range(1000))


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
