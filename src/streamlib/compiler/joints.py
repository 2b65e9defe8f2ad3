"""Running links with their two ends, and which of those that are joined take the place of which that is cut.

An output that writes to several links may be in the middle of a frame while it is switched: some links have had the
frame, others have not. Where a cut link has not, its heirs get the frame, and nobody else, so that behind both ways
nothing is missing and nothing comes twice. One link has several heirs where it led to several ends through a processor
that goes, and those are reached apart from each other now. Where ways of their own led to several ends that are reached
through one processor now, only the first of them has that for its heir: if it had the frame already, those behind it
that have not get it where they are reached now, past that processor. Used by `wiring`; looks at the edit alone, never
at the graph.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable

import msgspec

from streamlib.execution.instance import ProcessorInstance
from streamlib.graph.link import Link
from streamlib.ids import PortRef
from streamlib.links.channel import Channel
from streamlib.links.fanout import Heirs, Past


class Joint(msgspec.Struct, frozen=True):
    """A running link and the instances at its two ends.

    `before` is the form that the link had until now, where it is given another one.
    """

    link: Link
    channel: Channel
    source: ProcessorInstance
    target: ProcessorInstance
    before: Channel | None = None


def heirs(
    cut: Iterable[Joint],
    joined: Collection[Joint],
    passing: Collection[ProcessorInstance],
    home: Callable[[ProcessorInstance], object] = id,
) -> dict[Channel, Heirs]:
    """For each cut link those that are joined in its place, if any; none takes the place of two.

    They leave the same output and lead to the same inputs of those who stay, through processors that only come or go
    with the edit, each to one at least that those before it do not lead to; among those that lead to nobody who stays,
    the first takes the place of the first.

    Args:
        cut: All links that the edit takes apart, also between processors that go.
        joined: All links that it adds.
        passing: The processors that come or go with it.
        home: Where each runs behind the edit: a link inside one place is written to from there alone.
    """
    taken = list(cut)
    if not taken:
        return {}
    old, new = _Ways(taken, passing), _Ways(joined, passing)
    free: dict[tuple[int, PortRef], list[Joint]] = defaultdict(list)
    for joint in joined:
        free[_output(joint)].append(joint)
    found: dict[Channel, Heirs] = {}
    through: dict[tuple[int, PortRef, PortRef], Joint] = {}  # the cut link whose heir leads from an output to an end
    into = {joint.link.target: joint for joint in joined}
    for joint in sorted(taken, key=lambda joint: (not old.ends(joint), joint.channel.place)):
        left = set(old.ends(joint))
        alike = free[_output(joint)]
        links: list[Channel] = []
        for heir in alike[:]:
            ends = new.ends(heir)
            if not (ends & left or not ends | left):
                continue
            alike.remove(heir)
            links.append(heir.channel)
            through |= {(*_output(joint), end): joint for end in ends}
            left -= ends
            if not left:
                break
        end = joint.link.target
        before = through.get((*_output(joint), end))
        if links:
            found[joint.channel] = Heirs(tuple(links))
        elif end in left and end in into and before is not None:
            reached = into[end]
            if _is_at_hand(home(joint.source), home(reached.source), home(reached.target)):
                found[joint.channel] = Heirs(past=Past(reached.channel, before.channel))
    return found


def _is_at_hand(here: object, source: object, target: object) -> bool:
    """Whether who runs here may write to a link between those two places: to a ring, or in the place of both."""
    return source is not target or here is target


def _output(joint: Joint) -> tuple[int, PortRef]:
    return id(joint.source), joint.link.source


class _Ways:
    """Where links lead: the inputs of those who stay, past processors that come or go."""

    def __init__(self, joints: Iterable[Joint], passing: Collection[ProcessorInstance]) -> None:
        self._passing = passing
        self._known: dict[Channel, frozenset[PortRef]] = {}
        self._onward: dict[ProcessorInstance, list[Joint]] = defaultdict(list)
        for joint in joints:
            self._onward[joint.source].append(joint)

    def ends(self, joint: Joint) -> frozenset[PortRef]:
        """The inputs that a link leads to in the end."""
        if joint.channel not in self._known:
            self._known[joint.channel] = self._found_from(joint)
        return self._known[joint.channel]

    def _found_from(self, joint: Joint) -> frozenset[PortRef]:
        found: set[PortRef] = set()
        seen: set[ProcessorInstance] = set()
        waiting = [joint]
        while waiting:
            here = waiting.pop()
            if here.target not in self._passing:
                found.add(here.link.target)
            elif here.target not in seen:
                seen.add(here.target)
                waiting += self._onward[here.target]
        return frozenset(found)
