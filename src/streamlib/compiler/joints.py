"""Running links with their two ends, and which of those that are joined take the place of which that is cut.

An output that writes to several links may be in the middle of a frame while it is switched: some links have had the
frame, others have not. Where a cut link has not, its heirs get the frame, and nobody else, so that behind both ways
nothing is missing and nothing comes twice. One link has several heirs where it led to several ends through a processor
that goes, and those are reached apart from each other now. Used by `wiring`; looks at the edit alone, never at the
graph.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

import msgspec

from streamlib.execution.instance import ProcessorInstance
from streamlib.graph.link import Link
from streamlib.ids import PortRef
from streamlib.links.channel import Channel


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
    cut: Iterable[Joint], joined: Collection[Joint], passing: Collection[ProcessorInstance]
) -> dict[Channel, list[Channel]]:
    """For each cut link those that are joined in its place, if any; none takes the place of two.

    They leave the same output and lead to the same inputs of those who stay, through processors that only come or go
    with the edit, each to one at least that those before it do not lead to; among those that lead to nobody who stays,
    the first takes the place of the first.

    Args:
        cut: All links that the edit takes apart, also between processors that go.
        joined: All links that it adds.
        passing: The processors that come or go with it.
    """
    taken = list(cut)
    if not taken:
        return {}
    old, new = _Ways(taken, passing), _Ways(joined, passing)
    free: dict[tuple[int, PortRef], list[Joint]] = defaultdict(list)
    for joint in joined:
        free[_output(joint)].append(joint)
    found: dict[Channel, list[Channel]] = {}
    for joint in sorted(taken, key=lambda joint: not old.ends(joint)):
        left = set(old.ends(joint))
        alike = free[_output(joint)]
        for heir in alike[:]:
            ends = new.ends(heir)
            if not (ends & left or not ends | left):
                continue
            alike.remove(heir)
            found.setdefault(joint.channel, []).append(heir.channel)
            left -= ends
            if not left:
                break
    return found


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
