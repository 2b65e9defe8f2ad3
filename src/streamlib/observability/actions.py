"""The hands of an agent: the changes that it may ask for, by ids and plain values alone.

What passes could come out of JSON. Who carries it out is not known here: `streamlib.runtime.actions` adapts a runtime,
and whoever serves agents puts scopes and limits around that. For eyes and ears see `perception`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from streamlib.ids import LinkId, PortRef, ProcessorId


class AgentActions(Protocol):
    """What an agent does to a graph; `runtime.actions` is one. Each call is one commit, done or refused as a whole."""

    def update_config(self, processor_id: ProcessorId | str, config: Mapping[str, object]) -> str:
        """Change fields of a config; says whether that was applied live or restarted the processor."""
        ...

    def add_processor(
        self, processor_type: str, config: Mapping[str, object] | None = ..., *, id: str | None = ...
    ) -> ProcessorId:
        """Add a processor of a type, by its name."""
        ...

    def remove_processor(self, processor_id: ProcessorId | str) -> None:
        """Remove a processor: what waits is processed, and it is torn down."""
        ...

    def connect(self, source: PortRef, target: PortRef) -> LinkId:
        """Join an output to an input."""
        ...

    def disconnect(self, link_id: LinkId | str) -> None:
        """Remove a link."""
        ...
