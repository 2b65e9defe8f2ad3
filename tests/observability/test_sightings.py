from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from streamlib.clock import NS_PER_S
from streamlib.errors import ConfigError
from streamlib.events import CustomEvent, DataPushed, Event, QueueEmpty
from streamlib.observability.sightings import Bounds, ObserverEnd, Sightings
from streamlib.testing import ManualClock

SECONDS = 8.0


def event(number: int) -> CustomEvent:
    return CustomEvent(topic="door", data={"n": number})


def numbers(events: list[Event | None]) -> list[Any]:
    return [event.data["n"] if isinstance(event, CustomEvent) else None for event in events]


def sightings(clock: ManualClock | None = None, **bounds: Any) -> Sightings:
    return Sightings(Bounds(**bounds), (clock or ManualClock()).now_ns)


def test_events_are_read_in_the_order_in_which_they_came() -> None:
    place = sightings()
    for number in range(3):
        place.put(event(number))
    assert numbers([place.take(0), place.take_now(), place.take(SECONDS), place.take(0), place.take_now()]) == [
        *(0, 1, 2),
        *(None, None),
    ]


@pytest.mark.promise("look.bounded-observers")
def test_the_oldest_make_room_where_as_many_wait_as_it_holds() -> None:
    place = sightings(capacity=2)
    for number in range(5):
        place.put(event(number))
    told = place.statistics()
    assert (told.seen, told.waiting, told.lost_to_count, told.lost) == (5, 2, 3, 3)
    assert numbers([place.take_now(), place.take_now(), place.take_now()]) == [3, 4, None]
    assert (place.statistics().read, place.statistics().kept) == (2, 2)


@pytest.mark.promise("look.bounded-observers")
def test_the_oldest_make_room_where_frames_of_too_many_bytes_wait() -> None:
    place = sightings(max_bytes=100)
    place.put(event(0), 60)
    place.put(event(1))
    place.put(event(2), 40)
    assert place.statistics().waiting_bytes == 100
    place.put(event(3), 41)
    assert numbers([place.take_now() for _ in range(4)]) == [1, 2, 3, None]
    told = place.statistics()
    assert (told.waiting_bytes, told.lost_to_bytes) == (0, 1)
    place.put(event(4), 101)
    assert place.take_now() is None
    assert place.statistics().lost_to_bytes == 2


@pytest.mark.promise("look.bounded-observers")
def test_what_comes_sooner_than_its_rate_is_lost_each_kind_by_itself() -> None:
    clock = ManualClock()
    place = sightings(clock, max_rate=10)
    taken: list[type[Event]] = []
    for _ in range(20):
        taken += [kind for kind in (DataPushed, QueueEmpty) if place.admits(kind)]
        clock.advance(NS_PER_S // 20)
    assert taken == [DataPushed, QueueEmpty] * 10
    told = place.statistics()
    assert (told.lost_to_rate, told.seen) == (20, 20), "those that are admitted are seen when they are put in"


def test_a_source_of_that_rate_that_is_a_bit_early_loses_nothing() -> None:
    clock = ManualClock()
    place = sightings(clock, max_rate=10)
    taken = 0
    for _ in range(100):
        for step in (99_000_000, 101_000_000):
            taken += bool(place.admits(DataPushed))
            clock.advance(step)
    assert taken >= 199 - 1


def test_the_end_is_said_once_and_what_waits_is_still_read() -> None:
    place = sightings()
    place.put(event(0))
    assert place.conclude(ObserverEnd.REMOVED)
    assert not place.conclude(ObserverEnd.CLOSED)
    place.put(event(1))
    assert place.end is ObserverEnd.REMOVED
    assert numbers([place.take(None), place.take(None)]) == [0, None]
    assert place.statistics().seen == 1


@pytest.mark.parametrize("what", ["event", "end"])
def test_a_thread_that_waits_is_woken(what: str) -> None:
    place = sightings()
    got: list[Event | None] = []
    thread = threading.Thread(target=lambda: got.append(place.take(SECONDS)))
    thread.start()
    if what == "event":
        place.put(event(7))
    else:
        place.conclude(ObserverEnd.CLOSED)
    thread.join(SECONDS)
    assert numbers(got) == [7 if what == "event" else None]


def test_tasks_that_wait_are_all_woken_and_a_cancelled_one_leaves_nothing() -> None:
    place = sightings()

    async def read() -> Event | None:
        await place.sleep()
        return place.take_now()

    async def main() -> list[Event | None]:
        given_up, *tasks = [asyncio.create_task(read()) for _ in range(3)]
        await asyncio.sleep(0)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        threading.Thread(target=place.put, args=(event(1),)).start()
        return await asyncio.wait_for(asyncio.gather(*tasks), SECONDS)

    assert sorted(numbers(asyncio.run(main())), key=str) == [1, None]
    assert not place._sleepers
    asyncio.run(place.sleep()) if place.conclude(ObserverEnd.CLOSED) else None


def test_one_who_slept_in_an_event_loop_that_is_gone_holds_up_nobody() -> None:
    place = sightings()
    loop = asyncio.new_event_loop()
    task = loop.create_task(place.sleep())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    place.put(event(1))
    assert numbers([place.take_now()]) == [1]
    task.get_coro().close()


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("capacity", 0),
        ("capacity", 2.5),
        ("capacity", True),
        ("max_bytes", -1),
        ("max_bytes", "64 MiB"),
        ("max_rate", 0),
        ("max_rate", 1e-320),
        ("max_rate", float("nan")),
        ("max_rate", "30"),
        ("max_rate", True),
    ],
)
def test_a_bound_that_bounds_nothing_is_refused(field: str, given: object) -> None:
    with pytest.raises(ConfigError, match=f"{field} is") as raised:
        Bounds(**{field: given})  # type: ignore[arg-type]
    assert raised.value.field == field
