from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from streamlib import StreamRuntime
from streamlib.errors import CommitError, ConfigError, ConnectError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.video import VideoFrame
from streamlib.media import AacEncoder, FFmpegFilter, Mp4Writer, TestPatternGenerator, ToneGenerator, VideoScaler
from streamlib.media.filters import ffmpeg_filter, frame_filter
from streamlib.testing import run_processor
from tests.media.clips import SECOND, assert_plays, pictures, probe, sound
from tests.media.rig import Rig


def rig(description: str, frames: list[VideoFrame] | list[AudioFrame]) -> Rig:
    made = FFmpegFilter.from_config({"description": description})
    return Rig(made, inputs={"input": frames}, outputs=["output"])


@pytest.mark.promise("media.ffmpeg-filter")
def test_pictures_and_sound_are_filtered_in_a_runtime() -> None:
    small = run_processor(FFmpegFilter, pictures(5), description="scale=32:-1,hflip")["output"]
    assert {(frame.width, frame.height) for frame in small} == {(32, 24)}
    quiet = run_processor(FFmpegFilter, sound(0.1), description="volume=0")["output"]
    assert max(frame.samples.max() for frame in quiet) == 0


@pytest.mark.promise("media.ffmpeg-filter")
def test_ports_carry_what_the_filters_take_and_give(tmp_path: Path) -> None:
    runtime = StreamRuntime()
    pattern, tone = runtime.add_processor(TestPatternGenerator), runtime.add_processor(ToneGenerator)
    denoise = runtime.add_processor(FFmpegFilter, description="afftdn")
    waves = runtime.add_processor(FFmpegFilter, description="showwaves=size=320x240")
    runtime.connect(tone, denoise)
    runtime.connect(denoise, waves)
    runtime.connect(waves, runtime.add_processor(VideoScaler))
    runtime.connect(denoise, runtime.add_processor(AacEncoder))
    with pytest.raises(ConnectError, match="AudioFrame"):
        runtime.connect(pattern, denoise)
    with pytest.raises(ConnectError, match="VideoFrame"):
        runtime.connect(waves, runtime.add_processor(AacEncoder))


@pytest.mark.promise("media.ffmpeg-filter")
def test_another_program_sees_what_was_filtered(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    made = rig("fps=10,scale=96:-2,tpad=stop=5", pictures(50)).run().out("output")
    Rig(Mp4Writer.from_config({"path": str(path)}), inputs={"video": made}).run()
    assert_plays(path)
    told = probe(path)["video"]
    assert (told["width"], told["height"], told["nb_frames"], told["r_frame_rate"]) == (96, 72, "25", "10/1")


def test_what_the_filters_hold_back_comes_at_the_end() -> None:
    run = rig("reverse", pictures(5)).setup()
    for _ in range(5):
        run.step()
    assert not run.out("output")
    run.processor.flush(run.context)
    assert [frame.sequence for frame in run.out("output")] == [4, 3, 2, 1, 0]
    run.processor.teardown()


def test_it_ends_when_its_filters_do() -> None:
    run = rig("trim=end_frame=3", pictures(10)).setup()
    while not run.has_ended:
        run.step()
    assert len(run.out("output")) == 3
    run.processor.teardown()


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few frames are many: 8 for one call, 50 for filters that end."""
    monkeypatch.setattr(ffmpeg_filter, "AT_ONCE", 8)
    monkeypatch.setattr(frame_filter, "MOST_OF_ONE", 50)


@pytest.mark.usefixtures("few")
def test_what_one_frame_becomes_is_sent_in_several_calls_and_all_of_it() -> None:
    run, sent = rig("tpad=start=30", pictures(3)).setup(), [0]
    while run.inputs["input"].frames:
        run.step()
        sent.append(len(run.out("output")))
    assert max(after - before for before, after in pairwise(sent)) == 8
    run.processor.flush(run.context)
    assert [frame.timestamp_ns for frame in run.out("output")] == [n * SECOND // 25 for n in range(33)]
    run.processor.teardown()


@pytest.mark.usefixtures("few")
def test_filters_that_make_frames_without_end_end_with_their_input(caplog: pytest.LogCaptureFixture) -> None:
    run = rig("loop=-1:3", pictures(40)).setup()
    while not caplog.records:
        run.step()
    waiting, sent = len(run.inputs["input"].frames), len(run.out("output"))
    assert waiting == 37
    while run.inputs["input"].frames:
        run.step()
    run.processor.flush(run.context)
    assert len(run.out("output")) == sent + waiting
    assert "made 54 frames of one frame, and go on; now they give one for each" in caplog.messages[0]
    run.processor.teardown()


@pytest.mark.usefixtures("few")
def test_filters_that_turn_out_to_have_an_end_take_frames_again_behind_it() -> None:
    run = rig("tpad=start=70", pictures(40)).run()
    assert len(run.out("output")) < 40 + 70
    assert run.out("output")[-1].sequence == 39


@pytest.mark.usefixtures("few")
def test_a_tail_without_end_is_cut_and_said(caplog: pytest.LogCaptureFixture) -> None:
    assert len(rig("tpad=stop=-1", pictures(3)).run().out("output")) == 3 + 50
    assert "'tpad=stop=-1' made 50 frames at the end; that is all" in caplog.messages[0]
    caplog.clear()
    assert len(rig("reverse", pictures(60)).run().out("output")) == 60
    assert not caplog.records


@pytest.mark.usefixtures("few")
def test_a_new_description_ends_filters_without_end() -> None:
    run = rig("loop=-1:1", pictures(5)).setup()
    for _ in range(9):
        run.step()
    run.reconfigure(description="hflip")
    sent = len(run.out("output"))
    while run.inputs["input"].frames:
        run.step()
    run.processor.flush(run.context)
    assert [frame.sequence for frame in run.out("output")[sent:]] == [3, 4]
    run.processor.teardown()


def test_a_filter_that_is_cut_off_sends_no_more() -> None:
    run = rig("tpad=stop=-1", pictures(3)).setup()
    run.step()
    run.context.is_cut_off = True
    run.processor.flush(run.context)
    assert len(run.out("output")) == 1
    run.processor.teardown()


def test_a_new_description_takes_over_at_the_next_frame_and_nothing_is_lost() -> None:
    run = rig("tmix=frames=3", pictures(10)).setup()
    for _ in range(4):
        run.step()
    run.reconfigure(description="scale=32:-1")
    while run.inputs["input"].frames:
        run.step()
    run.processor.flush(run.context)
    assert [frame.width for frame in run.out("output")] == [64] * 4 + [32] * 6
    assert [frame.timestamp_ns for frame in run.out("output")] == [n * SECOND // 25 for n in range(10)]
    run.processor.teardown()


def test_a_running_filter_refuses_what_does_not_fit_its_links() -> None:
    with StreamRuntime() as runtime:
        source = runtime.add_processor(TestPatternGenerator, width=64, height=48)
        filters = runtime.add_processor(FFmpegFilter, description="hflip")
        runtime.connect(source, filters)
        alone = runtime.add_processor(FFmpegFilter, description="hflip")
        runtime.start()
        with pytest.raises(ConfigError, match=r"carries VideoFrame, ffmpeg_filter_0\.input takes AudioFrame"):
            runtime.update_config(filters, description="afftdn")
        with pytest.raises(CommitError, match="makes audio of audio, and this one makes video of video"):
            runtime.update_config(alone, description="afftdn")
        with pytest.raises(ConfigError, match="no filter 'vflp'; did you mean 'vflip'"):
            runtime.update_config(filters, description="vflp")
        runtime.update_config(filters, description="vflip")
        assert filters.config.description == "vflip"


@pytest.mark.promise("media.ffmpeg-filter")
@pytest.mark.parametrize(
    ("description", "said"),
    [
        ("", "description"),
        ("hflp", "FFmpegFilter: description: no filter 'hflp'; did you mean 'hflip'?"),
        ("scale=sizze=4", "the filter scale=sizze=4: Option not found"),
        ("overlay", "has 2 open inputs"),
    ],
)
def test_a_wrong_description_is_refused_when_it_is_given(description: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        FFmpegFilter.from_config({"description": description})
