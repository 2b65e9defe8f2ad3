from __future__ import annotations

import asyncio
from typing import Any

import pytest

from streamlib.execution.tapped_call import CallObserver, CallTap, tapped_call, tapped_coroutine
from streamlib.testing import ManualClock
from tests.execution.plain_processors import Note


class Calls:
    """Notes what it is told of calls."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, int]] = []

    def processed(self, frame: Any, latency_ns: int) -> None:
        self.told.append((frame, latency_ns))


class Broken(Calls):
    """Raises when it is told anything."""

    def processed(self, frame: Any, latency_ns: int) -> None:
        raise ValueError("no more")


class Place:
    """A tap, the call behind it, and the frames that wait for that."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.failed: list[CallObserver] = []
        self.tap = CallTap(self.clock.now_ns, lambda observer, error: self.failed.append(observer))
        self.calls = Calls()
        self.tap.add(self.calls)
        self.frames: list[Any] = []
        self.contexts: list[object] = []

    def oldest(self) -> Any:
        return self.frames[0] if self.frames else None

    def process(self, context: object) -> None:
        self.contexts.append(context)
        self.clock.advance(30)
        if self.frames:
            self.frames.pop(0)

    async def process_async(self, context: object) -> None:
        self.process(context)
        await asyncio.sleep(0)
        self.clock.advance(12)

    async def fail_async(self, context: object) -> None:
        self.fail(context)

    def fail(self, context: object) -> None:
        raise OSError(f"no luck with {context}")


def test_each_call_is_told_with_the_frame_that_it_found_and_how_long_it_took() -> None:
    place = Place()
    process = tapped_call(place.process, place.tap, place.oldest)
    place.frames = [Note(0, 70), Note(1, 90)]
    for context in ("one", "two", "three"):
        process(context)
    assert place.contexts == ["one", "two", "three"]
    assert place.calls.told == [(Note(0, 70), 30), (Note(1, 90), 30), (None, 30)]


def test_the_time_of_a_coroutine_counts_until_it_returns() -> None:
    place = Place()
    place.frames = [Note(0, 70)]
    process: Any = tapped_coroutine(place.process_async, place.tap, place.oldest)
    asyncio.run(process("one"))
    assert place.calls.told == [(Note(0, 70), 42)]


def test_a_call_that_raises_raises_as_before_and_is_not_told() -> None:
    place = Place()
    with pytest.raises(OSError, match="no luck with one"):
        tapped_call(place.fail, place.tap, place.oldest)("one")
    failing: Any = tapped_coroutine(place.fail_async, place.tap, place.oldest)
    with pytest.raises(OSError, match="no luck with two"):
        asyncio.run(failing("two"))
    assert place.calls.told == []


def test_an_observer_that_raises_is_taken_out_and_the_others_go_on() -> None:
    place, broken, late = Place(), Broken(), Calls()
    place.tap.add(broken)
    place.tap.add(late)
    process = tapped_call(place.process, place.tap, place.oldest)
    process("one")
    process("two")
    assert place.failed == [broken]
    assert len(place.calls.told) == len(late.told) == 2
