"""What every event is: a frozen record that bears the time at which it was published and the topic it belongs to.

Next on its way: `bus`, which stamps it and hands it to those who listen to its topic.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Generic

import msgspec

from streamlib.events.topics import check_custom

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    Data = TypeVar("Data", default=Mapping[str, object])
else:
    from typing import TypeVar

    Data = TypeVar("Data")  # without the default, which comes with Python 3.13


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


class CustomEvent(Event, Generic[Data], frozen=True, gc=False, kw_only=True, tag=True):
    """An event of your own, on a topic of your own: `CustomEvent(topic="door", data={"open": True})`.

    The topic has any name that is of no built-in family: `door`, `game:scored`. For a payload with types, `data` is a
    struct or dataclass of yours, and `CustomEvent[Door]` the type to annotate and to decode from JSON with.

    Attributes:
        topic: Who hears of it.
        data: What there is to say; it refers to no event, since the collector does not look into events.

    Raises:
        ConfigError: The topic is built-in, or looks like one; the message has the nearest.
    """

    topic: str
    data: Data = {}  # type: ignore[assignment]

    def __post_init__(self) -> None:
        """Refuse a topic that is not one's own."""
        check_custom(self.topic)


def described(error: BaseException) -> str:
    """An exception as events tell it: its type and its message, and what was noted at it."""
    name = type(error).__name__
    try:
        return "; ".join([f"{name}: {error}", *getattr(error, "__notes__", ())])
    except Exception as another:  # raised by a user's __str__
        return f"{name}, whose text cannot be had: {type(another).__name__}"
