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
from types import FrameType
from typing import ClassVar


class _PutOff:
    """Whether Ctrl-C is heard just now, and whether it came when it was not.

    Attributes:
        present: The one that handles the signal at present, for the main thread: to ask Python takes microseconds.
    """

    __slots__ = ("asked", "came", "heard")

    present: ClassVar[_PutOff | None] = None

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


class interrupts_put_off:  # noqa: N801 - it reads as the verb that it is, like contextlib's
    """Raise Ctrl-C at the end of the block, and inside it where `interrupts_heard` says so. Other threads have none."""

    __slots__ = ("_before", "_mine", "_put_off")

    def __enter__(self) -> None:
        self._mine = False
        self._put_off = put_off = _present()
        if put_off is not None:
            self._before, put_off.heard = put_off.heard, False
        elif _on_main_thread() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = False
            self._put_off = put_off = _PutOff()
            signal.signal(signal.SIGINT, put_off.take)
            _PutOff.present, self._mine = put_off, True

    def __exit__(self, *raised: object) -> None:
        put_off = self._put_off
        if put_off is None:
            return
        put_off.heard = self._before
        if self._mine:
            _PutOff.present = None
            last = signal.signal(signal.SIGINT, signal.default_int_handler)
            if getattr(last, "__self__", None) != put_off:  # somebody has installed another inside the block
                signal.signal(signal.SIGINT, last)
        if self._before or self._mine:
            put_off.speak()


class interrupts_heard:  # noqa: N801 - as above
    """Raise Ctrl-C in the block, also one that came before it."""

    __slots__ = ("_before", "_put_off")

    def __enter__(self) -> None:
        self._put_off = put_off = _present()
        if put_off is not None:
            self._before, put_off.heard = put_off.heard, True
            if put_off.came:
                put_off.heard = self._before
                put_off.speak()

    def __exit__(self, *raised: object) -> None:
        put_off = self._put_off
        if put_off is not None:
            put_off.heard = self._before
            if self._before:
                put_off.speak()


def _present() -> _PutOff | None:
    """Where this thread is inside `interrupts_put_off`."""
    put_off = _PutOff.present
    return put_off if put_off is not None and _on_main_thread() else None


def _on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
