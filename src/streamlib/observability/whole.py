"""A whole graph at once: every processor and link of one version of the topology.

Who is there is read in one go. What is attached to them follows slice by slice, so that the graph's lock is never held
for long and others go on; nothing is stopped. Who has gone meanwhile is still shown, as ended. Called by the
`inspector`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.strategy import SchedulingStrategy
from streamlib.graph import Entity
from streamlib.graph.components import LastStatistics, WiredChannel, metrics_of_each
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.links.channel import Channel
from streamlib.links.statistics import LinkStatistics
from streamlib.observability.bottlenecks import is_lagging
from streamlib.observability.health import Burdens, health_of
from streamlib.observability.rates import Rates
from streamlib.observability.readings import link_snapshot, processor_snapshot
from streamlib.observability.snapshots import GraphHealth, GraphSnapshot, LinkSnapshot, ProcessorSnapshot
from streamlib.processors.declaration import Declaration
from streamlib.states import GraphState, ProcessorState

SLICE = 256
"""So many processors or links are read before others have the graph's lock."""


def whole_snapshot(graph: PropertyGraph, rates: Rates, now_ns: Callable[[], int]) -> GraphSnapshot:
    """Everything in a graph, as it is now."""
    with graph.lock:
        version, state, (entities, link_entities) = graph.version, graph.state, graph.entities()
        nodes, links = graph.processors(), graph.links()
        at_ns = now_ns()
    rates.make_room(2 * (len(nodes) + len(links)))
    processors = tuple(_processors(graph, entities, nodes, rates, at_ns))
    declared = {node.id: node.declaration for node in nodes}
    joined = tuple(_links(graph, link_entities, links, declared, rates, at_ns))
    health = _health(graph, state, processors, joined, link_entities, rates, at_ns)
    return GraphSnapshot(version=version, state=state, at_ns=at_ns, processors=processors, links=joined, health=health)


def _processors(
    graph: PropertyGraph, entities: Sequence[Entity], nodes: Sequence[ProcessorNode], rates: Rates, now_ns: int
) -> Iterator[ProcessorSnapshot]:
    ended = ProcessorState.ENDED
    for first in range(0, len(nodes), SLICE):
        piece = entities[first : first + SLICE]
        with graph.lock:
            states, counted = graph.column(piece, ProcessorState), metrics_of_each(graph, piece)
            strategies, instances = graph.column(piece, SchedulingStrategy), graph.column(piece, ProcessorInstance)
        parts = zip(nodes[first : first + SLICE], states, counted, strategies, instances, strict=True)
        for node, state, metrics, strategy, instance in parts:
            yield processor_snapshot(node, state or ended, metrics, strategy, instance, rates, now_ns)


def _links(
    graph: PropertyGraph,
    entities: Sequence[Entity],
    links: Sequence[Link],
    declared: Mapping[ProcessorId, Declaration],
    rates: Rates,
    now_ns: int,
) -> Iterator[LinkSnapshot]:
    for first in range(0, len(links), SLICE):
        piece = entities[first : first + SLICE]
        with graph.lock:
            wired, last = graph.column(piece, WiredChannel), graph.column(piece, LastStatistics)
            counted = [_counted(one, left) for one, left in zip(wired, last, strict=True)]
        for link, (channel, statistics) in zip(links[first : first + SLICE], counted, strict=True):
            input_ = declared[link.target.processor_id].input(link.target.port)
            yield link_snapshot(link, input_, channel, statistics, rates, now_ns)


def _counted(wired: WiredChannel | None, last: LastStatistics | None) -> tuple[Channel | None, LinkStatistics | None]:
    if wired is not None:
        return wired.channel, wired.channel.statistics()
    return None, None if last is None else last.statistics


def _health(
    graph: PropertyGraph,
    state: GraphState,
    processors: Sequence[ProcessorSnapshot],
    links: Sequence[LinkSnapshot],
    entities: Sequence[Entity],
    rates: Rates,
    now_ns: int,
) -> GraphHealth:
    burdens = Burdens(len(links))
    with graph.lock:
        channels = graph.column(entities, WiredChannel)
    for link, wired in zip(links, channels, strict=True):
        burdens.dropped += link.replaced + link.full + link.closed
        if link.queue_depth and link.runs:
            burdens.nbytes += link.queued_bytes
            if wired is not None and is_lagging(wired.channel, link.queue_depth):
                burdens.lagging.append(wired.channel)
    ids, states = [one.id for one in processors], [one.state for one in processors]
    return health_of(graph, state, ids, states, sum([one.errors for one in processors]), burdens, rates, now_ns)
