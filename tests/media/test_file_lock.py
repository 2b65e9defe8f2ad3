from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from streamlib.media.file_lock import PAGE, FileLock, begin_file

HOLDER = """
import sys
from pathlib import Path
from streamlib.media.file_lock import begin_file
begin_file(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.mark.promise("media.one-writer")
def test_what_another_process_writes_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(BlockingIOError, match="another process is writing it"):
            begin_file(path)
        assert path.read_bytes() == PAGE
        holder.communicate(timeout=20)
    begin_file(path).release()


def test_a_lock_that_was_released_can_be_taken(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    with FileLock(path) as lock:
        with pytest.raises(BlockingIOError):
            FileLock(path)
        lock.release()
        FileLock(path).release()


def test_a_file_is_begun_in_place_of_the_one_from_before(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    path.write_bytes(b"precious")
    with path.open("rb") as reader:
        begin_file(path).release()
        assert reader.read() == b"precious"
    assert path.read_bytes() == PAGE


def test_what_is_no_file_on_a_disk_has_no_lock() -> None:
    with FileLock(Path("/dev/null")), FileLock(Path("/dev/null")) as other:
        other.empty()


def test_where_there_is_no_room_nothing_is_held(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        begin_file(Path("/dev/full"))


def test_a_file_that_was_replaced_before_it_was_locked_is_somebody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, flock = tmp_path / "out.mp4", fcntl.flock

    def late(descriptor: int, how: int) -> None:
        path.unlink()
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(BlockingIOError):
        FileLock(path)


def test_a_disk_without_locks_is_written_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(descriptor: int, how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    path = tmp_path / "out.mp4"
    with FileLock(path), FileLock(path) as other:
        path.write_bytes(b"frames")
        other.empty()
    assert path.read_bytes() == PAGE
