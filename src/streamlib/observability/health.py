"""How a graph as a whole is doing: sums and lists over all its processors and links.

Of a large graph it reads kind by kind what it needs, so that the graph's lock is never held for long. Called by the
`inspector`; `whole` has read everything by then and hands in what it found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from streamlib.execution.metrics import ProcessorMetrics
from streamlib.graph.components import CollectorPauses, LastMetrics, LastStatistics, WiredChannel
from streamlib.graph.link import Link
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, ProcessorId
from streamlib.links.channel import Channel
from streamlib.links.latency import NEVER_TIMED
from streamlib.links.reader import RingReader
from streamlib.observability.scene import crowded
from streamlib.observability.snapshots import GraphHealth
from streamlib.states import GraphState, ProcessorState

Ends = tuple[ProcessorId, ProcessorId]
"""Who writes to a link and who reads it."""


@dataclass(slots=True)
class Burdens:
    """What the links have lost, what waits in them, and which of them are full."""

    links: int = 0
    dropped: int = 0
    nbytes: int = 0
    full: list[Ends] = field(default_factory=list)


def health_of(
    graph: PropertyGraph,
    state: GraphState,
    states: Iterable[tuple[ProcessorId, ProcessorState]],
    errors: int,
    burdens: Burdens,
) -> GraphHealth:
    """The health of a graph of these processors and links."""
    processors = list(states)
    pauses = graph.get(graph.whole, CollectorPauses)
    return GraphHealth(
        state=state,
        processor_count=len(processors),
        link_count=burdens.links,
        dropped_frames=burdens.dropped,
        error_count=errors,
        bottlenecks=_bottlenecks(burdens.full),
        failed=tuple([id_ for id_, one in processors if one is ProcessorState.FAILED]),
        paused=tuple([id_ for id_, one in processors if one is ProcessorState.PAUSED]),
        queued_bytes=burdens.nbytes,
        collector=NEVER_TIMED if pauses is None else pauses.stats,
    )


def read_health(graph: PropertyGraph) -> GraphHealth:
    """The health of a graph as it is now."""
    with graph.lock:
        ids, state, links = graph.processor_ids(), graph.state, graph.link_ids()
        states = graph.having(ProcessorState)
    metrics, last = graph.having(ProcessorMetrics), graph.having(LastMetrics)
    errors = sum([one.errors for one in metrics.values()])
    errors += sum([one.metrics.errors for id_, one in last.items() if id_ not in metrics])
    return health_of(graph, state, [(id_, states[id_]) for id_ in ids], errors, _read_burdens(graph, links))


def _read_burdens(graph: PropertyGraph, link_ids: Sequence[LinkId]) -> Burdens:
    wired, last, burdens, full = graph.having(WiredChannel), graph.having(LastStatistics), Burdens(len(link_ids)), set()
    for id_, one in wired.items():
        dropped, depth = one.channel.load()
        burdens.dropped += dropped
        if depth:
            burdens.nbytes += one.channel.waiting_bytes()
            if crowded(depth, one.channel.capacity) or _has_writer_waiting(one.channel):
                full.add(id_)
    burdens.dropped += sum([one.statistics.dropped for id_, one in last.items() if id_ not in wired])
    links = graph.having(Link) if full else {}
    ordered = [links[id_] for id_ in link_ids if id_ in full and id_ in links]
    burdens.full = [(link.source.processor_id, link.target.processor_id) for link in ordered]
    return burdens


def _has_writer_waiting(channel: Channel) -> bool:
    return isinstance(channel.reader, RingReader) and bool(channel.reader.ring.stalled)


def _bottlenecks(full: Iterable[Ends]) -> tuple[ProcessorId, ...]:
    """Who reads from full links: first those whose own outputs are not full, whom the others wait for."""
    links = list(full)
    waiting = {source for source, _ in links}
    readers = dict.fromkeys(target for _, target in links)
    return tuple(sorted(readers, key=lambda id_: id_ in waiting))
