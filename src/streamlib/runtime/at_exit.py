"""Runtimes that still run when the interpreter exits: stopped then, so that no file is left unfinished.

`sys.exit()`, an exception, or the end of a script that never stopped leads here; SIGTERM and a kill do not. The
threads of processors still run, and at the end of the interpreter they would be gone in the middle of a frame. Told
by `lifecycle` who runs.
"""

from __future__ import annotations

import atexit
import logging
import os
from typing import Protocol
from weakref import WeakSet

from streamlib.clock import NS_PER_S, MonotonicClock

_LOG = logging.getLogger("streamlib.runtime")

PATIENCE_S = 5.0
"""How long all of them together may take for what waits, in seconds."""


class Survivor(Protocol):
    """A runtime, as far as its end is concerned."""

    def is_running(self) -> bool:
        """Whether anybody in it has not come to his end."""
        ...

    def stop_at_exit(self, patience_s: float) -> None:
        """Stop it: what waits is processed for so many seconds, then it is cut off."""
        ...


class Survivors:
    """Those that run; the process has one such list, as it has one exit."""

    def __init__(self) -> None:
        self._running: WeakSet[Survivor] = WeakSet()
        self._process: int | None = None

    def note(self, runtime: Survivor) -> None:
        """One has begun to run."""
        if self._process is None:
            atexit.register(self.stop)
        if self._process != os.getpid():  # forked: the threads of those before are not here
            self._process = os.getpid()
            self._running.clear()
        self._running.add(runtime)

    def stop(self) -> None:
        """Stop those that run, one after the other."""
        running = [runtime for runtime in self._running if runtime.is_running()]
        if not running or self._process != os.getpid():
            return
        _LOG.warning(
            "the program ends while %s; stopping now. Write `with runtime:`, or call runtime.stop()",
            "a runtime runs" if len(running) == 1 else f"{len(running)} runtimes run",
        )
        clock = MonotonicClock()
        deadline_ns = clock.now_ns() + PATIENCE_S * NS_PER_S
        for runtime in running:
            try:
                runtime.stop_at_exit(max(0.0, (deadline_ns - clock.now_ns()) / NS_PER_S))
            except Exception as error:
                _LOG.error("a runtime could not be stopped at the exit: %s", error)


SURVIVORS = Survivors()
