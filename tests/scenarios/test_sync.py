"""Each flash stays with its beep, from a file through a graph into files, as another program demuxes them."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from streamlib import (
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    ProcessorConfig,
    ProcessorHandle,
    RuntimeContext,
    StreamRuntime,
    VideoFrame,
    processor,
)
from streamlib.media import AacEncoder, FileReader, H264Encoder, Mp4Writer, VideoScaler
from streamlib.testing import Gate
from tests.media.clips import SECOND, assert_plays, beep_times, flash_times, probe
from tests.scenarios.stage import SECONDS

IN_STEP_S = 0.020
LENGTH_S = 5
RATE = 30
FLASHES_S = [n + 0.5 for n in range(LENGTH_S)]
WIDTH, HEIGHT = 160, 120


def write_flashes_and_beeps(path: Path) -> None:
    """A white picture, and 50 ms of 1 kHz, at each of the times; written by PyAV alone."""
    with av.open(str(path), "w") as container:
        pictures = container.add_stream("libx264", rate=RATE, width=WIDTH, height=HEIGHT, pix_fmt="yuv420p")
        sound = container.add_stream("aac", rate=48_000, layout="stereo")
        for index in range(LENGTH_S * RATE):
            level = 235 if index / RATE in FLASHES_S else 30
            container.mux(pictures.encode(_picture(level, index)))
        container.mux(pictures.encode(None))
        for at in range(0, LENGTH_S * 48_000, 1024):
            container.mux(sound.encode(_beep(at)))
        container.mux(sound.encode(None))


def _picture(level: int, index: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(np.full((HEIGHT, WIDTH, 3), level, np.uint8), format="rgb24")
    frame.pts, frame.time_base = index, Fraction(1, RATE)
    return frame


def _beep(at: int) -> av.AudioFrame:
    times = (at + np.arange(1024)) / 48_000
    since = times % 1.0 - 0.5
    wave = np.where((since >= 0) & (since < 0.05), 0.8 * np.sin(2 * np.pi * 1000 * since), 0)
    frame = av.AudioFrame.from_ndarray(np.repeat(wave, 2)[None].astype(np.float32), format="flt", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = 48_000, at, Fraction(1, 48_000)
    return frame


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sync") / "clip.mp4"
    write_flashes_and_beeps(path)
    return path


@processor
def mirrored(frame: VideoFrame) -> VideoFrame:
    return frame.with_pixels(np.ascontiguousarray(frame.to_ndarray("rgb24")[:, ::-1]))


class Turnstile(Processor):
    """Lets pictures pass up to a media time, and goes on when its gate is opened: the graph is edited in between."""

    class Config(ProcessorConfig):
        gates: Any = ()

    video_in = LinkInput(VideoFrame)
    video_out = LinkOutput(VideoFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self._gates = list(self.config.gates)
        self._held: VideoFrame | None = None

    def process(self, ctx: ProcessContext) -> None:
        frame = self._held or self.video_in.read()
        if frame is None:
            return
        self._held = frame
        if self._gates and frame.timestamp_ns >= self._gates[0][0] and not self._gates[0][1].reach(ctx.wake):
            return
        if self._gates and frame.timestamp_ns >= self._gates[0][0]:
            self._gates.pop(0)
        self._held = None
        self.video_out.write(frame)
        ctx.wake()  # this call may have read nothing, and more may wait


def offsets(path: Path, count: int) -> list[float]:
    """How far each flash is from its beep, in seconds."""
    assert_plays(path)
    flashes, beeps = flash_times(path), beep_times(path)
    assert (len(flashes), len(beeps)) == (count, count), (flashes, beeps)
    return [abs(flash - beep) for flash, beep in zip(flashes, beeps, strict=True)]


def test_the_clip_itself_is_in_step(clip: Path) -> None:
    assert max(offsets(clip, LENGTH_S)) < 0.005
    assert flash_times(clip) == pytest.approx(FLASHES_S, abs=0.001)


@pytest.mark.promise("media.in-step")
@pytest.mark.parametrize("encoded", [True, False], ids=["packets", "frames"])
def test_a_recording_keeps_each_flash_with_its_beep(
    clip: Path, tmp_path: Path, runtime: StreamRuntime, *, encoded: bool
) -> None:
    reader = runtime.add_processor(FileReader, path=str(clip), pace="fast")
    mirror = runtime.add_processor(mirrored)
    writer = runtime.add_processor(Mp4Writer, path=str(tmp_path / "out.mp4"))
    runtime.connect(reader, mirror)
    pictures: ProcessorHandle = mirror
    if encoded:
        pictures, sound = runtime.add_processor(H264Encoder), runtime.add_processor(AacEncoder)
        runtime.connect(mirror, pictures)
        runtime.connect(reader, sound)
        runtime.connect(sound, writer.input("audio"))
    else:
        runtime.connect(reader, writer.input("audio"))
    runtime.connect(pictures, writer.input("video"))
    runtime.start()
    assert runtime.wait(SECONDS)
    runtime.stop()
    assert max(offsets(tmp_path / "out.mp4", LENGTH_S)) <= IN_STEP_S


@pytest.mark.promise("media.in-step", "edit.removal-drains")
def test_a_branch_that_comes_and_goes_leaves_both_files_in_step(
    clip: Path, tmp_path: Path, runtime: StreamRuntime
) -> None:
    grows, shrinks = Gate(), Gate()
    whole, part = tmp_path / "whole.mp4", tmp_path / "part.mp4"
    reader = runtime.add_processor(FileReader, path=str(clip), pace="fast")
    turnstile = runtime.add_processor(Turnstile, gates=((2 * SECOND, grows), (4 * SECOND, shrinks)))
    encoder, sound = runtime.add_processor(H264Encoder), runtime.add_processor(AacEncoder)
    writer = runtime.add_processor(Mp4Writer, path=str(whole))
    runtime.connect(reader, turnstile)
    runtime.connect(turnstile, encoder)
    runtime.connect(reader, sound)
    runtime.connect(encoder, writer.input("video"))
    runtime.connect(sound, writer.input("audio"))
    runtime.start()

    grows.wait_until_reached(SECONDS)
    with runtime.edit() as edit:
        scaler = edit.add_processor(VideoScaler, width=96, height=72)
        small = edit.add_processor(H264Encoder)
        branch = edit.add_processor(Mp4Writer, path=str(part))
        edit.connect(turnstile, scaler)
        edit.connect(scaler, small)
        edit.connect(small, branch.input("video"))
        edit.connect(sound, branch.input("audio"))
    grows.open()
    shrinks.wait_until_reached(SECONDS)
    with runtime.edit() as edit:
        for leaving in (scaler, small, branch):
            edit.remove(leaving)
    shown = offsets(part, 2)  # it is complete, while the rest still runs
    shrinks.open()
    assert runtime.wait(SECONDS)
    runtime.stop()

    assert max(shown) <= IN_STEP_S
    assert max(offsets(whole, LENGTH_S)) <= IN_STEP_S
    assert flash_times(whole) == pytest.approx(FLASHES_S, abs=0.001)
    assert (probe(part)["video"]["width"], probe(part)["video"]["height"]) == (96, 72)
    assert int(probe(part)["video"]["nb_frames"]) == 2 * RATE
