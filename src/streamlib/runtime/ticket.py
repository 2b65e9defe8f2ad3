"""When a commit was done: what an edit call leaves behind for those who cannot wait where they are."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from streamlib.errors import DeadlineError, StateError
from streamlib.execution.changes import ThreadMark, inside_loop

_IN_COMMIT = ThreadMark()


def inside_commit() -> bool:
    """Whether this thread is committing, so that it must not wait for another commit."""
    return _IN_COMMIT.is_set()


def committing() -> AbstractContextManager[None]:
    """While this block runs, this thread is one that commits."""
    return _IN_COMMIT.inside()


def _nobody_asks(error: BaseException | None) -> None:
    """Whoever wants to know waits."""
    del error


class Ticket:
    """The outcome of one commit, to be waited for from outside processors and callbacks.

    Args:
        settled: Called once it is known, with what the commit failed with or None, on the thread that commits.
    """

    def __init__(self, settled: Callable[[BaseException | None], None] = _nobody_asks) -> None:
        self._settled = settled
        self._done = threading.Event()
        self._error: BaseException | None = None

    @property
    def done(self) -> bool:
        """Whether the commit was done or has failed."""
        return self._done.is_set()

    @property
    def error(self) -> BaseException | None:
        """What the commit failed with."""
        return self._error

    def settle(self, error: BaseException | None = None) -> None:
        """Say that the commit is done, or what it failed with; for who commits."""
        self._error = error
        if not self._done.is_set():
            self._done.set()
            self._settled(error)

    def wait(self, timeout: float = 30.0) -> None:
        """Wait until the commit was done, `timeout` seconds at most; raises what it failed with.

        Raises:
            StateError: Called inside a processor or a callback of a commit, which this one may have to wait for.
            DeadlineError: It was not done in time.
        """
        if inside_loop() or inside_commit():  # also where it is done by now: an error must not depend on luck
            raise StateError(
                "a commit cannot be waited for inside a processor, or a callback of another commit: "
                "it may need that very thread; wait on another one"
            )
        if not self._done.wait(timeout):
            raise DeadlineError("a commit", timeout, ["the commits before it"])
        if self._error is not None:
            raise self._error
