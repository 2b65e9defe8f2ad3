"""What the runtime as a whole does and what went wrong around it, all on `runtime:global`.

Each verb is told as -ing, and then as -ed or Failed with the error. Those that end in Requested are commands:
anybody publishes them, and the runtime obeys, in line with the commits. Starting is none: nobody starts by an event.
"""

from __future__ import annotations

from streamlib.events.event import Event
from streamlib.events.topics import RUNTIME_GLOBAL
from streamlib.ids import ProcessorId


class RuntimeEvent(Event, frozen=True, gc=False, kw_only=True, tag=True):
    """Any event of the runtime."""

    @property
    def topic(self) -> str:
        """The one topic of the whole."""
        return RUNTIME_GLOBAL


class CollectorPaused(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Python's garbage collector stood in the way of everybody for long.

    Attributes:
        duration_ns: How long, in nanoseconds.
        generation: What it went through: 0 is the youngest, 2 everything that is not frozen.
    """

    duration_ns: int
    generation: int


class RuntimeStarting(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """`start` was called."""


class RuntimeStarted(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """The graph runs."""


class RuntimeStartFailed(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """`start` raised."""

    error: str


class RuntimeStopping(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """`stop` was called."""


class RuntimeStopped(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Nothing runs any more."""


class RuntimeStopFailed(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """`stop` raised."""

    error: str


class RuntimePausing(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """`pause` was called."""


class RuntimePaused(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """No `process` is called until the runtime resumes."""


class RuntimePauseFailed(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """`pause` raised."""

    error: str


class RuntimeResuming(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """`resume` was called."""


class RuntimeResumed(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """The graph runs again."""


class RuntimeResumeFailed(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """`resume` raised."""

    error: str


class DelegateFailed(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A delegate's `did_*` raised, which changes nothing.

    Attributes:
        delegate: The delegate's class and method.
        subject: The id of the processor or link that it was told of.
        error: The exception's type and message.
    """

    delegate: str
    subject: str
    error: str


class RuntimePauseRequested(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A command: pause the runtime."""


class RuntimeResumeRequested(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A command: resume the runtime."""


class RuntimeStopRequested(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A command: stop the runtime.

    Attributes:
        drain: Whether what waits is processed; otherwise it is dropped.
    """

    drain: bool = True


class CommandFailed(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A command was not, or not wholly, carried out.

    Attributes:
        command: The class of its event.
        processor_id: Whom it was for; empty where that was the runtime.
        error: The exception's type and message.
    """

    command: str
    processor_id: ProcessorId
    error: str


class CommitFailed(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A commit that nobody could wait for, because it was asked for inside a processor or a callback, failed.

    Attributes:
        error: What it failed with.
    """

    error: str


class SubscriberFailed(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A subscriber's callback raised and was removed.

    Attributes:
        subscriber: The callback's name.
        subscribed_to: The topic or pattern that it listened to.
        error: The exception's type and message.
    """

    subscriber: str
    subscribed_to: str
    error: str


class ObserverFailed(RuntimeEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """An observer raised and was removed: whatever it watched goes on without it.

    Attributes:
        observer: The class of the observer.
        observed: What it watched: `link a.out->b.in`, `output a.out` or `processor a`.
        error: The exception's type and message.
    """

    observer: str
    observed: str
    error: str
