"""Files that are saved while somebody runs what is in them: which of them have another content by now.

`FolderNotices` says that something happens in a folder, by watchfiles on a thread of its own; `FollowedFiles` then
reads what stands there. So it does not matter how an editor saves: writing over the file, putting another in its
place, deleting it first; nor whether the folder is deleted and made again. A file that is empty, missing or still
growing is not taken for one that was saved.
`live_updates.py` does something with them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from streamlib.errors import MissingExtraError

_LOG = logging.getLogger("streamlib.control")

STEP_MS = 50
"""How long nothing may happen before watchfiles tells what has."""

DEBOUNCE_MS = 200
"""How long it waits for that at most: beside a recording that grows, something always happens."""

WAKE_MS = 200
"""How often it looks whether it is wanted any more."""

READY_S = 10.0
"""How long it may take until folders are watched, in seconds."""

AGAIN_S = 1.0
"""How long until folders that could not be watched are tried again, in seconds."""


class Notices(Protocol):
    """Says that something happens in folders."""

    def follow(self, folders: frozenset[Path]) -> None:
        """Look at these folders from now on; what happens after it has returned is noticed."""
        ...

    def take(self) -> bool:
        """Whether something may have happened since the last call."""
        ...

    def close(self) -> None:
        """Look no more."""
        ...


class FolderNotices:
    """Notices by watchfiles, on a thread of its own."""

    def __init__(self) -> None:
        """Load watchfiles.

        Raises:
            MissingExtraError: It is not installed.
        """
        try:
            from watchfiles import Change, watch
        except ImportError as error:
            raise MissingExtraError("following files with --watch or --reload", "control") from error
        self._watch, self._deleted = watch, Change.deleted
        self._folders: frozenset[Path] = frozenset()
        self._happened = threading.Event()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self, folders: frozenset[Path]) -> None:
        """Look at these folders from now on, and at no others."""
        if folders == self._folders:
            return
        self.close()
        self._folders, self._over = folders, threading.Event()
        ready = threading.Event()
        self._thread = threading.Thread(
            target=self._listen, args=(folders, self._over, ready), name="streamlib:watch", daemon=True
        )
        self._thread.start()
        if not ready.wait(READY_S):
            _LOG.warning("it takes long until %s are watched", ", ".join(map(str, sorted(folders))))
        self._happened.set()  # what has happened in between

    def take(self) -> bool:
        """Whether something may have happened since the last call."""
        happened = self._happened.is_set()
        self._happened.clear()
        return happened

    def close(self) -> None:
        """Have the thread end."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
        self._thread, self._folders = None, frozenset()

    def _listen(self, folders: frozenset[Path], over: threading.Event, ready: threading.Event) -> None:
        said = ""
        while not over.is_set():
            try:
                self._tell(folders, over, ready)
                said = ""
            except Exception as error:  # a folder is gone; it may come back
                if str(error) != said:
                    said = str(error)
                    _LOG.warning("a folder cannot be watched, which is tried again: %s", said)
                ready.set()
                over.wait(AGAIN_S)

    def _tell(self, folders: frozenset[Path], over: threading.Event, ready: threading.Event) -> None:
        """Tell what happens until it is over, or until one of the folders is not the one that is watched any more."""
        before = _identities(folders)
        changes = self._watch(
            *sorted(folders),
            watch_filter=None,
            debounce=DEBOUNCE_MS,
            step=STEP_MS,
            stop_event=over,
            rust_timeout=WAKE_MS,
            yield_on_timeout=True,
            raise_interrupt=False,
            recursive=False,
        )
        begun = False
        for changed in changes:
            if changed or not begun:  # what has happened before it was watched
                self._happened.set()
            begun = True
            ready.set()
            gone = {Path(path) for change, path in changed if change is self._deleted}
            if not folders.isdisjoint(gone) or _identities(folders) != before:
                return


class FollowedFiles:
    """Which of some files have another content than when it was looked at last."""

    def __init__(self) -> None:
        self._known: dict[Path, bytes] = {}
        self._growing: dict[Path, bytes] = {}

    @property
    def folders(self) -> frozenset[Path]:
        """Where they are, also where links lead."""
        return frozenset(folder for path in self._known for folder in (path.parent, path.resolve().parent))

    @property
    def is_settled(self) -> bool:
        """Whether no content was found that has to be found once more."""
        return not self._growing

    def follow(self, paths: Iterable[Path]) -> None:
        """Follow these files from now on, as they are, and no others."""
        wanted = {path.absolute() for path in paths}
        self._known = {path: self._known.get(path) or _content(path) for path in wanted}
        self._growing = {path: content for path, content in self._growing.items() if path in wanted}

    def saved(self) -> list[Path]:
        """Those whose content is another one, and was the same when it was asked before."""
        found = {path: _content(path) for path in self._known}
        new = {path: content for path, content in found.items() if content and content != self._known[path]}
        saved = [path for path, content in new.items() if self._growing.get(path) == content]
        self._known |= {path: new[path] for path in saved}
        self._growing = {path: content for path, content in new.items() if path not in saved}
        return sorted(saved)


def _identities(folders: Iterable[Path]) -> list[tuple[int, int]]:
    """What tells folders from others of their names; OSError where one is gone.

    One that is deleted and made again may get the number of the old one.
    """
    stats = [folder.stat() for folder in sorted(folders)]
    return [(stat.st_dev, stat.st_ino) for stat in stats]


def _content(path: Path) -> bytes:
    """What stands in a file; nothing where it is missing or cannot be read now."""
    try:
        return path.read_bytes()
    except OSError:
        return b""
