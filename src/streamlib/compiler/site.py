"""What compiling works with: the graph, the delegates, and what a runtime owns once.

Made by the runtime; passed through `plan`, `phases`, `wiring` and `teardown`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from streamlib.clock import Clock, PausableClock
from streamlib.delegates.delegates import Delegates
from streamlib.events.bus import EventBus
from streamlib.events.event import described
from streamlib.events.runtime import DelegateFailed
from streamlib.execution.instance import ProcessorInstance, Reports
from streamlib.execution.loops import Loop
from streamlib.execution.thread_runner import ThreadRunner
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.processors.context import MediaConfig, RuntimeContext
from streamlib.processors.processor import Processor
from streamlib.processors.shared_objects import SharedObjects

LOG = logging.getLogger("streamlib.compiler")


@dataclass(slots=True)
class Site:
    """Everything compiling needs that is not the change itself.

    Attributes:
        answer_s: How long a thread may take to come to a change, in seconds.
        paused: Whether what is started begins paused, because the runtime is.
    """

    graph: PropertyGraph
    delegates: Delegates
    bus: EventBus
    clock: Clock
    media_clock: PausableClock
    shared: SharedObjects
    media: MediaConfig
    reports: Reports
    answer_s: float = 10.0
    paused: bool = False
    _common: ThreadRunner | None = field(default=None)

    def instance(self, node: ProcessorNode) -> ProcessorInstance:
        """A new instance of a processor, which the factory delegate creates."""
        declaration = node.declaration
        context = RuntimeContext(node.id, self.media_clock, self.shared, self.media)
        policy = node.error_policy or declaration.error_policy
        processor = self.delegates.create(node)
        if not isinstance(processor, Processor):
            raise TypeError(f"{named(self.delegates.create, 'create')} returned {processor!r}; return a Processor")
        return ProcessorInstance(node.id, processor, declaration, policy, context, self.reports)

    def loop(self, name: str) -> Loop:
        """A new loop."""
        return Loop(name, self.clock, self.media_clock)

    def common_loop(self) -> Loop:
        """The loop of the lightweight processors that no running loop feeds; its thread starts with the first."""
        if self._common is None:
            loop = self.loop("lightweight processors")
            self._common = ThreadRunner(loop, "streamlib:lightweight")
            if self.paused:
                loop.pause()
            self._common.start()
        return self._common.loop

    def running_loops(self) -> list[Loop]:
        """Every loop that runs somebody."""
        graph = self.graph
        with graph.lock:
            ids = graph.query(ProcessorInstance)
            instances = [graph.get(id_, ProcessorInstance) for id_ in ids]
        loops = [instance.loop for instance in instances if instance is not None]
        return [loop for loop in dict.fromkeys(loops) if isinstance(loop, Loop)]

    def spare_common_loop(self) -> None:
        """End the thread of the common loop when nobody is in it any more."""
        if self._common is not None and not self._common.loop.members:
            self.stop_common_loop()

    def stop_common_loop(self) -> bool:
        """End the thread of the common loop, if there is one; False when it did not end in time."""
        common, self._common = self._common, None
        if common is None:
            return True
        common.stop()
        return common.join(self.answer_s)

    def tell(self, notice: str, processor_id: ProcessorId, *details: object) -> None:
        """Tell the processor delegate that something was done; what it raises is reported and changes nothing."""
        method = getattr(self.delegates, notice)
        try:
            method(*(details or (processor_id,)))
        except Exception as error:
            name = named(method, notice)
            LOG.exception("%s: %s raised", processor_id, name)
            self.bus.publish(DelegateFailed(delegate=name, subject=str(processor_id), error=described(error)))


def named(method: Callable[..., object], name: str) -> str:
    """How errors call a delegate's method."""
    return f"{type(getattr(method, '__self__', method)).__name__}.{name}"
