"""Events under asyncio."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.errors import ConfigError, StateError
from streamlib.events import CustomEvent, Event, EventBus, EventStream
from streamlib.testing import ManualClock

SECONDS = 5.0  # longer than anything here takes
T = TypeVar("T")


@pytest.fixture
def bus() -> EventBus:
    return EventBus(ManualClock(start_ns=1000))


def played(scene: Coroutine[Any, Any, T]) -> T:
    """Run on an event loop of its own, with a bound."""

    async def bounded() -> T:
        async with asyncio.timeout(SECONDS):
            return await scene

    return asyncio.run(bounded())


def note(number: int = 0) -> CustomEvent:
    return CustomEvent(topic="door", data={"n": number})


def number_of(event: Event) -> object:
    assert isinstance(event, CustomEvent)
    return event.data["n"]


async def asleep(reader: asyncio.Task[Any]) -> None:
    """Let a task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)
    assert not reader.done()


# ---------------------------------------------------------------------------------------------------------- reading


@pytest.mark.promise("event.async")
def test_events_are_iterated_over_as_they_come(bus: EventBus) -> None:
    async def scene() -> list[object]:
        heard = []
        async with bus.stream("door") as stream:
            publisher = threading.Thread(target=_publish, args=(bus, "door", 200))
            publisher.start()
            async for event in stream:
                heard.append(number_of(event))
                if len(heard) == 200:
                    break
        publisher.join(SECONDS)
        return heard

    assert played(scene()) == list(range(200))
    assert not bus.listens("door")


def test_a_stream_hears_from_the_moment_it_is_made(bus: EventBus) -> None:
    async def scene() -> object:
        stream = bus.stream("d*")
        bus.publish(note(3))
        assert (len(stream), stream.topic, stream.active) == (1, "d*", True)
        return number_of(await anext(stream))

    assert played(scene()) == 3


@pytest.mark.promise("event.async", "event.bounded")
def test_a_full_stream_drops_the_oldest_and_counts_it(bus: EventBus) -> None:
    async def scene() -> list[object]:
        stream = bus.stream("door", capacity=2)
        for number in range(5):
            bus.publish(note(number))
        assert (len(stream), stream.dropped, stream.capacity) == (2, 3, 2)
        stream.close()
        return [number_of(event) async for event in stream]

    assert played(scene()) == [3, 4]


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 5))
def test_a_stream_holds_the_newest_events_and_accounts_for_all(steps: list[bool], capacity: int) -> None:
    async def scene() -> None:
        bus = EventBus(ManualClock())
        stream = bus.stream("door", capacity)
        model: list[int] = []
        published = dropped = 0
        for publish in steps:
            if publish:
                bus.publish(note(published))
                model.append(published)
                published += 1
                dropped += len(model) > capacity
                del model[:-capacity]
            elif model:
                assert number_of(await anext(stream)) == model.pop(0)
        assert (len(stream), stream.dropped) == (len(model), dropped)

    played(scene())


def test_a_stream_holds_at_least_one_event(bus: EventBus) -> None:
    with pytest.raises(ConfigError, match="1 event or more, not 0"):
        bus.stream("door", capacity=0)
    assert not bus.listens("door")


def test_one_that_always_has_events_lets_others_on_the_loop_have_their_turns(bus: EventBus) -> None:
    async def scene() -> int:
        stream = bus.stream("door")
        turns: list[int] = []

        async def other() -> None:
            turns.append(len(stream))
            stream.close()

        bus.publish(note())
        task = asyncio.create_task(other())
        async for _ in stream:
            bus.publish(note())
        await task
        return len(turns)

    assert played(scene()) == 1


# ----------------------------------------------------------------------------------------------------------- waking


class Calls:
    """Counts what other threads ask of an event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.count = 0
        self._call: Callable[..., Any] = loop.call_soon_threadsafe
        loop.call_soon_threadsafe = self._counted  # type: ignore[method-assign,assignment]

    def _counted(self, *args: Any, **more: Any) -> Any:
        self.count += 1
        return self._call(*args, **more)


@pytest.mark.promise("event.async")
def test_only_a_reader_that_sleeps_is_woken(bus: EventBus) -> None:
    async def scene() -> None:
        calls = Calls(asyncio.get_running_loop())
        stream = bus.stream("door")
        bus.publish(note(0))
        bus.publish(note(1))
        assert calls.count == 0
        assert [number_of(await anext(stream)) for _ in range(2)] == [0, 1]
        reader = asyncio.create_task(_next(stream))
        await asleep(reader)
        for number in range(3):
            bus.publish(note(number))
        assert calls.count == 1
        assert number_of(await reader) == 0
        assert len(stream) == 2

    played(scene())


def test_a_second_reader_is_refused(bus: EventBus) -> None:
    async def scene() -> object:
        stream = bus.stream("door")
        reader = asyncio.create_task(_next(stream))
        await asleep(reader)
        with pytest.raises(StateError, match="a stream of its own"):
            await anext(stream)
        bus.publish(note(4))
        return number_of(await reader)

    assert played(scene()) == 4


def test_a_stream_may_be_read_on_one_event_loop_and_then_on_another(bus: EventBus) -> None:
    stream = bus.stream("door")

    async def read(number: int) -> object:
        reader = asyncio.create_task(_next(stream))
        await asleep(reader)
        bus.publish(note(number))
        return number_of(await reader)

    assert [played(read(1)), played(read(2))] == [1, 2]


def test_who_slept_on_an_event_loop_that_is_closed_harms_no_publisher(bus: EventBus) -> None:
    stream = bus.stream("door")
    loop = asyncio.new_event_loop()
    reader = loop.create_task(_next(stream))
    loop.run_until_complete(asyncio.sleep(0))
    reader._log_destroy_pending = False  # type: ignore[attr-defined]
    loop.close()
    bus.publish(note(1))
    assert (len(stream), bus.listens("door")) == (1, True)


# ------------------------------------------------------------------------------------------------------------ ending


@pytest.mark.promise("event.async")
@pytest.mark.parametrize("how", ["close", "aclose", "bus"])
def test_a_reader_is_woken_by_the_end(bus: EventBus, how: str) -> None:
    async def scene() -> list[Event]:
        stream = bus.stream("door")
        reader = asyncio.create_task(_all(stream))
        await asleep(reader)
        if how == "aclose":
            await stream.aclose()
        else:
            await asyncio.to_thread(stream.close if how == "close" else bus.close)
        return await reader

    assert played(scene()) == []
    assert not bus.listens("door")


def test_what_a_closed_stream_holds_is_read_to_the_end(bus: EventBus) -> None:
    async def scene() -> list[object]:
        stream = bus.stream("door")
        for number in range(3):
            bus.publish(note(number))
        bus.close()
        bus.publish(note(3))
        return [number_of(event) for event in await _all(stream)]

    assert played(scene()) == [0, 1, 2]


@pytest.mark.promise("event.async")
def test_a_task_that_is_cancelled_leaves_nothing_behind(bus: EventBus) -> None:
    async def listen() -> None:
        async for _ in bus.stream("door"):
            pass

    async def scene() -> None:
        reader = asyncio.create_task(listen())
        await asleep(reader)
        assert bus.listens("door")
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader

    played(scene())
    gc.collect()
    assert not bus.listens("door")
    bus.publish(note())
    assert bus._subscriptions == []


def test_one_that_is_left_by_break_is_let_go_of(bus: EventBus) -> None:
    async def scene() -> None:
        bus.publish(note())
        for number in range(100):
            stream = bus.stream("door")
            bus.publish(note(number))
            async for _ in stream:
                break

    played(scene())
    gc.collect()
    assert len(bus._subscriptions) <= 1  # the others went when the next was made
    assert not bus.listens("door")


def test_a_read_that_is_cancelled_loses_no_event_and_leaves_the_stream_open(bus: EventBus) -> None:
    async def scene() -> list[object]:
        stream = bus.stream("door")
        reader = asyncio.create_task(_next(stream))
        await asleep(reader)
        bus.publish(note(1))  # wakes it, and before it runs it is cancelled
        reader.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reader
        bus.publish(note(2))
        return [number_of(await anext(stream)) for _ in range(2)]

    assert played(scene()) == [1, 2]


def test_who_sleeps_is_kept_though_nobody_else_holds_the_task(bus: EventBus) -> None:
    async def scene() -> list[object]:
        heard: list[object] = []
        done = asyncio.Event()

        async def listen() -> None:
            async for event in bus.stream("door"):
                hear(event)

        def hear(event: Event) -> None:
            heard.append(number_of(event))
            done.set()

        reader = weakref.ref(asyncio.create_task(listen()))
        for _ in range(3):
            await asyncio.sleep(0)
        gc.collect()
        assert reader() is not None
        bus.publish(note(7))
        await done.wait()
        bus.close()
        return heard

    assert played(scene()) == [7]


@pytest.mark.promise("event.async")
def test_publishers_on_several_threads_lose_nothing(bus: EventBus) -> None:
    async def scene() -> list[Event]:
        stream = bus.stream("t*", capacity=4000)
        threads = [threading.Thread(target=_publish, args=(bus, f"t{index}")) for index in range(4)]
        for thread in threads:
            thread.start()
        heard = [await anext(stream) for _ in range(4000)]
        assert stream.dropped == 0
        return heard

    heard = played(scene())
    for index in range(4):
        assert [number_of(event) for event in heard if event.topic == f"t{index}"] == list(range(1000))


def _publish(bus: EventBus, topic: str, count: int = 1000) -> None:
    for number in range(count):
        bus.publish(CustomEvent(topic=topic, data={"n": number}))


async def _next(stream: EventStream) -> Event:
    return await anext(stream)


async def _all(stream: EventStream) -> list[Event]:
    return [event async for event in stream]
