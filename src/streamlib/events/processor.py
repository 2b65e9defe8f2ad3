"""What happens in one processor, each on `processor:<id>`.

The order's ProcessorEvent::StateChanged is `ProcessorStateChanged` and its Error is `ProcessorError`; FrameProcessed's
timestamp is `frame_timestamp_ns`, because every event has a `timestamp_ns` of its own. Those that end in Requested are
commands: anybody publishes them, and the runtime obeys, in line with the commits; CommandFailed tells where it cannot.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamlib.events.event import Event
from streamlib.events.topics import processor_topic
from streamlib.ids import ProcessorId
from streamlib.states import ProcessorState


class ProcessorEvent(Event, frozen=True, gc=False, kw_only=True, tag=True):
    """Any event of a processor."""

    processor_id: ProcessorId

    @property
    def topic(self) -> str:
        """The processor's own topic."""
        return processor_topic(self.processor_id)


class ProcessorStateChanged(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """The processor went from one state to another."""

    old: ProcessorState
    new: ProcessorState


class ConfigUpdated(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """The processor has another config: the whole of it, field by field."""

    config: Mapping[str, object]


class ProcessorRestarting(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """The processor failed and will be made anew.

    Attributes:
        attempt: How many times in a row, this one included.
        delay_ns: How long until then, in nanoseconds.
    """

    attempt: int
    delay_ns: int


class ProcessorRestarted(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """The processor was made anew after it had failed, and runs."""

    attempt: int


class PriorityTaken(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """The processor's thread has asked for a priority other than normal.

    Attributes:
        asked: What it asked for: realtime, high or background.
        got: What the system granted.
        reason: Why that is less, empty where it is not.
    """

    asked: str
    got: str
    reason: str


class FrameProcessed(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """One call of `process` came to its end without an error.

    Told to those who observe the processor (`runtime.inspector.observe_processor`), and not on the bus.

    Attributes:
        frame_timestamp_ns: The media time of the frame that the call found first, None where none waited.
        latency_ns: How long the call took.
    """

    frame_timestamp_ns: int | None
    latency_ns: int


class ProcessorError(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A method of the processor raised.

    Attributes:
        error: The exception's type and message.
        during: The method: setup, process, flush, config_changed, hand_over or teardown.
        frame_timestamp_ns: The media time of the frame that it was about, None where there was none.
    """

    error: str
    during: str = "process"
    frame_timestamp_ns: int | None = None


class StallDetected(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Something has not gone on for long, and it comes from this processor; told once for each stall.

    Attributes:
        cause: Why, a word of `streamlib.observability.explanation.Cause`.
        sentence: All of it in words, as `inspector.explain()` says it first.
        advice: What to try.
        since_ns: Since when, on the runtime's clock; None where nobody knows.
    """

    cause: str
    sentence: str
    advice: str = ""
    since_ns: int | None = None


class StallOver(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """What StallDetected has told of is over: it goes on, or has ended.

    Attributes:
        cause: Which stall.
        lasted_ns: How long it lasted; 0 where nobody knows since when.
    """

    cause: str
    lasted_ns: int


class ProcessorPauseRequested(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A command: do not call the processor until it is resumed."""


class ProcessorResumeRequested(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A command: go on calling the processor."""


class ProcessorRestartRequested(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A command: replace the processor by a new one with the same config and links."""


class ProcessorConfigRequested(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A command: change these fields of the processor's config."""

    config: Mapping[str, object]
