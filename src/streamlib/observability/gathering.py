"""Looks at a running graph and writes down what a diagnosis needs: a `Scene`.

Most processors of a large graph do nothing remarkable, and a look at each has to be short: who shows any sign of
trouble is noted, and then those whom that could hold up, along full links upstream and empty ones downstream. The
graph's lock is held while the list of processors is taken, and not longer; what is read of them is of about one moment.
Next: what is noted of one is in `facts`.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Collection, Mapping
from operator import attrgetter

from msgspec.structs import replace

from streamlib.events.event import described
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import loop_of
from streamlib.execution.whereabouts import whereabouts
from streamlib.graph.components import FailedStart, LastMetrics, MainThreadMarker
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, ProcessorId
from streamlib.links.reader import RingReader, SlotReader
from streamlib.observability.causes import SILENT_CALLS, View, is_failing, own_cause
from streamlib.observability.facts import (
    Facts,
    Surroundings,
    goes_nowhere,
    linked_inputs,
    main_is_elsewhere,
    source_of,
    target_of,
)
from streamlib.observability.scene import LinkFacts, ProcessorFacts, Scene, lagging
from streamlib.processors.execution_mode import ExecutionMode
from streamlib.states import GraphState, ProcessorState

MOST_NOTED = 1_000
"""So many processors that wait for others are looked at closely, those next to a cause first; others are counted."""


_SINCE = attrgetter("metrics.since_ns")


class Gathering:
    """Takes scenes of one graph."""

    def __init__(self, graph: PropertyGraph, around: Surroundings) -> None:
        self._graph = graph
        self._around = around

    def scene(self, focus: str = "") -> Scene:
        """What is there to be seen now; of so many that not all can be told of, one processor for certain."""
        graph, around = self._graph, self._around
        with graph.lock:
            state = graph.state
            ids, instances = graph.processor_ids(), graph.having(ProcessorInstance)
            has_run = state is not GraphState.IDLE or bool(graph.having(LastMetrics))
            failed_start = graph.get(graph.whole, FailedStart)
        failures = {ProcessorId(id_): described(error) for id_, error in around.failures.failures.copy().items()}
        if state is GraphState.IDLE:
            now_ns = around.clock.now_ns()
            return Scene(state=state, now_ns=now_ns, has_run=has_run, failures=failures, failed_start=failed_start)
        absent = [] if len(instances) == len(ids) else [id_ for id_ in ids if id_ not in instances]
        return _Look(graph, around, instances, absent).scene(state, failures, ProcessorId(focus))

    def calls_of(self, ids: Collection[ProcessorId]) -> Scene:
        """What is there to be seen of these processors alone, and of their calls; however many others there are."""
        graph = self._graph
        with graph.lock:
            state = graph.state
            found = {id_: graph.get(id_, ProcessorInstance) for id_ in ids if id_ in graph}
        instances = {id_: instance for id_, instance in found.items() if instance is not None}
        return _Look(graph, self._around, instances, []).calls(state)


class _Look:
    """One look at a graph that runs."""

    def __init__(
        self,
        graph: PropertyGraph,
        around: Surroundings,
        instances: Mapping[ProcessorId, ProcessorInstance] | Mapping[ProcessorId | LinkId, ProcessorInstance],
        absent: list[ProcessorId],
    ) -> None:
        self._graph = graph
        self._around = around
        self._instances = instances
        self._absent = absent
        self._facts = Facts(around)
        self._processors: dict[ProcessorId, ProcessorFacts] = {}
        self._links: dict[LinkId, LinkFacts] = {}

    def scene(self, state: GraphState, failures: Mapping[ProcessorId, str], focus: ProcessorId) -> Scene:
        """Note who shows any sign of trouble, and whom that could hold up."""
        paused_ns = self._around.media_clock.paused_ns if state is GraphState.PAUSED else None
        scene = Scene(
            state=state,
            now_ns=self._facts.now_ns,
            has_run=True,
            paused_ns=paused_ns,
            failures=failures,
            started_ns=self._started_ns(),
            processors=self._processors,
            links=self._links,
        )
        self._note_calls()
        self._note_occupied(scene.patience_ns)
        suspects, full = self._remarkable()
        waiting = deque((instance, False) for instance in (*suspects, *full))
        if focus in self._instances:
            waiting.extendleft((instance, True) for instance in self._way_to(self._instances[focus]))
        limit = len(suspects) + MOST_NOTED
        held: set[ProcessorId] = set()
        while waiting and len(self._processors) < limit:
            instance, waits = waiting.popleft()
            if instance.id not in self._processors:
                self._note(instance)
            elif not waits:
                continue
            if instance.id not in held and (waits or self._holds_up(instance, scene)):
                held.add(instance.id)
                waiting += self._affected(instance)
        self._note_absent()
        left = {instance.id for instance, waits in waiting if waits} | self._facts.occupied.keys()
        behind = self._graph.behind(left) if left - self._processors.keys() else set()
        return replace(scene, beyond=len(behind) - sum(id_ in behind for id_ in self._processors))

    def calls(self, state: GraphState) -> Scene:
        """Note all of them, and nobody else."""
        self._note_calls()
        for instance in self._instances.values():
            self._note(instance)
        now_ns, started_ns = self._facts.now_ns, self._started_ns()
        return Scene(
            state=state,
            now_ns=now_ns,
            has_run=True,
            started_ns=started_ns,
            processors=self._processors,
            links=self._links,
        )

    def _started_ns(self) -> int | None:
        """Since when the first of them has run."""
        return min(filter(None, map(_SINCE, self._instances.values())), default=None)

    def _way_to(self, instance: ProcessorInstance) -> list[ProcessorInstance]:
        """One that is asked for, and those on whose frames it waits, the furthest first in a row of as many as fit."""
        found = {instance.id: instance}
        waiting = deque((instance,))
        while waiting and len(found) < MOST_NOTED // 2:
            for channel in waiting.popleft().incoming():
                feeder = self._instances.get(source_of(channel))
                lacks = channel.reader is not None and _may_lack(channel.reader)
                if feeder is not None and feeder.id not in found and lacks:
                    found[feeder.id] = feeder
                    waiting.append(feeder)
        return list(found.values())

    def _note_absent(self) -> None:
        """Those of whom there is nothing yet: a commit is bringing them in."""
        for id_ in self._absent:
            call = self._facts.calls.get(id_)
            mode = self._graph.node(id_).declaration.execution.mode if id_ in self._graph else ExecutionMode.REACTIVE
            facts = None if call is None else self._facts.of_call(call, None)
            self._processors[id_] = ProcessorFacts(id=id_, mode=mode, state=ProcessorState.IDLE, call=facts)

    def _note_calls(self) -> None:
        """Whose calls are under way: of this graph's processors only."""
        for call in whereabouts(self._around.event_loop()).calls:
            for id_ in call.ids:
                instance = self._instances.get(id_)
                if (instance is not None and instance.processor is call.processor) or id_ in self._absent:
                    self._facts.calls[id_] = call

    def _note_occupied(self, patience_ns: int) -> None:
        """Who has to wait for a long call, because one thread calls both."""
        for id_, call in self._facts.calls.items():
            instance = self._instances.get(id_)
            loop = None if instance is None else loop_of(instance)
            if instance is None or loop is None or call.awaits:
                continue
            if call.waits_for_room:
                self._facts.held_heads[loop] = id_
                continue
            since_ns = self._facts.of_call(call, instance).since_ns
            if since_ns is None or self._facts.now_ns - since_ns >= patience_ns:
                self._facts.occupied.update((member.id, id_) for member in list(loop.members) if member is not instance)

    def _note(self, instance: ProcessorInstance) -> None:
        """Take the long look at one."""
        facts, links = self._facts.of(instance)
        self._processors[facts.id] = facts
        self._links.update({link.id: link for link in links})

    # ------------------------------------------------------------------------------------- a short look at everybody

    def _remarkable(self) -> tuple[list[ProcessorInstance], list[ProcessorInstance]]:
        """Who shows any sign that it may not flow, and who only has a full link.

        It is asked of all, so each line is paid for as often as there are processors.
        """
        running = ProcessorState.RUNNING
        found: list[ProcessorInstance] = []
        full: list[ProcessorInstance] = []
        unread: list[ProcessorInstance] = []
        for instance in self._instances.values():
            readers = instance.readers
            if (
                len(readers) == 1
                and readers[0].is_quiet()
                and instance.state is running
                and instance.left_unread is None
                and not instance.metrics.errors
                and len(instance.declaration.inputs) == 1
                and (instance.writers or not instance.outputs)
            ):
                if not (readers[0].taken or readers[0].count_for_sure()):
                    unread.append(instance)
            elif self._is_remarkable(instance):
                found.append(instance)
            elif any(_is_lagging(reader) for reader in readers):
                full.append(instance)
        found += self._unfed(unread)
        known = self._instances
        found += [known[id_] for id_ in (*self._facts.calls, *self._on_main()) if id_ in known]
        return found, [*full, *(known[id_] for id_ in itertools.islice(self._facts.occupied, MOST_NOTED))]

    def _is_remarkable(self, instance: ProcessorInstance) -> bool:
        """The same of one, at more length."""
        readers, errors = instance.readers, instance.metrics.errors
        if not readers or instance.left_unread is not None or instance.state is not ProcessorState.RUNNING:
            return True
        if errors and (errors >= instance.metrics.calls or is_failing(self._facts.errors_of(instance))):
            return True
        for reader in readers:
            if (instance.joins and reader.depth()) or reader.ended:
                return True
            if not reader.count_for_sure() and not reader.depth() and self._is_unfed(instance):
                return True
        linked = linked_inputs(instance)
        return len(linked) < len(instance.declaration.inputs) or goes_nowhere(instance)

    def _on_main(self) -> list[ProcessorId]:
        """Who runs on the main thread, while that is elsewhere."""
        markers = self._graph.query(MainThreadMarker)
        return [ProcessorId(id_) for id_ in markers if main_is_elsewhere(self._instances.get(ProcessorId(id_)))]

    def _unfed(self, unread: list[ProcessorInstance]) -> list[ProcessorInstance]:
        """Of those who have read nothing so far, to whom a feeder should have written by now."""
        if not unread or all(one.metrics.calls < SILENT_CALLS for one in self._instances.values()):
            return []  # nobody was called often yet, as shortly after the start
        return [instance for instance in unread if self._is_unfed(instance)]

    def _is_unfed(self, instance: ProcessorInstance) -> bool:
        """Whether a feeder was called often, and has never written to it; that one is noted too."""
        found = False
        for channel in instance.incoming():
            reader, feeder = channel.reader, self._instances.get(source_of(channel))
            if reader is None or feeder is None or feeder.metrics.calls < SILENT_CALLS:
                continue
            if not (reader.count_for_sure() or reader.depth()):
                found = True
                if feeder.id not in self._processors:
                    self._note(feeder)
        return found

    def _holds_up(self, instance: ProcessorInstance, scene: Scene) -> bool:
        """Whether others may have to wait for it, as far as can be told without them."""
        facts = self._processors[instance.id]
        into = tuple(self._links[id_] for one in instance.incoming() if (id_ := LinkId(one.name)) in self._links)
        if facts.occupied or ((facts.joins or facts.neglects) and any(link.depth for link in into)):
            return True
        return own_cause(View(facts, into, (), scene)) is not None

    def _affected(self, instance: ProcessorInstance) -> list[tuple[ProcessorInstance, bool]]:
        """Who could be held up by one: those who write to a full link of his, and those to whom he has to write."""
        ids = [source_of(link) for link in instance.incoming() if link.reader is not None and _is_full(link.reader)]
        ids += [target_of(link) for link in instance.outgoing() if link.reader is not None and _may_lack(link.reader)]
        return [(self._instances[id_], True) for id_ in ids if id_ in self._instances]


def _is_full(reader: SlotReader | RingReader) -> bool:
    if isinstance(reader, RingReader):
        return bool(reader.ring.stalled) or len(reader.ring.items) >= reader.ring.capacity
    return not reader.closed and reader.depth() >= reader.capacity


def _is_lagging(reader: SlotReader | RingReader) -> bool:
    capacity = reader.ring.capacity if isinstance(reader, RingReader) else reader.capacity
    return _is_full(reader) or lagging(reader.depth(), capacity)


def _may_lack(reader: SlotReader | RingReader) -> bool:
    """Whether its processor may have to wait for the writer: for a frame, or to be called behind it in one pass."""
    return isinstance(reader, SlotReader) or not reader.depth()
