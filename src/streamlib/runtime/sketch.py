"""A graph that is never run: a file is loaded into one to see what it means, before anything is asked of the real one.

It stands in for the runtime that an edit speaks to: types are those that the runtime knows, and the graph is its own.
`edit.apply` makes one; `becoming.py` compares it with the graph that is there.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from streamlib.errors import ConnectError, DuplicateIdError, StateError
from streamlib.graph.components import ENGINE_COMPONENTS, TransientMarker
from streamlib.graph.graph_file import GraphFile
from streamlib.graph.group import GroupMember
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.processors.declaration import Declaration
from streamlib.processors.processor import Processor
from streamlib.processors.registry import ProcessorRegistry
from streamlib.runtime.handles import ProcessorHandle
from streamlib.runtime.loader import blamed
from streamlib.runtime.operations import Applied, Operation
from streamlib.runtime.ticket import Ticket


class KnowsTypes(Protocol):
    """The runtime, as far as a sketch asks it for something."""

    @property
    def registry(self) -> ProcessorRegistry:
        """The types of processors that it knows by name."""
        ...

    def declaration_of(self, processor: type[Processor] | str) -> Declaration:
        """What a type of processor declares."""
        ...


class Sketch:
    """A graph to draw in, for an edit.

    Attributes:
        graph: What has been drawn.
    """

    def __init__(self, runtime: KnowsTypes) -> None:
        self.graph = PropertyGraph()
        self._runtime = runtime

    @property
    def registry(self) -> ProcessorRegistry:
        """The types that the runtime knows."""
        return self._runtime.registry

    def declaration_of(self, processor: type[Processor] | str) -> Declaration:
        """What a type declares, as the runtime knows it."""
        return self._runtime.declaration_of(processor)

    def processor(self, id_: str) -> ProcessorHandle:
        """The processor of an id."""
        node = self.graph.node(ProcessorId(id_))
        return ProcessorHandle(self, node.id, node.declaration, Ticket())

    def commit_edit(self, edit: Any) -> None:
        """Nothing is committed here."""
        raise StateError(f"{edit} is only drawn")

    def planned(self, edit: Any) -> Any:
        """Nothing is planned here."""
        raise StateError(f"{edit} is only drawn")

    def frames_of(self, port: Any, *, capacity: int, delivery: Any) -> Any:
        """Nothing flows here."""
        raise StateError(f"{port} is only drawn; it carries no {delivery} of {capacity} frames")

    def draw(self, operations: Iterable[Operation], file: GraphFile) -> None:
        """Apply what a file has asked for.

        Raises:
            GraphFileError: It does not go together; the message has line and field.
        """
        try:
            apply_to(self.graph, operations)
        except (DuplicateIdError, ConnectError) as error:
            raise blamed(file, error) from error


def copy_of(graph: PropertyGraph, operations: Iterable[Operation]) -> PropertyGraph:
    """A graph as it will be behind these operations, if nobody else changes it before."""
    copy = PropertyGraph()
    with graph.lock:
        for node in graph.processors():
            copy.add_processor(node)
        for link in graph.links():
            copy.add_link(link)
        for subject in (*graph.processor_ids(), *graph.link_ids()):
            for kind in graph.component_types(subject):
                if kind not in ENGINE_COMPONENTS - {GroupMember, TransientMarker}:
                    copy.insert(subject, graph.get(subject, kind))
    apply_to(copy, operations)
    return copy


def apply_to(graph: PropertyGraph, operations: Iterable[Operation]) -> None:
    """Apply operations to a graph that nobody runs and nobody hears of."""
    applied = Applied()
    for operation in operations:
        operation.apply(graph, applied)
