"""The writing end of an output that several links leave, and which links these are.

Made of the writers in `writer`, and only where they are not enough: a port that one link leaves holds that link's
own. Comes from a processor's `write`; next on a frame's way is each link's `writer`.

Theory of operation
-------------------
A frame goes through a tuple of `write` methods that never changes: an edit makes another, and a write that is on its
way meanwhile, because a link has no room, goes on through the tuple with which it began. So each link that stays gets
the frame once, and the old writer of one that was cut, or was given another writer, leads on.

A tuple of very many takes long to make. So their links are bundled: an edit makes those bundles anew that it touches,
and what stands at the port, which writes to bundles as each of them to links. Up to `BUNDLE` links need no bundles.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from streamlib.links.channel import Channel
from streamlib.links.writer import PlugWriter, Writer, present

BUNDLE = 128
"""Of more links a frame pays one call more for each bundle of so many, which an edit of one of them makes anew."""


class FanoutWriter:
    """An output that several links leave: each frame goes to all, by reference."""

    __slots__ = ("_writes", "ended", "links", "successor")

    connected = True

    def __init__(self, links: Sequence[Writer]) -> None:
        self.links = tuple(links)
        self.ended = False
        self.successor: Writer | None = None
        self._writes = tuple([link.write for link in links])

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


def writer_to(links: Sequence[Writer]) -> Writer:
    """The port object for an output that these links leave."""
    if not links:
        return PlugWriter()
    return links[0] if len(links) == 1 else FanoutWriter(links)


class Past(NamedTuple):
    """Where a cut link leads now: to its reader, past the processor through which that is reached from now on.

    Attributes:
        link: By which the reader is reached.
        unless: The cut link whose heirs lead there, too: what it has handed on comes that way.
    """

    link: Channel
    unless: Channel


class Heirs(NamedTuple):
    """Who gets the frame in hand that a cut link has not had: other links, or its reader `past` others, or nobody."""

    links: tuple[Channel, ...] = ()
    past: Past | None = None


class Succession:
    """Where the writers of the links lead to that are cut at one output in one moment."""

    def __init__(self) -> None:
        self._onward: dict[Channel, _HandsOn] = {}

    def of(self, cut: Channel, heirs: Heirs) -> Writer:
        """What the writer of one of them leads to; for each in the order of their places."""
        if heirs.past is not None:
            return _HandsPast(heirs.past.link, self._onward.get(heirs.past.unless))
        self._onward[cut] = onward = _HandsOn(writer_to([one.writer for one in heirs.links if one.writer is not None]))
        return onward


class _HandsOn(PlugWriter):
    """Hands a frame on to the heirs of a cut link, and keeps which it was."""

    __slots__ = ("_heirs", "last")

    def __init__(self, heirs: Writer) -> None:
        super().__init__()
        self._heirs = heirs
        self.last: Any = None

    def write(self, frame: Any) -> None:
        self.last = frame
        self._heirs = present(self._heirs)
        self._heirs.write(frame)


class _HandsPast(PlugWriter):
    """Hands a frame to a reader directly, unless it comes there by the heirs of another link."""

    __slots__ = ("_link", "_unless")

    def __init__(self, link: Channel, unless: _HandsOn | None) -> None:
        super().__init__()
        self._link = link
        self._unless = unless

    def write(self, frame: Any) -> None:
        if self._unless is None or self._unless.last is not frame:
            self._link.slip_in(frame)


class _Bundle:
    """Links of one output that stand next to each other, and what writes to all of them, made when it is needed."""

    __slots__ = ("_writer", "channels")

    def __init__(self, channels: Sequence[Channel]) -> None:
        self.channels = tuple(channels)
        self._writer: Writer | None = None

    def writer(self) -> Writer:
        if self._writer is None:
            self._writer = writer_to([channel.held for channel in self.channels])
        return self._writer

    def forget_writer(self) -> None:
        self._writer = None


class Fan:
    """The links that leave one output, in the order in which they were connected. Changed by the owner alone.

    Who goes through them, on whatever thread, meets those of one moment.
    """

    __slots__ = ("_links",)

    def __init__(self) -> None:
        # The links themselves, or of very many their bundles, in a list that is never changed, only replaced. Two
        # neighbours hold more links than one bundle may, so there are never many small ones.
        self._links: tuple[Channel, ...] | list[_Bundle] = ()

    def __iter__(self) -> Iterator[Channel]:
        links = self._links
        if isinstance(links, tuple):
            return iter(links)
        return iter([channel for bundle in links for channel in bundle.channels])

    def __len__(self) -> int:
        links = self._links
        return len(links) if isinstance(links, tuple) else sum([len(bundle.channels) for bundle in links])

    def __bool__(self) -> bool:
        return bool(self._links)

    def __contains__(self, channel: Channel) -> bool:
        links = self._links
        return channel in links if isinstance(links, tuple) else _where(links, channel) is not None

    def add(self, channels: Sequence[Channel]) -> None:
        """Have these behind the others; each is to be renewed before the port is bound."""
        links = self._links
        last = links if isinstance(links, tuple) else links[-1].channels
        for place, channel in enumerate(channels, last[-1].place + 1 if last else 0):
            channel.place = place
        if last is links and len(links) + len(channels) <= BUNDLE:
            self._links = (*last, *channels)
        else:
            self._hold([*self._bundles()[:-1], *_bundled([*last, *channels])])

    def remove(self, channel: Channel) -> None:
        """Have one no more, if it is here."""
        bundles = self._bundles()
        at = _where(bundles, channel)
        if at is None:
            return
        left = [other for other in bundles[at].channels if other is not channel]
        first, behind = at, at + 1
        if behind < len(bundles) and len(left) + len(bundles[behind].channels) <= BUNDLE:
            left += bundles[behind].channels
            behind += 1
        elif first and len(left) + len(bundles[first - 1].channels) <= BUNDLE:
            first -= 1
            left = [*bundles[first].channels, *left]
        self._hold([*bundles[:first], *_bundled(left), *bundles[behind:]])

    def renew(self, channel: Channel, held: Writer) -> None:
        """Have the port hold one anew, that is new itself or has another form or tap. `held` is what it holds now."""
        links = self._links
        if isinstance(links, tuple):
            if channel in links:
                channel.outlet(held)
            return
        at = _where(links, channel)
        if at is not None:
            channel.outlet(held)
            links[at].forget_writer()

    def writer(self, held: Writer) -> Writer:
        """What the port is to hold in place of `held`."""
        links = self._links
        first = next(iter(links if isinstance(links, tuple) else links[0].channels), None)
        if first is not None and first.held is held:  # it was alone
            first.outlet(held)
        if isinstance(links, tuple):
            return writer_to([channel.held for channel in links])
        return FanoutWriter([bundle.writer() for bundle in links])

    def _bundles(self) -> list[_Bundle]:
        links = self._links
        if isinstance(links, tuple):
            return [_Bundle(links)] if links else []
        return links

    def _hold(self, bundles: list[_Bundle]) -> None:
        self._links = bundles if len(bundles) > 1 else bundles[0].channels if bundles else ()


def _where(bundles: Sequence[_Bundle], channel: Channel) -> int | None:
    """In which of them it is."""
    at = bisect_right(bundles, channel.place, key=_first_place) - 1
    return at if at >= 0 and channel in bundles[at].channels else None


def _bundled(channels: Sequence[Channel]) -> Iterable[_Bundle]:
    return [_Bundle(channels[at : at + BUNDLE]) for at in range(0, len(channels), BUNDLE)]


def _first_place(bundle: _Bundle) -> int:
    return bundle.channels[0].place
