from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from streamlib.media import FileReader
from streamlib.media.demuxer import Demuxer, Media
from streamlib.media.lengths import INEXACT_NS
from tests.media.clips import SECOND, cut_at, write_clip
from tests.media.rig import Rig

FAST_START = {"movflags": "faststart"}
BOTH = (Media.VIDEO, Media.AUDIO)


def read(path: Path, wanted: tuple[Media, ...]) -> Demuxer:
    """A demuxer that has read to the end."""
    demuxer = Demuxer(path)
    for media in wanted:
        demuxer.want(media, True)
    while demuxer.next() is not None:
        pass
    demuxer.close()
    return demuxer


HEALTHY: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": ("clip.mp4", {}),
    "frames at a variable rate": ("clip.mp4", {"times": [0, 0.04, 0.2, 0.24, 0.9], "audio": None}),
    "frames at a variable rate in Matroska": ("clip.mkv", {"times": [0, 0.04, 0.2, 0.24, 0.9], "audio": None}),
    "slides": ("clip.mp4", {"times": [0, 5, 12], "audio": None}),
    "sound alone": ("clip.m4a", {"video": None, "seconds": 1.01}),
    "longer sound": ("clip.mp4", {"seconds": 1.5, "times": [0, 0.04, 0.08]}),
    "longer sound in Matroska": ("clip.mkv", {"seconds": 1.5, "times": [0, 0.04, 0.08]}),
    "longer sound in FLV": ("clip.flv", {"seconds": 0.9, "times": [0, 0.04, 0.08]}),
    "a late start": ("clip.mkv", {"start": 5.0}),
    "a late start in MP4": ("clip.mp4", {"start": 5.0}),
    "a late start in FLV": ("clip.flv", {"start": 5.0}),
    "Opus": ("clip.webm", {"video": "libvpx", "audio": "libopus"}),
    "FLAC": ("clip.flac", {"video": None, "audio": "flac"}),
    "fragments": ("clip.mp4", {"options": {"movflags": "frag_keyframe+empty_moov+default_base_moof"}}),
    "AVI": ("clip.avi", {"video": "ffv1", "audio": "libmp3lame"}),
    "a transport stream": ("clip.ts", {}),
}


@pytest.mark.parametrize("wanted", [BOTH, (Media.VIDEO,), (Media.AUDIO,)])
@pytest.mark.parametrize("case", HEALTHY)
def test_a_whole_file_lacks_nothing(tmp_path: Path, case: str, wanted: tuple[Media, ...]) -> None:
    name, fields = HEALTHY[case]
    assert read(write_clip(tmp_path / name, **fields), wanted).missing_ns == 0


def test_of_a_whole_file_nothing_is_said_at_its_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    reader = FileReader.from_config({"path": str(write_clip(tmp_path / "clip.mp4")), "pace": "fast"})
    with caplog.at_level(logging.WARNING):
        Rig(reader, outputs=("video", "audio")).run()
    assert not caplog.records


@pytest.mark.promise("media.missing-file")
@pytest.mark.parametrize("audio", ["aac", None])
@pytest.mark.parametrize(
    ("name", "video", "options"), [("clip.mp4", "ffv1", FAST_START), ("clip.mkv", "ffv1", {}), ("clip.flv", "flv", {})]
)
def test_a_few_frames_that_are_lost_are_missing(
    tmp_path: Path, name: str, video: str, options: dict[str, str], audio: str | None
) -> None:
    clip = write_clip(tmp_path / name, seconds=2, video=video, audio=audio, options=options)
    missing = read(cut_at(clip, 1.75), BOTH).missing_ns
    assert missing == pytest.approx(SECOND // 4, abs=SECOND // 10)


def test_of_streams_that_say_their_length_each_has_to_be_whole(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mkv", seconds=2, times=[n / 25 for n in range(40)])  # the sound is longer
    demuxer = read(clip, BOTH)
    demuxer._tracks[Media.VIDEO].end_ns -= SECOND // 2
    assert demuxer.missing_ns == pytest.approx(SECOND // 2, abs=SECOND // 50)


def test_one_frame_or_two_may_be_lacking(tmp_path: Path) -> None:
    demuxer = read(write_clip(tmp_path / "clip.mp4", audio=None), BOTH)
    track = demuxer._tracks[Media.VIDEO]
    whole_ns = track.end_ns
    track.end_ns = whole_ns - 2 * track.frame_ns
    assert demuxer.missing_ns == 0
    track.end_ns = whole_ns - 3 * track.frame_ns
    assert demuxer.missing_ns == 3 * track.frame_ns


def test_where_lengths_are_not_exact_less_than_a_second_is_not_missed(tmp_path: Path) -> None:
    demuxer = read(write_clip(tmp_path / "clip.avi", video="ffv1", audio=None, seconds=3), BOTH)
    track = demuxer._tracks[Media.VIDEO]
    track.end_ns -= INEXACT_NS - track.frame_ns
    assert demuxer.missing_ns == 0
    track.end_ns -= 3 * track.frame_ns
    assert demuxer.missing_ns > INEXACT_NS


def test_who_joined_behind_the_last_key_frame_misses_nothing(tmp_path: Path) -> None:
    demuxer = Demuxer(write_clip(tmp_path / "clip.mp4"))
    demuxer.want(Media.AUDIO, True)
    for _ in range(40):
        demuxer.next()
    demuxer.want(Media.VIDEO, True)
    found = list(iter(demuxer.next, None))
    assert {media for media, _ in found} == {Media.AUDIO}
    assert demuxer.missing_ns == 0
    demuxer.close()


def test_another_pass_lacks_what_the_first_did(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=2, audio=None, options=FAST_START)
    demuxer = Demuxer(cut_at(clip, 1.5))
    demuxer.want(Media.VIDEO, True)
    missing = []
    for _ in range(2):
        while demuxer.next() is not None:
            pass
        missing.append(demuxer.missing_ns)
        demuxer.rewind()
    demuxer.close()
    assert missing[0] == missing[1] > 0


def test_who_wants_nothing_misses_nothing(tmp_path: Path) -> None:
    assert read(write_clip(tmp_path / "clip.mp4"), ()).missing_ns == 0
