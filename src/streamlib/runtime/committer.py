"""Commits edits, one at a time, from whatever thread they come.

An edit from plain code is committed on its own thread. One that comes from inside a processor, or from a delegate
or subscriber of a commit that is under way, cannot be waited for there: it is put in line and committed by a
thread that lives as long as there are any. Comes from `edit`, goes to `streamlib.compiler`.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import partial

from streamlib.compiler.compiler import Compiler
from streamlib.compiler.delta import compute_delta
from streamlib.errors import DeadlineError, StateError
from streamlib.events.bus import EventBus
from streamlib.events.event import described
from streamlib.events.runtime import CommitFailed
from streamlib.execution.changes import inside_loop
from streamlib.execution.main_thread_runner import MainThread, on_main_thread
from streamlib.graph.property_graph import PropertyGraph
from streamlib.runtime.edit import Edit
from streamlib.runtime.operations import Applied
from streamlib.runtime.ticket import Ticket, committing
from streamlib.states import GraphState

_LOG = logging.getLogger("streamlib.runtime")

LINE_LIMIT = 1_024
"""How many edits may be in line."""

TURN_S = 60.0
"""How long an edit waits for the one before it, in seconds."""


class Committer:
    """Serialises everything that changes a runtime.

    Args:
        changed: Called after each commit, whatever came of it.
        main: The processors that run on the main thread: one that waits there for its turn gives them theirs.
    """

    def __init__(
        self,
        graph: PropertyGraph,
        compiler: Compiler,
        bus: EventBus,
        changed: Callable[[], None],
        main: MainThread,
    ) -> None:
        self._graph = graph
        self._compiler = compiler
        self._bus = bus
        self._changed = changed
        self._main = main
        self._turn = threading.Lock()
        self._holder: int | None = None
        self._line: deque[tuple[Callable[[], None], Ticket]] = deque()  # bounded by LINE_LIMIT
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

    def defer_action(self, action: Callable[[], None]) -> None:
        """Do something in line that no commit may come between, without waiting for it."""
        self._put_in_line(action, Ticket())

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
        if inside_loop() or not self._turn.acquire(blocking=False):
            self.defer_action(action)
        else:
            self._use_turn(action, Ticket())

    def _take_turn(self, action: Callable[[], None], ticket: Ticket) -> None:
        if not self._has_turn():
            late = DeadlineError("the commit before this one", TURN_S, ["the thread that commits"])
            ticket.settle(late)
            raise late
        self._use_turn(action, ticket)

    def _use_turn(self, action: Callable[[], None], ticket: Ticket) -> None:
        self._holder = threading.get_ident()
        try:
            with committing():
                action()
        except BaseException as error:
            ticket.settle(error)
            raise
        finally:
            self._holder = None
            self._turn.release()
            self._main.wake()
        ticket.settle()

    def _has_turn(self) -> bool:
        """Wait for the turn; the commit before this one may need the main thread."""
        if not on_main_thread():
            return self._turn.acquire(timeout=TURN_S)
        taken: list[bool] = []

        def take() -> bool:
            if not taken and self._turn.acquire(blocking=False):
                taken.append(True)
            return bool(taken)

        try:
            return self._main.pump(take, TURN_S)
        except BaseException:  # Ctrl-C for one
            if taken:
                self._turn.release()
            raise

    def _put_in_line(self, action: Callable[[], None], ticket: Ticket) -> None:
        self._append(partial(self._take_turn, action, ticket), ticket)

    def _append(self, call: Callable[[], None], ticket: Ticket) -> None:
        with self._guard:
            if len(self._line) >= LINE_LIMIT:
                raise StateError(f"{LINE_LIMIT} edits are in line already; wait for some of them outside the processor")
            self._line.append((call, ticket))
            if self._worker is None:
                self._worker = threading.Thread(target=self._work, name="streamlib:commits", daemon=True)
                self._worker.start()

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
        try:
            self._commit(edit, drain_s)
        finally:
            self._changed()

    def _commit(self, edit: Edit, drain_s: float | None) -> None:
        applied = Applied(self._bus.publish)
        try:
            for operation in edit.operations:
                operation.apply(self._graph, applied)
        except BaseException:
            self._undo(applied)
            raise
        try:
            if self._graph.state is not GraphState.IDLE:
                self._compile(applied, drain_s)
        except DeadlineError:
            self._conclude(applied)  # it was carried out, and somebody was late
            raise
        self._conclude(applied)

    def _conclude(self, applied: Applied) -> None:
        for entity in (*applied.removed_links, *applied.removed_processors):
            self._graph.forget(entity)
        for event in applied.did:
            self._bus.publish(event)

    def _compile(self, applied: Applied, drain_s: float | None) -> None:
        delta = compute_delta(
            self._graph,
            self._graph.take_dirty(),
            applied.removed_processors,
            applied.removed_links,
            applied.restarted,
        )
        self._compiler.compile(delta, lambda: self._undo(applied), drain_s=drain_s)

    def _undo(self, applied: Applied) -> None:
        for inverse in reversed(applied.undo):
            inverse()
        if self._graph.state is not GraphState.IDLE:
            self._graph.take_dirty()
