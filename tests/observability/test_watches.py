from __future__ import annotations

from typing import Any

import msgspec
import pytest

from streamlib import StreamRuntime
from streamlib.errors import CommitError
from streamlib.events import (
    DataPushed,
    Event,
    FrameProcessed,
    GraphDidAddProcessor,
    GraphStateChanged,
    ObserverFailed,
    QueueEmpty,
    QueueFull,
)
from streamlib.observability.observer import Observer
from streamlib.observability.sightings import ObserverEnd
from streamlib.observability.watches import FramePushed
from streamlib.testing import ManualClock
from tests.scenarios.stage import SECONDS, Collect, Faulty, Hand, Pass, Record, let_others_run


class Stage:
    """A source that the test steps, a filter and a sink, by a clock that stands still."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.runtime = StreamRuntime(clock=self.clock)
        self.record = Record()
        self.source = self.runtime.add_processor(Hand)
        self.filter = self.runtime.add_processor(Pass)
        self.sink = self.runtime.add_processor(Collect, record=self.record)
        self.first = self.runtime.connect(self.source, self.filter, capacity=2)
        self.second = self.runtime.connect(self.filter, self.sink)
        self.inspect = self.runtime.inspector

    def step(self, times: int = 1) -> None:
        target = len(self.record.numbers) + times
        for _ in range(times):
            self.runtime.step(self.source)
            self.record.wait_until(lambda: len(self.record.numbers) >= target - times + 1)
        self.record.wait_until(lambda: len(self.record.numbers) >= target)
        let_others_run(self.runtime)


def held(observer: Observer[Any]) -> list[Event]:
    """What it holds now."""
    events: list[Event] = []
    while (event := observer.get(timeout=0)) is not None:
        events.append(event)
    return events


@pytest.mark.promise("look.observe-link")
def test_each_frame_is_told_with_its_media_time_and_size_and_by_reference_where_it_is_asked_for() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        plain, whole = stage.inspect.observe_link(stage.first), stage.inspect.observe_link(stage.first, frames=True)
        stage.step()
        told = [event for event in held(plain) if not isinstance(event, QueueEmpty)]
        assert [type(event) for event in told] == [DataPushed]
        assert told[0] == DataPushed(
            timestamp_ns=stage.clock.now_ns(), link_id=stage.first.id, frame_timestamp_ns=0, size=0
        )
        shown = next(event for event in held(whole) if isinstance(event, DataPushed))
        assert isinstance(shown, FramePushed)
        assert shown.frame.data == {"n": 0}
        assert msgspec.json.decode(msgspec.json.encode(told[0]))["type"] == "DataPushed"


@pytest.mark.promise("look.observe-link")
def test_a_full_link_and_an_empty_one_are_told() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        stage.runtime.pause(stage.filter)
        with stage.inspect.observe_link(stage.first) as observer:
            stage.runtime.step(stage.source)
            stage.runtime.step(stage.source)
            instance = stage.source.instance()
            assert instance is not None
            frame = held(observer)
            assert [type(event) for event in frame] == [DataPushed, DataPushed]
            instance.processor.process(instance.context)
            assert QueueFull(timestamp_ns=stage.clock.now_ns(), link_id=stage.first.id, dropped=False) in held(observer)
            stage.runtime.resume(stage.filter)
            stage.runtime.step(stage.source)
            stage.record.wait_until(lambda: stage.record.numbers == [0, 1, 2, 3])
            let_others_run(stage.runtime)
            assert any(isinstance(event, QueueEmpty) for event in held(observer))


@pytest.mark.promise("look.observe-processor")
def test_each_call_is_told_with_the_media_time_of_its_frame() -> None:
    stage = Stage()
    with stage.runtime:
        stage.runtime.start()
        source, filter_ = (stage.inspect.observe_processor(id_) for id_ in (stage.source, stage.filter))
        let_others_run(stage.runtime)
        stage.step(2)
        now_ns = stage.clock.now_ns()
        calls = [event for event in held(filter_) if isinstance(event, FrameProcessed) and not _found_nothing(event)]
        assert (
            calls
            == [FrameProcessed(timestamp_ns=now_ns, processor_id=stage.filter.id, frame_timestamp_ns=0, latency_ns=0)]
            * 2
        )
        assert [_found_nothing(event) for event in held(source) if isinstance(event, FrameProcessed)] == [True, True]


def _found_nothing(event: FrameProcessed) -> bool:
    return event.frame_timestamp_ns is None


@pytest.mark.promise("look.observe-graph")
def test_an_observer_of_the_graph_hears_of_the_graph_alone() -> None:
    stage = Stage()
    with stage.inspect.observe_graph() as observer:
        stage.runtime.start()
        stage.runtime.add_processor(Pass)
        stage.runtime.stop()
        names = [type(event).__name__ for event in held(observer)]
    assert names == ["GraphStateChanged", "GraphWillAddProcessor", "GraphDidAddProcessor", "GraphStateChanged"]


@pytest.mark.parametrize("how", ["processor", "link", "graph"])
def test_it_ends_when_the_runtime_stops_and_not_before_and_not_by_a_start_that_fails(how: str) -> None:
    stage = Stage()
    observers: dict[str, Observer[Any]] = {
        "processor": stage.inspect.observe_processor(stage.filter),
        "link": stage.inspect.observe_link(stage.first),
        "graph": stage.inspect.observe_graph(),
    }
    observer: Any = observers[how]
    broken = stage.runtime.add_processor(Faulty, where="setup", record=Record())
    with pytest.raises(CommitError):
        stage.runtime.start()
    assert "stopped" not in repr(observer)
    stage.runtime.remove(broken)
    stage.runtime.start()
    stage.step()
    stage.runtime.stop()
    assert observer.ended is ObserverEnd.STOPPED
    assert list(observer)
    stage.runtime.start()
    assert not list(observer)
    stage.runtime.stop()


def test_it_ends_when_what_it_observes_is_removed_and_its_last_events_are_read() -> None:
    stage = Stage()
    with stage.runtime, stage.inspect.observe_graph() as graph:
        stage.runtime.start()
        processor, link = stage.inspect.observe_processor(stage.filter), stage.inspect.observe_link(stage.second)
        stage.step()
        stage.runtime.remove(stage.filter)
        assert (processor.ended, link.ended, graph.ended) == (ObserverEnd.REMOVED, ObserverEnd.REMOVED, None)
        assert [event.new.value for event in held(processor) if hasattr(event, "new")][-1] == "idle"
        assert any(isinstance(event, DataPushed) for event in held(link))
        stage.runtime.add_processor(Pass, id=stage.filter.id)
        assert not held(processor), "it is another's id now"
        assert isinstance(held(graph)[-1], GraphDidAddProcessor)
    assert graph.ended is ObserverEnd.CLOSED


def test_one_that_comes_when_its_processor_goes_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage()
    attach = stage.runtime._taps.attach_call

    def too_late(*given: Any) -> None:
        stage.runtime.remove(stage.filter)
        attach(*given)

    monkeypatch.setattr(stage.runtime._taps, "attach_call", too_late)
    observer = stage.inspect.observe_processor(stage.filter)
    assert observer.ended is ObserverEnd.REMOVED
    assert not [event for event in observer if not isinstance(event, GraphStateChanged)]


class Evil:
    """A frame that raises whatever it is asked."""

    entered_ns, sequence = 0, 0

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(f"no {name}")


@pytest.mark.promise("error.observer-removed")
@pytest.mark.parametrize("how", ["processor", "link"])
def test_a_frame_that_does_not_let_itself_be_looked_at_ends_the_observer_and_nothing_else(how: str) -> None:
    stage = Stage()
    with stage.runtime, stage.runtime.events.subscribe_queue("runtime:global") as bus:
        stage.runtime.start()
        observers: dict[str, Observer[Any]] = {
            "link": stage.inspect.observe_link(stage.first),
            "processor": stage.inspect.observe_processor(stage.filter),
        }
        observer = observers.pop(how)
        for other in observers.values():
            other.close()
        let_others_run(stage.runtime)
        instance = stage.source.instance()
        assert instance is not None
        writer = instance.processor.out.inner  # type: ignore[attr-defined]
        with stage.runtime.events.subscribe_queue("processor:*") as errors:
            writer.write(Evil())
            failed = bus.get(SECONDS)
            while failed is not None and not isinstance(failed, ObserverFailed):
                failed = bus.get(SECONDS)
            assert failed is not None
            assert failed.error == ("RuntimeError: no nbytes" if how == "link" else "RuntimeError: no timestamp_ns")
            assert failed.observer.endswith("Watch")
            assert observer.ended is ObserverEnd.FAILED
            sink_error: Any = errors.get(SECONDS)  # the sink looks into the frame: that is its own error
            assert sink_error.processor_id == stage.sink.id
        assert stage.filter.metrics is not None
        assert stage.filter.metrics.errors == 0
