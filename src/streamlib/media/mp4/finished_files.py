"""Which files this runtime reads, has finished or is writing, so that none of them is written over.

Paths pass through. One object serves all readers and writers of a runtime (`RuntimeContext.shared`).
"""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

from streamlib.errors import MediaError


class FinishedFiles:
    """The paths that readers and writers of one runtime have taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken: set[Path] = set()  # one for each file that was written, for as long as the runtime lives
        self._read: Counter[Path] = Counter()

    def begin_reading(self, path: Path) -> None:
        """Have nobody write to `path` until `end_reading`."""
        with self._lock:
            self._read[path] += 1

    def end_reading(self, path: Path) -> None:
        """One reader less."""
        with self._lock:
            self._read[path] -= 1
            if not self._read[path]:
                del self._read[path]

    def claim(self, path: Path) -> Path:
        """Take `path`, or where this runtime wrote that already, the first free `name-2`, `name-3` and so on.

        A file from before this runtime gives way under the name that was asked for, never under another.

        Raises:
            MediaError: The file is being read.
        """
        with self._lock:
            if self._read[path] > 0:
                raise MediaError(f"{path} is being read by this runtime; write to another path")
            chosen = path if path not in self._taken else self._free(path)
            self._taken.add(chosen)
            return chosen

    def release(self, path: Path) -> None:
        """Give back a path under which nothing was written."""
        with self._lock:
            self._taken.discard(path)

    def _free(self, path: Path) -> Path:
        number = 2
        while True:
            candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
            if candidate not in self._taken and not candidate.exists():
                return candidate
            number += 1
