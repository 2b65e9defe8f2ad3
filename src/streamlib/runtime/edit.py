"""Changes of a graph, collected and committed as one.

Every mutation is an operation in an edit, also a single call on the runtime. What can be told from the classes is
checked when it is asked for; what depends on the rest of the graph, when the edit is committed. Applying an
operation to the graph gives back its inverse, so that a failed commit leaves no trace. Goes to `committer`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from streamlib.errors import ConnectError, UnknownLinkError
from streamlib.events.event import Event
from streamlib.events.graph import (
    GraphDidAddProcessor,
    GraphDidCreateLink,
    GraphDidRemoveLink,
    GraphDidRemoveProcessor,
    GraphWillAddProcessor,
    GraphWillCreateLink,
    GraphWillRemoveLink,
    GraphWillRemoveProcessor,
)
from streamlib.graph import Entity
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, PortRef, ProcessorId, link_id
from streamlib.links.delivery import Delivery
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.processors.ports import misfit
from streamlib.processors.processor import Processor
from streamlib.runtime.handles import Holder, InputPort, LinkHandle, OutputPort, ProcessorHandle
from streamlib.runtime.ticket import Ticket


class ConfigOutcome(StrEnum):
    """What a change of config comes to."""

    UNCHANGED = "unchanged"
    APPLIED_LIVE = "applied live"
    RESTARTED = "restarted"
    STORED = "stored"


@dataclass(slots=True)
class Applied:
    """What applying operations has done to the graph so far: what to undo, and what to tell.

    `undo` is called last first. `removed_*` are the entities of what is no longer in the graph.
    """

    publish: Callable[[Event], None]
    undo: list[Callable[[], object]] = field(default_factory=list)
    did: list[Event] = field(default_factory=list)
    removed_processors: list[Entity] = field(default_factory=list)
    removed_links: list[Entity] = field(default_factory=list)
    restarted: list[ProcessorId] = field(default_factory=list)


class Operation(Protocol):
    """One change of a graph."""

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Make the change, and note how to undo it and what to tell when it is committed."""
        ...


@dataclass(frozen=True, slots=True)
class AddProcessor:
    """Take a processor in."""

    node: ProcessorNode

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Add it to the graph."""
        id_, type_ = self.node.id, self.node.processor_type
        applied.publish(GraphWillAddProcessor(processor_id=id_, processor_type=type_))
        graph.add_processor(self.node)
        applied.undo.append(lambda: graph.forget(graph.remove_processor(id_)))
        applied.did.append(GraphDidAddProcessor(processor_id=id_, processor_type=type_))


@dataclass(frozen=True, slots=True)
class RemoveProcessor:
    """Let a processor go, and its links with it."""

    id: ProcessorId

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Remove it from the graph."""
        applied.publish(GraphWillRemoveProcessor(processor_id=self.id))
        for link in (*graph.links_into(self.id), *graph.links_from(self.id)):
            RemoveLink(link.id).apply(graph, applied)
        entity = graph.remove_processor(self.id)
        applied.removed_processors.append(entity)
        applied.undo.append(lambda: graph.restore_processor(entity))
        applied.did.append(GraphDidRemoveProcessor(processor_id=self.id))


@dataclass(frozen=True, slots=True)
class AddLink:
    """Join two ports."""

    link: Link

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Add the link to the graph."""
        link = self.link
        applied.publish(GraphWillCreateLink(link_id=link.id, source=link.source, target=link.target))
        graph.add_link(link)
        applied.undo.append(lambda: graph.forget(graph.remove_link(link.id)))
        applied.did.append(GraphDidCreateLink(link_id=link.id, source=link.source, target=link.target))


@dataclass(frozen=True, slots=True)
class RemoveLink:
    """Part two ports."""

    id: LinkId

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Remove the link from the graph."""
        applied.publish(GraphWillRemoveLink(link_id=self.id))
        entity = graph.remove_link(self.id)
        applied.removed_links.append(entity)
        applied.undo.append(lambda: graph.restore_link(entity))
        applied.did.append(GraphDidRemoveLink(link_id=self.id))


@dataclass(frozen=True, slots=True)
class Configure:
    """Give a processor another config."""

    id: ProcessorId
    config: ProcessorConfig

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Set the config in the graph."""
        before = graph.set_config(self.id, self.config)
        applied.undo.append(lambda: graph.set_config(self.id, before))


@dataclass(frozen=True, slots=True)
class Restart:
    """Replace a processor by a new one of the same kind."""

    id: ProcessorId

    def apply(self, graph: PropertyGraph, applied: Applied) -> None:
        """Nothing changes in the graph."""
        graph.node(self.id)
        applied.restarted.append(self.id)


class Edited(Holder, Protocol):
    """The runtime, as far as an edit asks it for something."""

    def declaration_of(self, processor: type[Processor] | str) -> Declaration:
        """What a type of processor declares."""
        ...

    def processor(self, id_: str) -> ProcessorHandle:
        """The processor of an id."""
        ...

    def commit_edit(self, edit: Edit) -> None:
        """Commit the edit."""
        ...


class Edit:
    """A transaction: several changes, committed together or not at all.

    Used by `with runtime.edit() as edit:`, which commits at the end of the block; an exception in the block
    discards the edit. The handles it returns can be connected and configured at once.
    """

    def __init__(self, runtime: Edited) -> None:
        self.operations: list[Operation] = []
        self.ticket = Ticket()
        self._runtime = runtime
        self._added: dict[ProcessorId, ProcessorHandle] = {}
        self._configs: dict[ProcessorId, ProcessorConfig] = {}
        self._links: dict[LinkId, Link] = {}
        self._links_of: dict[ProcessorId, list[Link]] = {}
        self._cut: set[LinkId] = set()

    def add_processor(
        self,
        processor: type[Processor] | str,
        config: ProcessorConfig | Mapping[str, object] | None = None,
        *,
        id: str | None = None,
        on_error: ErrorPolicy | str | None = None,
        **fields: object,
    ) -> ProcessorHandle:
        """Add a processor; see `StreamRuntime.add_processor`."""
        declaration = self._runtime.declaration_of(processor)
        made = declaration.config.build(config, **fields)
        declaration = declaration.processor.declaration_for(made)
        id_ = ProcessorId(id) if id is not None else self._runtime.graph.new_id(declaration.type_name)
        policy = None if on_error is None else ErrorPolicy(on_error)
        self.operations.append(AddProcessor(ProcessorNode(id_, declaration.type_name, made, declaration, policy)))
        handle = declaration.processor.handle_type or ProcessorHandle
        self._added[id_] = made_handle = handle(self._runtime, id_, declaration, self.ticket)
        self._configs[id_] = made
        return made_handle

    def remove(self, processor: ProcessorHandle | str) -> None:
        """Remove a processor and its links; see `StreamRuntime.remove`."""
        handle = self._handle(processor)
        self.operations.append(RemoveProcessor(handle.id))
        self._cut |= {link.id for link in self._links_at(handle.id)}

    def connect(
        self,
        source: ProcessorHandle | OutputPort,
        target: ProcessorHandle | InputPort,
        *,
        delivery: Delivery | str | None = None,
        capacity: int | None = None,
    ) -> LinkHandle:
        """Join an output to an input; see `StreamRuntime.connect`."""
        output, input_ = self._ports(source, target)
        if capacity is not None and capacity < 1:
            raise ConnectError(
                f"capacity is {capacity}; a link holds 1 frame or more", source=str(output), target=str(input_)
            )
        link = Link(link_id(output, input_), output, input_, None if delivery is None else Delivery(delivery), capacity)
        self.operations.append(AddLink(link))
        self._links[link.id] = link
        for end in (output, input_):
            self._links_of.setdefault(end.processor_id, []).append(link)
        self._cut.discard(link.id)
        return LinkHandle(self._runtime, link.id, self.ticket)

    def disconnect(self, link: LinkHandle | str) -> None:
        """Remove a link; see `StreamRuntime.disconnect`."""
        id_ = LinkId(link if isinstance(link, str) else link.id)
        graph = self._runtime.graph
        if id_ not in self._links and id_ not in graph:
            raise UnknownLinkError(id_, graph.link_ids())
        self.operations.append(RemoveLink(id_))
        self._cut.add(id_)

    def update_config(
        self,
        processor: ProcessorHandle | str,
        config: ProcessorConfig | Mapping[str, object] | None = None,
        **fields: object,
    ) -> ConfigOutcome:
        """Change a config; see `StreamRuntime.update_config`."""
        handle = self._handle(processor)
        old = self._configs.get(handle.id) or handle.config  # one that this edit adds is not in the graph yet
        checker = handle.declaration.config
        new = checker.changed(old, config, **fields)
        live, restart = checker.changes(old, new)
        if not live and not restart:
            return ConfigOutcome.UNCHANGED
        self.operations.append(Configure(handle.id, new))
        self._configs[handle.id] = new
        if handle.instance() is None:
            return ConfigOutcome.STORED
        return ConfigOutcome.RESTARTED if restart else ConfigOutcome.APPLIED_LIVE

    def restart(self, processor: ProcessorHandle | str) -> None:
        """Replace a processor by a new one; see `StreamRuntime.restart`."""
        self.operations.append(Restart(self._handle(processor).id))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._runtime.commit_edit(self)
        else:
            self.ticket.settle(error)

    # ------------------------------------------------------------------------------------------------------ look-ups

    def _handle(self, processor: ProcessorHandle | str) -> ProcessorHandle:
        if isinstance(processor, ProcessorHandle):
            return processor
        added = self._added.get(ProcessorId(processor))
        return added if added is not None else self._runtime.processor(processor)

    def _links_at(self, id_: ProcessorId) -> list[Link]:
        """The links of a processor as they will be, this edit's included."""
        graph = self._runtime.graph
        present = [*graph.links_into(id_), *graph.links_from(id_)] if id_ in graph else []
        mine = self._links_of.get(id_, [])
        return [link for link in (*present, *mine) if link.id not in self._cut]

    def _ports(
        self, source: ProcessorHandle | OutputPort, target: ProcessorHandle | InputPort
    ) -> tuple[PortRef, PortRef]:
        """The two ports meant: those named, or the only two that fit and are free."""
        from_, to = _processor_of(source), _processor_of(target)
        outputs = [source.ref.port] if isinstance(source, OutputPort) else list(from_.declaration.outputs)
        inputs = [target.ref.port] if isinstance(target, InputPort) else self._free_inputs(to)
        misfits: list[str] = []
        fits: list[tuple[PortRef, PortRef]] = []
        for output in outputs:
            for input_ in inputs:
                words = misfit(from_.id, from_.declaration.outputs[output], to.id, to.declaration.inputs[input_])
                if words is None:
                    fits.append((PortRef(from_.id, output), PortRef(to.id, input_)))
                else:
                    misfits.append(words)
        if len(fits) == 1:
            return fits[0]
        raise ConnectError(self._unclear(from_, to, fits, misfits), source=from_.id, target=to.id)

    def _free_inputs(self, to: ProcessorHandle) -> list[str]:
        taken = {link.target.port for link in self._links_at(to.id) if link.target.processor_id == to.id}
        free = [name for name in to.declaration.inputs if name not in taken]
        return free or list(to.declaration.inputs)

    def _unclear(
        self, from_: ProcessorHandle, to: ProcessorHandle, fits: list[tuple[PortRef, PortRef]], misfits: list[str]
    ) -> str:
        if fits:
            ways = "; ".join(f"{output} → {input_}" for output, input_ in fits)
            return f"{from_.id} and {to.id} can be joined in {len(fits)} ways: {ways}; name the ports"
        if misfits:
            return f"{from_.id} does not fit {to.id}: {'; '.join(misfits)}"
        lacking = f"{from_.id} has no output" if not from_.declaration.outputs else f"{to.id} has no input"
        return f"{from_.id} cannot be joined to {to.id}: {lacking}"


def _processor_of(end: object) -> ProcessorHandle:
    if isinstance(end, ProcessorHandle):
        return end
    if isinstance(end, OutputPort | InputPort):
        return end.handle
    hint = f"; runtime.processor({end!r}) is the handle of an id" if isinstance(end, str) else ""
    message = f"connect takes a handle or one of its ports, not {end!r}{hint}; add_processor returns handles"
    raise ConnectError(message)
