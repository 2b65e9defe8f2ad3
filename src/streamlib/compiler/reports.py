"""What happens to running processors, on its way to the graph, to the bus and to those who wait.

Called on the threads of the processors, so it holds nobody up: a component is set, an event published, a waiter woken.
Errors go to the log by way of `error_log`, and a processor none of whose calls succeeded is named when it ends. One
whose id has another bearer by now, because it was stuck when it was removed or still drains, is heard of in the log
alone.
"""

from __future__ import annotations

import inspect
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, TracebackType

from streamlib.compiler.error_log import ErrorLog, Owner
from streamlib.events.bus import EventBus
from streamlib.events.event import described
from streamlib.events.processor import ProcessorError, ProcessorStateChanged
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.main_thread_runner import MainThread, on_main_thread
from streamlib.execution.metrics import RecentErrors
from streamlib.graph import Entity
from streamlib.graph.components import WiredChannel
from streamlib.graph.entities import Subject
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.states import ProcessorState

_OURS = Path(__file__).parents[1]

GONE_LIMIT = 100
"""Of how many that failed and are gone the failures are kept for who waits; older ones were told in the log alone."""


RECENT = 16
"""So many errors of each processor are known by the number of the call; a row of them is counted on."""


@dataclass(slots=True)
class _Errors:
    """What one processor has raised.

    Attributes:
        last: The last error.
        calls: How many calls were ended by any.
        at: How often it had been called at each of the last errors.
        row: How many calls up to the last error have raised one after the other.
        row_ns: When the first of that row did.
    """

    last: str = ""
    calls: int = 0
    at: tuple[int, ...] = ()
    row: int = 0
    row_ns: int = 0

    def add(self, calls: int, now_ns: int) -> None:
        """A call was ended by an error, the last of so many."""
        self.calls += 1
        if not self.row or calls - self.at[-1] > 1:
            self.row, self.row_ns = 0, now_ns
        self.row += 1
        self.at = (*self.at[1 - RECENT :], calls)

    def recent(self, calls: int) -> RecentErrors:
        """How the last of so many calls went; from any thread."""
        at, row, since_ns = self.at, self.row, self.row_ns
        if not at:
            return RecentErrors()
        looked_at = max(len(at), calls - at[0] + 1)
        return RecentErrors(len(at), looked_at, *((row, since_ns) if calls - at[-1] <= 1 else (0, 0)))


class InstanceReports:
    """The `Reports` of all instances of one runtime.

    Attributes:
        main: The processors that run on the main thread.
        log: Where errors are logged.
        failures: What ended processors, by id, until the next start; of those that were removed or replaced since, of
            the last `GONE_LIMIT`, and without what the calls that failed held.
        gave_up: How often those of them were made anew that were made anew in vain.
        hurried: Nobody is to be waited for longer than it takes to tear down.
        wants_restart: Asked on the thread of a processor whose policy is `restart` and which failed: whether it will be
            made anew.
        restarted: Called on the thread of a processor that had failed, when another instance takes its place.
        gone: Called when a processor is in the graph no more.
        stop_wanted: Set when a processor whose policy is `stop` failed; called on that processor's thread.
    """

    def __init__(self, graph: PropertyGraph, bus: EventBus, main: MainThread, log: ErrorLog) -> None:
        self.main = main
        self.log = log
        self._graph = graph
        self._bus = bus
        self._changed = threading.Condition()
        self._errors: dict[Owner, _Errors] = {}  # by id and generation, of those that have not ended
        self.failures: dict[str, BaseException] = {}
        self.gave_up: dict[str, int] = {}
        self._told: dict[str, BaseException] = {}  # what of `failures` was raised to who waited
        self._gone: dict[str, None] = {}  # of `failures` those who have left the graph, or their places, oldest first
        self.hurried = False
        self.stop_wanted: Callable[[], None] = _nothing
        self.wants_restart: Callable[[ProcessorInstance], bool] = _never
        self.restarted: Callable[[ProcessorId], None] = _not_heard
        self.gone: Callable[[ProcessorId], None] = _not_heard

    def forget(self) -> None:
        """The runtime starts anew: nobody has failed yet."""
        self.log.open()
        self.failures.clear()
        self.gave_up.clear()
        self._told.clear()
        self._gone.clear()

    def state_changed(self, instance: ProcessorInstance, old: ProcessorState, new: ProcessorState) -> None:
        """Set the component and publish, each state behind the one that was told of this id before.

        One that is set up to take another's place is heard of when it comes to run there.
        """
        graph = self._graph
        with graph.lock:
            entity = graph.find(instance.id)
            before = None if entity is None else self._told_before(instance, entity)
            if entity is not None and before is not None:
                graph.insert(entity, new)
        if before is not None:
            self._publish(instance.id, before, old)
        elif new is ProcessorState.READY or self._is_former(instance):
            return
        self._publish(instance.id, old, new)
        if new is ProcessorState.RUNNING and before is ProcessorState.RESTARTING:
            self.restarted(instance.id)
        elif new is ProcessorState.RUNNING and before is ProcessorState.FAILED:
            self._lighten(instance.id)

    def _is_former(self, instance: ProcessorInstance) -> bool:
        """Whether its id is another's by now."""
        with self._graph.lock:
            present = self._graph.get(instance.id, ProcessorInstance) if instance.id in self._graph else None
        return present is not None and present.generation > instance.generation

    def torn_down(self, instance: ProcessorInstance, subject: Subject) -> None:
        """Nobody bears the id any more."""
        self._graph.insert(subject, ProcessorState.IDLE)
        if not self._graph.holds(subject):
            self._lighten(instance.id)
            self.gone(instance.id)
        if not self._is_former(instance):
            owner = _owner(instance)
            self._errors.pop(owner, None)  # one that was never started does not end
            self.log.end(owner)
            self._publish(instance.id, instance.state, ProcessorState.IDLE)

    def _told_before(self, instance: ProcessorInstance, entity: Entity) -> ProcessorState | None:
        """The last state of the id where it is this instance's; None where another bears it."""
        bearer, state = self._graph.get_each(entity, ProcessorInstance, ProcessorState)
        if bearer is not instance and bearer is not None:
            return None
        return state or ProcessorState.IDLE

    def _publish(self, id_: ProcessorId, old: ProcessorState, new: ProcessorState) -> None:
        if old is not new and self._bus.anybody_subscribed:
            self._bus.publish(ProcessorStateChanged(processor_id=id_, old=old, new=new))

    def errored(
        self, instance: ProcessorInstance, error: Exception, timestamp_ns: int | None, during: str = "process"
    ) -> None:
        """Publish every error, and log it: at length, or as one of a count."""
        text = described(error)
        if not self._is_former(instance):
            self._bus.publish(
                ProcessorError(processor_id=instance.id, error=text, during=during, frame_timestamp_ns=timestamp_ns)
            )
        errors = self._errors.setdefault(_owner(instance), _Errors())
        errors.last = text
        if during == "process":
            errors.add(instance.metrics.calls, instance.context.now_ns())
        self.log.add(_owner(instance), instance.context.log, error, timestamp_ns, during)

    def last_error(self, instance: ProcessorInstance) -> str:
        """What it raised last, in words; empty where it has raised nothing."""
        errors = self._errors.get(_owner(instance))
        return "" if errors is None else errors.last

    def recent_errors(self, instance: ProcessorInstance) -> RecentErrors:
        """How its last calls went."""
        errors = self._errors.get(_owner(instance))
        return RecentErrors() if errors is None else errors.recent(instance.metrics.calls)

    def ended(self, instance: ProcessorInstance) -> None:
        """Note a failure, have the writers of its links count what comes too late, and wake who waits."""
        failed = instance.failure is not None and not self._is_former(instance)
        if instance.failure is not None and failed:  # at once: who waits may look before it is woken
            self._gone.pop(instance.id, None)
            self.failures[instance.id] = instance.failure
            if instance.id not in self._graph:  # it was stuck, and left behind
                self._lighten(instance.id)
        self._count_late_frames(instance)
        errors = self._errors.pop(_owner(instance), None)
        if errors is not None:
            self.log.end(_owner(instance))
            _tell_if_in_vain(instance, errors)
        if failed and instance.policy is ErrorPolicy.STOP:
            self.stop_wanted()
        instance.noted = True
        self.wake()

    def _lighten(self, id_: str) -> None:
        """Keep of the failure of one who is gone what is told of it, and nothing that its frames hold."""
        failure = self.failures.get(id_)
        if failure is None:
            self.gave_up.pop(id_, None)
            return
        _clear_frames(failure)
        self._gone[id_] = None
        for oldest in [*self._gone][:-GONE_LIMIT]:
            del self._gone[oldest]
            self._told.pop(oldest, None)
            self.failures.pop(oldest, None)
            self.gave_up.pop(oldest, None)

    def tell_failures(self) -> dict[str, BaseException]:
        """The failures, which are told by that."""
        self._told = self.failures.copy()
        return self._told

    def untold(self) -> bool:
        """Whether there are failures that nobody was told of."""
        return any(self._told.get(id_) is not error for id_, error in self.failures.copy().items())

    def _count_late_frames(self, instance: ProcessorInstance) -> None:
        if not any(channel.may_grow(writes=not channel.has_ended) for channel in instance.incoming()):
            return
        with self._graph.lock:
            if instance.id not in self._graph or self._graph.get(instance.id, ProcessorInstance) is not instance:
                return  # it is being removed; its id may be another's by now
            for link in self._graph.links_into(instance.id):
                wired = self._graph.get(link.id, WiredChannel)
                source = self._graph.get(link.source.processor_id, ProcessorInstance)
                if wired is None or source is None or source.loop is None:
                    continue
                if wired.channel.may_grow(writes=not source.over):
                    source.loop.post(wired.channel.settle_closed)

    def wake(self) -> None:
        """Have those who wait look again."""
        with self._changed:
            self._changed.notify_all()
        self.main.wake()

    def wait_until(self, done: Callable[[], bool], timeout_s: float | None) -> bool:
        """Wait until `done` is true, asked whenever a processor has ended; False when it was not in time.

        On the main thread the processors that run there have their turns meanwhile.
        """
        if on_main_thread():
            return self.main.pump(done, timeout_s)
        with self._changed:
            return self._changed.wait_for(done, timeout_s)

    async def until(self, done: Callable[[], bool]) -> None:
        """As `wait_until`, in an event loop: it needs no thread, and one that is cancelled is gone at once."""
        await self.main.until(done)


def _owner(instance: ProcessorInstance) -> Owner:
    return instance.id, instance.generation


def _tell_if_in_vain(instance: ProcessorInstance, errors: _Errors) -> None:
    """Say of a processor that has ended that none of its calls has come to anything."""
    calls = instance.metrics.calls
    if instance.failure is None and errors.calls >= calls > 1:
        what = "frames" if instance.declaration.inputs else "calls"
        instance.context.log.warning("failed on all %d %s; the last error: %s", calls, what, errors.last)


def _clear_frames(error: BaseException) -> None:
    """Leave of the calls that an error went through their names and lines, and nothing that they held."""
    here: BaseException | None = error
    seen: set[int] = set()
    while here is not None and id(here) not in seen:
        seen.add(id(here))
        above = _caller(here.__traceback__)
        traceback.clear_frames(here.__traceback__)
        while above is not None and _is_call_of_ours(above):  # it is held by the one that it called
            with suppress(RuntimeError):  # it still runs, and goes on
                above.clear()
            above = above.f_back
        here = here.__cause__ or here.__context__


def _caller(trace: TracebackType | None) -> FrameType | None:
    """Who made the first of the calls that an error went through; one that is compiled cannot tell."""
    while trace is not None and trace.tb_frame.f_back is None:
        trace = trace.tb_next
    return None if trace is None else trace.tb_frame.f_back


def _is_call_of_ours(frame: FrameType) -> bool:
    """Whether a call is StreamLib's own, and over or under way: to clear a generator's that waits would end it."""
    waits = inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR
    return Path(frame.f_code.co_filename).is_relative_to(_OURS) and not frame.f_code.co_flags & waits


def _never(instance: ProcessorInstance) -> bool:
    """Nobody makes processors anew."""
    del instance
    return False


def _not_heard(id_: ProcessorId) -> None:
    """Nobody wants to know yet."""
    del id_


def _nothing() -> None:
    """Nobody wants to know yet."""
