"""The verbs are told by events, and refuse what the state forbids."""

from __future__ import annotations

import pytest

from streamlib import StreamRuntime
from streamlib.errors import StateError
from streamlib.events.subscription import EventQueue
from streamlib.execution.instance import ProcessorInstance
from streamlib.states import GraphState
from tests.scenarios.stage import Collect, Numbers, Record


def told(queue: EventQueue) -> list[str]:
    return [type(event).__name__ for event in iter(lambda: queue.get(0), None) if type(event).__name__ != "Graph"]


@pytest.mark.promise("runtime.owns-the-compiler", "event.bus-per-runtime")
def test_starting_compiles_though_nobody_subscribes_and_tells_only_its_own_bus() -> None:
    runtime, other = StreamRuntime(), StreamRuntime()
    with other.events.subscribe_queue("*") as elsewhere, runtime:
        sink = runtime.add_processor(Collect, record=Record())
        runtime.start()
        assert sink.instance() is not None
    assert told(elsewhere) == []


def test_each_verb_tells_that_it_begins_and_how_it_ended() -> None:
    runtime = StreamRuntime()
    with runtime.events.subscribe_queue("runtime:global") as queue, runtime:
        runtime.start()
        runtime.pause()
        runtime.resume()
    events = [name for name in told(queue) if name.startswith("Runtime")]
    assert events == [
        "RuntimeStarting", "RuntimeStarted", "RuntimePausing", "RuntimePaused",
        "RuntimeResuming", "RuntimeResumed", "RuntimeStopping", "RuntimeStopped",
    ]  # fmt: skip


def test_a_verb_that_the_state_forbids_is_refused_in_words() -> None:
    runtime = StreamRuntime()
    with pytest.raises(StateError, match="idle"):
        runtime.pause()
    with runtime:
        runtime.add_processor(Numbers, id="source")
        runtime.start()
        with pytest.raises(StateError, match="running"):
            runtime.start()
        with pytest.raises(StateError, match="manual"):
            runtime.step("source")
        runtime.stop(drain=False)


def test_who_leaves_while_all_are_cut_off_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stop without draining does not wait for its turn, and an edit may be on its way."""
    runtime = StreamRuntime()
    first, second = runtime.add_processor(Numbers), runtime.add_processor(Numbers)
    runtime.start()
    cut_off = ProcessorInstance.cut_off

    def leave_behind(instance: ProcessorInstance) -> None:
        monkeypatch.undo()
        cut_off(instance)
        runtime.remove(second if instance.id == first.id else first, drain=False)

    monkeypatch.setattr(ProcessorInstance, "cut_off", leave_behind)
    runtime.stop(drain=False)
    assert runtime.state is GraphState.IDLE
