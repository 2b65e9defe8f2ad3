from __future__ import annotations

import logging
import shutil
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from streamlib.control.cli import watching
from streamlib.control.cli.watching import FolderNotices, FollowedFiles
from streamlib.errors import MissingExtraError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "graph.yaml"
    path.write_text("one")
    return path


@pytest.fixture
def files(file: Path) -> FollowedFiles:
    followed = FollowedFiles()
    followed.follow([file])
    return followed


def test_a_file_is_saved_when_it_is_found_twice_with_another_content(file: Path, files: FollowedFiles) -> None:
    assert files.saved() == []
    file.write_text("two")
    assert (files.saved(), files.is_settled) == ([], False)
    assert (files.saved(), files.is_settled) == ([file], True)
    assert files.saved() == []


def test_a_file_that_grows_is_not_saved_yet(file: Path, files: FollowedFiles) -> None:
    for text in ("", "t", "tw", "two"):
        file.write_text(text)
        assert files.saved() == []
    assert files.saved() == [file]


def test_a_file_that_is_deleted_or_renamed_over_is_that_file(file: Path, files: FollowedFiles) -> None:
    file.unlink()
    assert (files.saved(), files.saved()) == ([], [])
    file.write_text("one")
    assert (files.saved(), files.saved()) == ([], [])
    beside = file.with_name("graph.yaml~")
    beside.write_text("two")
    beside.replace(file)
    assert (files.saved(), files.saved()) == ([], [file])


def test_files_that_are_followed_besides_begin_as_they_are(file: Path, files: FollowedFiles) -> None:
    other = file.with_name("other.yaml")
    other.write_text("x")
    file.write_text("two")
    files.follow([file, other])
    assert (files.saved(), files.saved()) == ([], [file])
    assert files.folders == {file.parent}
    files.follow([other])
    file.write_text("three")
    assert (files.saved(), files.saved()) == ([], [])


def test_a_missing_watchfiles_says_what_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with pytest.raises(MissingExtraError, match=r'pip install "streamlib\[control\]"'):
        FolderNotices()


class Happened(threading.Event):
    """Waits where others ask."""

    def is_set(self) -> bool:
        return self.wait(10)


@pytest.mark.parametrize("gone", [False, True])
def test_what_happens_in_a_folder_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: bool) -> None:
    monkeypatch.setattr(watching, "AGAIN_S", 0.01)
    notices = FolderNotices()
    notices._happened = Happened()
    folder = tmp_path / "folder"
    if not gone:
        folder.mkdir()
    notices.follow(frozenset({folder}))
    assert notices.take()
    folder.mkdir(exist_ok=True)
    (folder / "new").write_text("x")
    assert notices.take()
    notices.follow(frozenset({folder}))
    notices.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "streamlib:watch"]


class Warned(logging.Handler):
    """Says that a warning was logged, and how often."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.came = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())
        self.came.set()


@pytest.fixture
def warned() -> Iterator[Warned]:
    logger, handler = logging.getLogger("streamlib.control"), Warned()
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


def _delete(folder: Path) -> None:
    shutil.rmtree(folder)


def _rename(folder: Path) -> None:
    folder.rename(folder.with_name("elsewhere"))


@pytest.mark.parametrize("lose", [_delete, _rename])
def test_a_folder_that_is_deleted_or_renamed_and_made_again_is_watched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warned: Warned, lose: Callable[[Path], None]
) -> None:
    monkeypatch.setattr(watching, "AGAIN_S", 0.01)
    notices = FolderNotices()
    notices._happened = Happened()
    folder = tmp_path / "folder"
    folder.mkdir()
    notices.follow(frozenset({folder}))
    assert notices.take()
    lose(folder)
    assert warned.came.wait(10)
    folder.mkdir()
    assert notices.take()
    for number in range(3):
        notices._happened.clear()
        (folder / str(number)).write_text("x")
        assert notices.take()
    notices.close()
    assert len(warned.lines) == 1
    assert not [thread for thread in threading.enumerate() if thread.name == "streamlib:watch"]
