"""Objects that a runtime's processors share: one of each type, made on first use, closed at stop.

A GPU context, an event loop, an audio host. One whose class says `outlives_stop = True`, because it is only memory,
is kept until the runtime itself is gone. Making one locks nobody out of another, and one may ask for
another while it is made; a circle among them is an error, also across threads. `context.py` is the door.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar, cast

from streamlib.errors import StateError

T = TypeVar("T")


class _Making:
    """An object under construction: by whom, and a lock that its maker holds until it stands or failed."""

    __slots__ = ("done", "thread", "type")

    def __init__(self, type_: type[Any]) -> None:
        self.type = type_
        self.thread = threading.get_ident()
        self.done = threading.Lock()
        self.done.acquire()


class SharedObjects:
    """One object per type, for all processors of a runtime."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards what follows; never held while an object is made or closed
        self._objects: dict[type[Any], Any] = {}  # in the order in which they were finished
        self._making: dict[type[Any], _Making] = {}
        self._awaited: dict[int, _Making] = {}  # which construction a thread waits for
        self._closed = False

    def get(self, type_: type[T]) -> T:
        """The one object of `type_`, made by `type_()` when there is none; what that raises comes through.

        Raises:
            StateError: Everything has been closed, or the object needs itself to be made.
        """
        while True:
            found = self._objects.get(type_)
            if found is not None:
                return cast("T", found)
            with self._lock:
                making, mine = self._claim(type_)
            if mine:
                return cast("T", self._make(making))
            self._await(making)

    def successor(self) -> SharedObjects:
        """What serves the next start: the objects of those types that say `outlives_stop = True`, and no other."""
        heir = SharedObjects()
        with self._lock:
            heir._objects = {type_: made for type_, made in self._objects.items() if _outlives_stop(type_)}
        return heir

    def close(self) -> None:
        """Call `close()` of those that have one and do not outlive a stop, the last made first, and make no more.

        Raises:
            ExceptionGroup: Some raised; all have been asked.
        """
        with self._lock:
            self._closed = True
        errors: list[Exception] = []
        while self._objects:
            try:
                type_, made = self._objects.popitem()
                if not _outlives_stop(type_):
                    _close(made)
            except Exception as error:
                errors.append(error)
        if errors:
            raise ExceptionGroup("shared objects could not be closed", errors)

    def _claim(self, type_: type[Any]) -> tuple[_Making, bool]:
        if type_ in self._objects:  # finished since the look without the lock: as if waited for
            finished = _Making(type_)
            finished.done.release()
            return finished, False
        if self._closed:
            raise StateError(f"the runtime has closed its shared objects; {type_.__name__} cannot be made any more")
        making = self._making.get(type_)
        if making is None:
            making = self._making[type_] = _Making(type_)
            return making, True
        self._refuse_circle(making)
        self._awaited[threading.get_ident()] = making
        return making, False

    def _refuse_circle(self, making: _Making) -> None:
        names = [making.type.__name__]
        blocker: _Making | None = making
        while blocker:
            if blocker.thread == threading.get_ident():
                raise StateError(f"the shared object {names[0]} needs itself to be made; break the circle {names}")
            blocker = self._awaited.get(blocker.thread)
            if blocker is None or self._making.get(blocker.type) is not blocker:
                return  # its maker waits for nobody, or for one that has just been finished
            names.append(blocker.type.__name__)

    def _make(self, making: _Making) -> object:
        made: Any = None
        try:
            made = making.type()
        finally:
            with self._lock:
                late = self._closed and made is not None
                if made is not None and not late:
                    self._objects[making.type] = made
                del self._making[making.type]
            making.done.release()
        if late:
            _close(made)
            raise StateError(f"the runtime closed its shared objects while {making.type.__name__} was made")
        return made

    def _await(self, making: _Making) -> None:
        try:
            with making.done:
                return
        finally:
            self._awaited.pop(threading.get_ident(), None)


def _outlives_stop(type_: type[Any]) -> bool:
    return bool(getattr(type_, "outlives_stop", False))


def _close(shared: object) -> None:
    close = getattr(shared, "close", None)
    if callable(close):
        close()
