"""The part of a runtime that takes commits back, and does them again: each way is a commit of its own.

What was committed, and what takes it back, is kept in `history`; `committer` carries it out. The verbs that make a
history are `editing`'s.
"""

from __future__ import annotations

from streamlib.runtime.committer import Committer
from streamlib.runtime.history import CommitRecord
from streamlib.runtime.ticket import Ticket
from streamlib.runtime.timeouts import DRAIN_S, drain_seconds


class Undoing:
    """What a runtime does with its history."""

    _committer: Committer

    @property
    def history(self) -> tuple[CommitRecord, ...]:
        """The last commits, oldest first, each with what it changed; behind them those that were undone."""
        return self._committer.history.records()

    def undo(self, *, timeout: float = DRAIN_S, drain: bool = True) -> CommitRecord | None:
        """Take the last commit back, by another commit: what it added goes, what it removed comes back.

        What comes back is made anew and bears its old id, and a link stands where it stood among those of an input of
        many; a file that was finished is not gone on with. What served those who look on, as `frames()` does, does not
        come back.

        Inside a processor, or a callback of a commit, it returns at once and is done in line, behind the edits asked
        for before it; the event `CommitFailed` tells what it failed with, also that there was nothing to undo.

        Args:
            timeout: How long processors that go may take for what waits, in seconds.
            drain: Whether what waits for them is processed; otherwise it is cut off and counted as dropped.

        Returns:
            What was undone, as in the history; None where it is done in line.

        Raises:
            StateError: There is nothing to undo.
            CommitError: A step failed; everything is as before, and the commit can still be undone.
            DeadlineError: It was carried out, and somebody was late; the message names who.
        """
        return self._committer.undo(Ticket(), drain_s=drain_seconds(timeout, drain=drain))

    def redo(self, *, timeout: float = DRAIN_S, drain: bool = True) -> CommitRecord | None:
        """Do what was undone last again; possible until something else is committed.

        Inside a processor, or a callback of a commit, it returns at once and is done in line, as `undo` is.

        Args:
            timeout: As for `undo`.
            drain: As for `undo`.

        Returns:
            What was done again, as in the history; None where it is done in line.

        Raises:
            StateError: There is nothing to do again.
            CommitError: A step failed; everything is as before.
            DeadlineError: It was carried out, and somebody was late; the message names who.
        """
        return self._committer.redo(Ticket(), drain_s=drain_seconds(timeout, drain=drain))
