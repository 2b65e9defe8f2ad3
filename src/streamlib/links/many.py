"""The reading end of an input that takes any number of links, in the order in which they were connected.

Each link has its own `reader`, with its own form; this is what the processor finds at its port. Which links there are
is decided when one is joined or cut. Next on a frame's way: the processor's `process`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from streamlib.links.reader import Reader, RingReader, SlotReader, read_on
from streamlib.links.tapped import TapReader


class IncomingLink:
    """One of the links that lead to such an input.

    Attributes:
        source: The port at its other end, as `camera_0.video`.
        read: The next frame of this link, or None when there is none now.
    """

    __slots__ = ("_reader", "read", "source")

    def __init__(self, source: str, reader: SlotReader | RingReader | TapReader) -> None:
        self.source = source
        self.read = reader.read
        self._reader = reader

    @property
    def ended(self) -> bool:
        """Whether no frame waits and none will come."""
        return self._reader.ended

    @property
    def gone(self) -> bool:
        """Whether it was cut, and what waited has been read."""
        return self._reader.muted and not self._reader.depth()

    def __repr__(self) -> str:
        return f"<IncomingLink from {self.source}>"


class ManyReader:
    """All links of one input: read in turn, or one by one."""

    __slots__ = ("_all", "_last", "successor")

    def __init__(self, links: Sequence[IncomingLink]) -> None:
        self.successor: Reader | None = None
        self._all = tuple(links)
        self._last = -1

    @property
    def links(self) -> tuple[IncomingLink, ...]:
        """The links, in the order in which they were connected; one that was cut until it has been read."""
        return tuple([link for link in self._all if not link.gone])

    def read(self) -> Any:
        """The next frame of the link whose turn it is, or None when none waits at any."""
        links = self._all
        for step in range(1, len(links) + 1):
            turn = (self._last + step) % len(links)
            frame = links[turn].read()
            if frame is not None:
                self._last = turn
                return frame
        return read_on(self.successor)

    @property
    def connected(self) -> bool:
        """Whether any link leads here."""
        return any(not link.gone for link in self._all)

    @property
    def ended(self) -> bool:
        """Whether there are links and all of them have ended."""
        links = self.links
        return bool(links) and all(link.ended for link in links)

    def count(self) -> int:
        """Frames taken here: the links count for themselves."""
        return 0

    def depth(self) -> int:
        """Frames waiting here: they wait in the links."""
        return 0

    def unread(self) -> list[Any]:
        """The frames that wait here: none."""
        return []

    def preload(self, frames: Iterable[Any]) -> None:
        """No frames are held here; there are none to lay in it."""

    def retire(self, successor: Reader) -> None:
        """Hand later calls on to `successor`."""
        self.successor = successor
        self._all = ()
