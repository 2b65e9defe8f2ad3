"""Ctrl-C on the main thread, put off while something is under way that must not end half done.

Python raises KeyboardInterrupt between any two steps of the main thread. While a commit has its turn
(`runtime.committer`), it is raised only where somebody may wait for long and nothing is lost by it: at what can still
be taken back, and where others are waited for. What comes elsewhere is raised at the next such place, or at the end. A
second one is raised at once: what the first waits for may never come back. A handler that a program has installed is
the program's, and is left alone.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class _PutOff:
    """Whether Ctrl-C is heard just now, and whether it came when it was not."""

    __slots__ = ("asked", "came", "heard")

    def __init__(self) -> None:
        self.heard = False
        self.came = False
        self.asked = False

    def take(self, number: int, frame: FrameType | None) -> None:
        """Handle the signal."""
        del number, frame
        again, self.asked, self.came = self.asked, True, True
        if self.heard or again:
            self.speak()

    def speak(self) -> None:
        """Raise what came."""
        if self.came:
            self.came = False
            raise KeyboardInterrupt

    @contextmanager
    def hearing(self, heard: bool) -> Iterator[None]:
        """Whether it is heard inside the block; at its ends, what came is raised where it is heard."""
        before, self.heard = self.heard, heard
        try:
            if heard:
                self.speak()
            yield
        finally:
            self.heard = before
            if before:
                self.speak()


@contextmanager
def interrupts_put_off() -> Iterator[None]:
    """Raise Ctrl-C at the end of the block, and inside it where `interrupts_heard` says so. Other threads have none."""
    put_off = _present()
    if put_off is not None:
        with put_off.hearing(False):
            yield
    elif _is_pythons_own():
        put_off = _PutOff()
        take = put_off.take
        try:
            signal.signal(signal.SIGINT, take)
            yield
        finally:
            if signal.getsignal(signal.SIGINT) is take:  # else somebody has installed another inside the block
                signal.signal(signal.SIGINT, signal.default_int_handler)
            put_off.speak()
    else:
        yield


@contextmanager
def interrupts_heard() -> Iterator[None]:
    """Raise Ctrl-C in the block, also one that came before it."""
    put_off = _present()
    if put_off is None:
        yield
    else:
        with put_off.hearing(True):
            yield


def _present() -> _PutOff | None:
    """Where this thread is inside `interrupts_put_off`."""
    if threading.current_thread() is not threading.main_thread():
        return None
    holder = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    return holder if isinstance(holder, _PutOff) else None


def _is_pythons_own() -> bool:
    on_main_thread = threading.current_thread() is threading.main_thread()
    return on_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler
