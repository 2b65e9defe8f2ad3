"""What a graph looks like at one moment, as frozen records: what the inspector returns, and agents are shown.

Each can be written as JSON: `msgspec.json.encode(snapshot)`, or as plain values, `msgspec.to_builtins(snapshot)`. Times
are nanoseconds of the runtime's clock, rates are per second over the window that stands beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum

import msgspec

from streamlib.execution.priority import ThreadPriority
from streamlib.execution.strategy import StrategyKind
from streamlib.ids import LinkId, ProcessorId
from streamlib.links.delivery import Delivery
from streamlib.links.latency import LatencyStats
from streamlib.states import GraphState, ProcessorState

MOST_SHOWN = 20
"""Of how many of a kind a snapshot as a text has a line or the id."""


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Any of the records here."""


class LinkEndpoint(Snapshot, frozen=True, kw_only=True, gc=False):
    """One end of a link."""

    processor_id: ProcessorId
    port: str

    def __str__(self) -> str:
        return f"{self.processor_id}.{self.port}"


class RunsOn(StrEnum):
    """Whose thread calls a processor."""

    THREAD = "thread"
    POOL = "pool"
    MAIN_THREAD = "main_thread"
    EVENT_LOOP = "event_loop"
    CALLER = "caller"


class Place(Snapshot, frozen=True, kw_only=True, gc=False):
    """Where a processor runs.

    Attributes:
        strategy: What the scheduler delegate chose.
        runs_on: Where that really is: a lightweight one runs where the head of its loop does, one with an
            `async def process` on the event loop, and a manual one, with those in its loop, on the thread of whoever
            steps it; None before it has begun.
        head: The processor in whose loop it is called; None where that is itself, or nobody.
        thread: The name of the thread, where it is always the same: its own, that of its head, or the main thread.
        priority_asked: What that thread asked for.
        priority: What the system really granted; None of a thread that is not the runtime's own, or has not begun.
        reason: Why it got less than it asked for.
    """

    strategy: StrategyKind
    runs_on: RunsOn | None = None
    head: ProcessorId | None = None
    thread: str = ""
    priority_asked: ThreadPriority | None = None
    priority: ThreadPriority | None = None
    reason: str = ""


class ProcessorSnapshot(Snapshot, frozen=True, kw_only=True):
    """One processor.

    Attributes:
        id: Its id.
        processor_type: The name of its type.
        state: What it is doing.
        throughput_fps: Calls of `process` in a second, over the window; 0 while it does not run, and once it has ended.
        window_s: Since when throughput was counted, in seconds: since the look before, or since it runs.
        calls: Calls of `process` so far.
        errors: How many of them raised.
        latency: How long calls took, with the number of calls that were timed.
        age: How long ago frames had entered the graph when it read them, with the number that were looked at; none at a
            source. By the clock for media, as `entered_ns` is.
        config: Its config as plain values; one that is none is said in words.
        place: Where it runs; None while it does not.
        generation: Tells apart those that have borne its id: the later has the greater number.
    """

    id: ProcessorId
    processor_type: str
    state: ProcessorState
    throughput_fps: float
    window_s: float
    calls: int
    errors: int
    latency: LatencyStats
    age: LatencyStats
    config: Mapping[str, object]
    place: Place | None
    generation: int

    def __str__(self) -> str:
        errors = f", {self.errors:,} errors" if self.errors else ""
        words = f"{self.id} ({self.processor_type}): {self.state}, {self.calls:,} calls"
        return f"{words}, {self.throughput_fps:,.1f} per second{errors}"


class LinkSnapshot(Snapshot, frozen=True, kw_only=True, gc=False):
    """One link; its counters agree with each other: written = taken + queue_depth + dropped.

    Attributes:
        id: Its id.
        source: The output that frames come from.
        target: The input that frames go to.
        delivery: What it does with a frame that finds it full.
        queue_depth: Frames that wait.
        capacity: Frames that may wait.
        queued_bytes: The size of what waits.
        throughput_fps: Frames read in a second, over the window; 0 once one of its ends has ended.
        window_s: Since when throughput was counted, in seconds: since the look before, or since it runs.
        written: Frames written since it was wired.
        taken: Frames read.
        replaced: Frames that a newer one has overtaken (`latest`, `drop_oldest`).
        full: Frames that found no room (`drop_newest`, a live source).
        closed: Frames written after the reader had ended.
        overflowed: Frames that went through the overflow of a writer that may not wait; none of them is lost.
        wait: How long frames waited from their write to their read, with the number that were timed. By the clock for
            media, which stands still while the runtime is paused.
        runs: Whether it is wired; the figures of one that is not are those of its last run.
    """

    id: LinkId
    source: LinkEndpoint
    target: LinkEndpoint
    delivery: Delivery
    queue_depth: int
    capacity: int
    queued_bytes: int
    throughput_fps: float
    window_s: float
    written: int
    taken: int
    replaced: int
    full: int
    closed: int
    overflowed: int
    wait: LatencyStats
    runs: bool

    def __str__(self) -> str:
        dropped = f", {self.dropped:,} dropped" if self.dropped else ""
        words = f"{self.source} → {self.target}: {self.delivery}, {self.queue_depth:,} of {self.capacity:,} waiting"
        return f"{words}, {self.taken:,} read, {self.throughput_fps:,.1f} per second{dropped}"

    @property
    def dropped(self) -> int:
        """Frames that the reader never got, whatever the reason."""
        return self.replaced + self.full + self.closed

    @property
    def is_full(self) -> bool:
        """Whether a frame that is written now finds no room."""
        return self.runs and self.queue_depth >= self.capacity


class TopologyProcessor(Snapshot, frozen=True, kw_only=True, gc=False):
    """A processor, as a point of the topology."""

    id: ProcessorId
    processor_type: str
    state: ProcessorState


class TopologyLink(Snapshot, frozen=True, kw_only=True, gc=False):
    """A link, as an arrow of the topology."""

    id: LinkId
    source: LinkEndpoint
    target: LinkEndpoint


class GraphTopology(Snapshot, frozen=True, kw_only=True):
    """Who is joined to whom, all of one moment.

    Attributes:
        version: Grows with each change of the graph; two that are equal show the same graph.
        state: What the graph as a whole is doing.
        processors: In the order in which they came.
        links: In the order in which they came.
    """

    version: int
    state: GraphState
    processors: tuple[TopologyProcessor, ...]
    links: tuple[TopologyLink, ...]


class Bottleneck(Snapshot, frozen=True, kw_only=True):
    """A processor that sets the pace: it is busy nearly all the time, others wait for it, and it waits for nobody.

    A graph that runs as fast as it can has one and is well: its slowest stage. `slow` says where `explain` calls it
    trouble.

    Attributes:
        processor_id: Its id.
        link_id: The link into it that is full, the first where several are.
        busy: The part of the window that it was inside calls, 0 to 1; one that shares its thread may have less than
            others, and all on that thread together are busy.
        window_s: Since when that was counted, in seconds: since the look before, or since it runs.
        call_ns: What half of its calls take at most.
        writers: Who waits for room there, or, as a live source does, drops what finds none.
        slow: Whether a call takes 50 ms or longer, a writer has waited for a second or longer, or frames are dropped.
    """

    processor_id: ProcessorId
    link_id: LinkId
    busy: float
    window_s: float
    call_ns: int
    writers: tuple[ProcessorId, ...]
    slow: bool

    def __str__(self) -> str:
        return f"{self.processor_id} ({self.busy:.0%} busy, {self.call_ns / 1e6:,.3g} ms a call)"


class GraphHealth(Snapshot, frozen=True, kw_only=True):
    """How the graph as a whole is doing.

    Attributes:
        state: What it is doing.
        processor_count: Processors in it.
        link_count: Links in it.
        dropped_frames: Frames that links have lost since they were wired.
        error_count: Calls of `process` that raised.
        bottlenecks: Processors that set the pace of those before them, the busiest first; of links that are meant to
            drop frames no reader is one.
        failed: Processors that an error has ended.
        paused: Processors that are paused by themselves.
        queued_bytes: The size of all that waits in links.
        collector: How long the collector stood in the way of everybody since the start, in nanoseconds.
    """

    state: GraphState
    processor_count: int
    link_count: int
    dropped_frames: int
    error_count: int
    bottlenecks: tuple[Bottleneck, ...]
    failed: tuple[ProcessorId, ...]
    paused: tuple[ProcessorId, ...]
    queued_bytes: int
    collector: LatencyStats

    def __str__(self) -> str:
        pace = [str(one) for one in self.bottlenecks]
        lists = {"the pace is set by": pace, "failed": self.failed, "paused by themselves": self.paused}
        head = f"{self.state}: {self.processor_count:,} processors, {self.link_count:,} links"
        lost = f"frames dropped: {self.dropped_frames:,}, errors: {self.error_count:,}"
        rest = (f"{what}: {_listed(ids)}" for what, ids in lists.items() if ids)
        return "\n".join((head, f"{lost}, waiting in links: {self.queued_bytes:,} B", *rest))


class GraphSnapshot(Snapshot, frozen=True, kw_only=True):
    """A whole graph: every processor and link of one version of the topology.

    Figures of different processors and links are not of the same instant: nothing is stopped for a look. Each set of
    counters agrees in itself, and a processor that was removed while it was read is shown as ended.

    Attributes:
        version: As in `GraphTopology`.
        state: What the graph as a whole is doing.
        at_ns: When the look began, on the runtime's clock.
        processors: In the order in which they came.
        links: In the order in which they came.
        health: How the graph as a whole is doing.
    """

    version: int
    state: GraphState
    at_ns: int
    processors: tuple[ProcessorSnapshot, ...]
    links: tuple[LinkSnapshot, ...]
    health: GraphHealth

    def __str__(self) -> str:
        return "\n".join((str(self.health), *_lines(self.processors, "processors"), *_lines(self.links, "links")))


def _listed(ids: Sequence[str]) -> str:
    more = len(ids) - MOST_SHOWN
    return ", ".join(ids[:MOST_SHOWN]) + (f" and {more:,} more" if more > 0 else "")


def _lines(shown: Sequence[Snapshot], what: str) -> Iterator[str]:
    yield from (f"  {one}" for one in shown[:MOST_SHOWN])
    if len(shown) > MOST_SHOWN:
        yield f"  and {len(shown) - MOST_SHOWN:,} more {what}"
