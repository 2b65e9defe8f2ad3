"""Commits edits, one at a time, from whatever thread they come.

An edit from plain code is committed on its own thread. One that comes from inside a processor, or from a delegate
or subscriber of a commit that is under way, cannot be waited for there: it is put in line and committed by a
thread that lives as long as there are any. Comes from `edit`, goes to `streamlib.compiler`.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import partial

from streamlib.compiler.compiler import Compiler
from streamlib.compiler.delta import GraphDelta, compute_delta
from streamlib.errors import DeadlineError, StateError, StreamError
from streamlib.events.bus import EventBus
from streamlib.events.event import Event, described
from streamlib.events.runtime import CommitFailed
from streamlib.execution.changes import inside_loop
from streamlib.execution.interrupts import interrupts_heard, interrupts_put_off
from streamlib.execution.main_thread_runner import MainThread, on_main_thread
from streamlib.graph.components import FailedStart
from streamlib.graph.property_graph import PropertyGraph
from streamlib.runtime.edit import Edit
from streamlib.runtime.edit_plan import EditPlan
from streamlib.runtime.history import CommitRecord, History
from streamlib.runtime.operations import Applied, Operation, changes, told
from streamlib.runtime.process_settings import PROCESS_SETTINGS
from streamlib.runtime.ticket import Ticket, committing
from streamlib.states import GraphState

_LOG = logging.getLogger("streamlib.runtime")

LINE_LIMIT = 1_024
"""How many edits may be in line."""

CHANGES_LOGGED = 8
"""How many changes of one commit its line in the log has in words."""

TURN_S = 60.0
"""How long an edit waits for the one before it, in seconds."""


class Committer:
    """Serialises everything that changes a runtime.

    Args:
        changing: What each commit is made in, whatever comes of it.
        main: The processors that run on the main thread: one that waits there for its turn gives them theirs.
        now_ns: The runtime's clock.

    Attributes:
        history: The commits, and what takes them back.
    """

    def __init__(
        self,
        graph: PropertyGraph,
        compiler: Compiler,
        bus: EventBus,
        changing: Callable[[], AbstractContextManager[None]],
        main: MainThread,
        now_ns: Callable[[], int],
    ) -> None:
        self._graph = graph
        self._compiler = compiler
        self._bus = bus
        self._changing = changing
        self._main = main
        self._now_ns = now_ns
        self.history = History()
        self._turn = threading.Lock()
        self._holder: int | None = None
        self._line: deque[tuple[Callable[[], object], Ticket]] = deque()  # edits: bounded by LINE_LIMIT
        self._guard = threading.RLock()  # the collector may drop a stream while this thread holds it
        self._worker: threading.Thread | None = None

    def commit(self, edit: Edit, *, drain_s: float | None) -> None:
        """Commit an edit, now or in line; its ticket says when it was done.

        Raises:
            Whatever the commit fails with, when it was done on this thread.
        """
        self.run(lambda: self._commit_and_tell(edit, drain_s), edit.ticket)

    def defer(self, edit: Edit, *, drain_s: float | None) -> None:
        """Commit an edit in line, without waiting for it; its ticket says when it was done."""
        self._put_in_line(lambda: self._commit_and_tell(edit, drain_s), edit.ticket)

    def defer_operation(
        self, operation: Operation, ticket: Ticket, *, drain_s: float | None, wanted: Callable[[], bool]
    ) -> None:
        """Commit an operation that nothing takes back, in line, without waiting for it.

        Args:
            wanted: Asked when its turn has come, because of what the commits before it may have done; where it says
                no, nothing is done.
        """

        def commit() -> None:
            if wanted():
                self._commit([operation], _note_nothing, drain_s)

        self._put_in_line(commit, ticket)

    def defer_action(self, action: Callable[[], None]) -> None:
        """Do something in line that no commit may come between, without waiting for it; however long the line is.

        For what clears away after things that are there once each, and so are never too many.
        """
        self._put_in_line(action, Ticket(), limited=False)

    def defer_call(self, call: Callable[[], None]) -> None:
        """Make a call in line that takes its own turns, as the verbs of a runtime do."""
        self._append(call, Ticket())

    def run(self, action: Callable[[], None], ticket: Ticket) -> None:
        """Do something that no commit may come between, now or in line."""
        if inside_loop() or self._holder == threading.get_ident():
            self._put_in_line(action, ticket)
        else:
            self._take_turn(action, ticket)

    def soon(self, action: Callable[[], None]) -> None:
        """Do something that no commit may come between: now where none is under way, and else in line."""
        if inside_loop() or not self._take_turn(action, Ticket(), wait=False):
            self.defer_action(action)

    def _take_turn(self, action: Callable[[], None], ticket: Ticket, *, wait: bool = True) -> bool:
        """Do something when nobody else does; False where it is not to wait for that and would have to."""
        has_turn = False
        with interrupts_put_off():  # or one between two steps would keep the turn for ever, or leave half an edit
            try:
                has_turn = self._has_turn() if wait else self._turn.acquire(blocking=False)
                if has_turn:
                    self._holder = threading.get_ident()
                    with committing():
                        action()
                elif wait:
                    raise DeadlineError("the commit before this one", TURN_S, ["the thread that commits"])
            except BaseException as error:
                ticket.settle(error)
                raise
            finally:
                if has_turn:
                    self._holder = None
                    self._turn.release()
                    self._main.wake()
            if has_turn:
                ticket.settle()
        return has_turn

    def _has_turn(self) -> bool:
        """Wait for the turn; the commit before this one may need the main thread."""
        if not on_main_thread():
            return self._turn.acquire(timeout=TURN_S)
        taken: list[bool] = []

        def take() -> bool:
            with interrupts_put_off():
                if not taken and self._turn.acquire(blocking=False):
                    taken.append(True)
            return bool(taken)

        try:
            with interrupts_heard():
                return self._main.pump(take, TURN_S)
        except BaseException:  # Ctrl-C for one
            if taken:
                self._turn.release()
            raise

    def _put_in_line(self, action: Callable[[], None], ticket: Ticket, *, limited: bool = True) -> None:
        self._append(partial(self._take_turn, action, ticket), ticket, limited=limited)

    def _append(self, call: Callable[[], object], ticket: Ticket, *, limited: bool = True) -> None:
        with self._guard:
            if limited and len(self._line) >= LINE_LIMIT:
                raise StateError(f"{LINE_LIMIT} edits are in line already; wait for some of them outside the processor")
            if self._worker is None:
                worker = threading.Thread(target=self._work, name="streamlib:commits", daemon=True)
                worker.start()  # it looks at the line once the guard is free
                self._worker = worker
            self._line.append((call, ticket))

    def _work(self) -> None:
        while True:
            with self._guard:
                if not self._line:
                    self._worker = None
                    return
                call, ticket = self._line.popleft()
            try:
                call()
            except BaseException as error:
                ticket.settle(error)
                _LOG.error("a commit asked for inside a processor or a callback failed: %s", error)
                self._bus.publish(CommitFailed(error=described(error)))

    def _commit_and_tell(self, edit: Edit, drain_s: float | None) -> None:
        operations, at_ns = edit.let_go(), self._now_ns()

        def note(way_back: list[Operation]) -> None:
            if edit.recorded:
                self.history.record(operations, way_back, at_ns)

        self._commit(operations, note, drain_s)

    def undo(self, ticket: Ticket, *, drain_s: float | None) -> CommitRecord | None:
        """Take the last commit back, now or in line, and return what that was if it was now.

        Raises:
            StateError: There is none.
            Whatever the commit fails with, when it was done on this thread.
        """
        done: list[CommitRecord] = []

        def take_back() -> None:
            entry = self.history.to_undo()
            self._commit(entry.way_back, self.history.undone, drain_s)
            done.append(entry.record(undone=True))

        self.run(take_back, ticket)
        return done[0] if done else None

    def redo(self, ticket: Ticket, *, drain_s: float | None) -> CommitRecord | None:
        """Do what was undone last again, now or in line, and return what that was if it was now.

        Raises:
            StateError: There is none.
            Whatever the commit fails with, when it was done on this thread.
        """
        done: list[CommitRecord] = []

        def do_again() -> None:
            entry = self.history.to_redo()
            self._commit(entry.way_back, self.history.redone, drain_s)
            done.append(entry.record())

        self.run(do_again, ticket)
        return done[0] if done else None

    def plan(self, operations: Sequence[Operation]) -> EditPlan:
        """What a commit of these operations would do now.

        Raises:
            StateError: Called inside a processor or a commit, whose end it would have to wait for.
            DeadlineError: The commit before it did not end in time.
        """
        if inside_loop() or self._holder == threading.get_ident():
            raise StateError("a plan waits for the commits before it; ask for it outside processors and callbacks")
        made: list[EditPlan] = []
        self._take_turn(lambda: made.append(self._planned(operations)), Ticket())
        return made[0]

    def _planned(self, operations: Sequence[Operation]) -> EditPlan:
        errors: list[StreamError] = []
        running = self._graph.state is not GraphState.IDLE
        applied = Applied()
        with self._graph.lock:  # nobody sees the graph as it is in here
            version = self._graph.version
            try:
                for operation in operations:
                    _apply_noting(operation, self._graph, applied, errors)
                draft = self._compiler.draft(self._delta(applied), errors.append) if running else None
            finally:
                self._take_back(applied)
                self._graph.is_as_of(version)
        steps = [] if draft is None else self._compiler.steps(draft, errors.append)
        return EditPlan(told(operations), tuple(steps), tuple(errors))

    def _commit(
        self, operations: Sequence[Operation], note: Callable[[list[Operation]], None], drain_s: float | None
    ) -> None:
        """Carry operations out, all or none; `note` is told what takes them back where they are."""
        with self._changing(), PROCESS_SETTINGS.collector_held_off(changes(operations)):
            told: list[Event] = []
            applied = Applied(told.append)
            try:
                self._apply(operations, applied, told)
                if self._graph.state is not GraphState.IDLE:
                    self._compile(applied, drain_s)
                applied.stands = True
            except BaseException:
                if not applied.stands:
                    self._take_back(applied)
                raise
            finally:  # also where it was carried out and somebody was late, or Ctrl-C came meanwhile
                if applied.stands:
                    self._conclude(operations, applied, note)

    def _apply(self, operations: Sequence[Operation], applied: Applied, told: Sequence[Event]) -> None:
        """Apply all of them, in one moment for those who look; then tell what is about to happen."""
        with self._graph.lock:
            try:
                for operation in operations:
                    operation.apply(self._graph, applied)
            except BaseException:
                self._take_back(applied)
                raise
        self._bus.publish_each(told)

    def _conclude(
        self, operations: Sequence[Operation], applied: Applied, note: Callable[[list[Operation]], None]
    ) -> None:
        note(applied.way_back())
        if self._graph.state is GraphState.IDLE:
            self._graph.remove(self._graph.whole, FailedStart)  # what it failed at may have been put right
        for entity in (*applied.removed_links, *applied.removed_processors):
            self._graph.forget(entity)
        self._bus.publish_each(applied.did)
        _log_commit(operations)

    def _compile(self, applied: Applied, drain_s: float | None) -> None:
        def stand() -> None:
            applied.stands = True

        self._compiler.compile(self._delta(applied), partial(self._take_back, applied), stand, drain_s=drain_s)

    def _delta(self, applied: Applied) -> GraphDelta:
        return compute_delta(
            self._graph,
            self._graph.take_dirty(),
            applied.removed_processors,
            applied.removed_links,
            applied.restarted,
            applied.moved,
        )

    def _take_back(self, applied: Applied) -> None:
        applied.take_back()
        if self._graph.state is not GraphState.IDLE:
            self._graph.take_dirty()


def _apply_noting(operation: Operation, graph: PropertyGraph, applied: Applied, errors: list[StreamError]) -> None:
    try:
        operation.apply(graph, applied)
    except StreamError as error:
        errors.append(error)


def _log_commit(operations: Sequence[Operation]) -> None:
    """One line for a commit, however much is in it."""
    if not _LOG.isEnabledFor(logging.DEBUG):
        return
    changes = told(operations)
    more = len(changes) - len(changes[:CHANGES_LOGGED])
    _LOG.debug("committed: %s%s", "; ".join(changes[:CHANGES_LOGGED]), f"; and {more} more" if more else "")


def _note_nothing(way_back: list[Operation]) -> None:
    """It is not one of those that are undone."""
    del way_back
