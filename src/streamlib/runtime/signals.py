"""SIGINT and SIGTERM: the first asks for a clean stop, a second stops at once.

Handlers belong to the process, so those from before are restored when the wait is over. Only the main thread may
install them. Signals are heard on a thread of their own: Python runs handlers on the main thread alone, which may be
asleep on a lock, and of two signals that come at once the kernel may give both to another thread, so that nothing
wakes it.
"""

from __future__ import annotations

import signal
import socket
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

    Both are called on a thread of their own, one after the other.

    Raises:
        StateError: Not called on the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        raise StateError("signals can be waited for on the main thread only; elsewhere use wait()")
    heard, told = socket.socketpair()
    told.setblocking(False)
    listener = threading.Thread(target=_listen, args=(heard, first, second), name="streamlib:signals", daemon=True)
    listener.start()
    wakeup_before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    before: list[tuple[signal.Signals, Any]] = [(number, signal.signal(number, _caught)) for number in _SIGNALS]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup_before)
        told.close()
        listener.join()
        heard.close()


def _listen(heard: socket.socket, first: Callable[[], None], second: Callable[[], None]) -> None:
    """Read the numbers of the signals as they come, until nobody can tell any more."""
    seen = 0
    while numbers := heard.recv(64):
        for number in numbers:
            if number in _SIGNALS:
                seen += 1
                (first if seen == 1 else second)()


def _caught(number: int, frame: FrameType | None) -> None:
    """What is to be done is done where the signal is heard; a handler there must be, or the process would end."""
