"""The delegate that decides where each processor runs."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from streamlib.execution.strategy import SchedulingStrategy
from streamlib.graph.node import ProcessorNode


@runtime_checkable
class SchedulerDelegate(Protocol):
    """Chooses a strategy for each processor, once, when it is compiled."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        """Where the processor runs; one that its execution mode does not allow fails the commit."""
        ...


class DefaultScheduler:
    """The default: a thread for each processor."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        """A dedicated thread."""
        del node
        return SchedulingStrategy.dedicated_thread()
