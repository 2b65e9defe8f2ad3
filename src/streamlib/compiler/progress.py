"""What a commit tells of itself while it is on its way, on `runtime:compiler`.

Made by `compiler` for each commit, held by `site`; `phases` and `teardown` say each step. Whether anybody listens is
asked once, when the commit begins, so that one that nobody watches makes no record and pays a look at a flag for each
step.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType

from streamlib.clock import Clock
from streamlib.compiler.delta import GraphDelta
from streamlib.errors import CommitError, DeadlineError
from streamlib.events.bus import EventBus
from streamlib.events.compiler import (
    CompileFailed,
    CompileRolledBack,
    CompileStarted,
    CompileStepDone,
    CompileStepStarted,
    CompileSucceeded,
)
from streamlib.events.event import described
from streamlib.events.topics import RUNTIME_COMPILER
from streamlib.execution.instance import ProcessorInstance


class Progress:
    """One commit's steps, as they are told.

    Args:
        commit: Its number; 0 for none, which tells nothing.
    """

    def __init__(self, bus: EventBus, clock: Clock, commit: int = 0) -> None:
        self.commit = commit
        self.told = commit > 0 and bus.listens(RUNTIME_COMPILER)
        self._bus = bus
        self._clock = clock
        self._began_ns = clock.now_ns() if self.told else 0
        self._at = "plan", ""
        self._failed: tuple[str, str, str] = ("", "", "")

    def started(self, delta: GraphDelta) -> None:
        """The commit begins."""
        if self.told:
            self._bus.publish(
                CompileStarted(
                    commit=self.commit,
                    processors_added=len(delta.added),
                    processors_removed=len(delta.removed),
                    processors_restarted=len(delta.restarted) + len(delta.replaced),
                    processors_configured=len(delta.changed),
                    links_added=len(delta.links_added),
                    links_removed=len(delta.links_removed),
                    links_updated=len(delta.links_updated),
                )
            )

    def step(self, step: str, subject: str) -> Step:
        """A step that may fail: `with` tells it, and what it raises becomes a CommitError that names it."""
        return Step(self, step, subject)

    def begun(self, step: str, subject: str = "") -> None:
        """A step begins."""
        if self.told:
            self._at = step, subject
            self._bus.publish(CompileStepStarted(commit=self.commit, step=step, subject=subject))

    def done(self, step: str, subject: str = "") -> None:
        """A step is done."""
        if self.told:
            self._bus.publish(CompileStepDone(commit=self.commit, step=step, subject=subject))

    def all_begun(self, step: str, instances: Iterable[ProcessorInstance]) -> None:
        """A step of several processors begins."""
        if self.told:
            for instance in instances:
                self.begun(step, instance.id)

    def all_done(self, step: str, instances: Iterable[ProcessorInstance]) -> None:
        """A step of several processors is done."""
        if self.told:
            for instance in instances:
                self.done(step, instance.id)

    def failed(self, error: BaseException) -> None:
        """A step failed: the one that the error names, or the last that began."""
        if self.told:
            step, subject = (error.step, error.subject) if isinstance(error, CommitError) else self._at
            cause = error.__cause__ if isinstance(error, CommitError) and error.__cause__ else error
            self._failed = step, subject, described(cause)
            self._bus.publish(CompileFailed(commit=self.commit, step=step, subject=subject, error=self._failed[2]))

    def rolled_back(self) -> None:
        """Everything is as it was before."""
        if self.told:
            step, subject, error = self._failed
            self._bus.publish(CompileRolledBack(commit=self.commit, step=step, subject=subject, error=error))

    def __enter__(self) -> None:
        """What cannot be rolled back any more: it succeeds, also where somebody is late."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None and not isinstance(error, DeadlineError):
            self.failed(error)
        elif self.told:
            late = () if error is None else error.waiting_for
            duration_ns = self._clock.now_ns() - self._began_ns
            self._bus.publish(CompileSucceeded(commit=self.commit, duration_ns=duration_ns, late=late))


class Step:
    """What a step raises becomes a CommitError that names it; no generator, which would let StopIteration through."""

    __slots__ = ("_progress", "_step", "_subject")

    def __init__(self, progress: Progress, step: str, subject: str) -> None:
        self._progress = progress
        self._step = step
        self._subject = subject

    def __enter__(self) -> None:
        if self._progress.told:
            self._progress.begun(self._step, self._subject)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            if self._progress.told:
                self._progress.done(self._step, self._subject)
        elif isinstance(error, Exception):
            raise CommitError(self._step, self._subject, error) from error
