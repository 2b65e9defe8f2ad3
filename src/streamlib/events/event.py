"""What every event is: a frozen record that bears the time at which it was published and the topic it belongs to.

Next on its way: `bus`, which stamps it and hands it to those who listen to its topic.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Event(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag=True):
    """The root of all events; in JSON each is tagged with its class's name.

    Attributes:
        timestamp_ns: When it was published, on the runtime's clock; 0 until the bus has stamped it.
    """

    timestamp_ns: int = 0

    @property
    def topic(self) -> str:
        """Who hears of it."""
        raise NotImplementedError


class CustomEvent(Event, frozen=True, gc=False, kw_only=True, tag=True):
    """An event of somebody's own, on a topic of their own."""

    topic: str
    data: Mapping[str, object] = {}


def described(error: BaseException) -> str:
    """An exception as events tell it: its type and its message."""
    return f"{type(error).__name__}: {error}"
