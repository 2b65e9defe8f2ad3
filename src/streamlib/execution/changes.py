"""What others want done by the thread that owns a loop, and the answer that it was done.

Handed over by `Loop.post` and `Loop.apply`; made by the loop between two frames.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager


class ThreadMark:
    """Marks threads that are inside something; each thread's own business, shared with nobody."""

    def __init__(self) -> None:
        self._here = threading.local()

    def is_set(self) -> bool:
        """Whether this thread is inside."""
        return getattr(self._here, "depth", 0) > 0

    @contextmanager
    def inside(self) -> Iterator[None]:
        """While this block runs, this thread is inside, however often."""
        self._here.depth = getattr(self._here, "depth", 0) + 1
        try:
            yield
        finally:
            self._here.depth -= 1


_IN_LOOP = ThreadMark()


def inside_loop() -> bool:
    """Whether this thread is running processors, so that it must not wait for a change of them."""
    return _IN_LOOP.is_set()


def on_this_thread() -> AbstractContextManager[None]:
    """While this block runs, this thread is inside a loop."""
    return _IN_LOOP.inside()


class Change:
    """Something to be done by the thread that owns a loop, and the answer that it was done."""

    __slots__ = ("_action", "_done", "_error")

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self._done = threading.Lock()  # held until it was done; an Event is five objects, for each of many loops
        self._done.acquire()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do it; an error belongs to the one who asked."""
        try:
            self._action()
        except BaseException as error:
            self._error = error
        finally:
            self._done.release()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it was done; raises what it raised. False when it was not done in time."""
        if not self._done.acquire(timeout=timeout_s):
            return False
        self._done.release()
        if self._error is not None:
            raise self._error
        return True
