from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from PIL import Image

from streamlib import (
    LinkOutput,
    NoSample,
    PortRef,
    ProcessContext,
    ProcessExecution,
    Processor,
    SampleConfig,
    SampledAudio,
    SampledFrame,
    StreamRuntime,
    VideoFrame,
)
from streamlib.execution.main_thread_runner import on_main_thread
from streamlib.frames import DataFrame
from streamlib.links.tap import FrameObserver
from streamlib.observability.no_sample import NoSampleCause
from streamlib.observability.sampler import SampleTaker
from streamlib.observability.viewpoint import PICTURES, SOUND, Kind, find_viewpoint
from streamlib.runtime.handles import ProcessorHandle
from tests.media.clips import pictures
from tests.media.mp4.streams import FAST, h264
from tests.observability.views import AUDIO, STEP_NS, Given, Hear, PicturesByHand, block, packet, picture
from tests.scenarios.stage import SECONDS

SHORT = 0.02


class Elsewhere(Processor):
    """A manual source with an output of another name than that of a `Given`."""

    execution = ProcessExecution.manual()
    away = LinkOutput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None:
        ctx.end()


class Shown:
    """In the place of taps: shows who is attached some frames at once."""

    def __init__(self, frames: tuple[object, ...]) -> None:
        self.frames = frames
        self.attached: list[object] = []
        self.then: Callable[[], object] = lambda: None

    def attach_output(self, port: PortRef, observer: FrameObserver) -> None:
        self.attached.append(port)
        for frame in self.frames:
            observer.pushed(frame)
        self.then()

    def detach_output(self, port: PortRef, observer: FrameObserver) -> None:
        self.attached.remove(port)

    attach, detach = attach_output, detach_output


class Stage:
    """A runtime with a source that the test steps, and a taker of samples there."""

    def __init__(self) -> None:
        self.runtime = StreamRuntime()
        self.frames: SimpleQueue[object] = SimpleQueue()
        self.source = self.runtime.add_processor(Given, frames=self.frames)
        self.shown = Shown(())

    def taker(self) -> SampleTaker:
        runtime, shown = self.runtime, self.shown
        return SampleTaker(runtime.graph, shown, lambda: 1_000, runtime._threads.main)  # type: ignore[arg-type]

    def look(self, *frames: object, config: SampleConfig | None = None) -> SampledFrame | NoSample:
        return self.look_at(self.source, *frames, config=config)

    def look_at(
        self, place: ProcessorHandle, *frames: object, config: SampleConfig | None = None, timeout: float = SHORT
    ) -> SampledFrame | NoSample:
        self.shown.frames = frames
        sample = self.taker().picture(self.view(place), config or SampleConfig.full_frame(format="png"), timeout)
        assert self.shown.attached == []
        return sample

    def listen(self, *frames: object, milliseconds: int = 30) -> SampledAudio | NoSample:
        self.shown.frames = frames
        sample = self.taker().sound(self.view(self.source, SOUND), milliseconds, SHORT)
        assert self.shown.attached == []
        return sample

    def view(self, place: object, kind: Kind = PICTURES) -> Any:
        return find_viewpoint(self.runtime.graph, place, None, kind)


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    with made.runtime:
        made.runtime.start()
        yield made


def cause(sample: object) -> str:
    assert isinstance(sample, NoSample), sample
    return sample.cause


def test_a_picture_has_what_its_frame_tells(stage: Stage) -> None:
    frame = replace(picture(3), sequence=7, entered_ns=400)
    sample = stage.look(frame)
    assert isinstance(sample, SampledFrame)
    assert (sample.processor_id, sample.port) == (stage.source.id, "out")
    assert (sample.timestamp_ns, sample.sequence, sample.age_ns) == (3 * STEP_NS, 7, 600)
    assert (sample.width, sample.height, sample.source_width, sample.source_height) == (64, 48, 64, 48)
    assert (np.asarray(Image.open(io.BytesIO(sample.data))) == frame.to_ndarray("rgb24")).all()
    unknown = stage.look(picture(0))
    assert isinstance(unknown, SampledFrame)
    assert (unknown.age_ns, unknown.sequence) == (-1, -1)


@pytest.mark.parametrize("format", ["jpeg", "png", "webp"])
@pytest.mark.parametrize(
    ("box", "size"), [((320, 320), (64, 48)), ((32, 32), (32, 24)), ((320, 12), (16, 12)), ((1, 1), (1, 1))]
)
def test_a_picture_is_scaled_down_into_its_box(
    stage: Stage, format: str, box: tuple[int, int], size: tuple[int, int]
) -> None:
    sample = stage.look(picture(0), config=SampleConfig.thumbnail(box, format=format))
    assert isinstance(sample, SampledFrame)
    assert (sample.width, sample.height) == Image.open(io.BytesIO(sample.data)).size == size
    assert Image.open(io.BytesIO(sample.data)).format == format.upper()


def test_a_key_frame_is_decoded(stage: Stage) -> None:
    packets = h264(pictures(3), FAST)
    sample = stage.look(packets[1], packets[0])
    assert isinstance(sample, SampledFrame)
    assert sample.timestamp_ns == packets[0].timestamp_ns
    expected = pictures(1)[0].to_ndarray("rgb24").astype(int)
    assert np.abs(np.asarray(Image.open(io.BytesIO(sample.data))).astype(int) - expected).mean() < 6


@pytest.mark.promise("agent.no-sample")
def test_where_nothing_comes_it_says_so_in_time(stage: Stage) -> None:
    sample = stage.look()
    assert cause(sample) == "quiet"
    assert str(sample) == (
        "nothing passed given_0.out within 0.02 s; "
        "no link leaves from there, and some processors send nothing to nobody: connect it"
    )


def test_packets_without_a_key_frame_are_counted_and_the_encoder_says_when_one_comes(stage: Stage) -> None:
    sample = stage.look(packet(), packet())
    assert cause(sample) == "no_key_frame"
    assert str(sample) == (
        "2 packets passed given_0.out within 0.02 s, none of them a key frame; give a longer timeout"
    )
    encoder = stage.runtime.add_processor("H264Encoder", gop_seconds=4)
    expected = "one comes every 4 s of pictures (gop_seconds of h264_encoder_0), so give a longer timeout"
    assert str(stage.look_at(encoder, packet())).endswith(expected)
    sink = stage.runtime.add_processor(Hear)
    stage.runtime.connect(encoder.output("packets"), sink.input("video"))
    assert str(stage.look_at(sink, packet())).endswith(expected)


def test_other_media_are_told_with_what_to_do(stage: Stage) -> None:
    sample = stage.look(packet(AUDIO))
    assert cause(sample) == "other_media"
    assert "carries no pictures but packets of audio (opus); try sample_audio" in str(sample)
    assert cause(stage.look(DataFrame({}))) == "other_media"
    sound = stage.listen(picture(0))
    assert cause(sound) == "other_media"
    assert "carries no sound but VideoFrame; try sample_video" in str(sound)


def test_what_cannot_be_decoded_is_told(stage: Stage) -> None:
    strange = packet(keyframe=True)
    strange = replace(strange, stream=replace(strange.stream, codec="h265x"))
    assert "there is no decoder of 'h265x'" in str(stage.look(strange))
    assert cause(stage.look(packet(keyframe=True, data=b"no picture"))) == "unreadable"
    assert cause(stage.listen(packet(AUDIO, data=b"\xff" * 3), packet(AUDIO, data=b""))) == "unreadable"


def test_sound_is_joined_and_cut_to_what_was_asked_for(stage: Stage) -> None:
    sound = stage.listen(*(block(number) for number in range(3, 9)), milliseconds=25)
    assert isinstance(sound, SampledAudio)
    assert (sound.timestamp_ns, sound.sample_rate, sound.samples.shape) == (30_000_000, 48_000, (1_200, 2))
    expected = np.concatenate([block(number).samples for number in (3, 4, 5)])[:1_200]
    assert (sound.samples == expected).all()
    assert not sound.samples.flags.writeable


def test_sound_that_goes_quiet_is_what_there_was(stage: Stage) -> None:
    sound = stage.listen(block(0))
    assert isinstance(sound, SampledAudio)
    assert sound.duration_ns == 10_000_000
    assert cause(stage.listen()) == "quiet"


def test_what_hinders_is_told_at_once(stage: Stage) -> None:
    runtime, source = stage.runtime, stage.source
    sink = runtime.add_processor(Hear)
    assert cause(stage.look_at(sink, timeout=SECONDS)) == "unconnected"
    view, taker = stage.view(source), stage.taker()
    runtime.pause(source)
    assert cause(taker.picture(view, SampleConfig(), SECONDS)) == "paused"
    runtime.resume(source)
    runtime.pause()
    assert cause(taker.picture(view, SampleConfig(), SECONDS)) == "paused"
    runtime.resume()
    runtime.step(source)  # there is nothing to send, and it ends
    runtime.wait(SECONDS)
    assert cause(taker.picture(view, SampleConfig(), SECONDS)) == "ended"
    runtime.replace(source, Elsewhere)
    assert cause(taker.picture(view, SampleConfig(), SECONDS)) == "removed"
    runtime.remove(source)
    assert cause(taker.picture(view, SampleConfig(), SECONDS)) == "removed"
    runtime.stop()
    assert cause(taker.picture(stage.view(sink), SampleConfig(), SECONDS)) == "not_running"


def test_who_waits_is_told_when_the_processor_is_removed_meanwhile(stage: Stage) -> None:
    view, taker = stage.view(stage.source), stage.taker()
    stage.shown.then = lambda: stage.runtime.remove(stage.source)
    assert cause(taker.picture(view, SampleConfig(), SECONDS)) == "removed"


def test_who_waits_at_an_input_is_moved_to_the_link_that_leads_there_then(stage: Stage) -> None:
    runtime = stage.runtime
    sink, other = runtime.add_processor(Hear), runtime.add_processor(PicturesByHand)
    link = runtime.connect(other, sink.input("video"))
    looked: list[object] = []

    def move() -> None:
        looked.extend(stage.shown.attached)
        if len(looked) == 1:
            with runtime.edit() as edit:
                edit.disconnect(link)
                third = edit.add_processor(PicturesByHand)
                edit.connect(third, sink.input("video"))
            stage.shown.frames = (picture(1),)

    stage.shown.then = move
    assert isinstance(stage.look_at(sink, timeout=SECONDS), SampledFrame)
    assert looked == [link.id, "pictures_by_hand_1.out->hear_0.video"]


def test_who_is_not_wanted_any_more_gives_up(stage: Stage) -> None:
    sample = stage.taker().picture(stage.view(stage.source), SampleConfig(), SECONDS, lambda: False)
    assert cause(sample) == NoSampleCause.CLOSED


def test_any_thread_may_ask(stage: Stage) -> None:
    found: list[object] = []

    def ask() -> None:
        assert not on_main_thread()
        found.append(stage.look(picture(1)))
        found.append(stage.look())

    asking = threading.Thread(target=ask)
    asking.start()
    asking.join(SECONDS)
    assert isinstance(found[0], SampledFrame)
    assert cause(found[1]) == "quiet"
