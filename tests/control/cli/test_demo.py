from __future__ import annotations

import io
from pathlib import Path

import pytest
import typer
from rich.console import Console

from streamlib.control.cli import demo
from streamlib.control.cli.attendance import Attendance, Outcome
from streamlib.control.cli.demo import show_demo
from streamlib.control.cli.recording import Contents
from streamlib.control.cli.tally import Role, Row, Tally
from streamlib.errors import CommitError
from streamlib.ids import ProcessorId
from streamlib.links.latency import LatencyStats
from tests.media.clips import assert_plays, frame_count, probe, write_clip


def show(file: Path, folder: Path) -> tuple[bool, str]:
    out = io.StringIO()
    complete = show_demo(file, folder, Console(file=out, width=160))
    return complete, out.getvalue()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The branch comes and goes early."""
    monkeypatch.setattr(demo, "GROWS_NS", 200_000_000)
    monkeypatch.setattr(demo, "SHRINKS_NS", 700_000_000)


@pytest.mark.usefixtures("soon")
@pytest.mark.promise("demo.branch", "demo.table")
def test_six_channels_are_kept_and_both_files_play(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=1.2, size=(320, 240), layout="5.1")
    complete, said = show(clip, tmp_path / "made")
    assert complete, said
    whole, small = tmp_path / "made" / "demo.mp4", tmp_path / "made" / "demo-small.mp4"
    for path in (whole, small):
        assert_plays(path)
        assert probe(path)["audio"]["channels"] == 6
    assert frame_count(whole, "v:0") == 30
    assert 0 < frame_count(small, "v:0") < 30
    assert all(word in said for word in ("reader", "vignette", "small_writer", "p50", "p99", "dropped", "6 channels"))


@pytest.mark.usefixtures("soon")
def test_a_file_that_ends_before_the_branch_is_removed_leaves_both_files_complete(tmp_path: Path) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=0.5, audio=None)
    complete, said = show(clip, tmp_path)
    assert complete, said
    assert "removed the branch" not in said
    assert_plays(tmp_path / "demo-small.mp4")


def test_a_file_that_ends_before_the_branch_comes_is_not_enough(tmp_path: Path) -> None:
    complete, said = show(write_clip(tmp_path / "clip.mp4", seconds=0.2), tmp_path)
    assert not complete
    assert "demo-small.mp4 was not written: the file is too short" in said


def test_a_signal_leaves_files_that_play_and_a_demo_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = write_clip(tmp_path / "clip.mp4", seconds=30.0, audio=None)
    before = Attendance.until

    def signalled(self: Attendance, end_ns: int | None) -> Outcome:
        before(self, 300_000_000)
        return Outcome.SIGNAL

    monkeypatch.setattr(Attendance, "until", signalled)
    complete, said = show(clip, tmp_path)
    assert not complete
    assert "it was interrupted" in said
    assert_plays(tmp_path / "demo.mp4")


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize("found", [Contents(pictures=3), None])
def test_a_file_that_lacks_pictures_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: Contents | None
) -> None:
    def looked_at(path: Path) -> Contents:
        if found is None:
            raise CommitError("setup", "file_reader_0", OSError("no moov"))
        return found

    monkeypatch.setattr(demo, "play_back", looked_at)
    complete, said = show(write_clip(tmp_path / "clip.mp4", seconds=0.4, audio=None), tmp_path)
    assert not complete
    assert f"has {found.pictures if found else 0} of 10 pictures" in said


@pytest.mark.usefixtures("soon")
@pytest.mark.parametrize(("dropped", "errors", "said"), [(2, 0, "lost 2 frames"), (0, 3, "raised 3 errors")])
def test_what_was_dropped_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dropped: int, errors: int, said: str
) -> None:
    row = Row(ProcessorId("encoder"), Role.FILTER, 10, dropped, errors, LatencyStats(0, 0, 0, 0, 0), "a thread")
    monkeypatch.setattr(Tally, "rows", lambda tally: [row])
    complete, told = show(write_clip(tmp_path / "clip.mp4", seconds=0.4, audio=None), tmp_path)
    assert not complete
    assert f"not as it should be: encoder {said}" in told


def test_a_file_that_is_not_there_is_named_with_the_nearest(tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", seconds=0.2)
    with pytest.raises(typer.BadParameter, match=r"did you mean 'clip\.mp4'"):
        show(tmp_path / "clipp.mp4", tmp_path)


def test_the_demo_does_not_record_over_what_it_plays(tmp_path: Path) -> None:
    write_clip(tmp_path / "demo.mp4", seconds=0.2)
    with pytest.raises(typer.BadParameter, match="choose another --output"):
        show(tmp_path / "demo.mp4", tmp_path)
