"""How long a caller gives the runtime, in seconds: checked where he says it, so that no clock meets what is no time."""

from __future__ import annotations

import math
import numbers
import threading

from streamlib.errors import ConfigError

DRAIN_S = 10.0
"""How long processors may take for what waits when they are removed or stopped, in seconds."""


def checked_timeout(given: object) -> float:
    """A number of seconds; one below 0, as what is left of a deadline may be, is 0.

    Raises:
        ConfigError: It is no number, or more than threads can wait for.
    """
    seconds = _seconds(given)
    if seconds > threading.TIMEOUT_MAX:
        raise ConfigError(f"timeout is {given!r}; give a number of seconds, an hour is 3600", field="timeout")
    return max(0.0, seconds)


def checked_wait(given: object) -> float | None:
    """As `checked_timeout`; None, and what is longer than anybody can wait for, has no end.

    Raises:
        ConfigError: It is no number.
    """
    seconds = math.inf if given is None else _seconds(given)
    return None if seconds > threading.TIMEOUT_MAX else max(0.0, seconds)


def drain_seconds(timeout: object, *, drain: bool) -> float | None:
    """How long what waits may take to be processed; None where it is not.

    Raises:
        ConfigError: The timeout is no number, or more than threads can wait for.
    """
    seconds = checked_timeout(timeout)
    return seconds if drain else None


def _seconds(given: object) -> float:
    seconds = math.nan
    if isinstance(given, numbers.Real):
        try:
            seconds = float(given)
        except OverflowError:  # an int that no float holds
            seconds = -math.inf if given <= 0 else math.inf
    if math.isnan(seconds):
        raise ConfigError(f"timeout is {given!r}; give a number of seconds", field="timeout")
    return seconds
