"""The writing end of an output that several links leave.

Made of the writers in `writer`, and only where they are not enough: a port that one link leaves holds that link's
own. Comes from a processor's `write`; next on a frame's way is each link's `writer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from streamlib.links.writer import PlugWriter, Writer, present


class FanoutWriter:
    """An output that several links leave: each frame goes to all, by reference."""

    __slots__ = ("_writes", "ended", "links", "successor")

    connected = True

    def __init__(self, links: Sequence[Writer]) -> None:
        self.links = tuple(links)
        self.ended = False
        self.successor: Writer | None = None
        self._writes = tuple(link.write for link in links)

    def write(self, frame: Any) -> None:
        """Hand the frame to every link, in the order in which they were connected."""
        for write in self._writes:
            write(frame)

    def end(self) -> None:
        """Say on every link that no frame will come any more."""
        self.ended = True
        for link in self.links:
            present(link).end()

    def free(self) -> bool:
        """Whether the writing processor may be called: every link has room."""
        return False not in [link.free() for link in self.links]  # all are asked: each one without room leaves its mark

    def room(self) -> int:
        """As the link says that has the least."""
        return min(link.room() for link in self.links)

    def retire(self, successor: Writer) -> None:
        """Hand later calls on to `successor`."""
        self.successor = successor
        self.links = (successor,)
        self._writes = (_Onward(successor).write,)


class _Onward:
    """Where a retired writer leads to; not the writer's own method.

    That would be a circle, which the collector does not free where the writer was frozen at a start; with it all that
    came after would stay.
    """

    __slots__ = ("_successor",)

    def __init__(self, successor: Writer) -> None:
        self._successor = successor

    def write(self, frame: Any) -> None:
        self._successor = present(self._successor)
        self._successor.write(frame)


def joined(links: Sequence[Writer]) -> Writer:
    """The port object for an output that these links leave."""
    if not links:
        return PlugWriter()
    return links[0] if len(links) == 1 else FanoutWriter(links)
