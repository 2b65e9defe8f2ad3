from __future__ import annotations

import logging
from pathlib import Path

import pytest

from streamlib.errors import ConfigError, MediaError, ProcessorFailed
from streamlib.frames.audio import AudioFrame
from streamlib.media import FileReader
from streamlib.media.pace import LATE_NS, LONGEST_WAIT_NS
from streamlib.testing import run_processor
from tests.media.clips import SECOND, cut_at, raw_clip, spoilt, write_clip
from tests.media.rig import Rig


def rig(path: Path, *, outputs: tuple[str, ...] = ("video", "audio"), **fields: object) -> Rig:
    return Rig(FileReader.from_config({"path": str(path), "pace": "fast", **fields}), outputs=outputs)


@pytest.mark.promise("media.file-reader", "media.nanoseconds")
def test_it_sends_pictures_and_sound_with_times_in_nanoseconds(tmp_path: Path) -> None:
    done = rig(write_clip(tmp_path / "clip.mp4")).run()
    assert [frame.timestamp_ns for frame in done.out("video")] == [n * SECOND // 25 for n in range(25)]
    sound: list[AudioFrame] = done.out("audio")
    assert sound[0].timestamp_ns == 0
    assert sum(frame.num_samples for frame in sound) / 48_000 == pytest.approx(1, abs=0.03)
    assert done.has_ended


@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 6), ("7.1", 8)])
def test_sound_keeps_its_channels(tmp_path: Path, layout: str, channels: int) -> None:
    done = rig(write_clip(tmp_path / "clip.mp4", layout=layout, video=None)).run()
    assert {frame.channels for frame in done.out("audio")} == {channels}


def test_sound_of_integers_becomes_floats(tmp_path: Path) -> None:
    done = rig(write_clip(tmp_path / "clip.wav", video=None, audio="pcm_s16le"), outputs=("audio",)).run()
    samples = done.out("audio")[3].samples
    assert samples.max() == pytest.approx(0.1, abs=0.001)


@pytest.mark.promise("media.file-reader")
def test_in_real_time_each_frame_goes_when_it_is_due(tmp_path: Path) -> None:
    run = rig(write_clip(tmp_path / "clip.mp4"), pace="realtime").setup()
    start = run.clock.time_ns
    while not run.has_ended:
        before = [len(port.frames) for port in run.outputs.values()]
        now = run.clock.time_ns - start
        run.step()
        for port, count in zip(run.outputs.values(), before, strict=True):
            assert all(abs(frame.timestamp_ns - now) < SECOND // 1000 for frame in port.frames[count:])
    assert run.clock.time_ns - start == pytest.approx(SECOND, abs=SECOND // 10)
    run.processor.teardown()


def test_after_a_stop_it_goes_on_at_its_pace(tmp_path: Path) -> None:
    run = rig(write_clip(tmp_path / "clip.mp4", audio=None), outputs=("video",), pace="realtime").setup()
    while len(run.out("video")) < 5:
        run.step()
    run.clock.time_ns += 10 * LATE_NS
    resumed = run.clock.time_ns
    while len(run.out("video")) < 10:
        run.step()
    assert run.clock.time_ns - resumed > 3 * SECOND // 25
    run.processor.teardown()


@pytest.mark.promise("media.file-reader")
def test_a_loop_keeps_time_rising_and_both_streams_together(tmp_path: Path) -> None:
    run = rig(write_clip(tmp_path / "clip.mp4", seconds=0.4), loop=True).setup()
    while len(run.out("video")) < 35:
        run.step()
    for name in ("video", "audio"):
        times = [frame.timestamp_ns for frame in run.out(name)]
        assert times == sorted(set(times))
    starts = [run.out(name)[0].timestamp_ns for name in ("video", "audio")]
    assert starts == [0, 0]
    assert run.out("video")[10].timestamp_ns in {frame.timestamp_ns for frame in run.out("audio")}
    run.processor.teardown()


def test_a_loop_that_is_switched_off_ends_with_its_pass(tmp_path: Path) -> None:
    run = rig(write_clip(tmp_path / "clip.mp4", seconds=0.4), loop=True).setup()
    while len(run.out("video")) < 12:
        run.step()
    run.reconfigure(loop=False)
    while not run.has_ended:
        run.step()
    assert len(run.out("video")) == 20
    run.processor.teardown()


def test_ports_end_each_behind_its_own_last_frame(tmp_path: Path) -> None:
    run = rig(write_clip(tmp_path / "clip.mp4", times=[0, 0.04, 0.08])).setup()
    while not run.outputs["video"].is_ended:
        run.step()
    assert len(run.out("video")) == 3
    assert not run.outputs["audio"].is_ended
    while not run.has_ended:
        run.step()
    run.processor.teardown()


def test_the_port_of_a_stream_that_is_not_there_ends_at_once(tmp_path: Path) -> None:
    run = rig(write_clip(tmp_path / "clip.mp4", audio=None)).setup()
    run.step()
    assert [name for name, port in run.outputs.items() if port.is_ended] == ["audio"]
    run.processor.teardown()


def test_a_file_that_has_nothing_of_what_is_connected_is_an_error_with_what_it_has(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "sound.m4a", video=None)
    with pytest.raises(MediaError, match=r"sound\.m4a has no video; it has audio: connect that, or choose another"):
        rig(path, outputs=("video",)).run()
    silent = write_clip(tmp_path / "silent.mp4", audio=None)
    with pytest.raises(MediaError, match=r"silent\.mp4 has no audio; it has video"):
        rig(silent, outputs=("audio",)).run()


def test_a_link_to_what_a_file_lacks_is_warned_of_once_beside_one_to_what_it_has(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Graphs for any file connect both."""
    path = write_clip(tmp_path / "silent.mp4", audio=None)
    done = rig(path).run()
    assert len(done.out("video")) == 25
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        f"{path} has no audio; whoever is connected there gets nothing"
    ]


def test_nothing_is_read_before_something_is_connected(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = rig(write_clip(tmp_path / "clip.mp4"))
    for port in run.outputs.values():
        port.connected = False
    run.setup()
    for _ in range(5):
        run.step()
    assert run.wakes == []
    run.outputs["video"].connected = True
    while not run.has_ended:
        run.step()
    assert (len(run.out("video")), len(run.out("audio"))) == (25, 0)
    assert "connect" in caplog.text
    run.processor.teardown()


def test_without_any_link_left_it_plays_on_to_its_end(tmp_path: Path) -> None:
    run = rig(write_clip(tmp_path / "clip.mp4"), outputs=("video",)).setup()
    run.step()
    run.outputs["video"].connected = False
    while not run.has_ended:
        run.step()
    assert [frame.timestamp_ns for frame in run.out("video")] == [n * SECOND // 25 for n in range(25)]
    run.processor.teardown()


def test_sound_that_is_connected_later_joins_in_step(tmp_path: Path) -> None:
    run = rig(write_clip(tmp_path / "clip.mp4"))
    run.outputs["audio"].connected = False
    run.setup()
    while len(run.out("video")) < 10:
        run.step()
    run.outputs["audio"].connected = True
    while not run.out("audio"):
        run.step()
    assert run.out("audio")[0].timestamp_ns >= run.out("video")[8].timestamp_ns
    run.processor.teardown()


@pytest.mark.promise("media.missing-file")
def test_a_missing_file_is_named_in_setup(tmp_path: Path) -> None:
    run = rig(tmp_path / "none.mp4")
    with pytest.raises(MediaError, match=r"none\.mp4"):
        run.run()


@pytest.mark.promise("media.missing-file")
def test_a_truncated_file_is_said_at_its_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    whole = write_clip(tmp_path / "whole.mp4", seconds=4, options={"movflags": "faststart"})
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with caplog.at_level(logging.WARNING):
        done = rig(cut).run()
    assert 20 < len(done.out("video")) < 80
    assert "cut.mp4 is damaged" in caplog.text


@pytest.mark.promise("media.odd-streams")
def test_a_variable_frame_rate_is_kept(tmp_path: Path) -> None:
    times = [0, 0.04, 0.2, 0.24, 0.9]
    done = rig(write_clip(tmp_path / "clip.mp4", times=times, audio=None), outputs=("video",)).run()
    assert [frame.timestamp_ns / SECOND for frame in done.out("video")] == pytest.approx(times, abs=0.001)


@pytest.mark.promise("media.odd-streams")
def test_a_raw_stream_without_timestamps_gets_them(tmp_path: Path) -> None:
    done = rig(raw_clip(tmp_path / "raw.h264"), outputs=("video",)).run()
    times = [frame.timestamp_ns for frame in done.out("video")]
    assert len(times) == 25
    assert times == sorted(set(times))


def test_ten_bits_and_odd_sizes_pass(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", video="ffv1", pix_fmt="yuv422p10le", size=(63, 47), audio=None)
    done = rig(clip, outputs=("video",)).run()
    assert done.out("video")[0].to_ndarray("rgb24").shape == (47, 63, 3)


def test_an_unknown_pace_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="pace"):
        FileReader.from_config({"path": "x.mp4", "pace": "quickly"})


def test_a_jump_far_ahead_holds_the_reader_up_for_seconds_and_not_for_hours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    times = [0, 0.04, 0.08, 11_666, 11_666.04, 20_000]
    clip = write_clip(tmp_path / "clip.mkv", times=times, audio=None)
    run = rig(clip, outputs=("video",), pace="realtime").setup()
    start = run.clock.time_ns
    while not run.has_ended:
        run.step()
    run.processor.teardown()
    assert run.clock.time_ns - start == pytest.approx(2 * LONGEST_WAIT_NS, abs=SECOND)
    assert [frame.timestamp_ns / SECOND for frame in run.out("video")] == pytest.approx(times, abs=0.001)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert f"{clip} jumps from 0.1 s to 11666.0 s" in said[0]


def test_a_show_of_slides_keeps_its_pace_in_real_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clip = write_clip(tmp_path / "clip.mp4", times=[0, 8, 17, 26], audio=None)
    run = rig(clip, outputs=("video",), pace="realtime").setup()
    start = run.clock.time_ns
    while len(run.out("video")) < 4:
        run.step()
    run.processor.teardown()
    assert run.clock.time_ns - start == pytest.approx(26 * SECOND, abs=SECOND // 100)
    assert not caplog.records


@pytest.mark.promise("media.missing-file")
def test_a_file_that_lacks_less_than_a_second_is_said_to_be_damaged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    whole = write_clip(tmp_path / "whole.mp4", seconds=2, video="ffv1", audio=None, options={"movflags": "faststart"})
    done = rig(cut_at(whole, 1.7), outputs=("video",)).run()
    assert len(done.out("video")) == 43
    assert "cut.mp4 is damaged: it ended at 1.7 s, 0.28 s before the end it names" in caplog.text


@pytest.mark.promise("media.damage-is-said")
def test_how_much_could_not_be_decoded_is_said_once_at_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = spoilt(write_clip(tmp_path / "clip.mp4"), "audio", 5, first=2)
    done = rig(clip).run()
    assert (len(done.out("video")), len(done.out("audio"))) == (25, 37)
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert "spoilt.mp4 is damaged: 10 of 48 packets of audio could not be decoded (Invalid data" in said[0]


@pytest.mark.promise("media.damage-is-said")
def test_a_stream_of_which_nothing_can_be_decoded_is_said_and_the_other_plays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clip = spoilt(write_clip(tmp_path / "clip.mp4", options={"movflags": "faststart"}), "video", first=1)
    done = rig(clip).run()
    assert len(done.out("video")) <= 1
    assert sum(frame.num_samples for frame in done.out("audio")) / 48_000 == pytest.approx(1, abs=0.03)
    assert len(caplog.records) == 1
    assert "25 packets of video" in caplog.text


@pytest.mark.promise("media.damage-is-said")
def test_pictures_that_are_lost_without_a_word_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clip = spoilt(write_clip(tmp_path / "clip.mp4", seconds=4), "video", 5, first=3)
    done = rig(clip).run()
    lost = 100 - len(done.out("video")) - 20
    assert lost > 2
    assert (
        f"20 of 100 packets of video could not be decoded (Invalid data found when processing input), {lost} of 100"
        in (caplog.text)
    )


@pytest.mark.promise("media.damage-is-said")
@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize(("name", "audio"), [("clip.m4a", "aac"), ("clip.mkv", "libopus"), ("clip.flac", "flac")])
def test_a_file_of_which_nothing_can_be_decoded_is_an_error(tmp_path: Path, name: str, audio: str, loop: bool) -> None:
    clip = spoilt(write_clip(tmp_path / name, video=None, audio=audio), "audio")
    run = rig(clip, outputs=("audio",), loop=loop)
    with pytest.raises(MediaError, match=r"spoilt\.\w+ is damaged: .*choose another file"):
        run.run()
    assert run.out("audio") == []


@pytest.mark.promise("media.damage-is-said")
def test_a_file_of_which_nothing_can_be_decoded_fails_its_reader(tmp_path: Path) -> None:
    clip = spoilt(write_clip(tmp_path / "clip.m4a", video=None), "audio")
    with pytest.raises(ProcessorFailed, match="none of 48 packets of audio could be decoded"):
        run_processor(FileReader, path=clip, pace="fast")


@pytest.mark.promise("media.damage-is-said")
def test_a_loop_says_it_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = rig(spoilt(write_clip(tmp_path / "clip.mp4"), "audio", 5, first=2), loop=True).setup()
    while len(run.out("video")) < 80:
        run.step()
    run.processor.teardown()
    assert [record.getMessage().count("10 of 48 packets") for record in caplog.records] == [1]


@pytest.mark.promise("media.damage-is-said")
def test_a_reader_that_is_removed_says_what_it_has_met_so_far(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    run = rig(spoilt(write_clip(tmp_path / "clip.mp4"), "audio", 5, first=2)).setup()
    while len(run.out("video")) < 12:
        run.step()
    run.processor.teardown()
    assert len(caplog.records) == 1
    assert "packets of audio could not be decoded" in caplog.text


def test_a_reader_of_a_sound_file_that_is_removed_says_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = rig(write_clip(tmp_path / "clip.mp4", seconds=4)).setup()
    run.step()
    run.processor.teardown()
    assert not caplog.records
