from __future__ import annotations

from pathlib import Path

import pytest

from streamlib.errors import MediaError
from streamlib.media.mp4.finished_files import FinishedFiles


@pytest.mark.promise("media.mp4-never-overwrites")
def test_a_name_that_is_taken_goes_on_with_a_number(tmp_path: Path) -> None:
    files, path = FinishedFiles(), tmp_path / "name.mp4"
    assert [files.claim(path).name for _ in range(3)] == ["name.mp4", "name-2.mp4", "name-3.mp4"]


def test_a_file_from_before_gives_way_under_its_own_name_alone(tmp_path: Path) -> None:
    path = tmp_path / "name.mp4"
    path.touch()
    (tmp_path / "name-2.mp4").touch()
    files = FinishedFiles()
    assert [files.claim(path).name for _ in range(2)] == ["name.mp4", "name-3.mp4"]


def test_a_name_that_was_given_back_is_free() -> None:
    files, path = FinishedFiles(), Path("/nowhere/name.mp4")
    files.release(files.claim(path))
    assert files.claim(path) == path


@pytest.mark.promise("media.mp4-never-overwrites")
def test_a_file_that_is_being_read_is_not_written_over() -> None:
    files, path = FinishedFiles(), Path("/nowhere/name.mp4")
    files.begin_reading(path)
    with pytest.raises(MediaError, match="is being read by this runtime; write to another path"):
        files.claim(path)
    files.end_reading(path)
    assert files.claim(path) == path


def test_runtimes_know_nothing_of_each_other() -> None:
    path = Path("/nowhere/name.mp4")
    assert FinishedFiles().claim(path) == FinishedFiles().claim(path) == path
