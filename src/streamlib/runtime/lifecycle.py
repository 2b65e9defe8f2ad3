"""The verbs of a runtime's life, each told by two events: the -ing before, and the -ed or Failed after."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from streamlib.events.bus import EventBus
from streamlib.events.event import described
from streamlib.events.runtime import (
    RuntimeEvent,
    RuntimePaused,
    RuntimePauseFailed,
    RuntimePausing,
    RuntimeResumed,
    RuntimeResumeFailed,
    RuntimeResuming,
    RuntimeStarted,
    RuntimeStartFailed,
    RuntimeStarting,
    RuntimeStopFailed,
    RuntimeStopped,
    RuntimeStopping,
)

Failed = type[RuntimeStartFailed | RuntimeStopFailed | RuntimePauseFailed | RuntimeResumeFailed]

VERBS: dict[str, tuple[type[RuntimeEvent], type[RuntimeEvent], Failed]] = {
    "start": (RuntimeStarting, RuntimeStarted, RuntimeStartFailed),
    "stop": (RuntimeStopping, RuntimeStopped, RuntimeStopFailed),
    "pause": (RuntimePausing, RuntimePaused, RuntimePauseFailed),
    "resume": (RuntimeResuming, RuntimeResumed, RuntimeResumeFailed),
}


@contextmanager
def lifecycle_events(bus: EventBus, verb: str) -> Iterator[None]:
    """Publish what begins, and how it ended; the error goes on to the caller."""
    beginning, done, failed = VERBS[verb]
    bus.publish(beginning())
    try:
        yield
    except BaseException as error:
        bus.publish(failed(error=described(error)))
        raise
    bus.publish(done())
