"""What the compiler does in each commit, step by step, all on `runtime:compiler`.

A commit that succeeds is told as Started, its steps, Succeeded; one that fails as Started, its steps up to the one
that failed, Failed, and RolledBack once everything is as before. Bringing back those who had to make way for a commit
that failed is a commit of its own, between the two. A stop is one that removes everything. All of one commit bear
its number. Published by `streamlib.compiler.progress`, and only to who listened when the commit began.
"""

from __future__ import annotations

from streamlib.events.event import Event
from streamlib.events.topics import RUNTIME_COMPILER


class CompilerEvent(Event, frozen=True, gc=False, kw_only=True, tag=True):
    """Any event of the compiler.

    Attributes:
        commit: Which commit of its runtime, counted from 1.
    """

    commit: int

    @property
    def topic(self) -> str:
        """The compiler's own topic: its events are many."""
        return RUNTIME_COMPILER


class CompileStarted(CompilerEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A commit begins: how many processors it adds, removes, restarts and configures live, and how many links."""

    processors_added: int = 0
    processors_removed: int = 0
    processors_restarted: int = 0
    processors_configured: int = 0
    links_added: int = 0
    links_removed: int = 0
    links_updated: int = 0


class CompileStepStarted(CompilerEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A step of a commit begins.

    Attributes:
        step: `will_create`, `create`, `wire`, `setup`, `configure`, `will_start`, `will_stop`, `export_state` and
            `import_state` may fail, and `stop` of who has to make way; `replace`, `switch`, `start`, `drain` and
            `teardown` come after them.
        subject: The processor or link that it is about; empty where it is all of them.
    """

    step: str
    subject: str = ""


class CompileStepDone(CompilerEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A step of a commit is done; the step and its subject are those of its CompileStepStarted."""

    step: str
    subject: str = ""


class CompileSucceeded(CompilerEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A commit was carried out.

    Attributes:
        duration_ns: How long it took, in nanoseconds.
        late: Who did not answer in time; what it was to do, it does when it comes back.
    """

    duration_ns: int
    late: tuple[str, ...] = ()


class CompileFailed(CompilerEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """A step of a commit failed.

    Attributes:
        step: Which step, `plan` and `scheduling_strategy` among them.
        subject: The processor or link that it was about; empty where that is not one.
        error: The cause, its type and message.
    """

    step: str
    subject: str
    error: str


class CompileRolledBack(CompilerEvent, frozen=True, gc=False, kw_only=True, tag=True):
    """Everything is as it was before the commit that failed.

    Attributes:
        step: Which step had failed.
        subject: The processor or link that it was about.
        error: The cause, its type and message.
    """

    step: str
    subject: str
    error: str
