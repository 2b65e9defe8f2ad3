"""Tells on the bus of what does not go on, without anybody asking.

That is a call that does not come back, a writer that waits for room nobody makes, a diamond that starves itself.

A thread of its own looks now and then while the runtime runs. A look goes through the stacks of the threads and the
few loops in which somebody has found no room, and never through all processors. When others than before stand still for
long it asks for an explanation: of the calls alone, where it is only calls and each explains itself, else of the whole
graph. Each stall is told once, by `StallDetected` and in the log, and once when it is over.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from dataclasses import dataclass

from streamlib.clock import Clock, Lookout
from streamlib.events.bus import EventBus
from streamlib.events.processor import StallDetected, StallOver
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.execution.task import Task
from streamlib.execution.whereabouts import Call, Whereabouts
from streamlib.graph.components import log_fields_of
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.links.reader import RingReader
from streamlib.links.wake import Waker
from streamlib.observability.explanation import Cause, Explanation, Finding
from streamlib.states import GraphState

_LOG = logging.getLogger("streamlib.observability")

LOOKS = 3
"""How often it looks in the time after which something counts as a stall."""

JOIN_S = 5.0
"""How long the thread may take to end, in seconds."""

STALLS = frozenset(
    {
        Cause.INSIDE,
        Cause.AWAITING,
        Cause.SETTING_UP,
        Cause.UNATTENDED,
        Cause.SELF_STARVING,
        Cause.INPUT_ENDED,
        Cause.UNREAD,
    }
)
"""The causes that are told as stalls: those that nobody asked for, and that no other event tells of."""

STALLS_WITH_FRAMES = frozenset({Cause.UNCONNECTED_INPUT, Cause.OUTSIDE})
"""Those that are stalls where frames wait meanwhile."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """Somebody who may stand still: what changes when he goes on, and when that was seen first.

    `not_before_ns` is the time of the look before: then he stood elsewhere.
    """

    where: object
    first_ns: int
    not_before_ns: int


class StallWatcher:
    """Watches over one runtime.

    Args:
        clock: The runtime's clock.
        explain: Why nothing comes out.
        explain_calls: The same, looking at these processors and their calls alone.
        waiting: The tasks in which somebody has found no room since the last call.
        look: What all threads are doing.
        after_ns: How long something stands still until that is a stall.
    """

    def __init__(
        self,
        graph: PropertyGraph,
        bus: EventBus,
        clock: Clock,
        *,
        explain: Callable[[], Explanation],
        explain_calls: Callable[[Collection[ProcessorId]], Explanation],
        waiting: Callable[[], list[Task]],
        look: Callable[[], Whereabouts],
        after_ns: int,
    ) -> None:
        self._graph = graph
        self._bus = bus
        self._clock = clock
        self._explain = explain
        self._explain_calls = explain_calls
        self._waiting = waiting
        self._whereabouts = look
        self._after_ns = after_ns
        self._waker = Waker(clock)
        self._thread: threading.Thread | None = None
        self._over = True
        self._looked_ns = 0
        self._tasks: set[Task] = set()  # bounded by the number of loops
        self._standing: Mapping[Hashable, _Standing] = {}
        self._explained: Mapping[Hashable, object] = {}
        self._told: dict[tuple[str, Cause], Finding] = {}
        self._logged: set[tuple[str, Cause]] = set()

    # ---------------------------------------------------------------------------------------------- while it runs

    def begin(self) -> None:
        """Look now and then from here on."""
        self._over = False
        self._looked_ns = self._clock.now_ns()
        self._logged.clear()
        thread = threading.Thread(target=self._run, name="streamlib:stalls", daemon=True)
        thread.start()
        self._thread = thread  # one that the system has no room for is nobody to wait for

    def end(self) -> None:
        """Look no more; what stood still is over."""
        self._over = True
        self._waker.wake()
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(JOIN_S)
        self._tasks.clear()
        self._standing, self._explained = {}, {}
        self._tell({})

    def begun_ns(self, instance: ProcessorInstance) -> int | None:
        """A time at which a call that is under way had not begun yet; None where nobody has looked."""
        standing = self._standing.get(instance.id)
        return None if standing is None or standing.where != _count(instance) else standing.not_before_ns

    def _run(self) -> None:
        while not self._over:
            if self._clock.now_ns() < self._next_look():
                self._waker.sleep(lambda: self._over, self._next_look)
                continue
            try:
                self.look()
            except Exception:
                _LOG.exception("a look for stalls failed; the next may not")

    def _next_look(self) -> Lookout:
        return Lookout(self._looked_ns + self._after_ns // LOOKS)

    # ------------------------------------------------------------------------------------------------------ a look

    def look(self) -> None:
        """Look once; the thread does it now and then."""
        now_ns, before_ns = self._clock.now_ns(), self._looked_ns
        standing: dict[Hashable, _Standing] = {}
        for who, where in self._who_stands() if self._graph.state is GraphState.RUNNING else ():
            known = self._standing.get(who)
            same = known is not None and known.where == where
            standing[who] = known if known is not None and same else _Standing(where, now_ns, before_ns)
        self._standing, self._looked_ns = standing, now_ns
        long = {who: one.where for who, one in standing.items() if self._is_long(who, one, now_ns)}
        if long == self._explained:
            return
        roots = self._roots(long) if long else ()
        slow = any(finding.cause is Cause.SLOW for finding in roots)  # a call no longer than usual may become so
        self._explained = {} if slow else long
        found = [finding for finding in roots if _is_stall(finding)]
        lasted = [one for one in found if one.since_ns is None or now_ns - one.since_ns >= self._after_ns]
        self._tell({(one.root, one.cause): one for one in lasted})

    def _roots(self, long: Collection[Hashable]) -> Collection[Finding]:
        """Who is to blame that these stand still. A call that is told by itself needs no look at anybody else."""
        calls = [ProcessorId(who) for who in long if isinstance(who, str)]
        if len(calls) == len(long):
            roots = self._explain_calls(calls).roots
            if {finding.root for finding in roots if finding.cause in STALLS} >= set(calls):
                return roots
        return self._explain().roots

    def _who_stands(self) -> Iterator[tuple[Hashable, object]]:
        """Who may stand still, each with something that changes as soon as it goes on."""
        here = self._whereabouts()
        for call in here.calls:
            instance = self._instance_of(call)
            if instance is not None:
                yield instance.id, _count(instance)
        self._tasks.update(self._waiting())
        self._tasks = {task for task in self._tasks if _waits(task.loop)}
        for loop in (*(loop for loop in here.loops if _waits(loop)), *(task.loop for task in self._tasks)):
            yield id(loop), (loop.passes.done, sum(member.metrics.calls for member in loop.held))

    def _instance_of(self, call: Call) -> ProcessorInstance | None:
        for id_ in call.ids:
            instance = self._graph.get(id_, ProcessorInstance) if id_ in self._graph else None
            if instance is not None and instance.processor is call.processor:
                return instance
        return None

    def _is_long(self, who: Hashable, standing: _Standing, now_ns: int) -> bool:
        """Whether it stands still for long: a call since it began, where that is known, and else since it was seen."""
        since_ns = standing.first_ns
        instance = self._graph.get(who, ProcessorInstance) if isinstance(who, str) and who in self._graph else None
        if instance is not None and instance.called_ns:
            age_ns = instance.context.now_ns() - instance.called_ns
            since_ns = max(now_ns - age_ns, standing.not_before_ns)
        return now_ns - since_ns >= self._after_ns

    # ------------------------------------------------------------------------------------------------------- told

    def _tell(self, found: Mapping[tuple[str, Cause], Finding]) -> None:
        """Tell what is new, and what is over."""
        for key in [key for key in self._told if key not in found]:
            finding = self._told.pop(key)
            since_ns = finding.since_ns or 0
            lasted_ns = self._clock.now_ns() - since_ns if since_ns else 0
            self._bus.publish(
                StallOver(processor_id=ProcessorId(finding.root), cause=finding.cause.value, lasted_ns=lasted_ns)
            )
        for key, finding in found.items():
            if key not in self._told:
                self._told[key] = finding
                self._announce(key, finding)

    def _announce(self, key: tuple[str, Cause], finding: Finding) -> None:
        if key not in self._logged:
            self._logged.add(key)
            fields = log_fields_of(self._graph, ProcessorId(finding.root))
            _LOG.warning("%s; try: %s", finding.sentence, finding.advice, extra=fields)
        self._bus.publish(
            StallDetected(
                processor_id=ProcessorId(finding.root),
                cause=finding.cause.value,
                sentence=finding.sentence,
                advice=finding.advice,
                since_ns=finding.since_ns,
            )
        )


def _is_stall(finding: Finding) -> bool:
    return finding.cause in STALLS or (finding.cause in STALLS_WITH_FRAMES and "left" in finding.evidence)


def _count(instance: ProcessorInstance) -> tuple[int, int]:
    """What is another number with each call."""
    return instance.generation, instance.metrics.calls


def _waits(loop: Loop) -> bool:
    """Whether somebody in a loop has found no room; its thread may be at work meanwhile."""
    if loop.held:
        return True
    head, waker = loop.head, loop.waker
    if head is None or head.over:
        return False
    if isinstance(waker, Waker):  # there may be very many links: they are asked where one of them may be it
        if not waker.found_no_room:
            return False
        waker.found_no_room = False  # before looking: what comes from now on is seen by the next look
    readers = [channel.reader for channel in head.outgoing()]
    waits = any(isinstance(reader, RingReader) and bool(reader.ring.stalled) for reader in readers)
    if waits and isinstance(waker, Waker):
        waker.found_no_room = True
    return waits
