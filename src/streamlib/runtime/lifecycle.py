"""The verbs of a runtime's life: start, stop, pause, resume, and waiting for the end.

Each verb is told by two events, the -ing before and the -ed or Failed after, and is serialised with the commits,
so that an edit during a start or a stop comes before it or after it. Called by `runtime`; goes to
`streamlib.compiler` and to the loops.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from streamlib.compiler.compiler import Compiler
from streamlib.compiler.delta import GraphDelta
from streamlib.compiler.patience import LAST_WORDS_S, MOMENT_S
from streamlib.compiler.reports import InstanceReports
from streamlib.compiler.site import LOG, Site
from streamlib.errors import CommitError, DeadlineError, ProcessorFailed, ResourceBusyError, StateError, StrategyError
from streamlib.events.bus import EventBus
from streamlib.events.event import described
from streamlib.events.graph import GraphStateChanged
from streamlib.events.runtime import (
    CollectorPaused,
    RuntimeEvent,
    RuntimePaused,
    RuntimePauseFailed,
    RuntimePausing,
    RuntimeResumed,
    RuntimeResumeFailed,
    RuntimeResuming,
    RuntimeStarted,
    RuntimeStartFailed,
    RuntimeStarting,
    RuntimeStopFailed,
    RuntimeStopped,
    RuntimeStopping,
)
from streamlib.execution.changes import inside_loop
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.graph.components import CollectorPauses, FailedStart
from streamlib.ids import ProcessorId
from streamlib.observability.stalls import StallWatcher
from streamlib.processors.execution_mode import ExecutionMode
from streamlib.runtime.at_exit import SURVIVORS
from streamlib.runtime.committer import Committer
from streamlib.runtime.completion import Completion
from streamlib.runtime.process_settings import PROCESS_SETTINGS, CollectorPause, Guest
from streamlib.runtime.signals import caught_signals
from streamlib.runtime.ticket import Ticket, inside_commit
from streamlib.states import GraphState

_LOG = logging.getLogger("streamlib.runtime")

Failed = type[RuntimeStartFailed | RuntimeStopFailed | RuntimePauseFailed | RuntimeResumeFailed]

VERBS: dict[str, tuple[type[RuntimeEvent], type[RuntimeEvent], Failed]] = {
    "start": (RuntimeStarting, RuntimeStarted, RuntimeStartFailed),
    "stop": (RuntimeStopping, RuntimeStopped, RuntimeStopFailed),
    "pause": (RuntimePausing, RuntimePaused, RuntimePauseFailed),
    "resume": (RuntimeResuming, RuntimeResumed, RuntimeResumeFailed),
}


@contextmanager
def lifecycle_events(bus: EventBus, verb: str) -> Iterator[None]:
    """Publish what begins, and how it ended; the error goes on to the caller."""
    beginning, done, failed = VERBS[verb]
    bus.publish(beginning())
    try:
        yield
    except BaseException as error:
        bus.publish(failed(error=described(error)))
        raise
    bus.publish(done())
    _LOG.debug("the runtime has %s", done.__name__.removeprefix("Runtime").lower())


@dataclass(slots=True, eq=False, weakref_slot=True)
class Lifecycle:
    """Takes one runtime from state to state."""

    site: Site
    compiler: Compiler
    committer: Committer
    reports: InstanceReports
    completion: Completion
    stalls: StallWatcher | None = None
    started: bool = False
    _guest: Guest | None = None

    # ------------------------------------------------------------------------------------------------------- verbs

    def start(self, *, drain_s: float) -> None:
        """Compile the whole graph."""
        self._verb("start", lambda: self._start(drain_s))

    def _start(self, drain_s: float) -> None:
        graph = self.site.graph
        self._check(GraphState.IDLE, "start")
        delta = GraphDelta(added=tuple(graph.processor_ids()), links_added=tuple(graph.link_ids()))
        changes = len(delta.added) + len(delta.links_added)
        with self.completion.put_off(), PROCESS_SETTINGS.collector_held_off(changes):
            self._become(GraphState.RUNNING)
            self.started = True
            graph.take_dirty()
            self.reports.forget()
            try:
                self.compiler.compile(delta, _nothing, drain_s=drain_s)
                graph.remove(graph.whole, FailedStart)
                if self.stalls is not None:
                    self.stalls.begin()
                SURVIVORS.note(self)
                self._enter_process()  # inside: what was built is frozen before the collector looks at it
            except BaseException as error:
                graph.insert(graph.whole, _failed_start(error, self.site.clock.now_ns()))
                self._end_who_started()
                if self.stalls is not None:
                    self.stalls.end()
                self._leave_process()
                self.reports.log.close()
                self.site.threads.close(self.site.answer_s)
                self._become(GraphState.IDLE)
                self._close_shared()
                raise

    def _enter_process(self) -> None:
        """Set what belongs to the process, and count the collector's pauses."""
        self._guest = Guest(CollectorPauses(), self._tell_pause)
        self.site.graph.insert(self.site.graph.whole, self._guest.pauses)
        PROCESS_SETTINGS.enter(self._guest)

    def _leave_process(self) -> None:
        guest, self._guest = self._guest, None
        self.site.graph.remove(self.site.graph.whole, CollectorPauses)
        if guest is not None:
            PROCESS_SETTINGS.leave(guest)

    def _tell_pause(self, pause: CollectorPause) -> None:
        self.site.bus.publish(CollectorPaused(duration_ns=pause.duration_ns, generation=pause.generation))

    def _end_who_started(self) -> None:
        """A start was broken off behind the point where it can be rolled back, by Ctrl-C for one."""
        try:
            self.compiler.stop_all(drain_s=None)
        except DeadlineError as error:
            LOG.error("a start was broken off: %s", error)

    def stop(self, *, drain_s: float | None) -> None:
        """End everybody and take away what compiling attached; idle, nothing.

        Without draining it does not wait for its turn to end everybody, so that it cuts short a stop that drains.
        """
        if drain_s is None:
            self.cut_off()
        self.committer.run(lambda: self._stop_unless_idle(drain_s), Ticket())

    def stop_from_inside(self, *, drain_s: float) -> None:
        """Stop in line, without waiting for it: for a processor whose policy says so."""
        self.committer.defer_action(lambda: self._stop_unless_idle(drain_s))

    def is_running(self) -> bool:
        """Whether anybody has not come to his end."""
        return not all(instance.over for instance in self.site.graph.having(ProcessorInstance).values())

    def is_idle(self) -> bool:
        """Whether there is nothing to stop."""
        return self.site.graph.state is GraphState.IDLE

    def see_out(self, *, drain_s: float) -> None:
        """Wait for the end of all sources, however long that takes, and stop."""
        self.reports.wait_until(self._is_done, None)
        self.stop(drain_s=drain_s)

    def stop_at_exit(self, patience_s: float) -> None:
        """Stop while the interpreter ends, which is not to be held up by who does not answer."""
        self.site.answer_s = LAST_WORDS_S
        self.stop(drain_s=patience_s)

    def _stop_unless_idle(self, drain_s: float | None) -> None:
        if self.site.graph.state is not GraphState.IDLE:
            self._with_events("stop", lambda: self._stop(drain_s))

    def _stop(self, drain_s: float | None) -> None:
        self.reports.log.close()
        try:
            with PROCESS_SETTINGS.collector_held_off(len(self.site.graph.processor_ids())):
                self.compiler.stop_all(drain_s=drain_s)
        finally:
            if self.stalls is not None:
                self.stalls.end()
            self.site.resume()
            self._become(GraphState.IDLE)
            self._leave_process()
            self.reports.wake()
            self._close_shared()

    def pause(self) -> None:
        """Have no loop call anybody, and the clock for media stand still."""
        self._verb("pause", self._pause)

    def _pause(self) -> None:
        self._become(GraphState.PAUSED)
        self.site.pause()
        self._have_all("pausing", Loop.pause)

    def resume(self) -> None:
        """Have all loops go on."""
        self._verb("resume", self._resume)

    def _resume(self) -> None:
        self._check(GraphState.PAUSED, "resume")
        self._become(GraphState.RUNNING)
        self.site.resume()
        self._have_all("resuming", Loop.resume)

    def _have_all(self, what: str, action: Callable[[Loop], None]) -> None:
        """Have every loop do something; those that are late do it when they come to it, and are named."""
        asked = [(loop, loop.post(partial(action, loop))) for loop in self.site.running_loops()]
        late: dict[str, str] = {}
        for loop, change in asked:
            loop.serve()
            if not change.wait(MOMENT_S if late else self.site.answer_s):
                late[loop.name] = loop.excuse()
        if late:
            raise DeadlineError(what, self.site.answer_s, late)

    def pause_one(self, id_: ProcessorId) -> None:
        """Have its loop not call one processor."""
        self._in_its_loop(id_, lambda loop, instance: loop.pause_one(instance))

    def resume_one(self, id_: ProcessorId) -> None:
        """Have its loop call one processor again."""
        self._in_its_loop(id_, lambda loop, instance: loop.resume_one(instance))

    def step(self, id_: ProcessorId, timeout_s: float) -> bool:
        """Call a manual processor once, on this thread."""
        instance = self._running(id_)
        if instance.declaration.execution.mode is not ExecutionMode.MANUAL:
            raise StateError(f"{id_} is {instance.declaration.execution}; only a manual processor is stepped")
        return _loop_of(instance).step(timeout_s)

    # ----------------------------------------------------------------------------------------------------- waiting

    def wait(self, timeout_s: float | None) -> bool:
        """Wait for the end of all sources; False when it did not come in time and there is nothing new to raise."""
        self._check_may_wait("wait()")
        if not self.reports.wait_until(self._is_done, timeout_s):
            self.raise_untold()
            return False
        self._raise_failures()
        return True

    async def finished(self) -> None:
        """Wait for the end of all sources, in an event loop."""
        self._check_may_wait("finished()")
        await self.reports.until(self._is_done)
        self._raise_failures()

    def _check_may_wait(self, call: str) -> None:
        if inside_loop() or inside_commit():
            raise StateError(f"{call} inside a processor or a commit would wait for itself; call it outside of them")
        if not self.started:
            raise StateError(f"the runtime has not been started; call start() before {call}")

    def wait_for_signal(self, stop: Callable[[], None]) -> None:
        """Wait for a signal or the end of all sources, then `stop`; a second signal ends everybody at once."""
        signalled = threading.Event()

        def first() -> None:
            signalled.set()
            self.reports.wake()

        patience_s = self.site.answer_s
        try:
            with caught_signals(first, self._hurry):
                self.reports.wait_until(lambda: signalled.is_set() or self._is_done(), None)
                stop()
        finally:
            self.site.answer_s, self.reports.hurried = patience_s, False
        self._raise_failures()

    def _hurry(self) -> None:
        """End everybody, and leave behind who does not come back."""
        self.reports.hurried = True
        self.site.answer_s = LAST_WORDS_S
        self.cut_off()
        self.reports.wake()

    def _is_done(self) -> bool:
        return self.site.graph.state is GraphState.IDLE or self.completion.reached()

    def raise_untold(self) -> None:
        """Raise the failures if some of them were not raised yet: for who waits no longer."""
        if self.reports.untold():
            self._raise_failures()

    def _raise_failures(self) -> None:
        failures = self.reports.tell_failures()
        if failures:
            raise ProcessorFailed(failures, self.reports.gave_up.copy())

    # ------------------------------------------------------------------------------------------------------ pieces

    def _verb(self, verb: str, action: Callable[[], None]) -> None:
        self.committer.run(lambda: self._with_events(verb, action), Ticket())

    def _with_events(self, verb: str, action: Callable[[], None]) -> None:
        with lifecycle_events(self.site.bus, verb):
            action()

    def _check(self, wanted: GraphState, verb: str) -> None:
        """Two verbs lead to running, each from its own state."""
        if self.site.graph.state is not wanted:
            raise StateError(f"the runtime is {self.site.graph.state}; it can {verb} only while it is {wanted}")

    def _become(self, new: GraphState) -> None:
        old = self.site.graph.set_state(new)
        self.site.bus.publish(GraphStateChanged(old=old, new=new))

    def _close_shared(self) -> None:
        shared, self.site.shared = self.site.shared, self.site.shared.successor()
        shared.close()

    def cut_off(self) -> None:
        """End everybody without what waits, so that a stop under way comes to its end; from any thread."""
        for instance in self.site.graph.having(ProcessorInstance).values():
            instance.cut_off()

    def _running(self, id_: ProcessorId) -> ProcessorInstance:
        instance = self.site.graph.get(id_, ProcessorInstance)
        if instance is None:
            raise StateError(f"{id_} does not run; start the runtime first")
        return instance

    def _in_its_loop(self, id_: ProcessorId, action: Callable[[Loop, ProcessorInstance], None]) -> None:
        self._running(id_)  # who does not run is told of at once

        def act() -> None:
            instance = self._running(id_)  # a commit before may have put another in its place
            loop = _loop_of(instance)
            loop.apply(partial(action, loop, instance), self.site.answer_s)

        self.committer.run(act, Ticket())


def _loop_of(instance: ProcessorInstance) -> Loop:
    assert isinstance(instance.loop, Loop)
    return instance.loop


def _failed_start(error: BaseException, at_ns: int) -> FailedStart:
    if isinstance(error, CommitError):
        return FailedStart(at_ns, described(error.__cause__ or error), error.step, error.subject)
    about = error.processor_id if isinstance(error, StrategyError | ResourceBusyError) else ""
    return FailedStart(at_ns, described(error), subject=about)


def _nothing() -> None:
    """A start that failed leaves the graph as it is: it only does not run."""
