"""How whoever looks names what he looks at: a processor, a link or a port, by an id or by a handle of the runtime.

What was given comes in; the id of something that is in the graph goes out, or an error that says what there is. What is
looked at there is not known here. Used by `inspector`, `observers`, `perception` and `viewpoint`.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

from streamlib.errors import UnknownLinkError, UnknownProcessorError
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, PortRef, ProcessorId, written_link_id


class HasGraph(Protocol):
    """A runtime, as far as it is asked which graph is its."""

    graph: PropertyGraph


class ProcessorNamed(Protocol):
    """A handle of a processor."""

    @property
    def id(self) -> ProcessorId:
        """Its id."""
        ...

    @property
    def runtime(self) -> HasGraph:
        """Whose it is."""
        ...


class LinkNamed(Protocol):
    """A handle of a link."""

    @property
    def id(self) -> LinkId:
        """Its id."""
        ...

    @property
    def runtime(self) -> HasGraph:
        """Whose it is."""
        ...


class PortNamed(Protocol):
    """A port of a handle, `handle.output("video")`."""

    handle: Any
    ref: PortRef


Spot: TypeAlias = ProcessorNamed | str | PortRef | PortNamed
"""How the place of a sample is named: as a processor is, or as one of its ports."""


def processor_id(graph: PropertyGraph, given: object) -> ProcessorId:
    """The id that a processor is named by, whether there is one of that id or not.

    Raises:
        UnknownProcessorError: It is neither an id nor a handle, or it is a handle of another runtime.
    """
    if _is_foreign(graph, given):
        raise UnknownProcessorError(given, graph.processor_ids(), foreign=True)
    id_ = _id_of(given)
    if id_ is None:
        raise UnknownProcessorError(given, graph.processor_ids())
    return ProcessorId(id_)


def link_id(graph: PropertyGraph, given: object) -> LinkId:
    """The id that a link is named by, whether there is one of that id or not; a text may have spaces round its arrow.

    Raises:
        UnknownLinkError: It is neither an id nor a handle, or it is a handle of another runtime.
    """
    if _is_foreign(graph, given):
        raise UnknownLinkError(given, graph.link_ids(), foreign=True)
    id_ = _id_of(given)
    if id_ is None:
        raise UnknownLinkError(given, graph.link_ids())
    return written_link_id(id_)


def processor_named(graph: PropertyGraph, given: object) -> ProcessorId:
    """The id of a processor that is in the graph.

    Raises:
        UnknownProcessorError: There is none of that id, or it is a handle of another runtime.
    """
    return graph.node(processor_id(graph, given)).id


def link_named(graph: PropertyGraph, given: object) -> LinkId:
    """The id of a link that is in the graph.

    Raises:
        UnknownLinkError: There is none of that id, or it is a handle of another runtime.
    """
    return graph.link(link_id(graph, given)).id


def subject_named(graph: PropertyGraph, given: object) -> ProcessorId | LinkId:
    """The id of a processor or link that is in the graph.

    Raises:
        UnknownProcessorError, UnknownLinkError: There is none of that id, or it is a handle of another runtime.
    """
    return link_named(graph, given) if "->" in written_link_id(_id_of(given) or "") else processor_named(graph, given)


def _is_foreign(graph: PropertyGraph, given: object) -> bool:
    """Whether it is a handle of another runtime: two may well have processors of one id."""
    runtime = getattr(given, "runtime", None)
    return runtime is not None and getattr(runtime, "graph", None) is not graph


def _id_of(given: object) -> str | None:
    id_ = given if isinstance(given, str) else getattr(given, "id", None)
    return id_ if isinstance(id_, str) else None
