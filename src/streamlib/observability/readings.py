"""One processor and one link as they are now: what the graph and its components hold, put into a snapshot.

Nothing is locked here and nothing is counted: who looks hands in what he has found in the graph. Called by the
`inspector` for one, and by `whole` for all.
"""

from __future__ import annotations

import threading
from typing import Any

from streamlib.execution.event_loop_runner import AsyncLoop
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop, loop_of
from streamlib.execution.main_thread_runner import MainLoop
from streamlib.execution.metrics import ProcessorMetrics
from streamlib.execution.strategy import SchedulingStrategy, StrategyKind
from streamlib.execution.thread_runner import ThreadRunner
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.plain_values import to_plain
from streamlib.ids import PortRef
from streamlib.links.channel import Channel
from streamlib.links.latency import NEVER_TIMED
from streamlib.links.reader import RingReader
from streamlib.links.statistics import LinkStatistics
from streamlib.observability.rates import Rates
from streamlib.observability.snapshots import LinkEndpoint, LinkSnapshot, Place, ProcessorSnapshot, RunsOn
from streamlib.processors.ports import LinkInput
from streamlib.states import ProcessorState


def processor_snapshot(
    node: ProcessorNode,
    state: ProcessorState,
    metrics: ProcessorMetrics | None,
    strategy: SchedulingStrategy | None,
    instance: ProcessorInstance | None,
    rates: Rates,
    now_ns: int,
) -> ProcessorSnapshot:
    """One processor as it is now, of what the graph holds of it."""
    calls = 0 if metrics is None else metrics.calls
    going = instance is not None and not instance.over  # who has ended or is gone has no rate
    since_ns = metrics.since_ns if metrics is not None and going else 0
    throughput, window_s = rates.of((node.id, node.generation), calls, now_ns, since_ns)
    return ProcessorSnapshot(
        id=node.id,
        processor_type=node.processor_type,
        state=state,
        throughput_fps=throughput,
        window_s=window_s,
        calls=calls,
        errors=0 if metrics is None else metrics.errors,
        latency=NEVER_TIMED if metrics is None else metrics.latency.stats(),
        age=NEVER_TIMED if metrics is None or metrics.age is None else metrics.age.stats(),
        config=_config(node),
        place=None if strategy is None else _place(strategy, instance),
        generation=node.generation,
    )


def link_snapshot(
    link: Link,
    input_: LinkInput[Any],
    channel: Channel | None,
    statistics: LinkStatistics | None,
    rates: Rates,
    now_ns: int,
) -> LinkSnapshot:
    """One link as it is now, of what the graph holds of it: the channel while it runs, its counters also after that."""
    counted = statistics or LinkStatistics(0, 0, 0, link.capacity or input_.capacity)
    since_ns = 0 if channel is None or _is_over(channel) else channel.since_ns
    throughput, window_s = rates.of((link.id, since_ns), counted.taken, now_ns, since_ns)
    return LinkSnapshot(
        id=link.id,
        source=end_of(link.source),
        target=end_of(link.target),
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
        wait=counted.wait,
        runs=channel is not None,
    )


def _is_over(channel: Channel) -> bool:
    """Whether nothing will be read from a link any more: one of its ends has ended."""
    reader = channel.reader
    if reader is None:
        return False
    return reader.ended or (reader.ring.closed if isinstance(reader, RingReader) else reader.closed)


def end_of(port: PortRef) -> LinkEndpoint:
    """A port as the end of a link."""
    return LinkEndpoint(processor_id=port.processor_id, port=port.port)


def _place(strategy: SchedulingStrategy, instance: ProcessorInstance | None) -> Place:
    """Where it really runs: a lightweight processor in the loop of another, an async one on the event loop."""
    loop = None if instance is None else loop_of(instance)
    if loop is None:
        return Place(strategy=strategy.kind)
    head, runner = loop.head, loop.runner
    granted = runner.granted if isinstance(runner, ThreadRunner) else None
    asked = strategy.priority if strategy.kind is StrategyKind.DEDICATED_THREAD and head is instance else None
    return Place(
        strategy=strategy.kind,
        runs_on=_runs_on(loop),
        head=None if head is None or head is instance else head.id,
        thread=_thread(loop),
        priority_asked=asked if granted is None else granted.asked,
        priority=None if granted is None else granted.got,
        reason="" if granted is None else granted.reason,
    )


def _runs_on(loop: Loop) -> RunsOn:
    if isinstance(loop, AsyncLoop):
        return RunsOn.EVENT_LOOP
    if isinstance(loop, MainLoop):
        return RunsOn.MAIN_THREAD
    if isinstance(loop.runner, ThreadRunner):
        return RunsOn.THREAD
    return RunsOn.CALLER if loop.runner is None else RunsOn.POOL


def _thread(loop: Loop) -> str:
    if isinstance(loop, MainLoop):
        return threading.main_thread().name
    return loop.runner.thread.name if isinstance(loop.runner, ThreadRunner) else ""


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
