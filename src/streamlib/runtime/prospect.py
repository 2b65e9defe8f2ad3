"""The graph as it will be: what is committed, and what an edit has asked for so far.

So that what an edit adds can be joined, configured and removed at once, and what it asks for is checked against what it
has asked for before. Filled and asked by `edit`; it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from streamlib.errors import ConnectError, UnknownProcessorError
from streamlib.execution.changes import inside_loop
from streamlib.graph.group import members_of
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.ids import LinkId, PortRef, ProcessorId
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.fitting import what_would_fit
from streamlib.processors.ports import misfit
from streamlib.processors.registry import ProcessorRegistry
from streamlib.runtime.group import GroupHandle
from streamlib.runtime.handles import Holder, InputPort, LinkHandle, OutputPort, ProcessorHandle
from streamlib.runtime.ticket import Ticket, inside_commit


class Looked(Holder, Protocol):
    """The runtime, as far as it is asked what is there."""

    @property
    def registry(self) -> ProcessorRegistry:
        """The types of processors that it knows by name."""
        ...

    def processor(self, id_: str) -> ProcessorHandle:
        """The processor of an id."""
        ...


class Prospect:
    """What an edit has asked for, by id, before a runtime's graph.

    Attributes:
        added: Handles of what it adds, or puts in another's place.
        configs: The configs that it gives.
        links: Links that it makes or updates.
        cut: Links that it takes apart.
    """

    def __init__(self, runtime: Looked) -> None:
        self.added: dict[ProcessorId, ProcessorHandle] = {}
        self.configs: dict[ProcessorId, ProcessorConfig] = {}
        self.links: dict[LinkId, Link] = {}
        self.cut: set[LinkId] = set()
        self.links_of: dict[ProcessorId, list[Link]] = {}
        self._runtime = runtime

    def bring(self, node: ProcessorNode, ticket: Ticket) -> ProcessorHandle:
        """The handle of one that the edit brings, who is known by its id from now on."""
        handle = node.declaration.processor.handle_type or ProcessorHandle
        self.added[node.id] = made = handle(self._runtime, node.id, node.declaration, ticket)
        self.configs[node.id] = node.config
        return made

    def join(self, link: Link) -> None:
        """The edit makes a link."""
        self.links[link.id] = link
        for end in (link.source, link.target):
            self.links_of.setdefault(end.processor_id, []).append(link)
        self.cut.discard(link.id)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Forget what is asked for in the block where that raises."""
        before = {**self.added}, {**self.configs}, {**self.links}, {*self.cut}
        links_of = {id_: [*links] for id_, links in self.links_of.items()}
        try:
            yield
        except BaseException:
            self.added, self.configs, self.links, self.cut = before
            self.links_of = links_of
            raise

    def handle(self, processor: ProcessorHandle | str) -> ProcessorHandle:
        """The handle of a processor that is there, or that this edit adds."""
        if isinstance(processor, ProcessorHandle):
            return self._known(processor)
        if not isinstance(processor, str):
            raise UnknownProcessorError(processor, self._runtime.graph.processor_ids())
        added = self.added.get(ProcessorId(processor))
        return added if added is not None else self._runtime.processor(processor)

    def _known(self, handle: ProcessorHandle) -> ProcessorHandle:
        """A handle of this runtime whose processor is there, or comes there by what is in line already.

        Raises:
            UnknownProcessorError: It is of another runtime, or its processor was removed.
        """
        mine = handle.made_by(self._runtime)
        return mine if mine.id in self.added or _may_come(mine.commit) else mine.present()

    def link(self, link: LinkHandle | str) -> Link:
        """A link as this edit will have it."""
        id_ = LinkId(link.made_by(self._runtime).id if isinstance(link, LinkHandle) else link)
        if id_ in self.links:
            return self.links[id_]
        if isinstance(link, LinkHandle) and not _may_come(link.commit):
            link.present()
        return self._runtime.graph.link(id_)

    def meant(self, processor: ProcessorHandle | GroupHandle | str) -> list[ProcessorHandle]:
        """A processor, or the members of a group that are still there."""
        graph = self._runtime.graph
        if isinstance(processor, GroupHandle):
            members = [one.made_by(self._runtime) for one in processor.processors]
            return [one for one in members if one.id in graph or one.id in self.added]
        if isinstance(processor, str) and processor not in graph and processor not in self.added:
            ids = members_of(graph, processor)
            if ids:
                return [self.handle(id_) for id_ in ids]
        return [self.handle(processor)]

    def is_free(self, port: InputPort) -> bool:
        """Whether a link may still lead to an input."""
        return port.ref.port in self._free_inputs(port.handle)

    def links_at(self, id_: ProcessorId) -> list[Link]:
        """The links of a processor as they will be, this edit's included."""
        graph = self._runtime.graph
        present = [*graph.links_into(id_), *graph.links_from(id_)] if id_ in graph else []
        mine = self.links_of.get(id_, [])
        return [link for link in (*present, *mine) if link.id not in self.cut]

    def ports(
        self, source: ProcessorHandle | OutputPort, target: ProcessorHandle | InputPort
    ) -> tuple[PortRef, PortRef]:
        """The two ports meant: those named, or the only two that fit and are free."""
        from_, to = (self._present(self._known(_processor_of(end))) for end in (source, target))
        outputs = [source.ref.port] if isinstance(source, OutputPort) else list(from_.declaration.outputs)
        inputs = [target.ref.port] if isinstance(target, InputPort) else self._free_inputs(to)
        misfits: dict[tuple[str, str], str] = {}
        fits: list[tuple[PortRef, PortRef]] = []
        for output in outputs:
            carried = from_.declaration.output(output)
            for input_ in inputs:
                words = misfit(from_.id, carried, to.id, to.declaration.input(input_))
                if words is None:
                    fits.append((PortRef(from_.id, output), PortRef(to.id, input_)))
                else:
                    misfits[output, input_] = words
        if len(fits) == 1:
            return fits[0]
        raise ConnectError(self._unclear(from_, to, fits, misfits), source=from_.id, target=to.id)

    def _present(self, one: ProcessorHandle) -> ProcessorHandle:
        """A handle of it that knows what its ports carry by now: a change of config may have changed that."""
        known = self.added.get(one.id, one)
        config = self.configs.get(one.id)
        if config is None and one.id in self._runtime.graph:
            config = self._runtime.graph.node(one.id).config
        if not isinstance(config, known.declaration.config_type):
            return known
        declaration = known.declaration.processor.declaration_for(config)
        if declaration is known.declaration:
            return known
        return type(known)(self._runtime, known.id, declaration, known.commit)

    def _free_inputs(self, to: ProcessorHandle) -> list[str]:
        taken = {link.target.port for link in self.links_at(to.id) if link.target.processor_id == to.id}
        free = [name for name, port in to.declaration.inputs.items() if name not in taken or port.many]
        return free or list(to.declaration.inputs)

    def _unclear(
        self,
        from_: ProcessorHandle,
        to: ProcessorHandle,
        fits: list[tuple[PortRef, PortRef]],
        misfits: Mapping[tuple[str, str], str],
    ) -> str:
        if fits:
            ways = "; ".join(f"{output} -> {input_}" for output, input_ in fits)
            return f"{from_.id} and {to.id} can be joined in {len(fits)} ways: {ways}; name the ports"
        if misfits:
            free, known = self._free_inputs(to), self._runtime.registry
            proposals = what_would_fit(from_.declaration, to.declaration, misfits, free, known)
            return f"{from_.id} does not fit {to.id}: {'; '.join([*misfits.values(), *proposals])}"
        lacking = f"{from_.id} has no output" if not from_.declaration.outputs else f"{to.id} has no input"
        return f"{from_.id} cannot be joined to {to.id}: {lacking}"


def _may_come(commit: Ticket) -> bool:
    """Whether what is not in the graph now may be there when this edit has its turn: others are in line before it."""
    return not commit.done or inside_loop() or inside_commit()


def _processor_of(end: object) -> ProcessorHandle:
    if isinstance(end, ProcessorHandle):
        return end
    if isinstance(end, OutputPort | InputPort):
        return end.handle
    hint = f"; runtime.processor({end!r}) is the handle of an id" if isinstance(end, str) else ""
    message = f"connect takes a handle or one of its ports, not {end!r}{hint}; add_processor returns handles"
    raise ConnectError(message)
