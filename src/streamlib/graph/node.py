"""A processor as the graph knows it: what was asked for, never what runs.

What runs is attached to the processor's entity by the compiler. Next on the path of a change: `property_graph`.
"""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from streamlib.ids import ProcessorId
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ErrorPolicy


class ProcessorNode(msgspec.Struct, frozen=True):
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
        return replace(self, generation=generation)
