"""Who sets the pace: the processor whose own calls take so much of the time that those before it have to wait.

A full link alone says nothing: a source that writes as fast as it may fills its link however fast the reader is, and
behind a slow processor every link upstream is full. So of the readers of full links those are left out whom another
full link holds back themselves, and of the others those are named that were inside calls for most of the time since the
look before. One that shares its thread is as busy as all of them together, and the one that takes most is named.

How long calls took is read off the histograms that are there anyway; nothing is noted for it. Asked by `health`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from streamlib.clock import NS_PER_S
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop, loop_of
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, ProcessorId
from streamlib.links.channel import Channel
from streamlib.links.reader import RingReader
from streamlib.observability.causes import is_slow
from streamlib.observability.facts import source_of, target_of
from streamlib.observability.rates import Rates
from streamlib.observability.scene import crowded, lagging
from streamlib.observability.snapshots import Bottleneck
from streamlib.states import ProcessorState

BUSY = 0.8
"""Who was inside calls for so much of the time is busy: the rest goes to its loop, and to waits for the interpreter."""

MOST_LOOKED_AT = 1_000
"""Readers of full links that are looked at closely, and so many who share a thread with one of them."""


def is_lagging(channel: Channel, depth: int) -> bool:
    """Whether a link is half full or more, or its writer waits there for room: its reader may be behind."""
    return lagging(depth, channel.capacity) or _is_stalled(channel)


def bottlenecks(graph: PropertyGraph, behind: Iterable[Channel], rates: Rates, now_ns: int) -> tuple[Bottleneck, ...]:
    """Of the readers of lagging links those who set the pace, the busiest first."""
    into: dict[ProcessorId, list[Channel]] = defaultdict(list)
    held: set[ProcessorId] = set()
    for channel in behind:
        if _holds_or_loses(channel):
            into[target_of(channel)].append(channel)
            if _is_crowded(channel):
                held.add(source_of(channel))
    found: dict[ProcessorId, Bottleneck] = {}
    for id_, channels in islice(((id_, into[id_]) for id_ in into if id_ not in held), MOST_LOOKED_AT):
        instance = graph.get(id_, ProcessorInstance) if id_ in graph else None
        if instance is not None and _may_be(instance):
            one = _bottleneck(instance, channels, rates, now_ns)
            if one is not None:
                found.setdefault(one.processor_id, one)
    return tuple(sorted(found.values(), key=lambda one: -one.busy))


def _is_crowded(channel: Channel) -> bool:
    """Whether it holds its writer back: it is full, was a moment ago, or the writer waits there."""
    depth = 0 if channel.reader is None else channel.reader.depth()
    return crowded(depth, channel.capacity) or _is_stalled(channel)


def _is_stalled(channel: Channel) -> bool:
    return isinstance(channel.reader, RingReader) and bool(channel.reader.ring.stalled)


def _holds_or_loses(channel: Channel) -> bool:
    """Whether a full link matters to anybody: one that keeps the newest is meant to be."""
    return not channel.drops or (channel.live and channel.statistics().full > 0)


def _may_be(instance: ProcessorInstance) -> bool:
    """Whether it goes on and reads what waits: of one that does not, another cause is told."""
    if instance.state is not ProcessorState.RUNNING or instance.left_unread is not None:
        return False
    return not instance.joins or all(reader.depth() for reader in instance.readers)


class _Share(NamedTuple):
    """How much of a window somebody was inside calls, and how long that window was."""

    busy: float
    window_s: float


def _bottleneck(reader: ProcessorInstance, channels: list[Channel], rates: Rates, now_ns: int) -> Bottleneck | None:
    busiest, share = reader, _share(reader, rates, now_ns)
    if share.busy < BUSY:
        loop = loop_of(reader)
        others = [] if loop is None else [one for one in islice(loop.members, MOST_LOOKED_AT) if one is not reader]
        shares = {reader: share, **{one: _share(one, rates, now_ns) for one in others}}
        if sum(one.busy for one in shares.values()) < BUSY:
            return None
        busiest = max(shares, key=lambda one: shares[one].busy)
        share = shares[busiest]
    latency = busiest.metrics.latency.stats()
    waited_ns = max(_waited_ns(channel, reader) for channel in channels)
    return Bottleneck(
        processor_id=busiest.id,
        link_id=LinkId(channels[0].name),
        busy=share.busy,
        window_s=share.window_s,
        call_ns=latency.p50_ns,
        writers=tuple(dict.fromkeys(map(source_of, channels))),
        slow=is_slow(latency.p50_ns, waited_ns) or any(channel.drops for channel in channels),
    )


def _share(instance: ProcessorInstance, rates: Rates, now_ns: int) -> _Share:
    metrics = instance.metrics
    spent_ns = round(metrics.latency.mean_ns() * metrics.calls)
    per_s, window_s = rates.of((f"{instance.id} calls", instance.generation), spent_ns, now_ns, metrics.since_ns)
    inside_s = _inside_ns(instance) / NS_PER_S
    busy = per_s / NS_PER_S + (inside_s / window_s if window_s else 0.0)
    return _Share(min(busy, 1.0), window_s)


def _inside_ns(instance: ProcessorInstance) -> int:
    """How long it has been in the call that is under way; 0 where none is, or where nobody knows."""
    loop = instance.loop
    if not (isinstance(loop, Loop) and loop.in_head and loop.head is instance and instance.called_ns):
        return 0
    return max(0, instance.context.now_ns() - instance.called_ns)


def _waited_ns(channel: Channel, reader: ProcessorInstance) -> int:
    """How long the writer of a link has waited for room."""
    stalled = channel.reader.ring.stalled if isinstance(channel.reader, RingReader) else []
    since_ns = next(iter(stalled), 0)  # the reader may clear it meanwhile
    return reader.context.now_ns() - since_ns if since_ns else 0
