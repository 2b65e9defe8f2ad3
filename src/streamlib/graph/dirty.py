"""What edits have touched since somebody asked: ids of processors and links, in the order of their first touch.

Filled by `property_graph`, under its lock; next on the path of a change: `streamlib.compiler.delta`, which reads it.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamlib.ids import LinkId, ProcessorId


@dataclass(frozen=True, slots=True)
class Dirty:
    """The ids that edits have touched, in the order in which they were touched first."""

    processors: tuple[ProcessorId, ...] = ()
    links: tuple[LinkId, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.processors or self.links)


class DirtySet:
    """What is dirty at present.

    Attributes:
        touches: How often anything was touched, ever.
    """

    __slots__ = ("_links", "_processors", "touches")

    def __init__(self) -> None:
        self.touches = 0
        self._processors: dict[ProcessorId, None] = {}
        self._links: dict[LinkId, None] = {}

    def touch_processor(self, processor_id: ProcessorId) -> None:
        """A processor was added, removed or configured."""
        self._processors[processor_id] = None
        self.touches += 1

    def touch_link(self, link_id: LinkId) -> None:
        """A link was added, removed or changed."""
        self._links[link_id] = None
        self.touches += 1

    def so_far(self) -> Dirty:
        """What has been touched."""
        return Dirty(tuple(self._processors), tuple(self._links))

    def take(self) -> Dirty:
        """What has been touched; after it nothing is dirty."""
        taken = self.so_far()
        self._processors.clear()
        self._links.clear()
        return taken
