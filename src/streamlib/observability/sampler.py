"""Takes samples: catches frames at a tap, takes the tap away, and makes a picture or sound of what was caught.

A `Viewpoint` comes in; a sample goes out, or a `NoSample` that says why there is none. The thread that writes only
puts a reference aside (`catch`); decoding, scaling and encoding happen here, on the thread of whoever looks. Codecs
are behind `streamlib.frames`. Called by `perception` and `video_watch`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np

from streamlib.clock import NS_PER_MS, NS_PER_S, MonotonicClock
from streamlib.errors import FormatError, MediaError
from streamlib.execution.main_thread_runner import MainThread, on_main_thread
from streamlib.frames.audio import AudioFrame
from streamlib.frames.converter import find_converter, size_within
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.sampler import find_sampler
from streamlib.frames.video import VideoFrame
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId
from streamlib.observability.catch import Catch, PictureCatch, SoundCatch
from streamlib.observability.encoded_image import SampledFrame
from streamlib.observability.hindrances import Hindrances, no_sample
from streamlib.observability.no_sample import NoSample, NoSampleCause
from streamlib.observability.sample_config import SampleConfig
from streamlib.observability.sampled_audio import SampledAudio
from streamlib.observability.taps import Taps
from streamlib.observability.viewpoint import Viewpoint, link_to

LOOK_AGAIN_S = 0.05
"""How often who waits for frames looks whether any can still come, in seconds."""

Wanted = Callable[[], bool]


def always() -> bool:
    """Nobody gives up."""
    return True


class SampleTaker:
    """Takes samples of one runtime, from any thread that runs no processor.

    Args:
        now_ns: The runtime's clock, by which frames have their age.
        main: The processors of the main thread, which have their turns while somebody waits there.

    Attributes:
        hindrances: Knows why nothing comes.
    """

    def __init__(self, graph: PropertyGraph, taps: Taps, now_ns: Callable[[], int], main: MainThread) -> None:
        self.hindrances = Hindrances(graph)
        self._graph = graph
        self._taps = taps
        self._now_ns = now_ns
        self._main = main
        self._patience = MonotonicClock()  # a caller's timeout is in seconds of the real one

    def picture(
        self, view: Viewpoint, config: SampleConfig, timeout_s: float, wanted: Wanted = always
    ) -> SampledFrame | NoSample:
        """The next picture; `wanted` is asked again and again whether somebody still waits for it."""
        catch = PictureCatch(self._woken())
        hindrance = self._fill(catch, view, timeout_s, wanted)
        if catch.frame is None:
            return hindrance if hindrance is not None else self.hindrances.nothing_came(catch, view, timeout_s)
        caught, at_ns = catch.frame, self._now_ns()
        try:
            frame = caught if isinstance(caught, VideoFrame) else find_sampler().picture([caught])
            if frame is None:
                return no_sample(
                    view, NoSampleCause.UNREADABLE, f"{caught!r} of {view.port} makes no picture by itself"
                )
            return _encoded(view, frame, config, at_ns)
        except (FormatError, MediaError) as error:
            return no_sample(view, NoSampleCause.UNREADABLE, f"a picture of {view.port} cannot be shown: {error}")

    def sound(self, view: Viewpoint, duration_ms: int, timeout_s: float) -> SampledAudio | NoSample:
        """The sound of the next so many milliseconds; less where it ended or went quiet before."""
        catch = SoundCatch(duration_ms * NS_PER_MS, self._woken())
        hindrance = self._fill(catch, view, timeout_s, always)
        caught = catch.frames[:]
        if not caught:
            return hindrance if hindrance is not None else self.hindrances.nothing_came(catch, view, timeout_s)
        try:
            frames = _heard(caught, catch.begins_ns)
        except (FormatError, MediaError) as error:
            return no_sample(view, NoSampleCause.UNREADABLE, f"the sound of {view.port} cannot be decoded: {error}")
        if not frames:
            return no_sample(view, NoSampleCause.UNREADABLE, f"{len(caught)} packets of {view.port} make no sound yet")
        return _joined(view, frames, duration_ms)

    def wait(self, event: threading.Event, seconds: float) -> None:
        """Wait for an event, or so long; on the main thread the processors that run there have turns meanwhile."""
        if on_main_thread():
            self._main.pump(event.is_set, seconds)
        else:
            event.wait(seconds)

    def wake(self) -> None:
        """Have who waits on the main thread look again."""
        self._main.wake()

    def _woken(self) -> Callable[[], None] | None:
        return self._main.wake if on_main_thread() else None

    def _fill(self, catch: Catch, view: Viewpoint, timeout_s: float, wanted: Wanted) -> NoSample | None:
        """Have a catch look until it has enough; what hindered it, or None where it has enough.

        Another link may come to lead to an input meanwhile; then the catch looks there.
        """
        until_ns = self._patience.now_ns() + round(timeout_s * NS_PER_S)
        while not catch.enough.is_set():
            hindrance, link = self.hindrances.now(view), link_to(self._graph, view)
            if hindrance is not None:
                return hindrance
            with self._attached(view, link, catch):
                while self.hindrances.now(view) is None and link_to(self._graph, view) == link:
                    left_s = (until_ns - self._patience.now_ns()) / NS_PER_S
                    if catch.enough.is_set():
                        return None
                    if left_s <= 0:
                        return self.hindrances.nothing_came(catch, view, timeout_s)
                    if not wanted():
                        return no_sample(view, NoSampleCause.CLOSED, f"the watch of {view.port} was closed")
                    self.wait(catch.enough, min(left_s, LOOK_AGAIN_S))
        return None

    @contextmanager
    def _attached(self, view: Viewpoint, link: LinkId | None, catch: Catch) -> Iterator[None]:
        if link is None:
            self._taps.attach_output(view.port, catch)
        else:
            self._taps.attach(link, catch)
        try:
            yield
        finally:
            if link is None:
                self._taps.detach_output(view.port, catch)
            else:
                self._taps.detach(link, catch)


def _encoded(view: Viewpoint, frame: VideoFrame, config: SampleConfig, at_ns: int) -> SampledFrame:
    width, height = size_within(frame.width, frame.height, *config.box)
    return SampledFrame(
        width=width,
        height=height,
        format=config.format,
        data=find_converter().encode(frame, config.format, *config.box),
        processor_id=view.port.processor_id,
        port=view.port.port,
        timestamp_ns=frame.timestamp_ns,
        sequence=frame.sequence,
        age_ns=at_ns - frame.entered_ns if frame.entered_ns else -1,
        source_width=frame.width,
        source_height=frame.height,
    )


def _heard(caught: list[AudioFrame | EncodedPacket], begins_ns: int) -> list[AudioFrame]:
    """Frames as they are, packets decoded, without those that only served the decoder unless there are no others."""
    packets = [packet for packet in caught if isinstance(packet, EncodedPacket)]
    if not packets:
        return [frame for frame in caught if isinstance(frame, AudioFrame)]
    frames = find_sampler().sound(packets)
    return [frame for frame in frames if frame.timestamp_ns >= begins_ns] or frames


def _joined(view: Viewpoint, frames: list[AudioFrame], duration_ms: int) -> SampledAudio:
    """Frames one behind the other, cut to what was asked for; a decoder may change the rate, which ends it."""
    first = frames[0]
    alike = [
        frame.samples for frame in frames if (frame.sample_rate, frame.channels) == (first.sample_rate, first.channels)
    ]
    samples = np.concatenate(alike)[: max(1, round(duration_ms * first.sample_rate / 1_000))]
    samples.setflags(write=False)
    return SampledAudio(
        processor_id=view.port.processor_id,
        port=view.port.port,
        timestamp_ns=first.timestamp_ns,
        sample_rate=first.sample_rate,
        samples=samples,
    )
