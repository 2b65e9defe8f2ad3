"""What happens in one processor, each on `processor:<id>`.

The order's ProcessorEvent::StateChanged is `ProcessorStateChanged` and its Error is `ProcessorError`; FrameProcessed's
timestamp is `frame_timestamp_ns`, because every event has a `timestamp_ns` of its own.
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


class FrameProcessed(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """One call of `process` is over.

    Attributes:
        frame_timestamp_ns: The media time of the frame that it read.
        latency_ns: How long the call took.
    """

    frame_timestamp_ns: int
    latency_ns: int


class ProcessorError(ProcessorEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A method of the processor raised.

    Attributes:
        error: The exception's type and message.
        during: The method: setup, process, flush, config_changed or teardown.
        frame_timestamp_ns: The media time of the frame that it was about, None where there was none.
    """

    error: str
    during: str = "process"
    frame_timestamp_ns: int | None = None
