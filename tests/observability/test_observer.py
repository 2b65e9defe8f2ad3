from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.errors import ConfigError
from streamlib.events import CustomEvent, DataPushed, LinkEvent, QueueEmpty
from streamlib.observability.observer import Observer
from streamlib.observability.sightings import ObserverEnd
from tests.scenarios.stage import SECONDS, Collect, Hand, Record, let_line_pass


class Stage:
    """A source that the test steps, and a sink."""

    def __init__(self) -> None:
        self.runtime = StreamRuntime()
        self.record = Record()
        self.source = self.runtime.add_processor(Hand)
        self.sink = self.runtime.add_processor(Collect, record=self.record)
        self.link = self.runtime.connect(self.source, self.sink)

    def step(self, times: int = 1) -> None:
        target = len(self.record.numbers) + times
        for _ in range(times):
            self.runtime.step(self.source)
        self.record.wait_until(lambda: len(self.record.numbers) >= target)

    def observe(self) -> Observer[LinkEvent]:
        return self.runtime.inspector.observe_link(self.link)

    def is_looked_at(self) -> bool:
        """Whether the link has a tap, once what was in line is done."""
        let_line_pass(self.runtime)
        return self.runtime._taps.of(self.link.id) is not None


def by_with(observer: Observer[LinkEvent]) -> Observer[LinkEvent]:
    with observer as same:
        assert same is observer
    return observer


def by_async_with(observer: Observer[LinkEvent]) -> Observer[LinkEvent]:
    async def leave() -> None:
        async with observer as same:
            assert same is observer

    asyncio.run(leave())
    return observer


def by_close(observer: Observer[LinkEvent]) -> Observer[LinkEvent]:
    observer.close()
    observer.close()
    return observer


@pytest.mark.promise("look.auto-detach")
@pytest.mark.parametrize("leave", [by_with, by_async_with, by_close])
def test_leaving_or_closing_it_detaches_it(leave: Callable[[Observer[LinkEvent]], Observer[LinkEvent]]) -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        observer = stage.observe()
        assert stage.is_looked_at()
        leave(observer)
        assert not stage.is_looked_at()
        stage.step()
        assert observer.ended is ObserverEnd.CLOSED
        assert observer.statistics().seen == 0
        assert not stage.runtime.events._subscriptions


@pytest.mark.promise("look.auto-detach")
@pytest.mark.parametrize("in_circle", [False, True])
def test_dropping_it_detaches_it_whoever_drops_it(*, in_circle: bool) -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        observer = stage.observe()
        gone = threading.Event()
        weakref.finalize(observer, gone.set)
        if in_circle:
            observer.me = observer  # type: ignore[attr-defined]
        stage.step()
        del observer
        if in_circle:
            gc.collect()
        assert gone.is_set(), "nothing but its user holds it"
        assert not stage.is_looked_at()
        assert not stage.runtime.events._subscriptions


def test_an_iteration_over_one_that_nobody_else_holds_detaches_it_when_it_is_left() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        worker = threading.Thread(target=stage.step, args=(3,))
        iterating = iter(stage.observe())
        worker.start()
        assert isinstance(next(iterating), LinkEvent)
        worker.join(SECONDS)
        del iterating
        assert not stage.is_looked_at()


def test_events_are_iterated_over_until_it_is_closed_by_another_thread() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        observer = stage.observe()
        stage.step(2)
        seen: list[LinkEvent] = []
        reader = threading.Thread(target=lambda: seen.extend(observer))
        reader.start()
        stage.step(1)
        observer.close()
        reader.join(SECONDS)
        assert not reader.is_alive()
        assert [type(event) for event in seen if isinstance(event, DataPushed)] == [DataPushed] * 3


def test_events_are_iterated_over_in_an_event_loop_and_others_have_their_turns() -> None:
    stage = Stage()
    turns: list[int] = []

    async def main() -> list[LinkEvent]:
        observer = stage.runtime.inspector.observe_link(stage.link)
        await stage.runtime.aside(lambda: stage.step(100))
        others = asyncio.create_task(count())
        asyncio.get_running_loop().call_later(0, observer.close)
        events = [event async for event in observer]
        others.cancel()
        return events

    async def count() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    with stage.runtime:
        stage.runtime.start()
        events = asyncio.run(main())
    assert sum(isinstance(event, DataPushed) for event in events) == 100
    assert len(turns) > 1


def test_a_wait_is_bounded() -> None:
    stage = Stage()
    with stage.runtime, stage.observe() as observer:
        assert observer.get(timeout=0) is None
        assert observer.ended is None
        stage.runtime.start()
        stage.step()
        kinds = {type(observer.get(SECONDS)), type(observer.get(SECONDS))}
        assert kinds == {DataPushed, QueueEmpty}


@pytest.mark.parametrize("given", ["x", float("nan"), True, [], 1j])
def test_a_wait_that_is_no_number_is_refused(given: Any) -> None:
    stage = Stage()
    with stage.observe() as observer, stage.runtime.events.subscribe_queue("processor:*") as queue:
        for get in (observer.get, queue.get):
            with pytest.raises(ConfigError, match="timeout is .*; give a number of seconds") as raised:
                get(timeout=given)
            assert raised.value.field == "timeout"


@pytest.mark.parametrize("given", [1e30, float("inf"), 10**400], ids=["long", "inf", "no float"])
def test_a_wait_of_more_than_anybody_lives_ends_with_what_it_waits_for(given: float) -> None:
    stage = Stage()
    with stage.observe() as observer, stage.runtime.events.subscribe_queue("door") as queue, stage.runtime:
        stage.runtime.start()
        stage.step()
        stage.runtime.events.publish(CustomEvent(topic="door", data=None))
        assert observer.get(timeout=given) is not None
        assert queue.get(timeout=given) is not None


def test_it_says_what_it_is() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        observer = stage.observe()
        assert repr(observer) == f"<Observer of {stage.link.id}: 0 events seen, 0 waiting, 0 lost>"
        observer.close()
        assert repr(observer).endswith("0 lost, closed>")
