"""The delegate that decides where each processor runs."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from streamlib.execution.priority import ThreadPriority
from streamlib.execution.strategy import SchedulingStrategy
from streamlib.graph.node import ProcessorNode
from streamlib.processors.execution_mode import Placement


@runtime_checkable
class SchedulerDelegate(Protocol):
    """Chooses a strategy for each processor, once, when it is compiled."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        """Where the processor runs; one that its execution mode does not allow fails the commit."""
        ...


class DefaultScheduler:
    """The default: a thread for each processor, or what its placement asks for."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        """The main thread or one in real time for those whose class says so, for others a thread of their own."""
        match node.declaration.placement:
            case Placement.MAIN:
                return SchedulingStrategy.main_thread()
            case Placement.REALTIME:
                return SchedulingStrategy.dedicated_thread(priority=ThreadPriority.REAL_TIME)
            case Placement.ANY:
                return SchedulingStrategy.dedicated_thread()
