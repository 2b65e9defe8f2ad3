from __future__ import annotations

from pathlib import Path

import pytest

from streamlib.control.cli.recording import play_back
from streamlib.errors import CommitError, DeadlineError
from tests.media.clips import write_clip


def test_what_is_in_a_file_is_counted(tmp_path: Path) -> None:
    contents = play_back(write_clip(tmp_path / "clip.mp4", seconds=1.0, rate=25, size=(64, 48), layout="5.1"))
    assert (contents.pictures, contents.width, contents.height) == (25, 64, 48)
    assert (contents.channels, contents.sample_rate) == (6, 48_000)
    assert contents.end_ns == pytest.approx(1_000_000_000, abs=50_000_000)


def test_a_file_without_sound_has_no_channels(tmp_path: Path) -> None:
    contents = play_back(write_clip(tmp_path / "clip.mp4", seconds=0.4, audio=None))
    assert (contents.pictures, contents.channels) == (10, 0)


def test_a_file_that_was_not_completed_cannot_be_played(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "clip.mp4")
    path.write_bytes(path.read_bytes()[:2_000])
    with pytest.raises(CommitError, match="cut short"):
        play_back(path)


def test_playing_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streamlib.control.cli.recording.PLAYING_S", 0.0)
    with pytest.raises(DeadlineError, match="file_reader_0"):
        play_back(write_clip(tmp_path / "clip.mp4", seconds=4.0, audio=None, size=(320, 240)))
