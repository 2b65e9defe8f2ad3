"""What is attached to a processor or a link of the graph, by type.

Compiling attaches the engine's components and tearing down removes them; a user attaches components of classes of
their own through `ComponentView`. What a component holds is the business of those who attach it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from tcod.ecs import Entity

from streamlib.errors import DeclarationError
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.metrics import ProcessorMetrics
from streamlib.execution.priority import GrantedPriority
from streamlib.execution.strategy import SchedulingStrategy
from streamlib.execution.thread_runner import ThreadRunner
from streamlib.graph.entities import Subject
from streamlib.graph.group import GroupMember
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, ProcessorId
from streamlib.links.channel import Channel
from streamlib.links.latency import LatencyHistogram, LatencyStats
from streamlib.links.statistics import LinkStatistics
from streamlib.processors.context import log_fields
from streamlib.states import ProcessorState

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class ThreadHandle:
    """The processor has a thread of its own."""

    runner: ThreadRunner

    @property
    def name(self) -> str:
        """The name of the thread."""
        return self.runner.thread.name

    @property
    def priority(self) -> GrantedPriority | None:
        """The priority that was asked for, and what the system granted; None while the thread has not begun."""
        return self.runner.granted


@dataclass(frozen=True, slots=True)
class PoolMarker:
    """The processor has its turns on the pool."""


@dataclass(frozen=True, slots=True)
class MainThreadMarker:
    """The processor has its turns on the main thread."""


@dataclass(frozen=True, slots=True)
class EventLoopMarker:
    """The processor's `async def process` is called on the runtime's event loop."""


class ShutdownChannel(msgspec.Struct, frozen=True):
    """How the processor is told to end: it finishes what it is doing, says end of stream and is torn down."""

    instance: ProcessorInstance

    def shut_down(self) -> None:
        """Have it end; from any thread."""
        self.instance.end()


class ProcessFunctionInvokeChannel(msgspec.Struct, frozen=True):
    """How the processor is called when no frame calls it."""

    instance: ProcessorInstance

    def invoke(self) -> None:
        """Have it called soon; from any thread."""
        self.instance.wake()


class WiredChannel(msgspec.Struct, frozen=True):
    """The running form of a link."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ReactiveMarker:
    """The processor is called when an input holds frames."""


@dataclass(frozen=True, slots=True)
class LightweightMarker:
    """The processor is called on the thread of whoever feeds it."""


@dataclass(frozen=True, slots=True)
class ManualMarker:
    """The processor is called by `runtime.step` alone."""


@dataclass(frozen=True, slots=True)
class TransientMarker:
    """The processor serves one who looks on, as `frames()` does: it is not saved, and applying a file leaves it."""


REACTIVE, LIGHTWEIGHT, POOLED = ReactiveMarker(), LightweightMarker(), PoolMarker()
"""Markers that very many processors have are the same for all."""


class CollectorPauses:
    """How long the collector has stood in the way of everybody since the start; a component of the graph as a whole."""

    def __init__(self) -> None:
        self._histogram = LatencyHistogram()

    @property
    def stats(self) -> LatencyStats:
        """Percentiles of all pauses, long and short, in nanoseconds."""
        return self._histogram.stats()

    def record(self, duration_ns: int) -> None:
        """Count one pause."""
        self._histogram.record(duration_ns)


@dataclass(frozen=True, slots=True)
class FailedStart:
    """What kept the runtime from starting; a component of the graph as a whole, until the next commit that succeeds.

    Attributes:
        at_ns: When that was, on the runtime's clock.
        error: With what it failed.
        step: What was done then; empty where it did not get so far.
        subject: To which processor or link; empty where it was about more than one.
    """

    at_ns: int
    error: str
    step: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class LastMetrics:
    """What was counted of a processor until it was torn down; nothing is counted there any more."""

    metrics: ProcessorMetrics


@dataclass(frozen=True, slots=True)
class LastStatistics:
    """What a link had carried when the runtime stopped."""

    statistics: LinkStatistics


LAST_FIGURES: tuple[type[object], ...] = (LastMetrics, LastStatistics)
"""What tearing down leaves behind for who asks after a stop: figures, and nothing that runs."""

RUNNING_COMPONENTS: tuple[type[object], ...] = (
    ProcessorInstance,
    ProcessorMetrics,
    SchedulingStrategy,
    ThreadHandle,
    PoolMarker,
    MainThreadMarker,
    EventLoopMarker,
    ShutdownChannel,
    ProcessFunctionInvokeChannel,
    ReactiveMarker,
    LightweightMarker,
    ManualMarker,
    WiredChannel,
)
"""What compiling attaches and tearing down removes."""

ENGINE_COMPONENTS: frozenset[type[object]] = frozenset(
    {ProcessorNode, Link, ProcessorState, GroupMember, TransientMarker, *RUNNING_COMPONENTS, *LAST_FIGURES}
)
"""What a user's view may read and does not list."""


def metrics_of(graph: PropertyGraph, id_: ProcessorId) -> ProcessorMetrics | None:
    """The counters of a processor: while it runs, and after a stop those of its last run."""
    with graph.lock:
        metrics, last = graph.get(id_, ProcessorMetrics), graph.get(id_, LastMetrics)
    return metrics if metrics is not None or last is None else last.metrics


def metrics_of_each(graph: PropertyGraph, entities: Iterable[Entity]) -> list[ProcessorMetrics | None]:
    """The same of many processors at once."""
    with graph.lock:
        metrics, last = graph.column(entities, ProcessorMetrics), graph.column(entities, LastMetrics)
    return [
        left.metrics if counted is None and left is not None else counted
        for counted, left in zip(metrics, last, strict=True)
    ]


def statistics_of(graph: PropertyGraph, id_: LinkId) -> LinkStatistics | None:
    """What a link has carried: since it was wired, and after a stop in its last run."""
    with graph.lock:
        wired, last = graph.get(id_, WiredChannel), graph.get(id_, LastStatistics)
        if wired is not None:
            return wired.channel.statistics()
    return None if last is None else last.statistics


def log_fields_of(graph: PropertyGraph, id_: ProcessorId) -> dict[str, object]:
    """The fields of a line of the log that is about a processor: its type too, while it is in the graph."""
    with graph.lock:
        node = graph.node(id_) if id_ in graph else None
    return log_fields(id_) if node is None else log_fields(id_, node.processor_type, node.generation)


class ComponentView:
    """The components of one processor or link as a mapping from a class to its one instance.

    Reading reaches the engine's components as well; listing, length and writing are about the user's own.
    """

    def __init__(self, graph: PropertyGraph, subject: Subject) -> None:
        self._graph = graph
        self._subject = subject

    def __getitem__(self, component_type: type[C]) -> C:
        _check_class(component_type)
        component = self._graph.get(self._subject, component_type)
        if component is None:
            raise KeyError(component_type)
        return component

    def get(self, component_type: type[C]) -> C | None:
        """The component of that very type, or None."""
        _check_class(component_type)
        return self._graph.get(self._subject, component_type)

    def __setitem__(self, component_type: type[C], component: C) -> None:
        _check_class(component_type)
        if type(component) is not component_type:
            raise DeclarationError(
                f"components[{component_type.__name__}] takes a {component_type.__name__}, "
                f"not a {type(component).__name__}; use the component's own class as its key"
            )
        self._check_users(component_type)
        self._graph.insert(self._subject, component)

    def __delitem__(self, component_type: type[object]) -> None:
        _check_class(component_type)
        self._check_users(component_type)
        if self._graph.remove(self._subject, component_type) is None:
            raise KeyError(component_type)

    def __contains__(self, component_type: type[object]) -> bool:
        _check_class(component_type)
        return self._graph.has(self._subject, component_type)

    def __iter__(self) -> Iterator[type[object]]:
        return iter([kind for kind in self._graph.component_types(self._subject) if kind not in ENGINE_COMPONENTS])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        if isinstance(self._subject, str) and self._subject not in self._graph:
            return f"<components of {self._subject}, which is not in the graph>"
        with self._graph.lock:
            own = ", ".join(repr(self._graph.get(self._subject, kind)) for kind in self)
            kinds = self._graph.component_types(self._subject)
        engine = ", ".join(kind.__name__ for kind in kinds if kind in ENGINE_COMPONENTS)
        return f"<components of {self._subject}: {own or 'none'} of yours; of the engine {engine}>"

    def _check_users(self, component_type: type[object]) -> None:
        if component_type in ENGINE_COMPONENTS:
            name = component_type.__name__
            raise DeclarationError(f"{name} is attached and removed by the engine; declare a class of your own")


def _check_class(component_type: object) -> None:
    if not isinstance(component_type, type):
        raise DeclarationError(f"a component is known by its class, and {component_type!r:.60} is none")
