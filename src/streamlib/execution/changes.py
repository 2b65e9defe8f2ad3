"""What others want done by the thread that owns a loop, and the answer that it was done.

Handed over by `Loop.post` and `Loop.apply`; made by the loop between two frames.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_HERE = threading.local()  # which threads are inside a loop; a thread's own business, shared with nobody


def inside_loop() -> bool:
    """Whether this thread is running processors, so that it must not wait for a change of them."""
    return getattr(_HERE, "depth", 0) > 0


@contextmanager
def on_this_thread() -> Iterator[None]:
    """While this block runs, this thread is inside a loop."""
    _HERE.depth = getattr(_HERE, "depth", 0) + 1
    try:
        yield
    finally:
        _HERE.depth -= 1


class Change:
    """Something to be done by the thread that owns a loop, and the answer that it was done."""

    __slots__ = ("_action", "_done", "_error")

    def __init__(self, action: Callable[[], None]) -> None:
        self._action = action
        self._done = threading.Event()
        self._error: BaseException | None = None

    def run(self) -> None:
        """Do it; an error belongs to the one who asked."""
        try:
            self._action()
        except BaseException as error:
            self._error = error
        finally:
            self._done.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until it was done; raises what it raised. False when it was not done in time."""
        if not self._done.wait(timeout_s):
            return False
        if self._error is not None:
            raise self._error
        return True
