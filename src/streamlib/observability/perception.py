"""The eyes and ears of whoever looks at a running graph: an agent, a notebook, a page.

Questions come in; samples, snapshots and events go out. Samples are taken by `sampler` on the caller's thread, with a
tap that is there only as long; snapshots are the `inspector`'s. It changes nothing: for hands see `actions`.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable
from typing import Protocol

from streamlib.errors import ConfigError, UnknownLinkError, UnknownProcessorError
from streamlib.events.bus import EventBus
from streamlib.events.stream import EventStream
from streamlib.events.topics import EVERYTHING
from streamlib.graph.property_graph import PropertyGraph
from streamlib.observability.encoded_image import SampledFrame
from streamlib.observability.inspector import GraphInspector
from streamlib.observability.naming import LinkNamed, ProcessorNamed, Spot, link_named, processor_named
from streamlib.observability.no_sample import NoSample
from streamlib.observability.sample_config import SampleConfig
from streamlib.observability.sampled_audio import SampledAudio
from streamlib.observability.sampler import SampleTaker
from streamlib.observability.snapshots import GraphHealth, LinkSnapshot, ProcessorSnapshot
from streamlib.observability.video_watch import VideoWatch
from streamlib.observability.viewpoint import (
    PICTURES,
    SOUND,
    Kind,
    Viewpoint,
    find_viewpoint,
)

SAMPLE_S = 3.0
"""How long a sample waits for what it needs unless said otherwise, in seconds: longer than key frames are apart."""
A_THUMBNAIL = SampleConfig()
LONGEST_SAMPLE_S = 3_600.0
LONGEST_SOUND_MS = 60_000
SHORTEST_EVERY_S = 0.01


class AgentPerception(Protocol):
    """What an agent perceives of a graph; `runtime.perception` is one."""

    def sample_video(
        self, processor: Spot, config: SampleConfig = ..., *, output: str | None = ..., timeout: float = ...
    ) -> SampledFrame | NoSample:
        """A picture of what a processor sends."""
        ...

    def watch_video(
        self, processor: Spot, every_s: float = ..., config: SampleConfig = ..., *, output: str | None = ...
    ) -> VideoWatch:
        """Pictures at intervals."""
        ...

    def sample_audio(
        self, processor: Spot, duration_ms: int = ..., *, output: str | None = ..., timeout: float | None = ...
    ) -> SampledAudio | NoSample:
        """Some sound of what a processor sends."""
        ...

    def processor_status(self, processor: ProcessorNamed | str) -> ProcessorSnapshot:
        """What a processor is doing."""
        ...

    def link_status(self, link: LinkNamed | str) -> LinkSnapshot:
        """What a link carries."""
        ...

    def graph_health(self) -> GraphHealth:
        """How the graph as a whole is doing."""
        ...

    def subscribe(self, topic: str = ..., capacity: int = ...) -> EventStream:
        """What happens, as it happens."""
        ...


class GraphPerception:
    """Looks at and listens to a graph while it runs; `runtime.perception`. From any thread that runs no processor.

    A sample never delays the graph: on the way of the frames one reference is put aside, and decoding, scaling and
    encoding happen on the thread that asks. Where there is none to be had, the answer is a `NoSample`, which is falsy
    and says why. Under asyncio, samples are for `asyncio.to_thread`.
    """

    def __init__(
        self,
        graph: PropertyGraph,
        inspector: GraphInspector,
        bus: EventBus,
        taker: SampleTaker,
        now_ns: Callable[[], int],
    ) -> None:
        self._graph = graph
        self._inspector = inspector
        self._bus = bus
        self._taker = taker
        self._now_ns = now_ns

    def sample_video(
        self,
        processor: Spot,
        config: SampleConfig = A_THUMBNAIL,
        *,
        output: str | None = None,
        timeout: float = SAMPLE_S,
    ) -> SampledFrame | NoSample:
        """A picture of what a processor sends; of a sink, of what arrives there.

        Of packets it is the next key frame, decoded; nothing is asked of the encoder for it.

        Args:
            processor: Its id, or a handle; also a port of it.
            config: Which picture, how large, as which kind of image; a thumbnail in JPEG.
            output: The port, where several carry pictures; an input shows what arrives there.
            timeout: How long to wait for the frame, in seconds.

        Raises:
            UnknownProcessorError: There is no such processor.
            UnknownPortError: It has no such port.
            ConfigError: No port carries pictures, several do and none was named, or an argument is none.
            StateError: Asked inside a processor, which must not wait for others.
        """
        if not isinstance(config, SampleConfig):
            raise ConfigError(f"config is {config!r}; give SampleConfig.thumbnail(), or full_frame()", field="config")
        seconds = _seconds("timeout", timeout, 0.0, LONGEST_SAMPLE_S)
        return self._taker.picture(self._view(processor, output, PICTURES), config, seconds)

    def watch_video(
        self,
        processor: Spot,
        every_s: float = 1.0,
        config: SampleConfig = A_THUMBNAIL,
        *,
        output: str | None = None,
    ) -> VideoWatch:
        """Pictures at intervals: `for picture in runtime.perception.watch_video(camera): …`, or `async for`.

        Each is a sample as `sample_video` takes it, taken when it is due and asked for; between two of them there is no
        tap. It ends when the processor has ended, the runtime stops, or it is closed (`with` closes it).

        Args:
            processor: As for `sample_video`.
            every_s: How far apart, in seconds, 0.01 at least. Of packets there is no more than one a key frame.
            config: As for `sample_video`.
            output: As for `sample_video`.

        Raises:
            UnknownProcessorError: There is no such processor.
            UnknownPortError: It has no such port.
            ConfigError: No port carries pictures, several do and none was named, or an argument is none.
        """
        if not isinstance(config, SampleConfig):
            raise ConfigError(f"config is {config!r}; give SampleConfig.thumbnail(), or full_frame()", field="config")
        seconds = _seconds("every_s", every_s, SHORTEST_EVERY_S, LONGEST_SAMPLE_S)
        return VideoWatch(self._taker, self._view(processor, output, PICTURES), config, seconds, self._now_ns)

    def sample_audio(
        self, processor: Spot, duration_ms: int = 1_000, *, output: str | None = None, timeout: float | None = None
    ) -> SampledAudio | NoSample:
        """The next sound that a processor sends; of a sink, that arrives there.

        It is shorter than asked for where the sound ends, goes quiet or changes its rate. Packets are decoded,
        which takes 80 ms of them before the sample begins.

        Args:
            processor: Its id, or a handle; also a port of it.
            duration_ms: How much, in milliseconds of media time, 1 to 60,000.
            output: The port, where several carry sound; an input shows what arrives there.
            timeout: How long to wait for it, in seconds; None is 3 s more than it lasts.

        Raises:
            UnknownProcessorError: There is no such processor.
            UnknownPortError: It has no such port.
            ConfigError: No port carries sound, several do and none was named, or an argument is none.
            StateError: Asked inside a processor, which must not wait for others.
        """
        milliseconds = _milliseconds(duration_ms)
        patience = SAMPLE_S + milliseconds / 1_000 if timeout is None else timeout
        seconds = _seconds("timeout", patience, 0.0, LONGEST_SAMPLE_S)
        return self._taker.sound(self._view(processor, output, SOUND), milliseconds, seconds)

    def processor_status(self, processor: ProcessorNamed | str) -> ProcessorSnapshot:
        """What a processor is doing: its state, how fast, how long calls take, errors, its config.

        Raises:
            UnknownProcessorError: There is no such processor.
        """
        found = self._inspector.processor(processor_named(self._graph, processor))
        if found is None:  # it was removed in between
            raise UnknownProcessorError(processor, self._graph.processor_ids())
        return found

    def link_status(self, link: LinkNamed | str) -> LinkSnapshot:
        """What a link carries: how fast, how full, what it dropped and why.

        Raises:
            UnknownLinkError: There is no such link.
        """
        found = self._inspector.link(link_named(self._graph, link))
        if found is None:  # it was removed in between
            raise UnknownLinkError(link, self._graph.link_ids())
        return found

    def graph_health(self) -> GraphHealth:
        """How the graph as a whole is doing: frames dropped, errors, bottlenecks, who failed or is paused."""
        return self._inspector.health()

    def subscribe(self, topic: str = EVERYTHING, capacity: int = 256) -> EventStream:
        """The events of a topic from now on, for `async for`; without one, of everything.

        It holds the newest `capacity` events and counts those it lost. Frames dropped in links are told to who names
        their topics, `link:*` or one of them: each is then looked into as long as the stream is open. For threads there
        is `runtime.events.subscribe_queue`.

        Raises:
            ConfigError: The topic is none, the message has the nearest; or the capacity is less than 1.
        """
        return self._bus.stream(topic, capacity)

    def _view(self, processor: Spot, output: str | None, kind: Kind) -> Viewpoint:
        return find_viewpoint(self._graph, processor, output, kind)


def _seconds(name: str, given: object, least: float, most: float) -> float:
    """A time of waiting, above 0."""
    seconds = _number(given)
    if not (least <= seconds <= most and seconds > 0):
        wanted = f"{least:g} to {most:g}" if least else f"more than 0, and {most:g} at most"
        raise ConfigError(f"{name} is {given!r}; give seconds, {wanted}", field=name)
    return seconds


def _milliseconds(given: object) -> int:
    number = _number(given)
    if not 1 <= number <= LONGEST_SOUND_MS:
        raise ConfigError(
            f"duration_ms is {given!r}; give milliseconds, 1 to {LONGEST_SOUND_MS:,}", field="duration_ms"
        )
    return round(number)


def _number(given: object) -> float:
    """What was given, where it is a number; otherwise one that is in no range."""
    try:
        return float(given) if not isinstance(given, bool) and isinstance(given, numbers.Real) else math.nan
    except OverflowError:  # an int that no float holds
        return math.nan
