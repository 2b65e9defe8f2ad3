"""A processor as the graph knows it: what was asked for, never what runs.

What runs is attached to the processor's entity by the compiler. Next on the path of a change: `property_graph`.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamlib.ids import ProcessorId
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ErrorPolicy


@dataclass(frozen=True, slots=True)
class ProcessorNode:
    """One processor of a graph.

    Attributes:
        id: Unique among what the graph holds at one time.
        processor_type: The name that the registry and the descriptor know the class by.
        config: The values asked for; `PropertyGraph.set_config` replaces the whole record.
        declaration: What the class declares: ports, execution, placement.
        error_policy: Overrides the class's own policy; None leaves it.
        generation: Tells apart the processors that have borne this id: of two, the later has the greater number. Given
            by the graph.
    """

    id: ProcessorId
    processor_type: str
    config: ProcessorConfig
    declaration: Declaration
    error_policy: ErrorPolicy | None = None
    generation: int = 0

    def born(self, generation: int) -> ProcessorNode:
        """The same with its generation."""
        type_, policy = self.processor_type, self.error_policy
        return ProcessorNode(self.id, type_, self.config, self.declaration, policy, generation)
