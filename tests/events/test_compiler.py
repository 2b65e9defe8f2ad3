from __future__ import annotations

from typing import Any

import pytest

from streamlib.events import (
    CompileFailed,
    CompilerEvent,
    CompileRolledBack,
    CompileStarted,
    CompileStepDone,
    CompileStepStarted,
    CompileSucceeded,
    Event,
    EventBus,
)
from streamlib.testing import ManualClock

CAUSE: dict[str, Any] = {"step": "setup", "subject": "camera_0", "error": "OSError: no such camera"}


@pytest.mark.promise("event.compiler")
def test_what_the_compiler_does_is_on_its_own_topic() -> None:
    events: list[CompilerEvent] = [
        CompileStarted(commit=1, processors_added=2, links_added=1),
        CompileStepStarted(commit=1, step="create", subject="camera_0"),
        CompileStepDone(commit=1, step="create", subject="camera_0"),
        CompileSucceeded(commit=1, duration_ns=5, late=("camera_0",)),
        CompileFailed(commit=2, **CAUSE),
        CompileRolledBack(commit=2, **CAUSE),
    ]
    assert {event.topic for event in events} == {"runtime:compiler"}


def test_it_is_apart_from_the_events_of_the_runtime_and_in_one_family_with_them() -> None:
    bus, of_runtime, of_both = EventBus(ManualClock()), list[Event](), list[Event]()
    bus.subscribe("runtime:global", of_runtime.append)
    bus.subscribe("runtime:*", of_both.append)
    bus.publish(CompileStarted(commit=1))
    assert (len(of_runtime), len(of_both)) == (0, 1)
