"""Contexts as the engine would make them, and a log of what a processor asked of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from streamlib.clock import MonotonicClock
from streamlib.ids import ProcessorId
from streamlib.processors.context import MediaConfig, ProcessContext, RuntimeContext
from streamlib.processors.shared_objects import SharedObjects


@dataclass
class Asked:
    """What a processor asked of the engine, in order."""

    calls: list[object] = field(default_factory=list)

    def wake(self) -> None:
        """Note a wake."""
        self.calls.append("wake")

    def wake_at(self, ns: int) -> None:
        """Note a wake at a time."""
        self.calls.append(ns)

    def end(self) -> None:
        """Note an end."""
        self.calls.append("end")


def runtime_context(shared: SharedObjects | None = None) -> RuntimeContext:
    """A context for the processor `filter_0`."""
    return RuntimeContext(ProcessorId("filter_0"), MonotonicClock(), shared or SharedObjects(), MediaConfig())


def process_context(asked: Asked | None = None, shared: SharedObjects | None = None) -> ProcessContext:
    """The other context for the same processor."""
    engine = asked or Asked()
    return ProcessContext(runtime_context(shared), engine)
