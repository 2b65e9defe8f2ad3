"""The commits of a runtime, each with what takes it back.

Bounded: the oldest are forgotten. What was undone waits to be done again until another commit comes. Written by
`committer`, in its turn; read by anybody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from streamlib.errors import StateError
from streamlib.runtime.operations import Operation

LIMIT = 100
"""How many commits can be undone."""


@dataclass(frozen=True, slots=True)
class CommitRecord:
    """One commit.

    Attributes:
        number: Counts the commits of a runtime, from 1; undoing and redoing keep the number.
        at_ns: When it was committed, on the runtime's clock.
        changes: What it did to the graph, a line for each.
        undone: Whether it was undone since, and can be done again.
    """

    number: int
    at_ns: int
    changes: tuple[str, ...]
    undone: bool = False

    def __str__(self) -> str:
        return f"{self.number}{' (undone)' if self.undone else ''}: {'; '.join(self.changes)}"


@dataclass(frozen=True, slots=True)
class Entry:
    """A commit that was recorded, and the operations that take it back, or do it again."""

    number: int
    at_ns: int
    changes: str  # a line for each: as many texts would be twice as big
    way_back: tuple[Operation, ...]

    def record(self, *, undone: bool = False) -> CommitRecord:
        """What of it is told."""
        return CommitRecord(self.number, self.at_ns, tuple(self.changes.splitlines()), undone)


class History:
    """What can be undone, and what can be done again. For whoever has the turn; `records` from any thread."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._done: deque[Entry] = deque(maxlen=limit)
        self._undone: deque[Entry] = deque(maxlen=limit)
        self._count = 0

    def record(self, operations: Sequence[Operation], way_back: Sequence[Operation], at_ns: int) -> None:
        """Note a commit; one that changed nothing in the graph is none."""
        if way_back:
            self._count += 1
            self._done.append(Entry(self._count, at_ns, "\n".join(map(str, operations)), tuple(way_back)))
            self._undone.clear()

    def to_undo(self) -> Entry:
        """The commit that is undone next.

        Raises:
            StateError: There is none.
        """
        if not self._done:
            raise StateError(f"there is nothing to undo: {self._why_empty()}")
        return self._done[-1]

    def _why_empty(self) -> str:
        if not self._count:
            return "nothing has been committed yet"
        undone = len(self._undone)
        if self._count == undone:
            return f"all {undone} commits are undone" if undone > 1 else "the only commit is undone"
        return f"the history holds the last {self._done.maxlen} commits, and all of those are undone"

    def to_redo(self) -> Entry:
        """The commit that is done again next.

        Raises:
            StateError: There is none.
        """
        if not self._undone:
            raise StateError("there is nothing to do again: nothing was undone, or something else was committed since")
        return self._undone[-1]

    def undone(self, way_back: Sequence[Operation]) -> None:
        """The last commit was undone; `way_back` would do it again."""
        self._undone.append(_reversed(self._done.pop(), way_back))

    def redone(self, way_back: Sequence[Operation]) -> None:
        """The last undone commit was done again; `way_back` would undo it."""
        self._done.append(_reversed(self._undone.pop(), way_back))

    def records(self) -> tuple[CommitRecord, ...]:
        """All that can be undone, oldest first, and behind them what can be done again, in the order of its doing."""
        done = [one.record() for one in self._done.copy()]
        undone = [one.record(undone=True) for one in self._undone.copy()]
        return (*done, *reversed(undone))


def _reversed(entry: Entry, way_back: Sequence[Operation]) -> Entry:
    return Entry(entry.number, entry.at_ns, entry.changes, tuple(way_back))
