from __future__ import annotations

from collections.abc import Callable

import pytest

from streamlib import events
from streamlib.events import DelegateFailed, RuntimeEvent, SubscriberFailed


@pytest.mark.parametrize(("verb", "doing", "done"), [
    ("Start", "Starting", "Started"),
    ("Stop", "Stopping", "Stopped"),
    ("Pause", "Pausing", "Paused"),
    ("Resume", "Resuming", "Resumed"),
])  # fmt: skip
def test_each_verb_is_told_as_doing_and_then_done_or_failed(verb: str, doing: str, done: str) -> None:
    names = [f"Runtime{doing}", f"Runtime{done}", f"Runtime{verb}Failed"]
    kinds: list[Callable[..., RuntimeEvent]] = [getattr(events, name) for name in names]
    told = [kinds[0](), kinds[1](), kinds[2](error="OSError: no disk")]
    assert {event.topic for event in told} == {"runtime:global"}


def test_a_failed_listener_is_named() -> None:
    subscriber = SubscriberFailed(subscriber="app.on_event", subscribed_to="*", error="ValueError: x")
    delegate = DelegateFailed(delegate="Recorder.did_start", subject="camera_0", error="ValueError: x")
    assert (subscriber.topic, delegate.topic) == ("runtime:global", "runtime:global")
