"""A building site in the hands of a test: a graph and all that compiling needs, without a runtime."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from streamlib.clock import MonotonicClock, PausableClock
from streamlib.compiler.compiler import Compiler
from streamlib.compiler.delta import GraphDelta, compute_delta
from streamlib.compiler.error_log import ErrorLog
from streamlib.compiler.reports import InstanceReports
from streamlib.compiler.site import Site
from streamlib.delegates.delegates import Delegates
from streamlib.events import EventBus
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.execution.shared_threads import SharedThreads
from streamlib.execution.strategy import SchedulingStrategy
from streamlib.graph import Entity, Link, ProcessorNode, PropertyGraph
from streamlib.graph.components import RUNNING_COMPONENTS, WiredChannel
from streamlib.ids import LinkId, PortRef, ProcessorId, link_id
from streamlib.links.channel import Channel
from streamlib.processors.context import MediaConfig
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.processors.processor import Processor
from streamlib.processors.shared_objects import SharedObjects
from tests.scenarios.stage import SECONDS


class Yard:
    """A graph whose changes are compiled when the test says so. It is the scheduler delegate of its own site.

    Attributes:
        lightweight: The ids that get no thread of their own.
        asked: The nodes for which a strategy was asked.
    """

    def __init__(self, *, factory: Any = None, delegate: Any = None) -> None:
        self.lightweight: set[str] = set()
        self.asked: list[ProcessorNode] = []
        self.graph = PropertyGraph()
        clock = MonotonicClock()
        self.bus = EventBus(clock)
        media_clock = PausableClock(clock)
        threads = SharedThreads(clock, media_clock)
        self.reports = InstanceReports(self.graph, self.bus, threads.main, ErrorLog(clock))
        self.site = Site(
            graph=self.graph,
            delegates=Delegates(factory, delegate, self),
            bus=self.bus,
            clock=clock,
            media_clock=media_clock,
            shared=SharedObjects(),
            media=MediaConfig(),
            reports=self.reports,
            threads=threads,
            answer_s=SECONDS,
        )
        self.compiler = Compiler(self.site)
        self._removed: list[Entity] = []
        self._cut: list[Entity] = []
        self._inverses: list[Callable[[], object]] = []

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        self.asked.append(node)
        chosen = SchedulingStrategy.lightweight if node.id in self.lightweight else SchedulingStrategy.dedicated_thread
        return chosen()

    # ------------------------------------------------------------------------------------------------------- changes

    def add(
        self,
        type_: type[Processor],
        id_: str,
        *,
        inlined: bool = False,
        policy: ErrorPolicy | None = None,
        **fields: object,
    ) -> ProcessorId:
        """Take a processor into the graph."""
        name = ProcessorId(id_)
        config = type_.declaration.config.build(None, **fields)
        self.graph.add_processor(ProcessorNode(name, type_.__name__, config, type_.declaration, policy))
        self._inverses.append(lambda: self.graph.forget(self.graph.remove_processor(name)))
        if inlined:
            self.lightweight.add(id_)
        return name

    def join(self, source: str, target: str, into: str = "into", **options: Any) -> LinkId:
        """Take a link into the graph, from the output that is called `out`."""
        ends = PortRef(ProcessorId(source), "out"), PortRef(ProcessorId(target), into)
        id_ = link_id(*ends)
        self.graph.add_link(Link(id_, *ends, **options))
        self._inverses.append(lambda: self.graph.forget(self.graph.remove_link(id_)))
        return id_

    def chain(self, *ids: str) -> list[LinkId]:
        """A link from each to the next."""
        return [self.join(source, target) for source, target in itertools.pairwise(ids)]

    def part(self, id_: str) -> None:
        """Take a link out of the graph."""
        entity = self.graph.remove_link(LinkId(id_))
        self._cut.append(entity)
        self._inverses.append(lambda: self.graph.restore_link(entity))

    def remove(self, id_: str) -> Entity:
        """Take a processor and its links out of the graph."""
        name = ProcessorId(id_)
        for link in (*self.graph.links_into(name), *self.graph.links_from(name)):
            self.part(link.id)
        entity = self.graph.remove_processor(name)
        self._removed.append(entity)
        self._inverses.append(lambda: self.graph.restore_processor(entity))
        return entity

    def configure(self, id_: str, **fields: object) -> None:
        """Change a config in the graph."""
        name = ProcessorId(id_)
        node = self.graph.node(name)
        before = self.graph.set_config(name, node.declaration.config.changed(node.config, None, **fields))
        self._inverses.append(lambda: self.graph.set_config(name, before))

    def delta(self, *restarted: str) -> GraphDelta:
        """What has changed since it was last asked."""
        removed, cut = self._removed, self._cut
        self._removed, self._cut = [], []
        ids = [ProcessorId(id_) for id_ in restarted]
        return compute_delta(self.graph, self.graph.take_dirty(), removed, cut, ids)

    def commit(self, *restarted: str, drain_s: float | None = SECONDS) -> None:
        """Compile what has changed; what fails is taken back out of the graph."""
        try:
            self.compiler.compile(self.delta(*restarted), self.undo, drain_s=drain_s)
        finally:
            self._inverses.clear()

    def undo(self) -> None:
        """Take back what has changed in the graph since the last commit."""
        for inverse in reversed(self._inverses):
            inverse()
        self.graph.take_dirty()

    def close(self) -> None:
        """Stop all that runs."""
        self.reports.log.close()
        self.compiler.stop_all(drain_s=None)

    # -------------------------------------------------------------------------------------------------------- looks

    def instance(self, id_: str) -> ProcessorInstance:
        """What runs under an id."""
        found = self.graph.get(ProcessorId(id_), ProcessorInstance)
        assert found is not None, f"{id_} does not run"
        return found

    def loop(self, id_: str) -> Loop:
        """The loop that a processor is in."""
        loop = self.instance(id_).loop
        assert isinstance(loop, Loop)
        return loop

    def channel(self, link: str) -> Channel:
        """The running form of a link."""
        wired = self.graph.get(LinkId(link), WiredChannel)
        assert wired is not None, f"{link} is not wired"
        return wired.channel

    def step(self, id_: str, times: int = 1) -> None:
        """Call a manual processor on this thread."""
        for _ in range(times):
            assert self.loop(id_).step(SECONDS)

    def attached(self) -> list[str]:
        """What of running is attached to anything in the graph."""
        ids = [*self.graph.processor_ids(), *self.graph.link_ids()]
        return [f"{id_}: {kind.__name__}" for id_ in ids for kind in RUNNING_COMPONENTS if self.graph.has(id_, kind)]

    def attached_to(self, entity: Entity) -> list[type[object]]:
        """What of running is attached to something that may be out of the graph."""
        return [kind for kind in RUNNING_COMPONENTS if self.graph.has(entity, kind)]
