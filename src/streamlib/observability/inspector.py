"""Looks into a graph, at no cost until somebody does: snapshots of processors, links, topology and health.

Everything here is read from what the graph and its components hold anyway; nothing is stopped, and nothing is counted
that was not. A snapshot is of one version of the topology. Built on `streamlib.graph` and its components: `readings`
puts one processor or link into words, `whole` all of them, `health` the graph. Next on a look's way: `taps`, for who
wants to go on looking.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.strategy import SchedulingStrategy
from streamlib.graph.components import WiredChannel, metrics_of, statistics_of
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, ProcessorId
from streamlib.observability.health import read_health
from streamlib.observability.rates import Rates
from streamlib.observability.readings import LinkParts, ProcessorParts, end_of, link_snapshot, processor_snapshot
from streamlib.observability.snapshots import (
    GraphHealth,
    GraphSnapshot,
    GraphTopology,
    LinkSnapshot,
    ProcessorSnapshot,
    TopologyLink,
    TopologyProcessor,
)
from streamlib.observability.whole import whole_snapshot
from streamlib.states import ProcessorState

if TYPE_CHECKING:
    from streamlib.observability.interpreter_wait import InterpreterWait


class GraphInspector:
    """Answers what a graph is doing; `runtime.inspector`. From any thread.

    Args:
        now_ns: The runtime's clock.
    """

    def __init__(self, graph: PropertyGraph, now_ns: Callable[[], int]) -> None:
        self._graph = graph
        self._now_ns = now_ns
        self._rates = Rates()

    def processor(self, id_: ProcessorId | str) -> ProcessorSnapshot | None:
        """One processor as it is now; None where there is none of that id."""
        graph, name = self._graph, ProcessorId(id_)
        with graph.lock:
            if name not in graph:
                return None
            parts = ProcessorParts(
                graph.node(name),
                graph.get(name, ProcessorState) or ProcessorState.IDLE,
                metrics_of(graph, name),
                graph.get(name, SchedulingStrategy),
                graph.get(name, ProcessorInstance),
            )
        return processor_snapshot(parts, self._rates, self._now_ns())

    def link(self, id_: LinkId | str) -> LinkSnapshot | None:
        """One link as it is now; None where there is none of that id."""
        graph, name = self._graph, LinkId(id_)
        with graph.lock:
            if name not in graph:
                return None
            link, wired = graph.link(name), graph.get(name, WiredChannel)
            input_ = graph.node(link.target.processor_id).declaration.input(link.target.port)
            parts = LinkParts(link, input_, None if wired is None else wired.channel, statistics_of(graph, name))
        return link_snapshot(parts, self._rates, self._now_ns())

    def snapshot(self) -> GraphSnapshot:
        """The whole graph at once: every processor and link of one version of the topology, and the health of it all.

        Of a large graph it is read in pieces, between which others go on.
        """
        return whole_snapshot(self._graph, self._rates, self._now_ns)

    def topology(self) -> GraphTopology:
        """Who is joined to whom, all of one moment."""
        graph = self._graph
        with graph.lock:
            nodes, links, version, state = graph.processors(), graph.links(), graph.version, graph.state
            states = graph.having(ProcessorState)
        return GraphTopology(
            version=version,
            state=state,
            processors=tuple(
                TopologyProcessor(
                    id=node.id, processor_type=node.processor_type, state=states.get(node.id, ProcessorState.IDLE)
                )
                for node in nodes
            ),
            links=tuple(
                TopologyLink(id=link.id, source=end_of(link.source), target=end_of(link.target)) for link in links
            ),
        )

    def health(self) -> GraphHealth:
        """How the graph as a whole is doing."""
        return read_health(self._graph)

    def interpreter_wait(self) -> InterpreterWait:
        """Estimate how long threads wait for the interpreter, from now until it is closed; use it with `with`."""
        from streamlib.observability.interpreter_wait import InterpreterWait  # few want it, and it loads ctypes

        return InterpreterWait()
