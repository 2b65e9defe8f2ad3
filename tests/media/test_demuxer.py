from __future__ import annotations

from pathlib import Path

import pytest

from streamlib.errors import MediaError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.video import VideoFrame
from streamlib.media import demuxer as module
from streamlib.media.demuxer import Demuxer, Media
from tests.media.clips import SECOND, raw_clip, write_clip


def opened(path: Path, *media: Media) -> Demuxer:
    demuxer = Demuxer(path)
    for one in media or (Media.VIDEO, Media.AUDIO):
        demuxer.want(one, True)
    return demuxer


def drained(demuxer: Demuxer) -> list[tuple[Media, VideoFrame | AudioFrame]]:
    found = list(iter(demuxer.next, None))
    demuxer.close()
    return found


def test_frames_come_in_the_order_of_time_and_start_at_zero(tmp_path: Path) -> None:
    found = drained(opened(write_clip(tmp_path / "clip.ts", start=5)))
    times = [frame.timestamp_ns for _, frame in found]
    assert times == sorted(times)
    assert times[0] == 0
    assert {media for media, _ in found} == {Media.VIDEO, Media.AUDIO}


@pytest.mark.parametrize("media", list(Media))
def test_only_what_is_wanted_is_decoded(tmp_path: Path, media: Media) -> None:
    found = drained(opened(write_clip(tmp_path / "clip.mp4"), media))
    assert {one for one, _ in found} == {media}


@pytest.mark.promise("media.missing-file")
def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("these are words\n" * 40)
    (tmp_path / "empty.mp4").touch()
    whole = write_clip(tmp_path / "whole.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    for name, words in {
        "none.mp4": "there is no file",
        "text.mp4": "cannot be read as a media file",
        "empty.mp4": "cannot be read as a media file",
        "cut.mp4": "cannot be read as a media file",
        ".": "is a folder",
    }.items():
        with pytest.raises(MediaError, match=words) as caught:
            Demuxer(tmp_path / name)
        assert str(tmp_path) in str(caught.value)


def test_an_address_is_refused_as_one() -> None:
    with pytest.raises(MediaError, match=r"^rtsp://camera.local/stream is an address, and this reads files; write a"):
        Demuxer(Path("rtsp://camera.local/stream"))


def test_a_file_of_subtitles_alone_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "words.srt"
    path.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    with pytest.raises(MediaError, match="neither pictures nor sound"):
        Demuxer(path)


@pytest.mark.promise("media.missing-file")
def test_a_truncated_file_gives_what_can_be_decoded(tmp_path: Path) -> None:
    whole = write_clip(tmp_path / "whole.mp4", seconds=4, options={"movflags": "faststart"})
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    demuxer = opened(cut)
    found = drained(demuxer)
    assert 20 < sum(media is Media.VIDEO for media, _ in found) < 80
    assert demuxer.missing_ns > SECOND


def test_an_undamaged_file_misses_nothing(tmp_path: Path) -> None:
    demuxer = opened(write_clip(tmp_path / "clip.mkv"))
    drained(demuxer)
    assert not any(tally.is_damaged for tally in demuxer.tallies.values())
    assert not demuxer.cut_short
    assert demuxer.missing_ns < SECOND // 10


def test_a_stream_that_ends_early_is_over_while_the_other_goes_on(tmp_path: Path) -> None:
    demuxer = opened(write_clip(tmp_path / "clip.mp4", times=[0, 0.04, 0.08]))
    found = [demuxer.next() for _ in range(30)]
    assert demuxer.is_over(Media.VIDEO)
    assert not demuxer.is_over(Media.AUDIO)
    assert sum(one is not None and one[0] is Media.VIDEO for one in found) == 3
    demuxer.close()


def test_a_stream_that_the_file_does_not_have_is_over(tmp_path: Path) -> None:
    demuxer = opened(write_clip(tmp_path / "clip.mp4", audio=None))
    assert demuxer.media == (Media.VIDEO,)
    assert demuxer.is_over(Media.AUDIO)
    demuxer.close()


def test_reading_ahead_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKLOG_BYTES", 2000)
    demuxer = opened(write_clip(tmp_path / "clip.mp4", seconds=2, times=[0, 1.9]))
    found = [demuxer.next() for _ in range(3)]
    assert sum(track.backlog for track in demuxer._tracks.values()) < 4000
    assert len([one for one in found if one]) + len(drained(demuxer)) > 90


def test_a_raw_stream_that_knows_no_way_back_is_opened_again(tmp_path: Path) -> None:
    demuxer = opened(raw_clip(tmp_path / "clip.h264"), Media.VIDEO)
    first = list(iter(demuxer.next, None))
    demuxer.rewind()
    second = drained(demuxer)
    assert len(first) == len(second) == 25
    assert [frame.timestamp_ns for _, frame in second] == [SECOND + frame.timestamp_ns for _, frame in first]


def test_sound_before_the_beginning_of_another_pass_is_at_its_beginning(tmp_path: Path) -> None:
    demuxer = opened(write_clip(tmp_path / "clip.opus", video=None, audio="libopus"), Media.AUDIO)
    first = list(iter(demuxer.next, None))
    demuxer.rewind()
    times = [frame.timestamp_ns for _, frame in first + drained(demuxer)]
    assert times == sorted(set(times))


def test_another_pass_follows_in_time(tmp_path: Path) -> None:
    demuxer = opened(write_clip(tmp_path / "clip.mp4"))
    first = list(iter(demuxer.next, None))
    end_ns = demuxer.end_ns
    demuxer.rewind()
    second = drained(demuxer)
    assert len(second) == len(first)
    assert second[0][1].timestamp_ns == end_ns
