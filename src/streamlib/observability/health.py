"""How a graph as a whole is doing: sums and lists over all its processors and links.

Of a large graph it reads kind by kind what it needs, so that the graph's lock is never held for long. Called by the
`inspector`; `whole` has read everything by then and hands in what it found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from streamlib.graph import Entity
from streamlib.graph.components import CollectorPauses, LastStatistics, WiredChannel, metrics_of_each
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.links.channel import Channel
from streamlib.links.latency import NEVER_TIMED
from streamlib.observability.bottlenecks import bottlenecks, is_lagging
from streamlib.observability.rates import Rates
from streamlib.observability.snapshots import GraphHealth
from streamlib.states import GraphState, ProcessorState


@dataclass(slots=True)
class Burdens:
    """What the links have lost, what waits in them, and which of them may have a reader that is behind."""

    links: int = 0
    dropped: int = 0
    nbytes: int = 0
    lagging: list[Channel] = field(default_factory=list)


def health_of(
    graph: PropertyGraph,
    state: GraphState,
    ids: Sequence[ProcessorId],
    states: Sequence[ProcessorState | None],
    errors: int,
    burdens: Burdens,
    rates: Rates,
    now_ns: int,
) -> GraphHealth:
    """The health of a graph of these processors, each in its state, and of these links."""
    pauses = graph.get(graph.whole, CollectorPauses)
    return GraphHealth(
        state=state,
        processor_count=len(ids),
        link_count=burdens.links,
        dropped_frames=burdens.dropped,
        error_count=errors,
        bottlenecks=bottlenecks(graph, burdens.lagging, rates, now_ns),
        failed=_those_in(ProcessorState.FAILED, ids, states),
        paused=_those_in(ProcessorState.PAUSED, ids, states),
        queued_bytes=burdens.nbytes,
        collector=NEVER_TIMED if pauses is None else pauses.stats,
    )


def read_health(graph: PropertyGraph, rates: Rates, now_ns: int) -> GraphHealth:
    """The health of a graph as it is now."""
    with graph.lock:
        ids, state, (processors, links) = graph.processor_ids(), graph.state, graph.entities()
        states = graph.column(processors, ProcessorState)
    errors = sum([one.errors for one in metrics_of_each(graph, processors) if one is not None])
    return health_of(graph, state, ids, states, errors, _read_burdens(graph, links), rates, now_ns)


def _those_in(
    state: ProcessorState, ids: Sequence[ProcessorId], states: Sequence[ProcessorState | None]
) -> tuple[ProcessorId, ...]:
    return tuple([id_ for id_, one in zip(ids, states, strict=True) if one is state])


def _read_burdens(graph: PropertyGraph, entities: Sequence[Entity]) -> Burdens:
    wired, last = graph.column(entities, WiredChannel), graph.column(entities, LastStatistics)
    burdens = Burdens(len(entities))
    for one, left in zip(wired, last, strict=True):
        if one is None:
            burdens.dropped += 0 if left is None else left.statistics.dropped
            continue
        channel = one.channel
        dropped, depth = channel.load()
        burdens.dropped += dropped
        if depth:
            burdens.nbytes += channel.waiting_bytes()
            if is_lagging(channel, depth):
                burdens.lagging.append(channel)
    return burdens
