"""Which processor feeds which: ids in, ids out, and nothing else about them.

rustworkx reuses its indices after a removal, so they stay in here. Parallel links are allowed, circles are not.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from itertools import chain

import rustworkx

from streamlib.errors import CycleError
from streamlib.ids import LinkId, ProcessorId


class Topology:
    """A directed graph without circles; ids must be known, `PropertyGraph` sees to it."""

    def __init__(self) -> None:
        # The library looks for a circle only where the new link's ends both have links on their far sides.
        self._graph: rustworkx.PyDiGraph[ProcessorId, LinkId] = rustworkx.PyDiGraph(check_cycle=True)
        self._processors: dict[ProcessorId, int] = {}
        self._links: dict[LinkId, int] = {}

    def add_processor(self, processor_id: ProcessorId) -> None:
        """Take in a processor that has no links."""
        self._processors[processor_id] = self._graph.add_node(processor_id)

    def remove_processor(self, processor_id: ProcessorId) -> None:
        """Let go of a processor that has no links left."""
        self._graph.remove_node(self._processors.pop(processor_id))

    def add_link(self, link_id: LinkId, source: ProcessorId, target: ProcessorId) -> None:
        """Join two processors, or raise CycleError with the way that leads back already."""
        if source == target:
            raise CycleError(source, target, (source,))
        try:
            index = self._graph.add_edge(self._processors[source], self._processors[target], link_id)
        except rustworkx.DAGWouldCycle:
            raise CycleError(source, target, self.path(target, source)) from None
        self._links[link_id] = index

    def remove_link(self, link_id: LinkId) -> None:
        """Part two processors; other links between them stay."""
        self._graph.remove_edge_from_index(self._links.pop(link_id))

    def links_into(self, processor_id: ProcessorId) -> list[LinkId]:
        """The links that end at a processor, oldest first."""
        return [link_id for _, _, link_id in self._graph.in_edges(self._processors[processor_id])][::-1]

    def links_from(self, processor_id: ProcessorId) -> list[LinkId]:
        """The links that begin at a processor, oldest first."""
        return [link_id for _, _, link_id in self._graph.out_edges(self._processors[processor_id])][::-1]

    def predecessors(self, processor_id: ProcessorId) -> list[ProcessorId]:
        """The processors that feed one, each named once, in the order of the links."""
        links = self._graph.in_edges(self._processors[processor_id])
        return list(dict.fromkeys([self._graph[source] for source, _, _ in links][::-1]))

    def successors(self, processor_id: ProcessorId) -> list[ProcessorId]:
        """The processors that one feeds, each named once, in the order of the links."""
        links = self._graph.out_edges(self._processors[processor_id])
        return list(dict.fromkeys([self._graph[target] for _, target, _ in links][::-1]))

    def behind(self, processor_ids: Iterable[ProcessorId]) -> set[ProcessorId]:
        """Some processors, and all that they feed, however far."""
        graph = self._graph
        layers = rustworkx.digraph_bfs_layers(graph, [self._processors[id_] for id_ in processor_ids])
        return {graph[index] for layer in layers for index in layer}

    def path(self, source: ProcessorId, target: ProcessorId) -> list[ProcessorId]:
        """A shortest way along the links, both ends included; empty where there is none.

        Searched here, because the library's search keeps a path to every processor that it meets.
        """
        came_from: dict[ProcessorId, ProcessorId] = {source: source}
        waiting = deque((source,))
        while waiting and target not in came_from:
            here = waiting.popleft()
            for following in self.successors(here):
                if following not in came_from:
                    came_from[following] = here
                    waiting.append(following)
        return _way_back(came_from, target) if target in came_from else []

    def order(self, ids: Iterable[ProcessorId]) -> list[ProcessorId]:
        """The same ids, each behind those of them that feed it directly, a chain's members next to each other.

        It looks at these ids alone, so that ordering a few costs the same in a graph of any size. Ways that
        lead through processors outside `ids` are therefore not seen.
        """
        chosen = dict.fromkeys(ids)
        fed = {id_: [following for following in self.successors(id_) if following in chosen] for id_ in chosen}
        missing = Counter(chain.from_iterable(fed.values()))  # how many of those that feed it are not in order yet
        ready = [id_ for id_ in reversed(chosen) if id_ not in missing]
        ordered: list[ProcessorId] = []
        while ready:
            here = ready.pop()
            ordered.append(here)
            for following in reversed(fed[here]):
                missing[following] -= 1
                if not missing[following]:
                    ready.append(following)
        return ordered


def _way_back(came_from: dict[ProcessorId, ProcessorId], target: ProcessorId) -> list[ProcessorId]:
    """The way that a search took to `target`, from where it began."""
    way = [target]
    while came_from[way[-1]] != way[-1]:
        way.append(came_from[way[-1]])
    return way[::-1]
