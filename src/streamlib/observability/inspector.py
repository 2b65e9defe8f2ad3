"""Looks into a graph, at no cost until somebody does: snapshots of processors, links, topology and health.

Everything here is read from what the graph and its components hold anyway; nothing is stopped, and nothing is counted
that was not. A snapshot is of one version of the topology. Built on `streamlib.graph` and its components; next on a
look's way: `taps`, for who wants to go on looking.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import NamedTuple, Protocol

from streamlib.clock import NS_PER_S
from streamlib.errors import StateError
from streamlib.execution.strategy import SchedulingStrategy
from streamlib.graph.components import (
    CollectorPauses,
    ThreadHandle,
    WiredChannel,
    metrics_of,
    statistics_of,
)
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.plain_values import to_plain
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, PortRef, ProcessorId
from streamlib.links.statistics import LinkStatistics
from streamlib.observability.explanation import Explanation
from streamlib.observability.snapshots import (
    NEVER_TIMED,
    GraphHealth,
    GraphTopology,
    LinkEndpoint,
    LinkSnapshot,
    Place,
    ProcessorSnapshot,
    TopologyLink,
    TopologyProcessor,
)
from streamlib.states import ProcessorState

SHORTEST_WINDOW_NS = NS_PER_S // 2
"""A look so soon behind another counts from where that one did: over less, a rate says nothing."""


class Identified(Protocol):
    """What has an id: a handle."""

    @property
    def id(self) -> str:
        """The id of a processor or link."""
        ...


Asked = str | Identified


class GraphInspector:
    """Answers what a graph is doing; `runtime.inspector`. From any thread.

    Args:
        now_ns: The runtime's clock.
        explain: Says why nothing comes out; the runtime's.
    """

    def __init__(
        self, graph: PropertyGraph, now_ns: Callable[[], int], explain: Callable[[str], Explanation] | None = None
    ) -> None:
        self._graph = graph
        self._now_ns = now_ns
        self._explain = explain
        self._rates = _Rates()

    def processor(self, id_: ProcessorId | str) -> ProcessorSnapshot | None:
        """One processor as it is now; None where there is none of that id."""
        graph, name = self._graph, ProcessorId(id_)
        with graph.lock:
            if name not in graph:
                return None
            node, metrics = graph.node(name), metrics_of(graph, name)
            state = graph.get(name, ProcessorState) or ProcessorState.IDLE
            place = self._place(name)
        calls, errors, latency, since_ns = 0, 0, NEVER_TIMED, 0
        if metrics is not None:
            calls, errors, latency, since_ns = metrics.calls, metrics.errors, metrics.latency.stats(), metrics.since_ns
        throughput, window_s = self._rates.of((name, node.generation), calls, self._now_ns(), since_ns)
        return ProcessorSnapshot(
            id=name,
            processor_type=node.processor_type,
            state=state,
            throughput_fps=throughput,
            window_s=window_s,
            calls=calls,
            errors=errors,
            latency=latency,
            config=_config(node),
            place=place,
            generation=node.generation,
        )

    def link(self, id_: LinkId | str) -> LinkSnapshot | None:
        """One link as it is now; None where there is none of that id."""
        graph, name = self._graph, LinkId(id_)
        with graph.lock:
            if name not in graph:
                return None
            link, statistics = graph.link(name), statistics_of(graph, name)
            input_ = graph.node(link.target.processor_id).declaration.input(link.target.port)
            wired = graph.get(name, WiredChannel)
        counted = statistics or LinkStatistics(0, 0, 0, link.capacity or input_.capacity)
        since_ns = 0 if wired is None else wired.channel.since_ns
        throughput, window_s = self._rates.of((name, since_ns), counted.taken, self._now_ns(), since_ns)
        return LinkSnapshot(
            id=name,
            source=_end(link.source),
            target=_end(link.target),
            delivery=link.delivery or input_.delivery,
            queue_depth=counted.depth,
            capacity=counted.capacity,
            queued_bytes=counted.nbytes,
            throughput_fps=throughput,
            window_s=window_s,
            written=counted.written,
            taken=counted.taken,
            replaced=counted.replaced,
            full=counted.full,
            closed=counted.closed,
            overflowed=counted.overflowed,
            runs=wired is not None,
        )

    def topology(self) -> GraphTopology:
        """Who is joined to whom, all of one moment."""
        graph = self._graph
        with graph.lock:
            nodes, links, version, state = graph.processors(), graph.links(), graph.version, graph.state
            states = [graph.get(node.id, ProcessorState) or ProcessorState.IDLE for node in nodes]
        return GraphTopology(
            version=version,
            state=state,
            processors=tuple(
                TopologyProcessor(id=node.id, processor_type=node.processor_type, state=one)
                for node, one in zip(nodes, states, strict=True)
            ),
            links=tuple(TopologyLink(id=link.id, source=_end(link.source), target=_end(link.target)) for link in links),
        )

    def health(self) -> GraphHealth:
        """How the graph as a whole is doing."""
        graph = self._graph
        with graph.lock:
            ids, links, state = graph.processor_ids(), graph.links(), graph.state
            states = {id_: graph.get(id_, ProcessorState) for id_ in ids}
            metrics = [metrics_of(graph, id_) for id_ in ids]
            counted = [(link, statistics_of(graph, link.id), graph.has(link.id, WiredChannel)) for link in links]
            pauses = graph.get(graph.whole, CollectorPauses)
        statistics = [one for _, one, _ in counted if one is not None]
        full = [link for link, one, runs in counted if runs and one is not None and one.depth >= one.capacity]
        return GraphHealth(
            state=state,
            processor_count=len(ids),
            link_count=len(links),
            dropped_frames=sum(one.dropped for one in statistics),
            error_count=sum(one.errors for one in metrics if one is not None),
            bottlenecks=_bottlenecks(full),
            failed=tuple(id_ for id_, one in states.items() if one is ProcessorState.FAILED),
            paused=tuple(id_ for id_, one in states.items() if one is ProcessorState.PAUSED),
            queued_bytes=sum(one.nbytes for _, one, runs in counted if runs and one is not None),
            collector=NEVER_TIMED if pauses is None else pauses.stats,
        )

    def explain(self, subject: Asked = "") -> Explanation:
        """Why nothing comes out: the roots first, each with what comes of it, in words and as data.

        False where everything flows. It looks at what is, so it may be asked at any time: idle, running, paused, after
        a failure; and it needs no answer from any processor.

        Args:
            subject: One processor or link, or the id of one; without it, all of them.

        Raises:
            UnknownProcessorError, UnknownLinkError: There is none of that id.
        """
        if self._explain is None:
            raise StateError("only the inspector of a runtime explains; ask runtime.inspector")
        if not subject:
            return self._explain("")
        id_ = subject if isinstance(subject, str) else subject.id
        self._graph.entity(id_)
        return self._explain(id_)

    # ------------------------------------------------------------------------------------------- under the graph's lock

    def _place(self, id_: ProcessorId) -> Place | None:
        strategy, thread = self._graph.get(id_, SchedulingStrategy), self._graph.get(id_, ThreadHandle)
        if strategy is None:
            return None
        if thread is None:
            return Place(strategy=strategy.kind)
        granted = thread.priority
        return Place(
            strategy=strategy.kind,
            thread=thread.name,
            priority_asked=strategy.priority,
            priority=None if granted is None else granted.got,
            reason="" if granted is None else granted.reason,
        )


class _Look(NamedTuple):
    """What a counter was, and when."""

    counted: int
    at_ns: int


class _Rates:
    """How fast counters grow: each over the time since the look before, or since it began to count."""

    LIMIT = 4_096

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Two looks each, the older first. Bounded by LIMIT: who was not looked at longest is forgotten.
        self._looks: dict[tuple[str, int], tuple[_Look, _Look]] = {}

    def of(self, key: tuple[str, int], count: int, now_ns: int, since_ns: int) -> tuple[float, float]:
        """Counts in a second, and over how many seconds."""
        if not since_ns:
            return 0.0, 0.0
        now = _Look(count, now_ns)
        with self._lock:
            began = _Look(0, since_ns)
            older, newer = self._looks.pop(key, (began, began))
            if newer.counted > count or newer.at_ns < since_ns:  # it was made anew since, and counts from nothing
                older = newer = began
            if now_ns - newer.at_ns >= SHORTEST_WINDOW_NS:
                older, newer = newer, now
            self._looks[key] = older, newer
            if len(self._looks) > self.LIMIT:
                del self._looks[next(iter(self._looks))]
        window_ns = now_ns - older.at_ns
        return ((count - older.counted) * NS_PER_S / window_ns if window_ns > 0 else 0.0), window_ns / NS_PER_S


def _bottlenecks(full: Iterable[Link]) -> tuple[ProcessorId, ...]:
    """Who reads from full links: first those whose own outputs are not full, whom the others wait for."""
    links = list(full)
    waiting = {link.source.processor_id for link in links}
    readers = dict.fromkeys(link.target.processor_id for link in links)
    return tuple(sorted(readers, key=lambda id_: id_ in waiting))


def _end(port: PortRef) -> LinkEndpoint:
    return LinkEndpoint(processor_id=port.processor_id, port=port.port)


def _config(node: ProcessorNode) -> dict[str, object]:
    """The fields of a config as plain values; one that a file could not hold is said in words."""
    fields: dict[str, object] = {}
    for name in node.config.__struct_fields__:
        value = getattr(node.config, name)
        try:
            fields[name] = to_plain(value)
        except ValueError:
            fields[name] = repr(value)
    return fields
