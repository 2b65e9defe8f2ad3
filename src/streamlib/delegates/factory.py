"""The delegate that makes processors from what the graph says of them.

Asked by the runtime when a processor is added (`can_create`, `port_info`) and by the compiler when it is created.
The default looks the type up in a registry.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from streamlib.errors import UnknownTypeError
from streamlib.graph.node import ProcessorNode
from streamlib.processors.declaration import Declaration
from streamlib.processors.processor import Processor
from streamlib.processors.registry import ProcessorRegistry


@runtime_checkable
class Creates(Protocol):
    """Makes a processor."""

    def create(self, node: ProcessorNode) -> Processor:
        """A new processor of the node's type with the node's config. What it raises rolls the commit back."""
        ...


@runtime_checkable
class TellsPorts(Protocol):
    """Knows what a type of processor declares."""

    def port_info(self, processor_type: str) -> Declaration | None:
        """The ports of a type and what else it declares; None where the type is not known."""
        ...


@runtime_checkable
class KnowsTypes(Protocol):
    """Knows which types it can make."""

    def can_create(self, processor_type: str) -> bool:
        """Whether a type can be made; False refuses each processor of it when it is added."""
        ...


FactoryDelegate = Creates | TellsPorts | KnowsTypes
"""A factory delegate has at least one of these methods."""


class RegistryBackedFactory:
    """The default: types by name from a registry, which entry points fill."""

    def __init__(self, registry: ProcessorRegistry | None = None) -> None:
        self.registry = registry or ProcessorRegistry()

    def create(self, node: ProcessorNode) -> Processor:
        """A processor of the class that was declared when it was added, whatever its name has come to mean since."""
        processor: Processor = node.declaration.processor.from_config(node.config)
        return processor

    def port_info(self, processor_type: str) -> Declaration | None:
        """What the registered class declares."""
        try:
            return self.registry.resolve(processor_type).declaration
        except UnknownTypeError:
            return None

    def can_create(self, processor_type: str) -> bool:
        """Whether a class of that name is registered or offered by an installed package."""
        return processor_type in self.registry
