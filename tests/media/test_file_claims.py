from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest

from streamlib.errors import MediaError, ResourceBusyError
from streamlib.media.file_claims import FileClaims


@pytest.mark.promise("media.mp4-never-overwrites")
def test_a_name_that_is_taken_goes_on_with_a_number(tmp_path: Path) -> None:
    files, path = FileClaims(), tmp_path / "name.mp4"
    assert [files.claim(path, "w").name for _ in range(3)] == ["name.mp4", "name-2.mp4", "name-3.mp4"]


def test_a_file_from_before_gives_way_under_its_own_name_alone(tmp_path: Path) -> None:
    path = tmp_path / "name.mp4"
    path.touch()
    (tmp_path / "name-2.mp4").touch()
    files = FileClaims()
    assert [files.claim(path, "w").name for _ in range(2)] == ["name.mp4", "name-3.mp4"]


def test_a_name_that_was_given_back_is_free(tmp_path: Path) -> None:
    files, path = FileClaims(), tmp_path / "name.mp4"
    files.release(files.claim(path, "w"))
    assert files.claim(path, "w") == path


@pytest.mark.promise("media.mp4-never-overwrites")
def test_a_file_that_is_being_read_is_not_written_over(tmp_path: Path) -> None:
    files, path = FileClaims(), tmp_path / "name.mp4"
    files.begin_reading(path)
    with pytest.raises(MediaError, match="is being read by this runtime; write to another path"):
        files.claim(path, "w")
    files.end_reading(path)
    assert files.claim(path, "w") == path


@pytest.mark.promise("media.one-writer")
def test_what_another_runtime_writes_is_refused_until_it_is_finished(tmp_path: Path) -> None:
    mine, other, path = FileClaims(), FileClaims(), tmp_path / "name.mp4"
    mine.claim(path, "writer_0")
    with pytest.raises(ResourceBusyError, match="writer_1 needs file:.*, which writer_0 of another") as e:
        other.claim(path, "writer_1")
    assert (e.value.resource, e.value.processor_id) == (f"file:{path}", "writer_1")
    mine.finish(path)
    assert other.claim(path, "writer_1") == path


@pytest.mark.promise("media.one-writer")
def test_two_names_of_one_file_are_one(tmp_path: Path) -> None:
    path, link = tmp_path / "name.mp4", tmp_path / "link.mp4"
    path.touch()
    os.link(path, link)
    files = FileClaims()
    files.claim(path, "writer_0")
    for claims, words in ((files, r"writer_0 \(as .*name.mp4\) holds"), (FileClaims(), "writer_0 of another runtime")):
        with pytest.raises(ResourceBusyError, match=words):
            claims.claim(link, "writer_1")


@pytest.mark.promise("media.one-writer")
def test_a_number_is_not_given_to_a_name_that_another_runtime_writes(tmp_path: Path) -> None:
    mine, other, path = FileClaims(), FileClaims(), tmp_path / "name.mp4"
    other.claim(tmp_path / "name-2.mp4", "writer_0")
    mine.finish(mine.claim(path, "writer_1"))
    assert mine.claim(path, "writer_1").name == "name-3.mp4"


def test_a_runtime_that_is_gone_holds_nothing(tmp_path: Path) -> None:
    files, path = FileClaims(), tmp_path / "name.mp4"
    files.claim(path, "writer_0")
    del files
    gc.collect()
    assert FileClaims().claim(path, "writer_1") == path
