"""A whole graph at once: every processor and link of one version of the topology.

Who is there is read in one go. What is attached to them follows kind by kind, and the counters of links slice by
slice, so that the graph's lock is never held for long and others go on; nothing is stopped. Who has gone meanwhile is
still shown, as ended, with what is left of him. Called by the `inspector`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.metrics import ProcessorMetrics
from streamlib.execution.strategy import SchedulingStrategy
from streamlib.graph.components import LastMetrics, LastStatistics, WiredChannel
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, ProcessorId
from streamlib.links.channel import Channel
from streamlib.links.statistics import LinkStatistics
from streamlib.observability.health import Burdens, health_of
from streamlib.observability.rates import Rates
from streamlib.observability.readings import LinkParts, ProcessorParts, link_snapshot, processor_snapshot
from streamlib.observability.scene import lagging
from streamlib.observability.snapshots import GraphHealth, GraphSnapshot, LinkSnapshot, ProcessorSnapshot
from streamlib.states import GraphState, ProcessorState

SLICE = 256
"""The counters of so many links are read before others have the graph's lock."""


def whole_snapshot(graph: PropertyGraph, rates: Rates, now_ns: Callable[[], int]) -> GraphSnapshot:
    """Everything in a graph, as it is now."""
    with graph.lock:
        ids, link_ids, version, state = graph.processor_ids(), graph.link_ids(), graph.version, graph.state
        nodes, links = graph.having(ProcessorNode), graph.having(Link)
        at_ns = now_ns()
    rates.make_room(2 * (len(ids) + len(link_ids)))
    processors = tuple(_processors(graph, [nodes[id_] for id_ in ids], rates, at_ns))
    joined = tuple(_links(graph, [links[id_] for id_ in link_ids], nodes, rates, at_ns))
    health = _health(graph, state, processors, joined, rates, at_ns)
    return GraphSnapshot(version=version, state=state, at_ns=at_ns, processors=processors, links=joined, health=health)


def _processors(
    graph: PropertyGraph, nodes: Sequence[ProcessorNode], rates: Rates, now_ns: int
) -> Iterator[ProcessorSnapshot]:
    states, metrics, last = graph.having(ProcessorState), graph.having(ProcessorMetrics), graph.having(LastMetrics)
    strategies, instances = graph.having(SchedulingStrategy), graph.having(ProcessorInstance)
    for node in nodes:
        id_ = node.id
        counted = metrics.get(id_)
        if counted is None and id_ in last:
            counted = last[id_].metrics
        state = states.get(id_, ProcessorState.ENDED)
        parts = ProcessorParts(node, state, counted, strategies.get(id_), instances.get(id_))
        yield processor_snapshot(parts, rates, now_ns)


def _links(
    graph: PropertyGraph,
    links: Sequence[Link],
    nodes: Mapping[ProcessorId | LinkId, ProcessorNode],
    rates: Rates,
    now_ns: int,
) -> Iterator[LinkSnapshot]:
    wired, stopped = graph.having(WiredChannel), graph.having(LastStatistics)
    for first in range(0, len(links), SLICE):
        piece = links[first : first + SLICE]
        with graph.lock:
            counted = [_counted(wired.get(link.id), stopped.get(link.id)) for link in piece]
        for link, (channel, statistics) in zip(piece, counted, strict=True):
            input_ = nodes[link.target.processor_id].declaration.input(link.target.port)
            yield link_snapshot(LinkParts(link, input_, channel, statistics), rates, now_ns)


def _counted(wired: WiredChannel | None, last: LastStatistics | None) -> tuple[Channel | None, LinkStatistics | None]:
    if wired is not None:
        return wired.channel, wired.channel.statistics()
    return None, None if last is None else last.statistics


def _health(
    graph: PropertyGraph,
    state: GraphState,
    processors: Sequence[ProcessorSnapshot],
    links: Sequence[LinkSnapshot],
    rates: Rates,
    now_ns: int,
) -> GraphHealth:
    states = [(one.id, one.state) for one in processors]
    burdens = Burdens(
        links=len(links),
        dropped=sum(link.dropped for link in links),
        nbytes=sum(link.queued_bytes for link in links if link.runs),
        full=_full(graph, [link.id for link in links if link.runs and lagging(link.queue_depth, link.capacity)]),
    )
    return health_of(graph, state, states, sum(one.errors for one in processors), burdens, rates, now_ns)


def _full(graph: PropertyGraph, ids: Sequence[LinkId]) -> list[Channel]:
    with graph.lock:
        wired = [graph.get(id_, WiredChannel) for id_ in ids if id_ in graph]
    return [one.channel for one in wired if one is not None]
