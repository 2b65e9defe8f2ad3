"""Who looks at a running graph sees and hears what passes, and the graph runs as if nobody did."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from streamlib import (
    EncodedImage,
    NoSample,
    PortRef,
    ProcessorHandle,
    SampleConfig,
    SampledAudio,
    SampledFrame,
    StreamRuntime,
)
from streamlib.execution.entry import EntryWriter
from streamlib.frames.converter import Converter
from streamlib.links.tapped import TapOutput, TapReader, TapWriter
from streamlib.media.video.converter import AvConverter
from streamlib.observability import sampler
from tests.observability.views import Hear, Pictures, PicturesByHand, See, Sounds
from tests.scenarios.stage import SECONDS, Record, let_others_run


class Line:
    """A source of pictures as fast as its links take them, a scaler, and a sink that counts what arrives."""

    def __init__(self, runtime: StreamRuntime, count: int = -1, *, by_hand: bool = False) -> None:
        self.runtime = runtime
        self.record = Record()
        source = PicturesByHand if by_hand else Pictures
        self.source = runtime.add_processor(source, count=count)
        self.filter = runtime.add_processor("VideoScaler")
        self.sink = runtime.add_processor(See, record=self.record)
        self.links = [runtime.connect(self.source, self.filter), runtime.connect(self.filter, self.sink)]

    @property
    def everybody(self) -> tuple[ProcessorHandle, ProcessorHandle, ProcessorHandle]:
        return self.source, self.filter, self.sink

    def taps(self) -> list[str]:
        """The ports at which somebody looks."""
        let_others_run(self.runtime)
        found = []
        for handle in self.everybody:
            instance = handle.instance()
            assert instance is not None
            for port in (*handle.declaration.inputs, *handle.declaration.outputs):
                end = getattr(instance.processor, port)
                end = end.inner if isinstance(end, EntryWriter) else end
                if isinstance(end, TapOutput | TapReader | TapWriter):
                    found.append(f"{handle.id}.{port}")
        return found


class Witness:
    """A converter that notes who calls it, and does something first."""

    def __init__(self, first: Callable[[], object]) -> None:
        self.threads: list[int] = []
        self._first = first
        self._inner: Converter = AvConverter()

    def encode(self, *arguments: Any) -> bytes:
        self.threads.append(threading.get_ident())
        self._first()
        return self._inner.encode(*arguments)


def shown(image: EncodedImage) -> np.ndarray[Any, np.dtype[Any]]:
    return np.asarray(Image.open(io.BytesIO(image.data)).convert("RGB")).astype(int)


def full() -> SampleConfig:
    return SampleConfig.full_frame(format="png")


@pytest.mark.promise("agent.sample-video")
def test_a_picture_is_seen_at_any_processor(runtime: StreamRuntime) -> None:
    line = Line(runtime)
    runtime.start()
    for handle in line.everybody:
        sample = runtime.perception.sample_video(handle, full(), timeout=SECONDS)
        assert isinstance(sample, SampledFrame), sample
        assert sample.processor_id == handle.id
        number = sample.sequence % 250
        assert np.abs(shown(sample) - (number, 200, 50)).max() <= 3  # the very frame of that number
        assert sample.age_ns >= 0
        assert line.taps() == []
    line.record.wait_for(10)
    assert line.record.is_gapless()


@pytest.mark.promise("agent.sample-never-delays")
def test_frames_flow_while_a_sample_is_converted_and_none_of_it_on_their_threads(
    runtime: StreamRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = Line(runtime)
    witness = Witness(lambda: line.record.wait_for(200))  # would never return if a frame waited for the sample
    monkeypatch.setattr(sampler, "find_converter", lambda: witness)
    runtime.start()
    for handle in line.everybody:
        assert runtime.perception.sample_video(handle, timeout=SECONDS)
    assert witness.threads == [threading.get_ident()] * 3
    line.record.wait_for(100)
    assert line.record.is_gapless()


@pytest.mark.promise("agent.sample-never-delays")
def test_a_graph_at_full_speed_loses_no_frame_to_those_who_watch(
    runtime: StreamRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    line, seen = Line(runtime, count=3_000), 0
    converted: set[int] = set()
    convert = AvConverter.convert

    def noted(self: AvConverter, *arguments: Any) -> Any:
        converted.add(threading.get_ident())
        return convert(self, *arguments)

    monkeypatch.setattr(AvConverter, "convert", noted)
    runtime.start()
    with runtime.perception.watch_video(line.filter, 0.01) as watch:
        for sample in watch:
            seen += bool(shown(sample).size)
    assert watch.over
    assert runtime.wait(SECONDS)
    assert line.record.numbers == list(range(3_000))
    assert runtime.perception.graph_health().dropped_frames == 0
    assert converted <= {threading.get_ident()}
    assert seen >= 1


def test_an_encoder_is_seen_by_its_next_key_frame_and_what_its_sink_gets_too(runtime: StreamRuntime) -> None:
    with runtime.edit() as edit:
        source = edit.add_processor(Pictures)
        encoder = edit.add_processor("H264Encoder", gop_seconds=0.5, preset="ultrafast", threads=1)
        sink = edit.add_processor(Hear)
        edit.connect(source, encoder)
        edit.connect(encoder.output("packets"), sink.input("video"))
    runtime.start()
    for handle, config in ((encoder, SampleConfig.key_frame(format="png")), (sink, full())):
        sample = runtime.perception.sample_video(handle, config, timeout=SECONDS)
        assert isinstance(sample, SampledFrame), sample
        number = sample.timestamp_ns // 40_000_000
        assert np.abs(shown(sample) - (number % 250, 200, 50)).mean() < 8


@pytest.mark.promise("agent.sample-audio")
@pytest.mark.parametrize("codec", [None, "OpusEncoder", "AacEncoder"])
def test_sound_is_heard_also_where_it_is_encoded(runtime: StreamRuntime, codec: str | None) -> None:
    with runtime.edit() as edit:
        place: ProcessorHandle = edit.add_processor(Sounds)
        sink = edit.add_processor(Hear)
        if codec is not None:
            encoder = edit.add_processor(codec)
            edit.connect(place, encoder)
            place = encoder
        edit.connect(place, sink.input("audio"))
    runtime.start()
    for handle in (place, sink):
        sound = runtime.perception.sample_audio(handle, 200, timeout=SECONDS)
        assert isinstance(sound, SampledAudio), sound
        assert sound.samples.shape == (9_600, 2)
        assert sound.rms_dbfs == pytest.approx((-15.05, -15.05), abs=0.3)
        assert sound.peak == pytest.approx((0.25, 0.25), abs=0.02)
        assert sound.for_speech().samples.shape == (3_200, 1)


@pytest.mark.promise("agent.no-sample", "agent.sample-tap")
def test_a_port_that_says_nothing_is_given_up_in_time_and_the_tap_with_it(runtime: StreamRuntime) -> None:
    line = Line(runtime, by_hand=True)
    runtime.start()
    for handle in line.everybody:
        sample = runtime.perception.sample_video(handle, timeout=0.02)
        assert isinstance(sample, NoSample)
        assert not sample
        assert sample.cause == "quiet"
        assert line.taps() == []
    runtime.pause(line.filter)
    paused = runtime.perception.sample_video(line.filter, timeout=SECONDS)
    assert isinstance(paused, NoSample)
    assert paused.cause == "paused"


def test_many_look_at_one_place_at_the_same_time(runtime: StreamRuntime) -> None:
    line, found = Line(runtime), []
    runtime.start()

    def look() -> None:
        found.append(runtime.perception.sample_video(line.source, timeout=SECONDS))
        found.append(runtime.perception.sample_video(line.sink, timeout=SECONDS))

    looking = [threading.Thread(target=look) for _ in range(4)]
    for thread in looking:
        thread.start()
    for thread in looking:
        thread.join(SECONDS)
    assert [type(sample) for sample in found] == [SampledFrame] * 8
    assert line.taps() == []
    assert line.record.is_gapless()


@pytest.mark.promise("agent.sample-tap")
def test_between_two_pictures_of_a_watch_nobody_looks(runtime: StreamRuntime) -> None:
    line = Line(runtime)
    runtime.start()
    with runtime.perception.watch_video(line.filter, 3_600) as watch:
        next(watch)
        assert line.taps() == []


def test_who_watches_goes_on_seeing_while_the_processor_is_restarted_and_replaced(runtime: StreamRuntime) -> None:
    line = Line(runtime)
    runtime.start()
    watch = runtime.perception.watch_video(line.filter, 0.01)
    for change in (lambda: runtime.restart(line.filter), lambda: runtime.replace(line.filter, "VideoScaler", width=32)):
        next(watch)
        change()
    next(watch)  # one may have been on its way
    assert next(watch).source_width == 32
    runtime.stop()
    assert list(watch) == []
    assert watch.hindered_by is not None
    assert watch.hindered_by.cause == "not_running"


@pytest.mark.promise("agent.loop")
def test_an_agent_looks_decides_and_changes_the_graph(runtime: StreamRuntime) -> None:
    line = Line(runtime)
    perception, actions = runtime.perception, runtime.actions
    runtime.start()
    small: str | None = None
    for _ in range(10):
        sample = perception.sample_video(small or line.filter.id, SampleConfig.thumbnail(), timeout=SECONDS)
        if not sample:
            continue
        assert isinstance(sample, SampledFrame)
        if sample.source_width == 16:
            break
        if small is None and shown(sample)[..., 1].mean() > 150:  # greenish: look closer
            small = actions.add_processor("VideoScaler", {"width": 32})
            actions.connect(PortRef(line.source.id, "out"), PortRef(small, "video_in"))
        elif small is not None and perception.graph_health().error_count == 0:
            assert actions.update_config(small, {"width": 16}) == "applied live"
    else:
        pytest.fail("it never saw what it had asked for")
    assert small is not None
    actions.remove_processor(small)
    line.record.wait_for(10)
    assert line.record.is_gapless()
