from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from streamlib.errors import ConfigError, StateError
from streamlib.events import (
    CustomEvent,
    Event,
    EventBus,
    ProcessorError,
    ProcessorPauseRequested,
    RuntimePauseRequested,
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
        ("doo", []),
    ],
)
def test_a_subscriber_hears_what_its_topic_covers(bus: EventBus, topic: str, expected: list[str]) -> None:
    heard: list[Event] = []
    bus.subscribe(topic, heard.append)
    for id_ in ("a", "ab"):
        bus.publish(ProcessorPauseRequested(processor_id=ProcessorId(id_)))
    bus.publish(note("door"))
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


# ------------------------------------------------------------------------------------------------------------ the end


def test_a_closed_bus_takes_no_subscriber(bus: EventBus) -> None:
    heard: list[Event] = []
    bus.subscribe("*", heard.append)
    bus.close()
    bus.close()
    bus.publish(note("door"))
    assert heard == []
    assert not bus.listens("door")
    for subscribe in (bus.subscribe_queue, bus.stream, lambda topic: bus.subscribe(topic, heard.append)):
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


# -------------------------------------------------------------------------------------------------------- who obeys


def test_who_obeys_a_class_of_events_is_handed_each_of_it_after_those_who_listen(bus: EventBus) -> None:
    order: list[str] = []
    bus.obey(RuntimePauseRequested, lambda event: order.append("obeyed"))
    bus.subscribe("runtime:global", lambda event: order.append(type(event).__name__))
    bus.publish(RuntimePauseRequested())
    bus.publish(RuntimeStarted())
    assert order == ["RuntimePauseRequested", "obeyed", "RuntimeStarted"]


def test_who_obeys_is_nobody_who_listens(bus: EventBus) -> None:
    obeyed: list[Event] = []
    bus.obey(RuntimePauseRequested, obeyed.append)
    bus.publish(RuntimePauseRequested())
    assert len(obeyed) == 1
    assert not bus.listens("runtime:global")


def test_a_closed_bus_has_nothing_obeyed(bus: EventBus) -> None:
    obeyed: list[Event] = []
    bus.obey(RuntimePauseRequested, obeyed.append)
    bus.close()
    bus.publish(RuntimePauseRequested())
    assert obeyed == []


# ------------------------------------------------------------------------------------------------ what is no topic


@pytest.mark.promise("event.input-topics")
def test_a_topic_that_misspells_a_built_in_one_is_refused_with_the_nearest(bus: EventBus) -> None:
    heard: list[Event] = []
    for subscribe in (bus.subscribe_queue, bus.stream, lambda topic: bus.subscribe(topic, heard.append)):
        with pytest.raises(ConfigError, match="did you mean 'input:keyboard'"):
            subscribe("input:keybord")
        with pytest.raises(ConfigError, match="did you mean processor:"):
            subscribe("procesor:*")
    assert not bus.listens("input:keybord")


def test_what_is_no_text_is_no_topic(bus: EventBus) -> None:
    with pytest.raises(ConfigError, match="a topic is 5; give a text"):
        bus.subscribe_queue(5)  # type: ignore[arg-type]


def test_what_cannot_be_called_is_no_callback(bus: EventBus) -> None:
    with pytest.raises(ConfigError, match="callback is 'door'"):
        bus.subscribe("door", "door")  # type: ignore[arg-type]


@pytest.mark.parametrize("heard", [True, False])
def test_what_is_no_event_is_refused_whether_anybody_listens_or_not(heard: bool) -> None:
    bus = EventBus(ManualClock())
    if heard:
        bus.subscribe("*", lambda event: None)
    with pytest.raises(ConfigError, match="'hello' is no event; publish CustomEvent"):
        bus.publish("hello")  # type: ignore[arg-type]


def test_who_subscribes_to_the_id_of_a_processor_is_warned_and_heard_of_it(caplog: pytest.LogCaptureFixture) -> None:
    bus = EventBus(ManualClock(), is_processor={"door"}.__contains__)
    with bus.subscribe_queue("door") as queue, bus.subscribe_queue("window"):
        assert [record.getMessage() for record in caplog.records] == [
            "'door' is a topic of your own; what happens in that processor is told on 'processor:door'"
        ]
        bus.publish(CustomEvent(topic="door", data={}))
        assert len(queue) == 1


def test_a_bus_and_its_subscriptions_say_what_they_are() -> None:
    bus = EventBus(ManualClock())
    callback, queue = bus.subscribe("door", print), bus.subscribe_queue("door", capacity=1)
    stream = bus.stream("door", capacity=2)
    for _ in range(2):
        queue.deliver(CustomEvent(topic="door", data={}))
    assert repr(bus) == "<EventBus: 3 subscriptions>"
    assert repr(callback) == "<Subscription to 'door'>"
    assert repr(queue) == "<EventQueue of 'door': 1 of 1 events, 1 dropped>"
    assert repr(stream) == "<EventStream of 'door': 0 of 2 events, 0 dropped>"
    bus.close()
    assert repr(bus) == "<EventBus, closed: 0 subscriptions>"
    assert repr(callback) == "<Subscription to 'door', closed>"
    assert repr(queue).endswith("1 dropped, closed>")
    assert repr(stream).endswith("0 dropped, closed>")


@pytest.mark.parametrize("raised", [SystemExit(1), KeyboardInterrupt(), asyncio.CancelledError(), GeneratorExit()])
def test_an_exit_that_a_subscriber_raises_stays_with_the_bus(bus: EventBus, raised: BaseException) -> None:
    """Elsewhere than on the main thread nobody is above who could take it, and who publishes has done nothing."""

    def leaves(event: Event) -> None:
        raise raised

    def publish() -> None:
        bus.publish(note("door", 1))
        came_back.append(True)

    came_back: list[bool] = []
    heard: list[Event] = []
    leaving = bus.subscribe("door", leaves)
    bus.subscribe("door", heard.append)
    thread = threading.Thread(target=publish)
    thread.start()
    thread.join(SECONDS)
    assert came_back == [True]
    assert numbers(heard) == [1]
    assert not leaving.active


def test_an_interrupt_on_the_main_thread_is_the_callers_and_no_fault_of_the_subscriber(bus: EventBus) -> None:
    def interrupted(event: Event) -> None:
        raise KeyboardInterrupt

    subscription = bus.subscribe("door", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bus.publish(note("door"))
    assert subscription.active
