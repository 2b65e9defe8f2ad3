"""Where a processor runs: the scheduler delegate's choice, and which choices an execution mode allows.

How a processor comes to its calls belongs to its type (`processors/execution_mode`); on which thread is
decided here, per deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from streamlib.errors import DeclarationError, StrategyError, nearest
from streamlib.execution.priority import ThreadPriority
from streamlib.processors.execution_mode import ExecutionMode


class StrategyKind(StrEnum):
    """The ways of giving a processor a thread."""

    DEDICATED_THREAD = "dedicated_thread"
    WORK_STEALING_POOL = "work_stealing_pool"
    MAIN_THREAD = "main_thread"
    LIGHTWEIGHT = "lightweight"


LEGAL_STRATEGIES: Mapping[ExecutionMode, tuple[StrategyKind, ...]] = {
    ExecutionMode.CONTINUOUS: (StrategyKind.DEDICATED_THREAD, StrategyKind.MAIN_THREAD),
    ExecutionMode.REACTIVE: (
        StrategyKind.DEDICATED_THREAD,
        StrategyKind.WORK_STEALING_POOL,
        StrategyKind.LIGHTWEIGHT,
    ),
    ExecutionMode.MANUAL: tuple(StrategyKind),
}
"""Execution mode against strategy, as ordered. A manual processor runs on whichever thread steps it."""


@dataclass(frozen=True, slots=True)
class SchedulingStrategy:
    """How a processor is given a thread; made by one of the class methods.

    `name` is the name of the thread; without one it is `streamlib:<processor id>`. `priority` is what that thread asks
    for; what it gets is told by the component `ThreadHandle`.
    """

    kind: StrategyKind
    name: str | None = None
    priority: ThreadPriority = ThreadPriority.NORMAL

    @classmethod
    def dedicated_thread(
        cls, *, priority: ThreadPriority | str = ThreadPriority.NORMAL, name: str | None = None
    ) -> SchedulingStrategy:
        """A thread of its own; a write to a full link waits.

        Raises:
            DeclarationError: There is no such priority.
        """
        return cls(StrategyKind.DEDICATED_THREAD, name, _priority(priority))

    @classmethod
    def work_stealing_pool(cls) -> SchedulingStrategy:
        """One of the runtime's workers, as many as there are cores; whichever is free calls it when frames come."""
        return cls(StrategyKind.WORK_STEALING_POOL)

    @classmethod
    def main_thread(cls) -> SchedulingStrategy:
        """The main thread, while it is in `runtime.wait`, `wait_for_signal`, `stop` or `finished`: for windows."""
        return cls(StrategyKind.MAIN_THREAD)

    @classmethod
    def lightweight(cls) -> SchedulingStrategy:
        """No thread of its own: called in the loop of the processor that feeds it."""
        return cls(StrategyKind.LIGHTWEIGHT)

    def __str__(self) -> str:
        return str(self.kind)


def _priority(priority: ThreadPriority | str) -> ThreadPriority:
    try:
        return ThreadPriority(priority)
    except ValueError:
        known = [choice.value for choice in ThreadPriority]
        raise DeclarationError(f"no priority {priority!r}; {nearest(str(priority), known)}") from None


def check_strategy(processor_id: str, mode: ExecutionMode, strategy: SchedulingStrategy) -> None:
    """Raise StrategyError unless a processor of this execution mode may run under this strategy."""
    legal = LEGAL_STRATEGIES[mode]
    if strategy.kind not in legal:
        raise StrategyError(processor_id, mode, strategy.kind, legal)
