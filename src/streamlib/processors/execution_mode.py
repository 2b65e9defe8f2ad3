"""When a processor's `process` is called, and what it declares about where and how it runs.

These are choices that belong to a processor's type. Which thread runs it is the scheduler delegate's
choice and is not known here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import SupportsFloat

from streamlib.clock import NS_PER_MS
from streamlib.errors import DeclarationError


class ExecutionMode(StrEnum):
    """The three ways a processor comes to its `process` calls."""

    CONTINUOUS = "continuous"
    REACTIVE = "reactive"
    MANUAL = "manual"


class Wake(StrEnum):
    """Which inputs of a reactive processor call it: one that holds a frame, or all of them that have not ended."""

    ANY = "any"
    ALL = "all"


class ErrorPolicy(StrEnum):
    """What follows an exception in `process`.

    The frame is skipped, the processor is made anew (`RestartLimits`), it fails, or the runtime stops.
    """

    SKIP = "skip"
    RESTART = "restart"
    FAIL = "fail"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class RestartLimits:
    """How soon and how often a processor whose error policy is `restart` is made anew.

    The first time after `first_s` seconds, then each time after twice as long, at most after `longest_s`. A processor
    that fails more than `attempts` times in a row fails for good; `reset_s` without an error begin a new row.

    Raises:
        DeclarationError: A number is negative, or the first wait is longer than the longest.
    """

    attempts: int = 5
    first_s: float = 0.1
    longest_s: float = 10.0
    reset_s: float = 60.0

    def __post_init__(self) -> None:
        if min(self.attempts, self.first_s, self.reset_s) < 0 or self.longest_s < self.first_s:
            raise DeclarationError(f"{self}: give numbers of 0 or more, and a longest_s that is not below first_s")

    def delay_s(self, attempt: int) -> float:
        """How long to wait before an attempt, the first of which is 1; in seconds."""
        return min(self.first_s * 2.0 ** (attempt - 1), self.longest_s)


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
            DeclarationError: The interval is negative, infinite, or no number.
        """
        if not _is_interval(interval_ms):
            raise DeclarationError(f"interval_ms is {interval_ms!r}; give 0 (call again at once) or more milliseconds")
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


def _is_interval(given: object) -> bool:
    return isinstance(given, SupportsFloat) and 0 <= float(given) < math.inf
