"""Changes of a graph, collected and committed as one.

Every mutation is an operation (`operations`) in an edit, also a single call on the runtime. What can be told from
the classes is checked when it is asked for; what depends on the rest of the graph, when the edit is committed. Goes to
`committer`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from enum import StrEnum
from functools import cached_property
from types import ModuleType, TracebackType
from typing import Protocol, Self

from streamlib.errors import ConnectError, DuplicateIdError, StateError, UnknownProcessorError
from streamlib.graph.difference import GraphDifference, difference
from streamlib.graph.graph_file import GraphFile
from streamlib.graph.group import all_members, members_of
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.ids import LinkId, PortRef, ProcessorId, given_id, link_id
from streamlib.links.delivery import MOST_FRAMES, Delivery
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.conversion import chosen
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.processors.fitting import what_would_fit
from streamlib.processors.ports import misfit
from streamlib.processors.processor import Processor
from streamlib.processors.registry import ProcessorRegistry
from streamlib.runtime.becoming import Become
from streamlib.runtime.edit_plan import EditPlan
from streamlib.runtime.group import GroupHandle, built, group_stem, without_groups
from streamlib.runtime.handles import Holder, InputPort, LinkHandle, OutputPort, ProcessorHandle
from streamlib.runtime.loader import Loader
from streamlib.runtime.operations import (
    AddLink,
    AddProcessor,
    Attach,
    Configure,
    Detach,
    Operation,
    RemoveLink,
    RemoveProcessor,
    ReplaceProcessor,
    ReplaceProcessors,
    Restart,
    UpdateLink,
)
from streamlib.runtime.reloading import class_in, kept_config, nodes_of
from streamlib.runtime.sketch import Sketch, copy_of
from streamlib.runtime.ticket import Ticket


class ConfigOutcome(StrEnum):
    """What a change of config comes to."""

    UNCHANGED = "unchanged"
    APPLIED_LIVE = "applied live"
    RESTARTED = "restarted"
    STORED = "stored"


class Edited(Holder, Protocol):
    """The runtime, as far as an edit asks it for something."""

    @property
    def registry(self) -> ProcessorRegistry:
        """The types of processors that it knows by name."""
        ...

    def declaration_of(self, processor: type[Processor] | str) -> Declaration:
        """What a type of processor declares."""
        ...

    def processor(self, id_: str) -> ProcessorHandle:
        """The processor of an id."""
        ...

    def commit_edit(self, edit: Edit) -> None:
        """Commit the edit."""
        ...

    def planned(self, edit: Edit) -> EditPlan:
        """What a commit of the edit would do."""
        ...


class Edit:
    """A transaction: several changes, committed together or not at all.

    Used by `with runtime.edit() as edit:`, which commits at the end of the block; an exception in the block
    discards the edit. The handles it returns can be connected and configured at once.

    Attributes:
        recorded: Whether it is one of those that `runtime.undo` takes back.
    """

    def __init__(self, runtime: Edited, ticket: Ticket | None = None, *, recorded: bool = True) -> None:
        self.operations: list[Operation] = []
        self.ticket = ticket or Ticket()
        self.recorded = recorded
        self._runtime = runtime
        self._added: dict[ProcessorId, ProcessorHandle] = {}
        self._configs: dict[ProcessorId, ProcessorConfig] = {}
        self._links: dict[LinkId, Link] = {}
        self._links_of: dict[ProcessorId, list[Link]] = {}
        self._cut: set[LinkId] = set()
        self._freed: set[str] = set()  # by what is removed
        self._entered = False
        self._over = False

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
        self._check_open()
        id_ = given_id(id) if id is not None else None
        if id_ is not None and id_ not in self._freed and id_ in self._groups:
            raise DuplicateIdError(id_)
        node = self._new_node(id_, processor, config, on_error, fields)
        self.operations.append(AddProcessor(node))
        return self._noted(node)

    def _new_node(
        self,
        id_: ProcessorId | None,
        processor: type[Processor] | str,
        config: ProcessorConfig | Mapping[str, object] | None,
        on_error: ErrorPolicy | str | None,
        fields: Mapping[str, object],
    ) -> ProcessorNode:
        declaration = self._runtime.declaration_of(processor)
        made = declaration.config.build(config, **fields)
        declaration = declaration.processor.declaration_for(made)
        policy = None if on_error is None else chosen("on_error", ErrorPolicy, on_error)
        if id_ is None:
            id_ = self._runtime.graph.new_id(declaration.type_name)
        return ProcessorNode(id_, declaration.type_name, made, declaration, policy)

    @cached_property
    def _groups(self) -> set[str]:
        """The groups of the graph, looked up once for an edit, and those that the edit has added."""
        return {member.group for member in all_members(self._runtime.graph).values()}

    def _noted(self, node: ProcessorNode) -> ProcessorHandle:
        """The handle of one that this edit brings, who is known by its id from now on."""
        handle = node.declaration.processor.handle_type or ProcessorHandle
        self._added[node.id] = made = handle(self._runtime, node.id, node.declaration, self.ticket)
        self._configs[node.id] = node.config
        return made

    def add_group(self, build: Callable[..., object], *, id: str | None = None, **arguments: object) -> GroupHandle:
        """Add a group of processors; see `StreamRuntime.add_group`."""
        self._check_open()
        graph = self._runtime.graph
        group = given_id(id) if id is not None else graph.new_id(group_stem(build))
        if group in graph or group in self._added or members_of(graph, group):
            raise DuplicateIdError(group)
        with self._all_or_nothing():
            made = built(group, build, arguments, self)
        self._groups.add(group)
        return made

    def remove(self, processor: ProcessorHandle | GroupHandle | str) -> None:
        """Remove a processor or a group, with its links; see `StreamRuntime.remove`."""
        self._check_open()
        for handle in self._meant(processor):
            self.operations.append(RemoveProcessor(handle.id))
            self._cut |= {link.id for link in self._links_at(handle.id)}
        self._freed.add(processor if isinstance(processor, str) else processor.id)

    def connect(
        self,
        source: ProcessorHandle | OutputPort | GroupHandle,
        target: ProcessorHandle | InputPort | GroupHandle,
        *,
        delivery: Delivery | str | None = None,
        capacity: int | None = None,
    ) -> LinkHandle:
        """Join an output to an input; see `StreamRuntime.connect`."""
        self._check_open()
        if isinstance(source, GroupHandle) or isinstance(target, GroupHandle):
            source, target = without_groups(source, target, self._is_free)
        output, input_ = self._ports(source, target)
        override = None if delivery is None else chosen("delivery", Delivery, delivery)
        link = Link(link_id(output, input_), output, input_, override, capacity)
        _check_capacity(capacity, link)
        self.operations.append(AddLink(link))
        self._links[link.id] = link
        for end in (output, input_):
            self._links_of.setdefault(end.processor_id, []).append(link)
        self._cut.discard(link.id)
        return LinkHandle(self._runtime, link.id, self.ticket)

    def disconnect(self, link: LinkHandle | str) -> None:
        """Remove a link; see `StreamRuntime.disconnect`."""
        self._check_open()
        id_ = self._link(link).id
        self.operations.append(RemoveLink(id_))
        self._cut.add(id_)

    def update_config(
        self,
        processor: ProcessorHandle | str,
        config: ProcessorConfig | Mapping[str, object] | None = None,
        **fields: object,
    ) -> ConfigOutcome:
        """Change a config; see `StreamRuntime.update_config`."""
        self._check_open()
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
        self._check_open()
        self.operations.append(Restart(self._handle(processor).id))

    def replace(
        self,
        processor: ProcessorHandle | str,
        by: type[Processor] | str,
        config: ProcessorConfig | Mapping[str, object] | None = None,
        *,
        on_error: ErrorPolicy | str | None = None,
        **fields: object,
    ) -> ProcessorHandle:
        """Put a processor of another type in the place of one; see `StreamRuntime.replace`."""
        self._check_open()
        id_ = self._handle(processor).id
        node = self._new_node(id_, by, config, on_error, fields)
        self.operations.append(ReplaceProcessor(node))
        return self._noted(node)

    def update_link(
        self, link: LinkHandle | str, *, delivery: Delivery | str | None = None, capacity: int | None = None
    ) -> None:
        """Change a link's delivery or capacity; see `StreamRuntime.update_link`."""
        self._check_open()
        before = self._link(link)
        _check_capacity(capacity, before)
        wanted = before.delivery if delivery is None else chosen("delivery", Delivery, delivery)
        after = replace(before, delivery=wanted, capacity=before.capacity if capacity is None else capacity)
        if after != before:
            self.operations.append(UpdateLink(after))
            self._links[after.id] = after

    def attach(self, subject: ProcessorId | LinkId, component: object) -> None:
        """Attach a component of the user's own to a processor or link, in the place of one of its class."""
        self._check_open()
        self.operations.append(Attach(subject, component))

    def detach(self, subject: ProcessorId | LinkId, kind: type[object]) -> None:
        """Take a component of the user's own off a processor or link."""
        self._check_open()
        self.operations.append(Detach(subject, kind))

    def plan(self) -> EditPlan:
        """What a commit of this edit would do now, with all errors that can be told before; nothing is done.

        Raises:
            StateError: The edit is over; or asked for inside a processor or a callback of a commit.
        """
        self._check_open()
        return self._runtime.planned(self)

    def load(
        self, file: GraphFile, *, classes: Iterable[type[object]] = (), skip_unknown_components: bool = False
    ) -> dict[str, ProcessorHandle]:
        """Add what a graph file says, all of it or nothing; see `StreamRuntime.load`."""
        self._check_open()
        given = list(classes)
        for one in given:
            if issubclass(one, Processor):
                self._runtime.declaration_of(one)  # known by its name from now on
        with self._all_or_nothing():
            return Loader(file, given, skip_unknown=skip_unknown_components).load_into(self)

    def apply(
        self, file: GraphFile, *, classes: Iterable[type[object]] = (), skip_unknown_components: bool = False
    ) -> GraphDifference:
        """Make the graph the one of a file; see `StreamRuntime.apply`. What is asked for before it counts, too."""
        return self.become(file, classes=classes, skip_unknown_components=skip_unknown_components).difference

    def become(self, file: GraphFile, *, classes: Iterable[type[object]], skip_unknown_components: bool) -> Become:
        """What `apply` collects; it knows what it has changed when it is committed."""
        self._check_open()
        wanted = Sketch(self._runtime)
        drawing = Edit(wanted)
        drawing.load(file, classes=classes, skip_unknown_components=skip_unknown_components)
        wanted.draw(drawing.operations, file)
        before = copy_of(self._runtime.graph, self.operations)
        operation = Become(wanted.graph, difference(before, wanted.graph))
        self.operations.append(operation)
        for node in wanted.graph.processors():
            self._noted(node)
        links = {link.id: link for link in wanted.graph.links()}
        self._links |= links
        self._cut |= {id_ for id_ in before.link_ids() if id_ not in links}
        self._cut -= links.keys()
        for link in links.values():
            for end in (link.source, link.target):
                self._links_of.setdefault(end.processor_id, []).append(link)
        return operation

    def reload(self, module: ModuleType) -> tuple[ProcessorId, ...]:
        """Put the classes of a module that was imported anew in the place of the old; see `StreamRuntime.reload`."""
        self._check_open()
        nodes: list[ProcessorNode] = []
        for node in nodes_of(self._runtime.graph, module.__name__):
            class_ = class_in(module, node.declaration.processor)
            if class_ is not None and class_ is not node.declaration.processor:
                declaration = self._runtime.declaration_of(class_)
                config = kept_config(node, declaration)
                declaration = class_.declaration_for(config)
                nodes.append(ProcessorNode(node.id, declaration.type_name, config, declaration, node.error_policy))
        if nodes:
            self.operations.append(ReplaceProcessors(tuple(nodes)))
        for node in nodes:
            self._noted(node)
        return tuple(node.id for node in nodes)

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Forget what is asked for in the block where that raises."""
        before = [*self.operations], {**self._added}, {**self._configs}, {**self._links}, {*self._cut}
        links_of = {id_: [*links] for id_, links in self._links_of.items()}
        try:
            yield
        except BaseException:
            self.operations, self._added, self._configs, self._links, self._cut = before
            self._links_of = links_of
            raise

    def close(self) -> None:
        """Take no more: it is committed, or discarded.

        Raises:
            StateError: It has been.
        """
        self._check_open()
        self._over = True

    def _check_open(self) -> None:
        if self._over:
            raise StateError("this edit is over; begin another with runtime.edit()")

    def __enter__(self) -> Self:
        self._check_open()
        if self._entered:
            raise StateError("this edit has a `with` block already; begin another with runtime.edit()")
        self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._runtime.commit_edit(self)
        else:
            self._over = True
            self.ticket.settle(error)

    # ------------------------------------------------------------------------------------------------------ look-ups

    def _handle(self, processor: ProcessorHandle | str) -> ProcessorHandle:
        if isinstance(processor, ProcessorHandle):
            return processor.made_by(self._runtime)
        if not isinstance(processor, str):
            raise UnknownProcessorError(processor, self._runtime.graph.processor_ids())
        added = self._added.get(ProcessorId(processor))
        return added if added is not None else self._runtime.processor(processor)

    def _link(self, link: LinkHandle | str) -> Link:
        """A link as this edit will have it."""
        id_ = LinkId(link.made_by(self._runtime).id if isinstance(link, LinkHandle) else link)
        return self._links.get(id_) or self._runtime.graph.link(id_)

    def _meant(self, processor: ProcessorHandle | GroupHandle | str) -> list[ProcessorHandle]:
        """A processor, or the members of a group that are still there."""
        graph = self._runtime.graph
        if isinstance(processor, GroupHandle):
            members = [one.made_by(self._runtime) for one in processor.processors]
            return [one for one in members if one.id in graph or one.id in self._added]
        if isinstance(processor, str) and processor not in graph and processor not in self._added:
            ids = members_of(graph, processor)
            if ids:
                return [self._handle(id_) for id_ in ids]
        return [self._handle(processor)]

    def _is_free(self, port: InputPort) -> bool:
        return port.ref.port in self._free_inputs(port.handle)

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
        from_, to = (self._present(_processor_of(end).made_by(self._runtime)) for end in (source, target))
        outputs = [source.ref.port] if isinstance(source, OutputPort) else list(from_.declaration.outputs)
        inputs = [target.ref.port] if isinstance(target, InputPort) else self._free_inputs(to)
        misfits: dict[tuple[str, str], str] = {}
        fits: list[tuple[PortRef, PortRef]] = []
        for output in outputs:
            for input_ in inputs:
                words = misfit(from_.id, from_.declaration.outputs[output], to.id, to.declaration.inputs[input_])
                if words is None:
                    fits.append((PortRef(from_.id, output), PortRef(to.id, input_)))
                else:
                    misfits[output, input_] = words
        if len(fits) == 1:
            return fits[0]
        raise ConnectError(self._unclear(from_, to, fits, misfits), source=from_.id, target=to.id)

    def _present(self, one: ProcessorHandle) -> ProcessorHandle:
        """A handle of it that knows what its ports carry by now: a change of config may have changed that."""
        known = self._added.get(one.id, one)
        config = self._configs.get(one.id)
        if config is None and one.id in self._runtime.graph:
            config = self._runtime.graph.node(one.id).config
        if not isinstance(config, known.declaration.config_type):
            return known
        declaration = known.declaration.processor.declaration_for(config)
        if declaration is known.declaration:
            return known
        return type(known)(self._runtime, known.id, declaration, known.commit)

    def _free_inputs(self, to: ProcessorHandle) -> list[str]:
        taken = {link.target.port for link in self._links_at(to.id) if link.target.processor_id == to.id}
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
            ways = "; ".join(f"{output} → {input_}" for output, input_ in fits)
            return f"{from_.id} and {to.id} can be joined in {len(fits)} ways: {ways}; name the ports"
        if misfits:
            free, known = self._free_inputs(to), self._runtime.registry
            proposals = what_would_fit(from_.declaration, to.declaration, misfits, free, known)
            return f"{from_.id} does not fit {to.id}: {'; '.join([*misfits.values(), *proposals])}"
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


def _check_capacity(given: object, link: Link) -> None:
    if given is None or (isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= MOST_FRAMES):
        return
    message = f"capacity is {given!r}; a link holds 1 frame or more, and {MOST_FRAMES:,} at most"
    raise ConnectError(message, source=str(link.source), target=str(link.target))
