"""What the runtime as a whole does and what went wrong around it, all on `runtime:global`.

Each verb is told as -ing, and then as -ed or Failed with the error.
"""

from __future__ import annotations

from streamlib.events.event import Event
from streamlib.events.topics import RUNTIME_GLOBAL


class RuntimeEvent(Event, frozen=True, gc=False, kw_only=True, tag=True):
    """Any event of the runtime."""

    @property
    def topic(self) -> str:
        """The one topic of the whole."""
        return RUNTIME_GLOBAL


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
