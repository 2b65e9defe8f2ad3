"""What each processor has done, read from the components of a graph that changes.

Components go when a processor goes. So a tally keeps those that it has seen and reads them at the end: they are
the counters themselves, and exact by then. `display.py` shows the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.execution.metrics import ProcessorMetrics
from streamlib.graph.components import LightweightMarker, ManualMarker, ThreadHandle, WiredChannel
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, ProcessorId
from streamlib.links.channel import Channel
from streamlib.links.latency import LatencyStats


class Role(StrEnum):
    """Where a processor stands."""

    SOURCE = "source"
    FILTER = "filter"
    SINK = "sink"


@dataclass(frozen=True, slots=True)
class Row:
    """One processor: frames that it read (a source: wrote), frames lost on the way to it, errors it raised.

    `calls` is how often `process` was called.
    """

    id: ProcessorId
    role: Role
    frames: int
    dropped: int
    errors: int
    latency: LatencyStats
    place: str
    calls: int = 0

    @property
    def is_in_vain(self) -> bool:
        """Whether each call was ended by an error."""
        return self.errors >= self.calls > 0


@dataclass(slots=True)
class Begun:
    """A channel that leads from an output, and how many frames went out there before it was wired."""

    channel: Channel
    before: int = 0

    @property
    def frames(self) -> int:
        """Frames that the output had sent when the last one went in here."""
        return self.before + self.channel.statistics().written


@dataclass(slots=True)
class Sent:
    """What went out at one output: every link of it carries the same frames, from when it is there until it goes."""

    begun: list[Begun] = field(default_factory=list)

    def frames(self) -> int:
        """All that went out."""
        return max((one.frames for one in self.begun), default=0)

    def take_note_of(self, wired: list[Channel]) -> None:
        """Add those that are new among the channels that lead from it now.

        One that takes the place of others goes on where they were cut; one beside others has missed what these had
        carried before it.
        """
        known = {id(one.channel) for one in self.begun}
        new = [channel for channel in wired if id(channel) not in known]
        if not new:
            return
        still = {id(channel) for channel in wired}
        cut = max((one.frames for one in self.begun if id(one.channel) not in still), default=0)
        beside = max((one.frames for one in self.begun if id(one.channel) in still), default=0)
        self.begun += [Begun(channel, max(cut, beside - channel.statistics().written)) for channel in new]


@dataclass(slots=True)
class Seen:
    """The components of one processor, kept; channels by link, since a restart may wire a link anew."""

    role: Role
    metrics: ProcessorMetrics
    place: str
    inputs: dict[LinkId, list[Channel]] = field(default_factory=dict)
    outputs: dict[str, Sent] = field(default_factory=dict)

    def row(self, id_: ProcessorId) -> Row:
        """Its counters as of now."""
        metrics, latency = self.metrics, self.metrics.latency.stats()
        frames, dropped = self.frames(), self.dropped()
        return Row(id_, self.role, frames, dropped, metrics.errors, latency, self.place, metrics.calls)

    def frames(self) -> int:
        """What it read; a source has only what it wrote."""
        if self.role is not Role.SOURCE:
            return sum(channel.statistics().taken for links in self.inputs.values() for channel in links)
        return sum(sent.frames() for sent in self.outputs.values())

    def dropped(self) -> int:
        """What did not reach it."""
        return sum(channel.statistics().dropped for links in self.inputs.values() for channel in links)


class Tally:
    """Looks at a graph whenever it is told to, and remembers everyone."""

    def __init__(self, graph: PropertyGraph) -> None:
        self._graph = graph
        self._seen: dict[ProcessorId, Seen] = {}

    def look(self) -> None:
        """Take note of who is in the graph now, and of their links."""
        with self._graph.lock:
            for id_ in self._graph.processor_ids():
                self._take_note_of(id_)
            outputs: dict[tuple[ProcessorId, str], list[Channel]] = {}
            for link in self._graph.links():
                wired = self._graph.get(link.id, WiredChannel)
                source, target = (self._seen.get(port.processor_id) for port in (link.source, link.target))
                if wired is not None and source is not None and target is not None:
                    outputs.setdefault((link.source.processor_id, link.source.port), []).append(wired.channel)
                    _add(target.inputs, link.id, wired.channel)
            for (id_, port), wired_now in outputs.items():
                self._seen[id_].outputs.setdefault(port, Sent()).take_note_of(wired_now)

    def rows(self) -> list[Row]:
        """Everyone seen so far, in the order in which they came, with their counters as of now."""
        return [seen.row(id_) for id_, seen in self._seen.items()]

    def carried(self, link: LinkId) -> int:
        """Frames that the reader of a link took from it."""
        channels = next((seen.inputs[link] for seen in self._seen.values() if link in seen.inputs), [])
        return sum(channel.statistics().taken for channel in channels)

    def _take_note_of(self, id_: ProcessorId) -> None:
        metrics = self._graph.get(id_, ProcessorMetrics)
        if metrics is None:
            return
        if id_ not in self._seen:
            self._seen[id_] = Seen(self._role_of(id_), metrics, "")
        self._seen[id_].metrics = metrics
        self._seen[id_].place = self._place_of(id_)

    def _role_of(self, id_: ProcessorId) -> Role:
        declaration = self._graph.node(id_).declaration
        if not declaration.inputs:
            return Role.SOURCE
        return Role.FILTER if declaration.outputs else Role.SINK

    def _place_of(self, id_: ProcessorId) -> str:
        handle = self._graph.get(id_, ThreadHandle)
        if handle is not None:
            return handle.name
        if self._graph.has(id_, ManualMarker):
            return "whoever steps it"
        instance = self._graph.get(id_, ProcessorInstance)
        loop = instance.loop if instance is not None else None
        if self._graph.has(id_, LightweightMarker) and isinstance(loop, Loop):
            return f"inlined in {loop.name}"
        return "not running"


def _add(links: dict[LinkId, list[Channel]], link: LinkId, channel: Channel) -> None:
    channels = links.setdefault(link, [])
    if channel not in channels:
        channels.append(channel)
