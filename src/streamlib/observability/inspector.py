"""Looks into a graph, at no cost until somebody does: snapshots of processors, links, topology and health, observers.

A snapshot is read from what the graph and its components hold anyway; nothing is stopped, and nothing is counted that
was not. It is of one version of the topology. Built on `streamlib.graph` and its components: `readings` puts one
processor or link into words, `whole` all of them, `health` the graph. Next on the way of who goes on looking:
`observers`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from streamlib.events.bus import EventBus
from streamlib.events.graph import GraphEvent
from streamlib.events.link import LinkEvent
from streamlib.events.processor import ProcessorEvent
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.strategy import SchedulingStrategy
from streamlib.graph.components import WiredChannel, metrics_of, statistics_of
from streamlib.graph.property_graph import PropertyGraph
from streamlib.observability.explanation import Explanation
from streamlib.observability.health import read_health
from streamlib.observability.live_table import LiveTable
from streamlib.observability.naming import LinkNamed, ProcessorNamed, link_id, processor_id, subject_named
from streamlib.observability.observer import Observer
from streamlib.observability.observers import Observers
from streamlib.observability.rates import Rates
from streamlib.observability.readings import end_of, link_snapshot, processor_snapshot
from streamlib.observability.sightings import Bounds
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
        bus: Where live tables hear of the stop.
        observers: Makes those who go on looking.
        explain: Says why nothing comes out; the runtime's.
    """

    def __init__(
        self,
        graph: PropertyGraph,
        bus: EventBus,
        now_ns: Callable[[], int],
        observers: Observers,
        explain: Callable[[str], Explanation],
    ) -> None:
        self._graph = graph
        self._bus = bus
        self._now_ns = now_ns
        self._observers = observers
        self._explain = explain
        self._rates = Rates()

    def processor(self, processor: ProcessorNamed | str) -> ProcessorSnapshot | None:
        """One processor as it is now, by its id or its handle; None where there is none of that id.

        Raises:
            UnknownProcessorError: What is given is neither, or a handle of another runtime.
        """
        graph, name = self._graph, processor_id(self._graph, processor)
        with graph.lock:
            if name not in graph:
                return None
            node, state = graph.node(name), graph.get(name, ProcessorState) or ProcessorState.IDLE
            metrics, strategy = metrics_of(graph, name), graph.get(name, SchedulingStrategy)
            instance = graph.get(name, ProcessorInstance)
        return processor_snapshot(node, state, metrics, strategy, instance, self._rates, self._now_ns())

    def link(self, link: LinkNamed | str) -> LinkSnapshot | None:
        """One link as it is now, by its id or its handle; None where there is none of that id.

        Raises:
            UnknownLinkError: What is given is neither, or a handle of another runtime.
        """
        graph, name = self._graph, link_id(self._graph, link)
        with graph.lock:
            if name not in graph:
                return None
            joined, wired = graph.link(name), graph.get(name, WiredChannel)
            input_ = graph.node(joined.target.processor_id).declaration.input(joined.target.port)
            channel, counted = None if wired is None else wired.channel, statistics_of(graph, name)
        return link_snapshot(joined, input_, channel, counted, self._rates, self._now_ns())

    def snapshot(self) -> GraphSnapshot:
        """The whole graph at once: every processor and link of one version of the topology, and the health of it all.

        Of a large graph it is read in pieces, between which others go on.
        """
        return whole_snapshot(self._graph, self._rates, self._now_ns)

    def live(self, *, interval_s: float = 1.0) -> LiveTable:
        """A table of all processors and links that a notebook shows, drawn anew until the runtime stops.

        Args:
            interval_s: Between two drawings, in seconds.

        Raises:
            ConfigError: The interval is not 0.1 s to an hour.
        """
        return LiveTable(self, self._bus, interval_s=interval_s)

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
        return read_health(self._graph, self._rates, self._now_ns())

    def explain(self, subject: ProcessorNamed | LinkNamed | str = "") -> Explanation:
        """Why nothing comes out: the roots first, each with what comes of it, in words and as data.

        False where everything flows. It looks at what is, so it may be asked at any time: idle, running, paused, after
        a failure; and it needs no answer from any processor.

        Args:
            subject: One processor or link, or the id of one; without it, all of them.

        Raises:
            UnknownProcessorError, UnknownLinkError: There is none of that id, or it is a handle of another runtime.
        """
        return self._explain("" if isinstance(subject, str) and not subject else subject_named(self._graph, subject))

    def interpreter_wait(self) -> InterpreterWait:
        """Estimate how long threads wait for the interpreter, from now until it is closed; use it with `with`."""
        from streamlib.observability.interpreter_wait import InterpreterWait  # few want it, and it loads ctypes

        return InterpreterWait()

    # ---------------------------------------------------------------------------------------------- who goes on looking

    def observe_processor(
        self,
        processor: ProcessorNamed | str,
        *,
        capacity: int = Bounds.capacity,
        max_bytes: int = Bounds.max_bytes,
        max_rate: float | None = None,
    ) -> Observer[ProcessorEvent]:
        """What happens in a processor from now on: all that the bus tells of it, and each call as FrameProcessed.

        It goes on with whoever takes the processor's place, and may be asked for before it runs.

        Args:
            processor: Its id or its handle.
            capacity: Events that wait to be read; the oldest make room.
            max_bytes: As for a link; events of a processor hold no frames.
            max_rate: Calls a second that are told at most; what else happens is told always.

        Raises:
            UnknownProcessorError: There is none of that id; the message has the nearest.
            ConfigError: A bound is no number that bounds.
        """
        return self._observers.of_processor(processor, Bounds(capacity, max_bytes, max_rate))

    def observe_link(
        self,
        link: LinkNamed | str,
        *,
        frames: bool = False,
        capacity: int = Bounds.capacity,
        max_bytes: int = Bounds.max_bytes,
        max_rate: float | None = None,
    ) -> Observer[LinkEvent]:
        """What passes in a link from now on: DataPushed, QueueFull and QueueEmpty. It may be asked for before it runs.

        Args:
            link: Its id or its handle.
            frames: Whether each DataPushed is a FramePushed that has the frame itself, by reference.
            capacity: Events that wait to be read; the oldest make room.
            max_bytes: Bytes of frames in events that wait to be read; the oldest make room.
            max_rate: Events a second of each kind that are told at most.

        Raises:
            UnknownLinkError: There is none of that id; the message has the nearest.
            ConfigError: A bound is no number that bounds.
        """
        return self._observers.of_link(link, Bounds(capacity, max_bytes, max_rate), frames=frames)

    def observe_graph(self, *, capacity: int = Bounds.capacity) -> Observer[GraphEvent]:
        """What happens to the graph from now on: who comes, goes and is changed, before and after, and its state.

        Args:
            capacity: Events that wait to be read; the oldest make room.

        Raises:
            ConfigError: The capacity is less than 1.
        """
        return self._observers.of_graph(Bounds(capacity))
