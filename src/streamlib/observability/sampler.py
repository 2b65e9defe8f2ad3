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
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.main_thread_runner import MainThread, on_main_thread
from streamlib.frames.audio import AudioFrame
from streamlib.frames.converter import find_converter, size_within
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.sampler import find_sampler
from streamlib.frames.video import VideoFrame
from streamlib.graph.property_graph import PropertyGraph
from streamlib.observability.catch import Catch, PictureCatch, SoundCatch
from streamlib.observability.encoded_image import SampledFrame
from streamlib.observability.no_sample import NoSample, NoSampleCause
from streamlib.observability.sample_config import SampleConfig
from streamlib.observability.sampled_audio import SampledAudio
from streamlib.observability.taps import Taps
from streamlib.observability.viewpoint import PICTURES, SOUND, Viewpoint
from streamlib.states import GraphState, ProcessorState

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
    """

    def __init__(self, graph: PropertyGraph, taps: Taps, now_ns: Callable[[], int], main: MainThread) -> None:
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
            return self._nothing_came(catch, view, timeout_s) if hindrance is None else hindrance
        caught, at_ns = catch.frame, self._now_ns()
        try:
            frame = caught if isinstance(caught, VideoFrame) else find_sampler().picture([caught])
            if frame is None:
                return _no(view, NoSampleCause.UNREADABLE, f"{caught!r} of {view.port} makes no picture by itself")
            return _encoded(view, frame, config, at_ns)
        except (FormatError, MediaError) as error:
            return _no(view, NoSampleCause.UNREADABLE, f"a picture of {view.port} cannot be shown: {error}")

    def sound(self, view: Viewpoint, duration_ms: int, timeout_s: float) -> SampledAudio | NoSample:
        """The sound of the next so many milliseconds; less where it ended or went quiet before."""
        catch = SoundCatch(duration_ms * NS_PER_MS, self._woken())
        hindrance = self._fill(catch, view, timeout_s, always)
        caught = catch.frames[:]
        if not caught:
            return self._nothing_came(catch, view, timeout_s) if hindrance is None else hindrance
        try:
            frames = _heard(caught, catch.begins_ns)
        except (FormatError, MediaError) as error:
            return _no(view, NoSampleCause.UNREADABLE, f"the sound of {view.port} cannot be decoded: {error}")
        if not frames:
            return _no(view, NoSampleCause.UNREADABLE, f"{len(caught)} packets of {view.port} make no sound yet")
        return _joined(view, frames, duration_ms)

    def hindrance(self, view: Viewpoint) -> NoSample | None:
        """Why nothing can come there now, or None."""
        id_, graph = view.port.processor_id, self._graph
        with graph.lock:
            if id_ not in graph:
                return _no(view, NoSampleCause.REMOVED, f"{id_} is not in the graph any more")
            declared, state, whole = graph.node(id_).declaration, graph.get(id_, ProcessorState), graph.state
            link_is_gone = view.link is not None and view.link not in graph
        ports = declared.outputs if view.is_output else declared.inputs
        if view.port.port not in ports:
            return _no(view, NoSampleCause.REMOVED, f"{id_} was replaced by a processor that has no {view.port.port}")
        if not view.is_output and (view.link is None or link_is_gone):
            return _no(view, NoSampleCause.UNCONNECTED, f"no link leads to {view.port}; connect it, then sample again")
        if whole is GraphState.IDLE:
            return _no(view, NoSampleCause.NOT_RUNNING, "the runtime does not run; start it, then sample again")
        if whole is GraphState.PAUSED:
            return _no(view, NoSampleCause.PAUSED, "the runtime is paused; resume it, then sample again")
        return _state_hindrance(view, state)

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
        """Have a catch look until it has enough; what hindered it, or None where it has, or time was up."""
        hindrance = self.hindrance(view)
        if hindrance is not None:
            return hindrance
        until_ns = self._patience.now_ns() + round(timeout_s * NS_PER_S)
        with self._attached(view, catch):
            while not catch.enough.is_set():
                left_s = (until_ns - self._patience.now_ns()) / NS_PER_S
                if left_s <= 0:
                    return None
                if not wanted():
                    return _no(view, NoSampleCause.CLOSED, f"the watch of {view.port} was closed")
                self.wait(catch.enough, min(left_s, LOOK_AGAIN_S))
                hindrance = self.hindrance(view)
                if hindrance is not None:
                    return hindrance
        return None

    @contextmanager
    def _attached(self, view: Viewpoint, catch: Catch) -> Iterator[None]:
        taps, port, link = self._taps, view.port, view.link
        if view.is_output:
            taps.attach_output(port, catch)
        elif link is not None:
            taps.attach(link, catch)
        try:
            yield
        finally:
            if view.is_output:
                taps.detach_output(port, catch)
            elif link is not None:
                taps.detach(link, catch)

    def _nothing_came(self, catch: Catch, view: Viewpoint, timeout_s: float) -> NoSample:
        within = f"within {timeout_s:g} s"
        if catch.stranger:
            other = (SOUND if view.kind is PICTURES else PICTURES).sampled_by
            return _no(
                view,
                NoSampleCause.OTHER_MEDIA,
                f"{view.port} carries no {view.kind.word} but {catch.stranger}; try {other}, or another port",
            )
        if catch.passed:
            came = f"{catch.passed} packets passed {view.port} {within}, none of them a key frame"
            return _no(view, NoSampleCause.NO_KEY_FRAME, f"{came}; {self._key_distance(view)}")
        return _no(view, NoSampleCause.QUIET, f"nothing passed {view.port} {within}; {self._advice(view)}")

    def _key_distance(self, view: Viewpoint) -> str:
        """When the next key frame comes, as far as the encoder's config says."""
        with self._graph.lock:
            id_ = view.port.processor_id if view.link is None else self._graph.link(view.link).source.processor_id
            config = self._graph.node(id_).config if id_ in self._graph else None
        seconds = getattr(config, "gop_seconds", None)
        if seconds is None:
            return "give a longer timeout"
        return f"one comes every {seconds:g} s of pictures (gop_seconds of {id_}), so give a longer timeout"

    def _advice(self, view: Viewpoint) -> str:
        with self._graph.lock:
            instance = self._graph.get(view.port.processor_id, ProcessorInstance)
            linked = instance is None or bool(instance.outputs.get(view.port.port))
        if view.is_output and not linked:
            return "no link leaves from there, and some processors send nothing to nobody: connect it"
        return "look at what feeds it, or give a longer timeout"


def _state_hindrance(view: Viewpoint, state: ProcessorState | None) -> NoSample | None:
    id_ = view.port.processor_id
    if state is ProcessorState.PAUSED:
        return _no(view, NoSampleCause.PAUSED, f"{id_} is paused; resume it, then sample again")
    if state is ProcessorState.ENDED:
        return _no(view, NoSampleCause.ENDED, f"{id_} has come to its end; restart it, or sample one that still runs")
    if state is ProcessorState.FAILED:
        return _no(view, NoSampleCause.FAILED, f"{id_} was ended by an error; mend it and restart it")
    return None


def _no(view: Viewpoint, cause: NoSampleCause, reason: str) -> NoSample:
    return NoSample(processor_id=view.port.processor_id, cause=cause, reason=reason)


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
