"""The ends of a link while somebody looks: what a processor holds at its ports as long as the `tap` has observers.

They hand everything on to the ends in `writer` and `reader`, and tell the tap. `channel` puts them there and takes
them away; a link at which nobody looks has none. What stands at a whole output while somebody looks there, `TapOutput`,
is put there by the processor's ports.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from streamlib.links.reader import Reader, RingReader, SlotReader
from streamlib.links.tap import OutputTap, Tap
from streamlib.links.writer import Writer, present


class Room(Protocol):
    """What a link says of itself to who is about to write."""

    def is_full(self) -> bool:
        """Whether a frame that is written now finds no room."""
        ...

    @property
    def closed(self) -> bool:
        """Whether nobody reads here any more."""
        ...

    @property
    def live(self) -> bool:
        """Whether a frame that finds no room is dropped."""
        ...

    @property
    def drops(self) -> bool:
        """Whether a frame that finds no room has some frame dropped, and does not wait."""
        ...


class TapWriter:
    """A link's writing end: the frame goes on its way first, then the tap is shown it."""

    __slots__ = ("_room", "_tap", "ended", "link", "successor")

    connected = True

    def __init__(self, link: Writer, tap: Tap, room: Room) -> None:
        self.link = link
        self.ended = link.ended
        self.successor: Writer | None = None
        self._tap = tap
        self._room = room

    def write(self, frame: Any) -> None:
        """Hand the frame to the link, then to who listens; once replaced, to its successor, which has its own tap."""
        if self.successor is not None:
            self.successor = present(self.successor)
            self.successor.write(frame)
            return
        room = self._room
        full = room.is_full()
        if full:
            self._tap.full(dropped=room.drops)  # before the write, which may wait
        self.link.write(frame)
        if not room.closed and not (full and room.live):
            self._tap.pushed(frame)

    def end(self) -> None:
        """Say that no frame will come any more."""
        self.ended = True
        (self.link if self.successor is None else present(self.successor)).end()

    def free(self) -> bool:
        """As the link says: a tap holds nobody back."""
        return self.link.free()

    def room(self) -> int:
        """As the link says."""
        return self.link.room()

    def retire(self, successor: Writer) -> None:
        """Hand later calls on to `successor`."""
        self.successor = successor


class TapOutput:
    """A whole output, of any number of links: the frame goes on its way to all, then the tap is shown it once.

    What finds no room and is dropped was written all the same, and is shown.
    """

    __slots__ = ("_tap", "ended", "inner", "successor")

    def __init__(self, inner: Writer, tap: OutputTap) -> None:
        self.inner = inner
        self.ended = inner.ended
        self.successor: Writer | None = None
        self._tap = tap

    @property
    def connected(self) -> bool:
        """Whether a link leaves from here: who looks changes nothing."""
        return self.inner.connected

    def write(self, frame: Any) -> None:
        """Hand the frame on, then to who listens; once replaced, to its successor, which has its own tap."""
        if self.successor is not None:
            self.successor = present(self.successor)
            self.successor.write(frame)
            return
        self.inner.write(frame)
        self._tap.pushed(frame)

    def end(self) -> None:
        """Say that no frame will come any more."""
        self.ended = True
        (self.inner if self.successor is None else present(self.successor)).end()

    def free(self) -> bool:
        """As the links say: a tap holds nobody back."""
        return self.inner.free()

    def room(self) -> int:
        """As the links say."""
        return self.inner.room()

    def retire(self, successor: Writer) -> None:
        """Hand later calls on to `successor`."""
        self.successor = successor


class TapReader:
    """A link's reading end: the tap is told when a read leaves nothing behind.

    All else is as the link says, also where its `successor` is, so that a `read` that was kept goes on when the tap is
    gone.
    """

    __slots__ = ("_tap", "link")

    connected = True

    def __init__(self, link: SlotReader | RingReader, tap: Tap) -> None:
        self.link = link
        self._tap = tap

    def read(self) -> Any:
        """The next frame, or None when none waits."""
        frame = self.link.read()
        if frame is not None and not self.link.depth():
            self._tap.emptied()
        return frame

    @property
    def successor(self) -> Reader | None:
        """As the link says."""
        return self.link.successor

    @property
    def muted(self) -> bool:
        """As the link says."""
        return self.link.muted

    @property
    def ended(self) -> bool:
        """As the link says."""
        return self.link.ended

    def count(self) -> int:
        """As the link says."""
        return self.link.count()

    def depth(self) -> int:
        """As the link says."""
        return self.link.depth()

    def unread(self) -> list[Any]:
        """As the link does; for the owner."""
        return self.link.unread()

    def preload(self, frames: Iterable[Any]) -> None:
        """As the link does; for the owner."""
        self.link.preload(frames)

    def retire(self, successor: Reader) -> None:
        """As the link does."""
        self.link.retire(successor)


def bare(reader: Reader) -> Reader:
    """The reading end itself, without who looks."""
    return reader.link if isinstance(reader, TapReader) else reader
