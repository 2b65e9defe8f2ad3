"""The delegate that is asked before, and told after, each step in the life of a processor.

What a `will_` method raises is a veto: the whole commit is rolled back. What a `did_` method raises is reported
by name and changes nothing. All are called on the thread that commits; none may wait for another commit.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from streamlib.graph.node import ProcessorNode
from streamlib.ids import ProcessorId
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.processor import Processor


@runtime_checkable
class WillCreate(Protocol):
    """Asked before a processor is created."""

    def will_create(self, node: ProcessorNode) -> None:
        """Raise to veto."""
        ...


@runtime_checkable
class DidCreate(Protocol):
    """Told after a processor was created, before its setup."""

    def did_create(self, node: ProcessorNode, processor: Processor) -> None:
        """Take note."""
        ...


@runtime_checkable
class WillStart(Protocol):
    """Asked when everything of the commit is set up, before a processor is started."""

    def will_start(self, processor_id: ProcessorId) -> None:
        """Raise to veto."""
        ...


@runtime_checkable
class DidStart(Protocol):
    """Told after a processor was started."""

    def did_start(self, processor_id: ProcessorId) -> None:
        """Take note."""
        ...


@runtime_checkable
class WillStop(Protocol):
    """Asked before a processor is stopped; when the runtime as a whole stops, a veto is reported and not heeded."""

    def will_stop(self, processor_id: ProcessorId) -> None:
        """Raise to veto."""
        ...


@runtime_checkable
class DidStop(Protocol):
    """Told after a processor was torn down."""

    def did_stop(self, processor_id: ProcessorId) -> None:
        """Take note."""
        ...


@runtime_checkable
class DidUpdateConfig(Protocol):
    """Told after a change of config took effect, live or by a restart."""

    def did_update_config(self, processor_id: ProcessorId, config: ProcessorConfig) -> None:
        """Take note."""
        ...


ProcessorDelegate = WillCreate | DidCreate | WillStart | DidStart | WillStop | DidStop | DidUpdateConfig
"""A processor delegate has at least one of these methods."""


class DefaultProcessorDelegate:
    """The default: agrees to everything."""

    def will_create(self, node: ProcessorNode) -> None:
        """Agree."""

    def did_create(self, node: ProcessorNode, processor: Processor) -> None:
        """Nothing to note."""

    def will_start(self, processor_id: ProcessorId) -> None:
        """Agree."""

    def did_start(self, processor_id: ProcessorId) -> None:
        """Nothing to note."""

    def will_stop(self, processor_id: ProcessorId) -> None:
        """Agree."""

    def did_stop(self, processor_id: ProcessorId) -> None:
        """Nothing to note."""

    def did_update_config(self, processor_id: ProcessorId, config: ProcessorConfig) -> None:
        """Nothing to note."""
