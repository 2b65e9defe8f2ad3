from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from streamlib import SampleConfig, SampledFrame, StreamRuntime, VideoWatch
from streamlib.errors import StateError
from streamlib.testing import ManualClock
from tests.observability.views import Pictures, See
from tests.scenarios.stage import SECONDS, Record

SECOND = 1_000_000_000
SMALL = SampleConfig.thumbnail((8, 8))


class Stage:
    """A source that never waits, a sink, and a clock that the test moves."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.runtime = StreamRuntime(clock=self.clock)
        self.record = Record()
        self.source = self.runtime.add_processor(Pictures)
        self.runtime.connect(self.source, self.runtime.add_processor(See, record=self.record))
        self.runtime.start()

    def watch(self, every_s: float = 0.02) -> VideoWatch:
        return self.runtime.perception.watch_video(self.source, every_s, SMALL)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    with made.runtime:
        yield made


@pytest.mark.promise("agent.watch-video")
def test_the_first_picture_comes_at_once_and_the_next_when_it_is_due(stage: Stage) -> None:
    watch, taken = stage.watch(), []
    taken.append(next(watch))
    asking = threading.Thread(target=lambda: taken.append(next(watch)))
    asking.start()
    asking.join(0.1)
    assert len(taken) == 1  # the clock stands still
    stage.clock.advance(SECOND // 50)
    asking.join(SECONDS)
    assert len(taken) == 2
    assert taken[1].sequence > taken[0].sequence
    assert watch.skipped == 0


@pytest.mark.promise("agent.watch-video")
def test_what_nobody_asked_for_in_time_is_counted_and_never_taken(stage: Stage) -> None:
    watch = stage.watch(1.0)
    next(watch)
    stage.clock.advance(SECOND * 7 // 2)  # 1, 2 and 3 were due
    stage.record.wait_for(1)
    before = stage.record.numbers[-1]
    assert next(watch).sequence > before
    assert watch.skipped == 2
    stage.clock.advance(SECOND // 2)
    next(watch)
    assert watch.skipped == 2
    assert repr(watch) == "<VideoWatch of pictures_0.out every 1 s, 2 skipped>"


@pytest.mark.parametrize("cause", ["removed", "not_running"])
def test_it_ends_when_the_processor_is_gone_or_the_runtime_stops(stage: Stage, cause: str) -> None:
    watch = stage.watch(1_000)
    next(watch)
    asking = threading.Thread(target=lambda: list(watch))
    asking.start()
    if cause == "removed":
        stage.runtime.remove(stage.source)
    else:
        stage.runtime.stop()
    asking.join(SECONDS)
    assert not asking.is_alive()
    assert watch.over
    assert watch.hindered_by is not None
    assert watch.hindered_by.cause == cause
    assert "over: " in repr(watch)
    assert list(watch) == []


def test_closing_ends_it_and_wakes_who_waits(stage: Stage) -> None:
    watch, pictures = stage.watch(1_000), list[SampledFrame]()
    with watch:
        asking = threading.Thread(target=lambda: pictures.extend(watch))
        asking.start()
        stage.record.wait_for(10)
    asking.join(SECONDS)
    assert not asking.is_alive()
    assert len(pictures) <= 1
    assert watch.closed
    assert "closed" in repr(watch)
    assert list(watch) == []


def test_a_pause_is_waited_through(stage: Stage) -> None:
    watch, pictures = stage.watch(), []
    stage.runtime.pause()
    asking = threading.Thread(target=lambda: pictures.append(next(watch)))
    asking.start()
    while watch.hindered_by is None:
        asking.join(0.01)
    assert watch.hindered_by.cause == "paused"
    assert not watch.over
    stage.runtime.resume()
    asking.join(SECONDS)
    assert len(pictures) == 1
    assert watch.hindered_by is None


def test_two_who_ask_one_watch_are_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlib.observability.video_watch._HANDOVER_S", 0.01)
    watch = stage.watch(1_000)
    next(watch)
    with watch:
        asking = threading.Thread(target=lambda: list(watch))
        asking.start()
        while not watch._asking.locked():
            asking.join(0.01)
        with pytest.raises(StateError, match="give each a watch of its own"):
            next(watch)
    asking.join(SECONDS)


def test_a_task_waits_without_holding_up_its_event_loop(stage: Stage) -> None:
    async def main() -> list[int]:
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                turns += 1
                stage.clock.advance(SECOND // 100)
                await asyncio.sleep(0)

        beside = asyncio.create_task(others())
        seen: list[int] = []
        async with stage.watch() as watch:
            async for picture in watch:
                seen.append(picture.sequence)
                if len(seen) == 3:
                    break
        beside.cancel()
        assert turns > 3
        return seen

    seen = asyncio.run(asyncio.wait_for(main(), SECONDS))
    assert sorted(set(seen)) == seen


def test_a_task_that_is_cancelled_gives_up_and_another_may_ask(stage: Stage) -> None:
    async def main() -> None:
        watch = stage.watch(1_000)
        await anext(watch)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(watch), 0.02)
        stage.clock.advance(2_000 * SECOND)
        await anext(watch)
        watch.close()
        assert [one async for one in watch] == []

    asyncio.run(asyncio.wait_for(main(), SECONDS))


def test_what_is_wrong_reaches_the_task(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        watch = stage.watch()
        monkeypatch.setattr(watch._taker, "picture", broken)
        with pytest.raises(ValueError, match="no luck"):
            await anext(watch)

    def broken(*_: object) -> None:
        raise ValueError("no luck")

    asyncio.run(asyncio.wait_for(main(), SECONDS))
