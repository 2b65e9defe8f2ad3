"""How long processors may take for what waits, where a caller of the runtime says it or leaves it open."""

from __future__ import annotations

from streamlib.clock import checked_timeout

DRAIN_S = 10.0
"""How long processors may take for what waits when they are removed or stopped, in seconds."""


def drain_seconds(timeout: object, *, drain: bool) -> float | None:
    """How long what waits may take to be processed; None where it is not.

    Raises:
        ConfigError: The timeout is no number, or more than threads can wait for.
    """
    seconds = checked_timeout(timeout)
    return seconds if drain else None
