"""How a graph as a whole is doing: sums and lists over all its processors and links.

Of a large graph it reads kind by kind what it needs, so that the graph's lock is never held for long. Called by the
`inspector`; `whole` has read everything by then and hands in what it found.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from streamlib.execution.metrics import ProcessorMetrics
from streamlib.graph.components import CollectorPauses, LastMetrics, LastStatistics, WiredChannel
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, ProcessorId
from streamlib.links.channel import Channel
from streamlib.links.latency import NEVER_TIMED
from streamlib.observability.bottlenecks import bottlenecks, is_full
from streamlib.observability.rates import Rates
from streamlib.observability.snapshots import GraphHealth
from streamlib.states import GraphState, ProcessorState


@dataclass(slots=True)
class Burdens:
    """What the links have lost, what waits in them, and which of them are full."""

    links: int = 0
    dropped: int = 0
    nbytes: int = 0
    full: list[Channel] = field(default_factory=list)


def health_of(
    graph: PropertyGraph,
    state: GraphState,
    states: Iterable[tuple[ProcessorId, ProcessorState]],
    errors: int,
    burdens: Burdens,
    rates: Rates,
    now_ns: int,
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
        bottlenecks=bottlenecks(graph, burdens.full, rates, now_ns),
        failed=tuple([id_ for id_, one in processors if one is ProcessorState.FAILED]),
        paused=tuple([id_ for id_, one in processors if one is ProcessorState.PAUSED]),
        queued_bytes=burdens.nbytes,
        collector=NEVER_TIMED if pauses is None else pauses.stats,
    )


def read_health(graph: PropertyGraph, rates: Rates, now_ns: int) -> GraphHealth:
    """The health of a graph as it is now."""
    with graph.lock:
        ids, state, links = graph.processor_ids(), graph.state, graph.link_ids()
        states = graph.having(ProcessorState)
    metrics, last = graph.having(ProcessorMetrics), graph.having(LastMetrics)
    errors = sum([one.errors for one in metrics.values()])
    errors += sum([one.metrics.errors for id_, one in last.items() if id_ not in metrics])
    return health_of(
        graph, state, [(id_, states[id_]) for id_ in ids], errors, _read_burdens(graph, links), rates, now_ns
    )


def _read_burdens(graph: PropertyGraph, link_ids: Sequence[LinkId]) -> Burdens:
    wired, last, burdens = graph.having(WiredChannel), graph.having(LastStatistics), Burdens(len(link_ids))
    for one in wired.values():
        dropped, depth = one.channel.load()
        burdens.dropped += dropped
        if depth:
            burdens.nbytes += one.channel.waiting_bytes()
            if is_full(one.channel, depth):
                burdens.full.append(one.channel)
    burdens.dropped += sum([one.statistics.dropped for id_, one in last.items() if id_ not in wired])
    return burdens
