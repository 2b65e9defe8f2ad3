"""Whether everything that can still happen in a graph has happened: what `wait` waits for."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from streamlib.execution.instance import ProcessorInstance
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.processors.execution_mode import ExecutionMode


class Completion:
    """Knows who has not ended yet, in topological order, so that asking again looks at the first of them alone.

    Args:
        wake: Has those who wait for the end look again.
    """

    def __init__(self, graph: PropertyGraph, wake: Callable[[], None]) -> None:
        self._graph = graph
        self._wake = wake
        self._pending: deque[ProcessorInstance] = deque()
        self._changing = False
        self._asking = threading.Lock()  # several may wait, each on its own thread

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """The graph changes in the block, and whom it holds in between is no end; all of it is looked at behind it."""
        self._changing = True
        try:
            yield
        finally:
            self._pending = deque()
            self._changing = False
            self._wake()

    def reached(self) -> bool:
        """Whether every source has ended, and everyone they feed. Manual processors are nobody's to wait for."""
        with self._asking:
            pending = self._pending
            while pending and pending[0].noted:
                pending.popleft()
            return not pending and self._all_have_ended()

    def _all_have_ended(self) -> bool:
        """Look at all who are in the graph by now; while it changes nobody can say."""
        with self._graph.lock:  # a change that begins now waits for it
            if self._changing:
                return False
            self._pending = self._all_awaited()
            return all(instance.noted for instance in self._pending)

    def _all_awaited(self) -> deque[ProcessorInstance]:
        graph = self._graph
        awaited: dict[ProcessorId, ProcessorInstance] = {}
        for id_ in graph.order(graph.processor_ids()):
            instance = graph.get(id_, ProcessorInstance)
            if instance is not None and self._is_awaited(id_, instance, awaited):
                awaited[id_] = instance
        return deque(awaited.values())

    def _is_awaited(
        self, id_: ProcessorId, instance: ProcessorInstance, awaited: dict[ProcessorId, ProcessorInstance]
    ) -> bool:
        """Sources, and those fed by somebody who is awaited; who has lost all feeders waits for nobody to come."""
        if instance.declaration.execution.mode is ExecutionMode.MANUAL:
            return False
        if not instance.declaration.inputs:
            return True
        return any(feeder in awaited for feeder in self._graph.predecessors(id_))
