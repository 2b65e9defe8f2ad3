"""When a processor's `process` is called, and what it declares about where and how it runs.

These are choices that belong to a processor's type. Which thread runs it is the scheduler delegate's
choice and is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from streamlib.clock import NS_PER_MS
from streamlib.errors import DeclarationError


class ExecutionMode(StrEnum):
    """The three ways a processor comes to its `process` calls."""

    CONTINUOUS = "continuous"
    REACTIVE = "reactive"
    MANUAL = "manual"


class Wake(StrEnum):
    """Which inputs of a reactive processor call it: one that holds a frame, or all of them."""

    ANY = "any"
    ALL = "all"


class ErrorPolicy(StrEnum):
    """What follows an exception in `process`: the frame is skipped, the processor fails, or the runtime stops."""

    SKIP = "skip"
    FAIL = "fail"
    STOP = "stop"


class Placement(StrEnum):
    """What a processor asks of the thread it runs on; the default scheduler delegate reads it."""

    REALTIME = "realtime"
    MAIN = "main"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class ProcessExecution:
    """How a processor runs; made by `continuous`, `reactive` or `manual`.

    `interval_ns` is the time between two calls of a continuous processor; 0 calls it again at once.
    """

    mode: ExecutionMode
    interval_ns: int = 0

    @classmethod
    def continuous(cls, interval_ms: float = 0) -> ProcessExecution:
        """Called on its own schedule, every `interval_ms` milliseconds: a camera, a file, a timer.

        Raises:
            DeclarationError: The interval is negative.
        """
        if interval_ms < 0:
            raise DeclarationError(f"interval_ms is {interval_ms}; give 0 (call again at once) or more")
        return cls(ExecutionMode.CONTINUOUS, round(interval_ms * NS_PER_MS))

    @classmethod
    def reactive(cls) -> ProcessExecution:
        """Called when a frame arrives, and when `ctx.wake` or `ctx.wake_at` asks for it."""
        return cls(ExecutionMode.REACTIVE)

    @classmethod
    def manual(cls) -> ProcessExecution:
        """Called by `runtime.step(handle)` alone, on the caller's thread."""
        return cls(ExecutionMode.MANUAL)

    def __str__(self) -> str:
        if not self.interval_ns:
            return str(self.mode)
        return f"{self.mode} every {self.interval_ns / NS_PER_MS:g} ms"
