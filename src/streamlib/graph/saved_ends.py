"""Where the links of a graph file begin and end: each end is there, through groups too, and no circle is closed.

`file_reading.py` asks when it has read all records. What ports the types have is not known here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError as Circle
from graphlib import TopologicalSorter
from itertools import pairwise

from streamlib.errors import nearest
from streamlib.graph.document import Origin, Path
from streamlib.graph.group import SEPARATOR, member_id
from streamlib.graph.saved import SavedEnd, SavedGroup, SavedLink, SavedProcessor

Groups = Mapping[str, SavedGroup]


def check_ids(processors: Iterable[str], groups: Groups, origin: Origin) -> None:
    """Refuse an id that two have.

    Raises:
        GraphFileError: There is one.
    """
    taken = set(processors)
    for id_, group in groups.items():
        members = {member_id(id_, name): name for name in group.processors}
        if id_ in taken:
            raise origin.error(("groups", id_), f"a processor has the id {id_!r} already; choose another")
        for member, name in members.items():
            if member in taken:
                words = f"a processor has the id {member!r} already; choose another"
                raise origin.error(("groups", id_, "processors", name), words)
        taken |= {id_, *members}


def check_ends(processors: Mapping[str, SavedProcessor], groups: Groups, links: Iterable[SavedLink], at: Ends) -> None:
    """Refuse a link that begins or ends nowhere.

    Raises:
        GraphFileError: There is one; the message names the nearest that is there.
    """
    members = [member_id(id_, name) for id_, group in groups.items() for name in group.processors]
    known = {*processors, *groups, *members}
    for index, saved in enumerate(links):
        for end, side in zip(saved.ends, ("outputs", "inputs"), strict=True):
            if end.processor_id not in known:
                words = f"no processor {end.processor_id!r} {at.where}; {nearest(end.processor_id, known)}"
                raise at.origin.error((*at.path, "links", index), words)
            group = groups.get(end.processor_id)
            if group is not None and end.port is not None and end.port not in getattr(group, side):
                ports = getattr(group, side)
                words = f"the group {end.processor_id} has no {side[:-1]} {end.port!r}; {nearest(end.port, ports)}"
                raise at.origin.error((*at.path, "links", index), words)


class Ends:
    """What links are looked at: those of the file, or those of one group."""

    def __init__(self, origin: Origin, group: str | None = None) -> None:
        self.origin = origin
        self.path: Path = () if group is None else ("groups", group)
        self.where = "in this file" if group is None else "in this group"


def check_group(id_: str, group: SavedGroup, origin: Origin) -> None:
    """Refuse a group whose links or ports lead nowhere.

    Raises:
        GraphFileError: It is one; the message names the nearest that is there.
    """
    check_ends(group.processors, {}, group.links, Ends(origin, id_))
    for side, ports in (("inputs", group.inputs), ("outputs", group.outputs)):
        for outer, text in ports.items():
            path = ("groups", id_, side, outer)
            end = SavedEnd.parse(text)
            if not outer.isidentifier():
                raise origin.error(path, f"{outer!r} is no name of a port; a plain Python name is one")
            if end.port is None:
                raise origin.error(path, f"{text!r} names no port; write member.port")
            if end.processor_id not in group.processors:
                words = (
                    f"no processor {end.processor_id!r} in this group; {nearest(end.processor_id, group.processors)}"
                )
                raise origin.error(path, words)


def check_circles(groups: Groups, links: Iterable[SavedLink], origin: Origin) -> None:
    """Refuse a link that closes a circle, also one that leads through groups.

    Raises:
        GraphFileError: There is one; the message has the way round.
    """
    sorter: TopologicalSorter[str] = TopologicalSorter()
    last: dict[tuple[str, str], Path] = {}
    for source, target, path in _steps(groups, links):
        sorter.add(target, source)
        last[source, target] = path
    try:
        sorter.prepare()
    except Circle as error:
        way: list[str] = error.args[1]
        paths = [last[pair] for pair in pairwise(way)]
        closing = max(paths, key=lambda path: origin.lines.get(path, 0))
        raise origin.error(closing, f"it closes the circle {' -> '.join(way)}; a graph has none") from None


def _steps(groups: Groups, links: Iterable[SavedLink]) -> Iterator[tuple[str, str, Path]]:
    """From which processor to which each link leads; one to a group without a port is left to when it is added."""
    for id_, group in groups.items():
        for index, saved in enumerate(group.links):
            source, target = saved.ends
            path: Path = ("groups", id_, "links", index)
            yield member_id(id_, source.processor_id), member_id(id_, target.processor_id), path
    for index, saved in enumerate(links):
        source, target = saved.ends
        from_, to = inner_end(source, groups, "outputs"), inner_end(target, groups, "inputs")
        if from_ is not None and to is not None:
            yield from_.processor_id, to.processor_id, ("links", index)


def inner_end(end: SavedEnd, groups: Groups, side: str) -> SavedEnd | None:
    """The end at a processor that is meant by one that may be at a group; None where a group names no port."""
    group = groups.get(end.processor_id)
    if group is None:
        return end
    if end.port is None:
        return None
    inner = SavedEnd.parse(getattr(group, side)[end.port])
    return SavedEnd(f"{end.processor_id}{SEPARATOR}{inner.processor_id}", inner.port)
