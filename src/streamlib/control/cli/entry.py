"""The way into the command: Ctrl-C while nobody attends to signals yet, and output that cannot be written.

Python raises KeyboardInterrupt wherever the main thread happens to be. While modules are imported that is the inside of
importlib, with a traceback of it, or one of its weakref callbacks, where it is lost. Until `attendance.py` catches
signals, Ctrl-C therefore ends the process as it ends others; only in a user's own module, which may have opened
something, it is raised once, and ends the process behind that. Typer and rich are not known here: they load meanwhile.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from types import FrameType


class Interrupted(BaseException):
    """Ctrl-C, once what it met has cleared away; click would make an exit code of its own of a KeyboardInterrupt."""


_UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})


def run_command(command: Callable[[], object]) -> None:
    """Run the whole command, and say in a sentence why its output could not be written.

    A command that was interrupted ends by the signal.

    Raises:
        SystemExit: With the command's exit code, or 1.
    """
    try:
        with ended_by_interrupts():
            try:
                command()
            finally:
                if sys.stdout is not None:  # it was closed by who calls
                    sys.stdout.flush()
    except Interrupted:
        _end(signal.SIGINT, None)
    except OSError as error:
        if error.filename is not None or error.errno not in _UNWRITABLE:
            raise
        _say(f"error: the output cannot be written: {error.strerror}\n")
        _forget_output()
        raise SystemExit(1) from error


@contextmanager
def ended_by_interrupts() -> Iterator[None]:
    """Have Ctrl-C end the process while the block runs, unless somebody has decided otherwise."""
    with _handled(signal.default_int_handler, _end):
        yield


@contextmanager
def raised_interrupts() -> Iterator[None]:
    """Have Ctrl-C raise KeyboardInterrupt again while the block runs: there is something to clear away."""
    with _handled(_end, signal.default_int_handler):
        yield


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Have the first Ctrl-C raise KeyboardInterrupt while the block runs, and the next one end the process at once.

    Raises:
        Interrupted: There was one, and what the block had opened is closed.
    """

    def raise_once(number: int, frame: FrameType | None) -> None:
        del frame
        signal.signal(number, _end)
        raise KeyboardInterrupt

    with _handled(_end, raise_once) as is_mine:
        try:
            yield
        except KeyboardInterrupt as error:
            if not is_mine:
                raise
            raise Interrupted from error


@contextmanager
def _handled(present: object, handler: Callable[[int, FrameType | None], object]) -> Iterator[bool]:
    """Handle Ctrl-C so while the block runs, where that is `present` now; whether it was."""
    if current_thread() is not main_thread() or signal.getsignal(signal.SIGINT) is not present:
        yield False
        return
    before = signal.signal(signal.SIGINT, handler)
    try:
        yield True
    finally:
        signal.signal(signal.SIGINT, before)


def _end(number: int, frame: FrameType | None) -> None:
    """End by the signal itself: a shell so gives 130, and stops a loop that runs the command."""
    del number, frame
    _say("interrupted\n")
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)


def _say(words: str) -> None:
    with suppress(OSError):
        os.write(2, words.encode(errors="replace"))


def _forget_output() -> None:
    """Have what is still buffered go nowhere: Python would try to write it once more, and complain."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
