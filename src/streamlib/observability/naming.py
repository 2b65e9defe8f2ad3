"""How whoever looks names what he looks at: a processor, a link or a port, by an id or by a handle of the runtime.

What was given comes in; the id of something that is in the graph goes out, or an error that says what there is. What is
looked at there is not known here. Used by `inspector`, `observers`, `perception` and `viewpoint`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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

    def present(self) -> object:
        """Raises where its processor is not in the graph, with words for why."""
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

    def present(self) -> object:
        """Raises where its link is not in the graph, with words for why."""
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
    return ProcessorId(_id_here(graph, given, UnknownProcessorError, graph.processor_ids))


def link_id(graph: PropertyGraph, given: object) -> LinkId:
    """The id that a link is named by, whether there is one of that id or not; a text may have spaces round its arrow.

    Raises:
        UnknownLinkError: It is neither an id nor a handle, or it is a handle of another runtime.
    """
    return written_link_id(_id_here(graph, given, UnknownLinkError, graph.link_ids))


def processor_named(graph: PropertyGraph, given: object) -> ProcessorId:
    """The id of a processor that is in the graph.

    Raises:
        UnknownProcessorError: There is none of that id, it was removed, or it is a handle of another runtime.
    """
    id_ = processor_id(graph, given)
    _check_present(graph, id_, given)
    return graph.node(id_).id


def link_named(graph: PropertyGraph, given: object) -> LinkId:
    """The id of a link that is in the graph.

    Raises:
        UnknownLinkError: There is none of that id, it was removed, or it is a handle of another runtime.
    """
    id_ = link_id(graph, given)
    _check_present(graph, id_, given)
    return graph.link(id_).id


def subject_named(graph: PropertyGraph, given: object) -> ProcessorId | LinkId:
    """The id of a processor or link that is in the graph.

    Raises:
        UnknownProcessorError, UnknownLinkError: There is none of that id, or it is a handle of another runtime.
    """
    return link_named(graph, given) if "->" in written_link_id(_id_of(given) or "") else processor_named(graph, given)


def _id_here(
    graph: PropertyGraph,
    given: object,
    unknown: type[UnknownProcessorError | UnknownLinkError],
    known: Callable[[], Iterable[str]],
) -> str:
    """The id that something is named by; no handle of another runtime, which may well have one of the same id."""
    runtime = getattr(given, "runtime", None)
    if runtime is not None and getattr(runtime, "graph", None) is not graph:
        raise unknown(given, known(), foreign=True)
    id_ = _id_of(given)
    if id_ is None:
        raise unknown(given, known())
    return id_


def _check_present(graph: PropertyGraph, id_: ProcessorId | LinkId, given: object) -> None:
    """Have a handle say why what it names is not in the graph: removed, or not there yet."""
    present = getattr(given, "present", None)
    if id_ not in graph and callable(present):
        present()


def _id_of(given: object) -> str | None:
    id_ = given if isinstance(given, str) else getattr(given, "id", None)
    return id_ if isinstance(id_, str) else None
