"""Which files are read, written and finished, so that none is written over, and none is written by two.

Paths pass through. One object serves all readers and writers of a runtime (`RuntimeContext.shared`); the objects of
all runtimes of the process know each other, since they share its disks. `file_lock.py` keeps other processes away.
"""

from __future__ import annotations

import threading
import weakref
from collections import Counter
from pathlib import Path
from typing import ClassVar

from streamlib.errors import MediaError, ResourceBusyError

# Files belong to the process and not to a runtime: this is the one place where runtimes know of each other's.
_LOCK = threading.Lock()
_ALL: weakref.WeakSet[FileClaims] = weakref.WeakSet()


class FileClaims:
    """The paths that readers and writers of one runtime have taken, also before it was stopped and started again."""

    outlives_stop: ClassVar[bool] = True

    def __init__(self) -> None:
        self._taken: set[Path] = set()  # one for each file that was written, for as long as the runtime lives
        self._read: Counter[Path] = Counter()
        self._writers: dict[Path, str] = {}
        with _LOCK:
            _ALL.add(self)

    def begin_reading(self, path: Path) -> None:
        """Have nobody of this runtime write to `path` until `end_reading`."""
        with _LOCK:
            self._read[path] += 1

    def end_reading(self, path: Path) -> None:
        """One reader less."""
        with _LOCK:
            self._read[path] -= 1
            if not self._read[path]:
                del self._read[path]

    def claim(self, path: Path, writer: str) -> Path:
        """Take `path` for a writer until `finish` or `release`.

        Where this runtime has written it, that is the first free `name-2`, `name-3` and so on. A file from before this
        runtime gives way under the name that was asked for, never under another.

        Raises:
            MediaError: The file is being read.
            ResourceBusyError: Somebody else of this process writes it, under this name or another.
        """
        with _LOCK:
            if self._read[path] > 0:
                raise MediaError(f"{path} is being read by this runtime; write to another path")
            chosen = path if path not in self._taken else self._free(path)
            holder = self._holder(chosen)
            if holder:
                raise ResourceBusyError(f"file:{chosen}", writer, holder)
            self._taken.add(chosen)
            self._writers[chosen] = writer
            return chosen

    def finish(self, path: Path) -> None:
        """It is written: others may have it, but nobody of this runtime."""
        with _LOCK:
            self._writers.pop(path, None)

    def release(self, path: Path) -> None:
        """Give back a path under which nothing was written."""
        self.finish(path)
        with _LOCK:
            self._taken.discard(path)

    def _free(self, path: Path) -> Path:
        number = 2
        while True:
            candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
            if candidate not in self._taken and not candidate.exists() and not self._holder(candidate):
                return candidate
            number += 1

    def _holder(self, path: Path) -> str:
        """Who writes the file, in words; empty where nobody does."""
        for claims in _ALL:
            for held, writer in claims._writers.items():
                if _is_same(held, path):
                    where = "" if claims is self else " of another runtime"
                    name = "" if held == path else f" (as {held})"
                    return f"{writer}{where}{name}"
        return ""


def _is_same(one: Path, other: Path) -> bool:
    """Whether two resolved paths are one file: the same name, or two names of it (hard links, mounts)."""
    if one == other:
        return True
    try:
        return one.samefile(other)
    except OSError:
        return False  # one of them is not there yet
