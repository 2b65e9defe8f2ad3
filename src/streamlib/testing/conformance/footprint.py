"""What a process holds: threads, open files, memory; before and after a processor has run.

Where the system does not tell (no /proc), that part is left out.
"""

from __future__ import annotations

import gc
import os
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_FILES = Path("/proc/self/fd")
_MEMORY = Path("/proc/self/statm")


@dataclass(frozen=True, slots=True)
class Footprint:
    """Threads and open files at one moment, and memory in bytes: of Python's objects, and of the whole process."""

    threads: frozenset[threading.Thread]
    files: frozenset[tuple[str, str]]
    python: int
    resident: int

    @classmethod
    def now(cls) -> Footprint:
        """What is held at present, garbage collected; Python's objects are counted within `traced` alone."""
        gc.collect()
        return cls(
            threads=frozenset(threading.enumerate()),
            files=frozenset(_open_files()),
            python=tracemalloc.get_traced_memory()[0],
            resident=_resident(),
        )

    def left_over(self, before: Footprint, timeout: float) -> list[str]:
        """What is held now and was not before, in words; threads are given time to end, in seconds."""
        threads = sorted(thread.name for thread in self.threads - before.threads if not _ends(thread, timeout))
        files = sorted(target for _, target in self.files - before.files)
        return [*(f"the thread {name}" for name in threads), *(f"the open file {target}" for target in files)]


def most_grown(before: tracemalloc.Snapshot, after: tracemalloc.Snapshot) -> str:
    """Where most of the memory of Python's objects came to be, as `at file.py:12`."""
    own = tracemalloc.Filter(False, tracemalloc.__file__)
    grown = after.filter_traces([own]).compare_to(before.filter_traces([own]), "lineno")
    line = max(grown, key=lambda one: one.size_diff).traceback[0] if grown else None
    return f"at {line.filename}:{line.lineno}" if line else "at an unknown place"


@contextmanager
def traced() -> Iterator[None]:
    """Have Python tell how much memory its objects take."""
    if tracemalloc.is_tracing():
        yield
        return
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def _ends(thread: threading.Thread, timeout: float) -> bool:
    thread.join(timeout)
    return not thread.is_alive()


def _open_files() -> Iterator[tuple[str, str]]:
    if not _FILES.is_dir():
        return
    for file in _FILES.iterdir():
        try:
            yield file.name, str(file.readlink())
        except OSError:  # the one through which the folder was read
            continue


def _resident() -> int:
    try:
        return int(_MEMORY.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
