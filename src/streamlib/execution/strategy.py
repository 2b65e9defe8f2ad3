"""Where a processor runs: the scheduler delegate's choice, and which choices an execution mode allows.

How a processor comes to its calls belongs to its type (`processors/execution_mode`); on which thread is
decided here, per deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from streamlib.errors import StrategyError
from streamlib.processors.execution_mode import ExecutionMode


class StrategyKind(StrEnum):
    """The ways of giving a processor a thread."""

    DEDICATED_THREAD = "dedicated_thread"
    LIGHTWEIGHT = "lightweight"


LEGAL_STRATEGIES: Mapping[ExecutionMode, tuple[StrategyKind, ...]] = {
    ExecutionMode.CONTINUOUS: (StrategyKind.DEDICATED_THREAD,),
    ExecutionMode.REACTIVE: (StrategyKind.DEDICATED_THREAD, StrategyKind.LIGHTWEIGHT),
    ExecutionMode.MANUAL: tuple(StrategyKind),
}
"""Execution mode against strategy, as ordered. A manual processor runs on whichever thread steps it."""


@dataclass(frozen=True, slots=True)
class SchedulingStrategy:
    """How a processor is given a thread; made by one of the class methods.

    `name` is the name of the thread; without one it is `streamlib:<processor id>`.
    """

    kind: StrategyKind
    name: str | None = None

    @classmethod
    def dedicated_thread(cls, *, name: str | None = None) -> SchedulingStrategy:
        """A thread of its own; a write to a full link waits."""
        return cls(StrategyKind.DEDICATED_THREAD, name)

    @classmethod
    def lightweight(cls) -> SchedulingStrategy:
        """No thread of its own: called in the loop of the processor that feeds it."""
        return cls(StrategyKind.LIGHTWEIGHT)

    def __str__(self) -> str:
        return str(self.kind)


def check_strategy(processor_id: str, mode: ExecutionMode, strategy: SchedulingStrategy) -> None:
    """Raise StrategyError unless a processor of this execution mode may run under this strategy."""
    legal = LEGAL_STRATEGIES[mode]
    if strategy.kind not in legal:
        raise StrategyError(processor_id, mode, strategy.kind, legal)
