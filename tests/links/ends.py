"""Links without processors: both ends in the hands of a test."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from streamlib.clock import MonotonicClock
from streamlib.links.channel import Channel
from streamlib.links.delivery import Delivery
from streamlib.links.reader import RingReader, SlotReader
from streamlib.links.ring import Ring
from streamlib.links.wake import Waker
from streamlib.links.writer import RingWriter, SlotWriter

SECONDS = 10.0  # longer than anything here takes


class Calls:
    """A callback that counts."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, *_: object) -> None:
        self.count += 1


def waker() -> Waker:
    """A place to sleep, on the system's clock."""
    return Waker(MonotonicClock())


def ring(capacity: int = 4, *, overwrites: bool = False) -> Ring:
    """A ring between two loops that nobody runs."""
    return Ring(capacity, waker(), waker(), overwrites=overwrites)


def slot(capacity: int = 8) -> SlotReader:
    """The reading end of a link inside a loop that nobody runs."""
    return SlotReader(Delivery.EVERY, Calls(), capacity=capacity)


class Look:
    """An observer that notes all it is told: what it is shown, and the rest in words."""

    def __init__(self, shown: list[Any] | None = None) -> None:
        self.shown: list[Any] = [] if shown is None else shown
        self.told: list[str] = []

    def pushed(self, frame: Any) -> None:
        self.shown.append(frame)

    def full(self, *, dropped: bool) -> None:
        self.told.append("dropped" if dropped else "full")

    def emptied(self) -> None:
        self.told.append("empty")


def nobody_fails(observer: object, error: Exception) -> None:
    """What a tap calls when one who observes there raises: no one does."""
    raise error


def channel(
    capacity: int = 4, *, delivery: Delivery = Delivery.EVERY, live: bool = False, name: str = "a.out->b.in"
) -> Channel:
    """A link without a form."""
    return Channel(name, delivery, capacity, live=live)


def as_ring(link: Channel, *, wait: Callable[[Ring], None] | None = None) -> Channel:
    """The link as a ring."""
    link.wire_ring(waker(), waker(), wait=wait, unsettle=Calls())
    return link


def as_slot(link: Channel) -> Channel:
    """The link as a slot."""
    link.wire_slot(Calls())
    return link


def ring_ends(link: Channel) -> tuple[RingWriter, RingReader]:
    """Both ends of a link that is a ring now."""
    assert isinstance(link.writer, RingWriter)
    assert isinstance(link.reader, RingReader)
    return link.writer, link.reader


def slot_ends(link: Channel) -> tuple[SlotWriter, SlotReader]:
    """Both ends of a link that is a slot now."""
    assert isinstance(link.writer, SlotWriter)
    assert isinstance(link.reader, SlotReader)
    return link.writer, link.reader


def let_go(chain: list[Any]) -> None:
    """Let go of ends each of which leads to the next, on too little stack to take some for each."""
    usual = threading.stack_size(1 << 16)
    try:
        thread = threading.Thread(target=chain.clear)
        while len(chain) > 1:
            chain.pop()
        thread.start()
    finally:
        threading.stack_size(usual)
    thread.join(SECONDS)
    assert not thread.is_alive()


def read_all(reader: Any) -> list[Any]:
    """Everything that waits at a reading end."""
    frames = []
    while (frame := reader.read()) is not None:
        frames.append(frame)
    return frames
