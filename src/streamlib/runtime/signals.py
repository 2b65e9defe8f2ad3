"""SIGINT and SIGTERM: the first asks for a clean stop, a second stops at once.

Handlers belong to the process, so they are installed once for all runtimes that wait for them and restored
after the last. Only the main thread may install them.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from streamlib.errors import StateError

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def caught_signals(first: Callable[[], None], second: Callable[[], None]) -> Iterator[None]:
    """Call `first` at the first signal and `second` at each later one, while the block runs; then restore.

    Raises:
        StateError: Not called on the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        raise StateError("signals can be waited for on the main thread only; elsewhere use wait()")
    seen = 0

    def caught(number: int, frame: FrameType | None) -> None:
        nonlocal seen
        del number, frame
        seen += 1
        (first if seen == 1 else second)()

    before: list[tuple[signal.Signals, Any]] = [(number, signal.signal(number, caught)) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
