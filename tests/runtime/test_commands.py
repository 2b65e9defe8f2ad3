"""Events that the runtime obeys."""

from __future__ import annotations

import pytest

from streamlib import StreamRuntime
from streamlib.events import (
    CommandFailed,
    CommitFailed,
    EventQueue,
    ProcessorConfigRequested,
    ProcessorPauseRequested,
    ProcessorRestartRequested,
    RuntimePauseRequested,
    RuntimeStopRequested,
)
from streamlib.ids import ProcessorId
from streamlib.runtime import committer
from tests.scenarios.stage import SECONDS, Pass


def next_failure(told: EventQueue) -> CommandFailed:
    """The next that could not be obeyed; it is told once, as a command."""
    while (event := told.get(SECONDS)) is not None:
        assert not isinstance(event, CommitFailed)
        if isinstance(event, CommandFailed):
            return event
    raise AssertionError("nothing failed")


@pytest.mark.promise("event.commands")
def test_a_command_that_cannot_be_obeyed_is_told_by_name_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    runtime = StreamRuntime()
    runtime.add_processor(Pass, id="filter")
    with runtime.events.subscribe_queue("runtime:global") as told:
        runtime.events.publish(RuntimePauseRequested())
        runtime.events.publish(ProcessorPauseRequested(processor_id=ProcessorId("filter")))
        runtime.events.publish(ProcessorRestartRequested(processor_id=ProcessorId("nobody")))
        runtime.events.publish(ProcessorConfigRequested(processor_id=ProcessorId("filter"), config={"gian": 2}))
        failures = [next_failure(told) for _ in range(4)]
    assert [(failure.command, failure.processor_id) for failure in failures] == [
        ("RuntimePauseRequested", ""),
        ("ProcessorPauseRequested", "filter"),
        ("ProcessorRestartRequested", "nobody"),
        ("ProcessorConfigRequested", "filter"),
    ]
    assert failures[0].error.startswith("StateError: ")
    assert "gain" in failures[3].error
    assert "ProcessorConfigRequested of filter failed" in caplog.text


@pytest.mark.promise("event.commands")
def test_a_config_is_set_by_a_command_also_where_edits_are_collected() -> None:
    runtime = StreamRuntime(commit_mode="manual")
    handle = runtime.add_processor(Pass, id="filter", gain=1)
    runtime.commit()
    with runtime.events.subscribe_queue("runtime:global") as told:
        runtime.events.publish(ProcessorConfigRequested(processor_id=handle.id, config={"gain": 5}))
        runtime.events.publish(RuntimePauseRequested())  # refused, behind the other
        next_failure(told)
    assert handle.config.gain == 5


def test_a_command_to_stop_what_is_idle_does_nothing() -> None:
    runtime = StreamRuntime()
    with runtime.events.subscribe_queue("runtime:global") as told:
        runtime.events.publish(RuntimeStopRequested())
        runtime.events.publish(RuntimePauseRequested())
        assert next_failure(told).command == "RuntimePauseRequested"


def test_a_command_that_finds_the_line_full_is_told_and_who_publishes_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(committer, "LINE_LIMIT", 0)
    runtime = StreamRuntime()
    with runtime.events.subscribe_queue("runtime:global") as told:
        runtime.events.publish(RuntimePauseRequested())
        assert "in line already" in next_failure(told).error
