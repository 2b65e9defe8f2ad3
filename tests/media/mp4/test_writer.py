from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import pytest
from msgspec.structs import replace

from streamlib import StreamRuntime
from streamlib.errors import CommitError, ConfigError, FormatError, MediaError, ResourceBusyError
from streamlib.frames.video import VideoFrame
from streamlib.media import AacEncoder, H264Encoder, Mp4Writer, TestPatternGenerator
from streamlib.media.file_lock import PAGE, FileLock, begin_file
from streamlib.media.mp4.writer import check_writable
from streamlib.processors.shared_objects import SharedObjects
from tests.media.clips import (
    SECOND,
    assert_plays,
    beep_times,
    flash_times,
    frame_count,
    pictures,
    probe,
    samples_of,
    sound,
)
from tests.media.mp4.streams import aac, h264
from tests.media.rig import Rig

ROOT = Path(__file__).parents[3]
MOMENTS = (0.4, 1.2, 2.8)


def writer(path: Path, **fields: object) -> Mp4Writer:
    return Mp4Writer.from_config({"path": str(path), "preset": "ultrafast", **fields})


def record(path: Path, shared: SharedObjects | None = None, **inputs: list[object]) -> Rig:
    return Rig(writer(path), shared=shared, inputs=dict(inputs)).run()


def noise(count: int) -> list[VideoFrame]:
    """Pictures that take much room."""
    rng = np.random.default_rng(1)
    return [
        VideoFrame.from_ndarray(rng.integers(0, 255, (240, 320, 3), dtype=np.uint8), timestamp_ns=n * SECOND // 25)
        for n in range(count)
    ]


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file can grow beyond `size` bytes."""
    resource = pytest.importorskip("resource", reason="no limit on the size of files on this system")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.promise("media.in-step", "media.mp4-starts-at-zero")
@pytest.mark.parametrize("start_ns", [0, 86_400 * SECOND + 7])
@pytest.mark.parametrize(("rate", "channels"), [(48_000, 2), (44_100, 1), (48_000, 6), (11_000, 2)])
def test_each_flash_is_with_its_beep(tmp_path: Path, start_ns: int, rate: int, channels: int) -> None:
    path = tmp_path / "out.mp4"
    video = pictures(100, flashes=MOMENTS, start_ns=start_ns)
    audio = sound(4, beeps=MOMENTS, start_ns=start_ns, rate=rate, channels=channels)
    record(path, video=[*video], audio=[*audio])
    flashes, beeps = flash_times(path), beep_times(path)
    assert len(flashes) == len(beeps) == 3
    for flash, beep, moment in zip(flashes, beeps, MOMENTS, strict=True):
        assert flash == pytest.approx(moment, abs=0.001)
        assert beep == pytest.approx(flash, abs=0.02)


@pytest.mark.promise("media.in-step")
def test_pictures_that_begin_later_leave_the_sound_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    record(path, video=[*pictures(100, flashes=MOMENTS)[20:]], audio=[*sound(4, beeps=MOMENTS)])
    assert flash_times(path) == pytest.approx(MOMENTS[1:], abs=0.001)
    assert beep_times(path) == pytest.approx(MOMENTS, abs=0.02)


@pytest.mark.promise("media.in-step", "media.odd-streams")
def test_gaps_and_jitter_do_not_pull_sound_and_pictures_apart(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    audio = sound(4, beeps=MOMENTS)
    shaken = [
        type(frame)(frame.samples, 48_000, timestamp_ns=frame.timestamp_ns + n % 7 * 1_000_000)
        for n, frame in enumerate(audio)
        if not 150 <= n < 200
    ]
    video = [frame for n, frame in enumerate(pictures(100, flashes=MOMENTS)) if n not in {3, 15, 16, 50}]
    record(path, video=[*video], audio=[*shaken])
    assert beep_times(path) == pytest.approx(flash_times(path), abs=0.02)
    assert len(beep_times(path)) == 3


@pytest.mark.promise("media.mp4-frames-or-packets")
@pytest.mark.parametrize("video", ["frames", "packets"])
@pytest.mark.parametrize("audio", ["frames", "packets"])
def test_it_takes_frames_and_packets(tmp_path: Path, video: str, audio: str) -> None:
    path = tmp_path / "out.mp4"
    shown, heard = pictures(50), sound(2)
    if video == "packets":
        shown = Rig(H264Encoder.from_config(), inputs={"video": shown}, outputs=["packets"]).run().out("packets")
    if audio == "packets":
        heard = Rig(AacEncoder.from_config(), inputs={"audio": heard}, outputs=["packets"]).run().out("packets")
    record(path, video=[*shown], audio=[*heard])
    assert_plays(path)
    assert frame_count(path, "v:0") == 50
    assert float(probe(path)["audio"]["duration"]) == pytest.approx(2, abs=0.03)


@pytest.mark.promise("media.mp4-never-overwrites")
def test_a_file_that_this_runtime_finished_is_not_written_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shared, path = SharedObjects(), tmp_path / "out.mp4"
    record(path, shared, video=[*pictures(10)])
    first = path.read_bytes()
    record(path, shared, video=[*pictures(20)])
    assert path.read_bytes() == first
    assert frame_count(tmp_path / "out-2.mp4", "v:0") == 20
    assert "this goes to" in caplog.text


@pytest.mark.promise("media.mp4-never-overwrites")
def test_a_file_that_this_runtime_finished_is_not_written_over_after_a_stop_and_a_start(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    runtime = StreamRuntime()
    source = runtime.add_processor(TestPatternGenerator, frames=10, pace="fast", width=64, height=48)
    runtime.connect(source, runtime.add_processor(Mp4Writer, path=str(path), preset="ultrafast"))
    for frames in (10, 5):
        runtime.update_config(source, frames=frames)
        runtime.start()
        assert runtime.wait(30)
        runtime.stop()
    assert [frame_count(tmp_path / name, "v:0") for name in ("out.mp4", "out-2.mp4")] == [10, 5]


def test_a_file_from_before_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    for count in (10, 20):
        record(path, video=[*pictures(count)])
        assert frame_count(path, "v:0") == count


def test_a_file_is_not_touched_before_a_frame_came(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path, shared = tmp_path / "out.mp4", SharedObjects()
    path.write_bytes(b"precious")
    record(path, shared, video=[])
    assert path.read_bytes() == b"precious"
    assert "nothing came in" in caplog.text
    record(path, shared, video=[*pictures(5)])
    assert [one.name for one in tmp_path.iterdir()] == ["out.mp4"]


def test_packets_without_a_key_frame_are_an_error_and_no_file(tmp_path: Path) -> None:
    """It was fed and has written nothing."""
    path = tmp_path / "out.mp4"
    late = [packet for packet in h264(pictures(10)) if not packet.keyframe]
    assert late
    with pytest.raises(MediaError, match=r"out\.mp4 was not written: packets came in and none that a picture can"):
        record(path, video=[*late])
    assert not path.exists()


@pytest.mark.parametrize("name", ["out.mkv", "out.WEBM", "out.avi", "out.mp3"])
def test_a_name_of_another_kind_of_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"path: an MP4 file ends in \.mp4, \.m4v, \.m4a, \.mov; given '.*out"):
        writer(tmp_path / name)


@pytest.mark.parametrize("name", ["out.MP4", "out.m4v", "out.mov", "out"])
def test_names_of_its_own_kind_and_names_that_say_nothing_are_taken(tmp_path: Path, name: str) -> None:
    record(tmp_path / name, video=[*pictures(5)])
    assert frame_count(tmp_path / name, "v:0") == 5


@pytest.mark.promise("media.interrupted")
def test_a_recording_that_is_flushed_early_plays(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    run = Rig(writer(path), inputs={"video": pictures(100), "audio": sound(4)}).setup()
    for _ in range(37):
        run.step()
    run.processor.flush(run.context)
    run.processor.teardown()
    assert_plays(path)
    assert frame_count(path, "v:0") == 37


def test_a_writer_that_is_torn_down_without_a_flush_leaves_a_file_that_plays(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    run = Rig(writer(path, latency="low"), inputs={"video": pictures(50)}).setup()
    for _ in range(40):
        run.step()
    run.processor.teardown()
    assert_plays(path)
    assert frame_count(path, "v:0") == 40


def test_it_says_what_it_wrote(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        record(tmp_path / "out.mp4", video=[*pictures(50)], audio=[*sound(2)])
    assert "out.mp4: 50 pictures and 95 blocks of sound, 2.00 s" in caplog.text


@pytest.mark.promise("media.full-disk")
def test_a_full_disk_fails_with_the_name_of_the_file() -> None:
    with pytest.raises(MediaError, match="/dev/full could not be written: No space left"):
        record(Path("/dev/full"), video=[*pictures(60)])


@pytest.mark.promise("media.full-disk")
def test_a_disk_that_fills_up_fails_and_says_what_has_become_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with full_at(200_000), pytest.raises(MediaError, match=r"out.mp4 could not be .*does not play"):
        record(path, video=[*noise(60)])


KILLED = """
import os, signal, sys
from streamlib import StreamRuntime
from streamlib.media import Mp4Writer
from streamlib.testing import Gate, ListSource
from tests.media.clips import pictures, sound

gates = Gate(), Gate()
runtime = StreamRuntime()
video = runtime.add_processor(ListSource, items=(*pictures(100), gates[0]))
audio = runtime.add_processor(ListSource, items=(*sound(4), gates[1]))
writer = runtime.add_processor(Mp4Writer, path=sys.argv[1], latency="low", fragmented=True, fragment_seconds=0.5)
runtime.connect(video, writer.input("video"))
runtime.connect(audio, writer.input("audio"))
runtime.start()
for gate in gates:
    gate.wait_until_reached(20)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.promise("media.mp4-fragmented")
def test_a_fragmented_recording_survives_the_kill_of_its_process(tmp_path: Path) -> None:
    path = tmp_path / "killed.mp4"
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, capture_output=True, timeout=50)
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, b"")
    assert_plays(path)
    # Of 100 pictures eight may wait in the link; half a second may be in the fragment that was not written.
    assert 75 <= frame_count(path, "v:0") <= 100
    assert len(samples_of(path)) >= 3 * 48_000


@pytest.mark.promise("media.mp4-fragmented", "media.in-step")
def test_sound_and_pictures_of_a_fragmented_file_are_in_step(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    video, audio = pictures(100, flashes=MOMENTS), sound(4, beeps=MOMENTS)
    Rig(writer(path, fragmented=True), inputs={"video": video, "audio": audio}).run()
    assert_plays(path)
    assert flash_times(path) == pytest.approx(MOMENTS, abs=0.001)
    assert beep_times(path) == pytest.approx(MOMENTS, abs=0.02)
    assert frame_count(path, "v:0") == 100


@pytest.mark.promise("media.full-disk", "media.mp4-fragmented")
def test_of_a_fragmented_file_a_disk_that_fills_up_keeps_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with full_at(1_000_000), pytest.raises(MediaError, match=r"out.mp4 could not be .*plays up to its last whole"):
        Rig(writer(path, fragmented=True), inputs={"video": noise(100), "audio": sound(4)}).run()
    assert_plays(path)
    assert frame_count(path, "v:0") >= 25


@pytest.mark.promise("media.full-disk", "media.mp4-fragmented")
def test_a_fragmented_file_is_cut_to_what_plays_also_when_its_end_does_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with full_at(14_000), pytest.raises(MediaError, match="last whole fragment"):
        Rig(writer(path, fragmented=True), inputs={"video": pictures(200)}).run()
    assert_plays(path)
    assert frame_count(path, "v:0") >= 100


@pytest.mark.promise("media.full-disk")
def test_of_a_fragmented_file_that_had_no_whole_fragment_nothing_plays(tmp_path: Path) -> None:
    made = writer(tmp_path / "out.mp4", fragmented=True, fragment_seconds=60)
    with full_at(100_000), pytest.raises(MediaError, match=r"what is there does not play"):
        Rig(made, inputs={"video": noise(40)}).run()


@pytest.mark.promise("media.full-disk")
@pytest.mark.parametrize(("name", "words"), [("none/out.mp4", "there is no folder"), (".", "no regular file")])
def test_a_path_that_cannot_be_written_is_refused_in_setup(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(MediaError, match=words):
        record(tmp_path / name, video=[*pictures(1)])


def test_looking_whether_a_file_can_be_written_changes_nothing(tmp_path: Path) -> None:
    there = tmp_path / "there.mp4"
    there.write_bytes(b"precious")
    check_writable(there)
    check_writable(tmp_path / "new.mp4")
    assert there.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [there]


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(MediaError, match="no regular file"):
        check_writable(tmp_path / "pipe")


def test_what_the_system_refuses_is_said(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="could not be written"):
        check_writable(Path("/proc/out.mp4"))


def test_packets_at_the_wrong_input_are_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="connect it to 'audio'"):
        record(tmp_path / "out.mp4", video=[*aac(sound(0.1))])


def test_an_encoder_put_in_between_while_it_runs_goes_on_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    record(path, video=[*pictures(50), *h264(pictures(50, start_ns=2 * SECOND))])
    assert_plays(path)
    assert frame_count(path, "v:0") == 100


@pytest.mark.promise("media.odd-streams")
def test_a_change_of_size_goes_on_in_the_size_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    record(path, video=[*pictures(20, width=63, height=47), *pictures(20, width=128, height=96, start_ns=SECOND)])
    assert_plays(path)
    told = probe(path)["video"]
    assert (told["width"], told["height"], frame_count(path, "v:0")) == (62, 46, 40)


def test_a_new_bitrate_is_applied_live(tmp_path: Path) -> None:
    made = writer(tmp_path / "out.mp4")
    run = Rig(made, inputs={"video": pictures(20)}).setup()
    run.step()
    run.reconfigure(bitrate=9_000_000)
    while run.inputs["video"].frames:
        run.step()
    made.flush(run.context)
    made.teardown()
    assert frame_count(tmp_path / "out.mp4", "v:0") == 20


@pytest.mark.promise("media.one-writer")
@pytest.mark.parametrize("spelling", ["same", "relative", "symlink", "hard link"])
def test_a_file_that_another_runtime_writes_is_refused_with_its_name_and_its_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    path, link = tmp_path / "out.mp4", tmp_path / "link.mp4"
    path.write_bytes(b"precious")
    monkeypatch.chdir(tmp_path)
    if spelling == "symlink":
        link.symlink_to(path)
    elif spelling == "hard link":
        os.link(path, link)
    with StreamRuntime() as one, StreamRuntime() as other:
        holder = one.add_processor(Mp4Writer, path=path)
        other.add_processor(Mp4Writer, path={"same": path, "relative": Path("out.mp4")}.get(spelling, link))
        one.start()
        with pytest.raises(CommitError, match=rf"out\.mp4.*{holder.id} of another runtime") as refused:
            other.start()
        assert isinstance(refused.value.__cause__, ResourceBusyError)
        assert path.read_bytes() == b"precious"
        one.stop()
        other.start()


@pytest.mark.promise("media.one-writer")
def test_two_names_of_one_file_are_refused_in_one_runtime(tmp_path: Path) -> None:
    path, link = tmp_path / "out.mp4", tmp_path / "link.mp4"
    path.touch()
    os.link(path, link)
    with StreamRuntime() as runtime:
        for name in (path, link):
            runtime.add_processor(Mp4Writer, path=name)
        with pytest.raises(CommitError, match=r"link\.mp4, which mp4_writer_\d \(as .*out\.mp4\) holds"):
            runtime.start()


@pytest.mark.promise("media.one-writer")
def test_a_file_that_another_process_writes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with FileLock(path), pytest.raises(MediaError, match=r"out\.mp4 could not be written: another process"):
        record(path, video=[*pictures(1)])
    record(path, video=[*pictures(5)])
    assert frame_count(path, "v:0") == 5


@pytest.mark.promise("media.one-writer")
def test_a_file_that_another_process_has_begun_since_is_refused_and_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    late = Rig(writer(path), inputs={"video": pictures(50)}).setup()
    with begin_file(path), pytest.raises(MediaError, match=r"out\.mp4 could not be written: another process"):
        while late.inputs["video"].frames:
            late.step()
    late.processor.teardown()
    assert path.read_bytes() == PAGE


def test_while_it_writes_the_file_is_locked_and_free_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    run = Rig(writer(path), inputs={"video": pictures(60)}).setup()
    while run.inputs["video"].frames:
        run.step()
    with pytest.raises(BlockingIOError):
        FileLock(path)
    run.processor.flush(run.context)
    FileLock(path).release()
    run.processor.teardown()


@pytest.mark.promise("media.opus")
@pytest.mark.parametrize("fragmented", [False, True])
def test_sound_becomes_opus_where_that_is_asked_for(tmp_path: Path, fragmented: bool) -> None:
    path = tmp_path / "out.mp4"
    made = writer(path, audio_codec="opus", audio_bitrate=96_000, fragmented=fragmented)
    shown, heard = pictures(100, flashes=MOMENTS), sound(4, beeps=MOMENTS, rate=44_100)
    Rig(made, inputs={"video": shown, "audio": heard}).run()
    assert_plays(path)
    told = probe(path)["audio"]
    assert (told["codec_name"], told["sample_rate"], told["channels"]) == ("opus", "48000", 2)
    assert float(told["duration"]) == pytest.approx(4, abs=0.01)
    assert beep_times(path) == pytest.approx(flash_times(path), abs=0.02)


def test_sound_becomes_aac_where_nothing_is_asked_for(tmp_path: Path) -> None:
    record(tmp_path / "out.mp4", audio=[*sound(1)])
    assert probe(tmp_path / "out.mp4")["audio"]["codec_name"] == "aac"


def test_the_file_is_its_own_alone(tmp_path: Path) -> None:
    config = Mp4Writer.Config(path=str(tmp_path / "a" / ".." / "out.mp4"))
    assert Mp4Writer.exclusive(config) == (f"file:{tmp_path.resolve() / 'out.mp4'}",)


def test_a_path_is_needed() -> None:
    with pytest.raises(ConfigError, match="path"):
        Mp4Writer.from_config()


def test_a_file_with_a_colon_in_its_name_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "12:30 a%d.mp4"
    record(path, video=[*pictures(5)])
    assert path.exists()


def test_a_path_that_is_none_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file has a NUL in its name"):
        Mp4Writer.from_config({"path": "a\0b.mp4"})
    for path in (tmp_path / ("x" * 300 + ".mp4"), tmp_path / ("x" * 300) / "out.mp4"):
        with pytest.raises(MediaError, match=r"could not be written: (File name too long|there is no folder)"):
            check_writable(path)


@pytest.mark.parametrize("apart_ns", [1, 1000, 10_000, 11_000])
def test_pictures_closer_than_the_files_time_are_all_there(tmp_path: Path, apart_ns: int) -> None:
    path = tmp_path / "out.mp4"
    frames = [replace(frame, timestamp_ns=n * apart_ns) for n, frame in enumerate(pictures(30))]
    Rig(Mp4Writer.from_config({"path": str(path)}), inputs={"video": frames}).run()
    with av.open(str(path)) as file:
        shown = [frame.pts or 0 for frame in file.decode(video=0)]
    assert len(shown) == 30
    assert shown == sorted(set(shown))
