"""The facts of one processor and of the links that lead to it, as a diagnosis needs them: what `scene` has records for.

Called by `gathering`, which says of whom, for one look after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from streamlib.clock import NEVER_NS, NS_PER_S, Clock, PausableClock
from streamlib.events.event import described
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop, loop_of
from streamlib.execution.main_thread_runner import MainTask
from streamlib.execution.metrics import RecentErrors
from streamlib.execution.whereabouts import Call
from streamlib.ids import LinkId, ProcessorId
from streamlib.links.channel import Channel
from streamlib.links.latency import NEVER_TIMED
from streamlib.links.reader import RingReader, SlotReader
from streamlib.observability.scene import CallFacts, LinkFacts, ProcessorFacts, RestartFacts
from streamlib.states import ProcessorState


class Failures(Protocol):
    """What is known of errors; the compiler's reports."""

    failures: dict[str, BaseException]
    gave_up: dict[str, int]

    def last_error(self, instance: ProcessorInstance) -> str:
        """What a processor has raised last; empty where it has raised nothing."""
        ...

    def recent_errors(self, instance: ProcessorInstance) -> RecentErrors:
        """How its last calls went."""
        ...


@dataclass(slots=True)
class Surroundings:
    """What a graph does not hold of itself.

    Attributes:
        clock: The runtime's clock.
        media_clock: The same, which stands still while all is paused.
        failures: What is known of errors.
        attempt: The next attempt of a processor that waits for it, by the clock for media.
        event_loop: Where `async def process` is called.
        begun_ns: The earliest time at which a call that is under way can have begun, where that is known better than
            from the processor; on the runtime's clock.
    """

    clock: Clock
    media_clock: PausableClock
    failures: Failures
    attempt: Callable[[ProcessorId], RestartFacts | None]
    event_loop: Callable[[], asyncio.AbstractEventLoop | None]
    begun_ns: Callable[[ProcessorInstance], int | None] = lambda _: None


class Facts:
    """Takes the facts of processors at one moment.

    Attributes:
        now_ns: That moment, on the runtime's clock.
        calls: The calls that are under way, by processor.
        occupied: Who has to wait for a long call of whom, because one thread calls both.
        held_heads: The heads of loops that wait for room inside a call.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.now_ns = around.clock.now_ns()
        self._offset_ns = self.now_ns - around.media_clock.now_ns()
        self.calls: dict[ProcessorId, Call] = {}
        self.occupied: dict[ProcessorId, ProcessorId] = {}
        self.held_heads: dict[Loop, ProcessorId] = {}

    def of(self, instance: ProcessorInstance) -> tuple[ProcessorFacts, list[LinkFacts]]:
        """Those of a processor, and of the links that lead to it."""
        links = [
            self._link_facts(port, channel, channel.reader)
            for port, channels in instance.inputs.items()
            for channel in channels
            if channel.reader is not None and not channel.done
        ]
        return self._processor_facts(instance, full=any(link.lagging for link in links)), links

    def _processor_facts(self, instance: ProcessorInstance, *, full: bool) -> ProcessorFacts:
        declaration, metrics, around = instance.declaration, instance.metrics, self._around
        linked = linked_inputs(instance)
        call = self.calls.get(instance.id)
        waiting = instance.state is ProcessorState.RESTARTING
        attempt = around.attempt(instance.id) if waiting else None
        wake_ns, wakes = self._planned(instance)
        neglects = self._neglects(instance, call)
        nowhere = goes_nowhere(instance)
        errors, calls = metrics.errors, metrics.calls
        latency = metrics.latency.stats() if full or call is not None else NEVER_TIMED
        return ProcessorFacts(
            id=instance.id,
            mode=declaration.execution.mode,
            state=instance.state,
            since_ns=self._on_clock(instance.since_ns),
            joins=instance.joins,
            unconnected=tuple(port for port in declaration.inputs if port not in linked),
            goes_nowhere=nowhere,
            calls=calls,
            called_ns=self._on_clock(instance.called_ns),
            errors=errors,
            last_error=around.failures.last_error(instance) if errors else "",
            recent=self.errors_of(instance) if errors else RecentErrors(),
            failure=described(instance.failure) if instance.failure is not None else "",
            gave_up=around.failures.gave_up.get(instance.id, 0) if instance.over else 0,
            call=None if call is None else self.of_call(call, instance),
            wake_ns=wake_ns,
            wakes=wakes,
            poked=instance.poked,
            neglects=neglects,
            unread_ns=self._on_clock(instance.unread_ns) if neglects else 0,
            restart=None if attempt is None else replace(attempt, at_ns=self._on_clock(attempt.at_ns)),
            unattended=main_is_elsewhere(instance),
            occupied=self.occupied.get(instance.id) or self._held_head(instance),
            outside=_outside(instance) if neglects or not declaration.inputs else "",
            typical_ns=latency.p50_ns,
            longest_ns=latency.p90_ns,
            outputs=tuple(instance.outputs) if nowhere else (),
        )

    def errors_of(self, instance: ProcessorInstance) -> RecentErrors:
        """How its last calls went, by the runtime's clock."""
        recent = self._around.failures.recent_errors(instance)
        return recent._replace(since_ns=self._on_clock(recent.since_ns))

    def _held_head(self, instance: ProcessorInstance) -> str:
        """The head behind which it is called, where that waits for room inside a call."""
        loop = loop_of(instance)
        if loop is None or loop.head is instance or any(isinstance(one, RingReader) for one in instance.readers):
            return ""
        return self.held_heads.get(loop, "")

    def _on_clock(self, media_ns: int) -> int:
        """A time of the clock for media on the runtime's clock; 0 stays what never was."""
        return media_ns + self._offset_ns if media_ns else 0

    def _link_facts(self, port: str, channel: Channel, reader: SlotReader | RingReader) -> LinkFacts:
        since_ns = reader.ring.stalled[0] if isinstance(reader, RingReader) and reader.ring.stalled else None
        depth, taken, dropped = reader.depth(), reader.count_for_sure(), 0
        if channel.live:
            counted = channel.statistics()
            depth, dropped = counted.depth, counted.full
        return LinkFacts(
            id=LinkId(channel.name),
            source=source_of(channel),
            target=target_of(channel),
            input=port,
            depth=depth,
            capacity=channel.capacity,
            holds=not channel.drops,
            since_ns=None if since_ns is None else self._on_clock(since_ns),
            taken=taken,
            dropped=dropped,
            ended=reader.ended,
            wait_ns=0 if channel.wait is None else channel.wait.stats().p50_ns,
        )

    def _neglects(self, instance: ProcessorInstance, call: Call | None) -> tuple[str, ...]:
        if instance.over or (call is not None and call.waits_for_room) or not instance.is_unread():
            return ()
        return tuple(
            port
            for port, channels in instance.inputs.items()
            if any(channel.reader is not None and channel.reader.depth() for channel in channels)
        )

    def _planned(self, instance: ProcessorInstance) -> tuple[int | None, str]:
        """When the clock calls it next, and how often that is."""
        loop = loop_of(instance)
        if instance.ticking and instance.wake_ns is None and loop is not None:
            interval_ns = instance.declaration.execution.interval_ns
            if interval_ns < NS_PER_S:
                return None, ""
            return self._on_clock(loop.next_tick_ns(instance)), f"every {interval_ns / NS_PER_S:g} s"
        wake_ns = instance.wake_ns
        return (wake_ns if wake_ns is None or wake_ns >= NEVER_NS else self._on_clock(wake_ns)), ""

    def of_call(self, call: Call, instance: ProcessorInstance | None) -> CallFacts:
        """Those of a call; of one that is under way before its processor is in the graph, less is known."""
        since_ns: int | None = None
        if instance is not None and call.method == "process":
            since_ns = max(self._on_clock(self._last_called(instance)), self._around.begun_ns(instance) or 0) or None
        return CallFacts(
            method=call.method,
            place=call.place,
            since_ns=since_ns,
            deepest=call.deepest,
            thread=call.thread,
            waits_for_room=call.waits_for_room,
            awaits=call.awaits,
        )

    def _last_called(self, instance: ProcessorInstance) -> int:
        """When it was called at the earliest: one that passes call straight, with the head of its loop."""
        loop = instance.loop
        if instance.metrics.steady is None or not isinstance(loop, Loop) or loop.head is None:
            return instance.called_ns
        return max(instance.called_ns, loop.head.called_ns)


def linked_inputs(instance: ProcessorInstance) -> list[str]:
    """The inputs that a link reaches; one that was cut and is empty reaches nobody."""
    return [port for port, channels in instance.inputs.items() if any(not channel.done for channel in channels)]


def goes_nowhere(instance: ProcessorInstance) -> bool:
    """Whether it has outputs, and no link leaves any of them."""
    return bool(instance.outputs) and not any(instance.outputs.values())


def main_is_elsewhere(instance: ProcessorInstance | None) -> bool:
    """Whether it has its turns on the main thread, and that does not give any."""
    loop = None if instance is None else loop_of(instance)
    runner = None if loop is None else loop.runner
    return isinstance(runner, MainTask) and not runner.main.attended


def _outside(instance: ProcessorInstance) -> str:
    """What a processor says that it waits for; one that raises has nothing to say."""
    try:
        said: object = instance.processor.waits_for()
    except Exception:
        return ""
    return said if isinstance(said, str) else ""


def source_of(channel: Channel) -> ProcessorId:
    """Who writes to a link."""
    return ProcessorId(channel.name.partition("->")[0].rpartition(".")[0])


def target_of(channel: Channel) -> ProcessorId:
    """Who reads a link."""
    return ProcessorId(channel.name.partition("->")[2].rpartition(".")[0])
