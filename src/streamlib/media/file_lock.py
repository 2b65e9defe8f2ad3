"""A file that one writes and nobody else meanwhile: a lock that other processes see which ask for it, too.

A path comes in, and the file is there and locked. The lock is advisory (flock(2)): programs that do not ask write all
the same. Where the system or the disk has no such locks there is none. `mp4/muxer.py` begins its file here;
`file_claims.py` keeps the runtimes of one process apart before there is a file.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

if sys.platform != "win32":
    import fcntl

PAGE = bytes(4096)
BUSY = "another process is writing it"


class FileLock:
    """The lock of one file, which is made where there is none; a context manager that releases it.

    Args:
        path: The file. What is in it stays.

    Raises:
        OSError: The file cannot be opened for writing; a BlockingIOError where somebody else holds the lock.
    """

    def __init__(self, path: Path) -> None:
        self._descriptor: int | None = os.open(path, os.O_WRONLY | os.O_CREAT, 0o666)
        try:
            if _is_regular(self._descriptor):
                _lock(self._descriptor, path)
        except BaseException:
            os.close(self._descriptor)
            raise

    def empty(self) -> None:
        """Leave nothing but a page of zeros in the file: whether there is room shows at once."""
        assert self._descriptor is not None
        if _is_regular(self._descriptor):
            os.ftruncate(self._descriptor, 0)
        os.write(self._descriptor, PAGE)

    def release(self) -> None:
        """Let others have the file; once is enough."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        if sys.platform != "win32":
            with suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing alone would leave it to processes forked meanwhile
        os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def begin_file(path: Path) -> FileLock:
    """Begin a new file under a name, in place of what is there, with a page in it; whoever reads the old goes on.

    Raises:
        OSError: It cannot be written; a BlockingIOError where another process writes it.
    """
    if path.is_file():
        with FileLock(path), suppress(OSError):
            path.unlink()
    lock = FileLock(path)
    try:
        lock.empty()
    except BaseException:
        lock.release()
        raise
    return lock


def _lock(descriptor: int, path: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BlockingIOError(errno.EWOULDBLOCK, BUSY, str(path)) from error
    except OSError:  # the disk has no locks
        return
    if not _is_still(descriptor, path):  # somebody put another file there between the opening and the lock
        raise BlockingIOError(errno.EWOULDBLOCK, BUSY, str(path))


def _is_still(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _is_regular(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)
