"""Changes of a graph, collected and committed as one.

Every mutation is an operation (`operations`) in an edit, also a single call on the runtime. What can be told from
the classes is checked when it is asked for; what depends on the rest of the graph, when the edit is committed. Goes to
`committer`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from functools import cached_property
from types import ModuleType, TracebackType
from typing import Protocol, Self

from msgspec.structs import replace

from streamlib.errors import ConnectError, DuplicateIdError, StateError
from streamlib.graph.difference import GraphDifference, Unset, difference
from streamlib.graph.graph_file import GraphFile
from streamlib.graph.group import all_members, members_of
from streamlib.graph.link import Link
from streamlib.graph.node import ProcessorNode
from streamlib.ids import LinkId, ProcessorId, given_id, link_id
from streamlib.links.delivery import MOST_FRAMES, Delivery
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.conversion import chosen
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.processors.processor import Processor
from streamlib.runtime.becoming import Become
from streamlib.runtime.edit_plan import EditPlan
from streamlib.runtime.group import GroupHandle, built, group_stem, without_groups
from streamlib.runtime.handles import InputPort, LinkHandle, OutputPort, ProcessorHandle
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
from streamlib.runtime.process_settings import MANY, PROCESS_SETTINGS
from streamlib.runtime.prospect import Looked, Prospect
from streamlib.runtime.reloading import class_in, kept_config, nodes_of
from streamlib.runtime.sketch import Sketch, copy_of
from streamlib.runtime.ticket import Ticket

AS_DECLARED = Unset.AS_DECLARED.value
"""What `update_link` takes for a setting that is to be what the input declares."""


class ConfigOutcome(StrEnum):
    """What a change of config comes to."""

    UNCHANGED = "unchanged"
    APPLIED_LIVE = "applied live"
    RESTARTED = "restarted"
    STORED = "stored"


class Edited(Looked, Protocol):
    """The runtime, as far as an edit asks it for something."""

    def declaration_of(self, processor: type[Processor] | str) -> Declaration:
        """What a type of processor declares."""
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
        self._prospect = Prospect(runtime)
        self._freed: set[str] = set()  # by what is removed
        self._entered = False
        self._over = False
        self._is_large = False
        self._collector = ExitStack()  # held off until the end of a large one

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
        self._begin_call()
        id_ = given_id(id) if id is not None else None
        if id_ is not None and id_ not in self._freed and id_ in self._groups:
            raise DuplicateIdError(id_)
        node = self._new_node(id_, processor, config, on_error, fields)
        self.operations.append(AddProcessor(node))
        return self._prospect.bring(node, self.ticket)

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

    def add_group(self, build: Callable[..., object], *, id: str | None = None, **arguments: object) -> GroupHandle:
        """Add a group of processors; see `StreamRuntime.add_group`."""
        self._begin_call()
        graph = self._runtime.graph
        group = given_id(id) if id is not None else graph.new_id(group_stem(build))
        if group in graph or group in self._prospect.added or members_of(graph, group):
            raise DuplicateIdError(group)
        with self._all_or_nothing():
            made = built(group, build, arguments, self)
        self._groups.add(group)
        return made

    def remove(self, processor: ProcessorHandle | GroupHandle | str) -> None:
        """Remove a processor or a group, with its links; see `StreamRuntime.remove`."""
        self._begin_call()
        for handle in self._prospect.meant(processor):
            self.operations.append(RemoveProcessor(handle.id))
            self._prospect.cut |= {link.id for link in self._prospect.links_at(handle.id)}
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
        self._begin_call()
        if isinstance(source, GroupHandle) or isinstance(target, GroupHandle):
            source, target = without_groups(source, target, self._prospect.is_free)
        output, input_ = self._prospect.ports(source, target)
        override = None if delivery is None else chosen("delivery", Delivery, delivery)
        link = Link(link_id(output, input_), output, input_, override, capacity)
        if capacity is not None:
            _checked_capacity(capacity, link)
        self.operations.append(AddLink(link))
        self._prospect.join(link)
        return LinkHandle(self._runtime, link.id, self.ticket)

    def disconnect(self, link: LinkHandle | str) -> None:
        """Remove a link; see `StreamRuntime.disconnect`."""
        self._begin_call()
        id_ = self._prospect.link(link).id
        self.operations.append(RemoveLink(id_))
        self._prospect.cut.add(id_)

    def update_config(
        self,
        processor: ProcessorHandle | str,
        config: ProcessorConfig | Mapping[str, object] | None = None,
        **fields: object,
    ) -> ConfigOutcome:
        """Change a config; see `StreamRuntime.update_config`."""
        self._begin_call()
        handle = self._prospect.handle(processor)
        old = self._prospect.configs.get(handle.id) or handle.config  # one that this edit adds is not in the graph yet
        checker = handle.declaration.config
        new = checker.changed(old, config, **fields)
        live, restart = checker.changes(old, new)
        if not live and not restart:
            return ConfigOutcome.UNCHANGED
        self.operations.append(Configure(handle.id, new, old))
        self._prospect.configs[handle.id] = new
        if handle.instance() is None:
            return ConfigOutcome.STORED
        return ConfigOutcome.RESTARTED if restart else ConfigOutcome.APPLIED_LIVE

    def restart(self, processor: ProcessorHandle | str) -> None:
        """Replace a processor by a new one; see `StreamRuntime.restart`."""
        self._begin_call()
        self.operations.append(Restart(self._prospect.handle(processor).id))

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
        self._begin_call()
        id_ = self._prospect.handle(processor).id
        node = self._new_node(id_, by, config, on_error, fields)
        self.operations.append(ReplaceProcessor(node))
        return self._prospect.bring(node, self.ticket)

    def update_link(
        self, link: LinkHandle | str, *, delivery: Delivery | str | None = None, capacity: int | str | None = None
    ) -> None:
        """Change a link's delivery or capacity; see `StreamRuntime.update_link`."""
        self._begin_call()
        before = self._prospect.link(link)
        after = before
        if delivery is not None:
            wanted = None if delivery == AS_DECLARED else chosen("delivery", Delivery, delivery)
            after = replace(after, delivery=wanted)
        if capacity is not None:
            after = replace(after, capacity=None if capacity == AS_DECLARED else _checked_capacity(capacity, before))
        if after != before:
            self.operations.append(UpdateLink(after))
            self._prospect.links[after.id] = after

    def attach(self, subject: ProcessorId | LinkId, component: object) -> None:
        """Attach a component of the user's own to a processor or link, in the place of one of its class."""
        self._begin_call()
        self.operations.append(Attach(subject, component))

    def detach(self, subject: ProcessorId | LinkId, kind: type[object]) -> None:
        """Take a component of the user's own off a processor or link."""
        self._begin_call()
        self.operations.append(Detach(subject, kind))

    def plan(self) -> EditPlan:
        """What a commit of this edit would do now, with all errors that can be told before; nothing is done.

        Raises:
            StateError: The edit is over; or asked for inside a processor or a callback of a commit.
        """
        self._begin_call()
        return self._runtime.planned(self)

    def load(
        self, file: GraphFile, *, classes: Iterable[type[object]] = (), skip_unknown_components: bool = False
    ) -> dict[str, ProcessorHandle]:
        """Add what a graph file says, all of it or nothing; see `StreamRuntime.load`."""
        self._begin_call()
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
        self._begin_call()
        wanted = Sketch(self._runtime)
        drawing = Edit(wanted)
        drawing.load(file, classes=classes, skip_unknown_components=skip_unknown_components)
        wanted.draw(drawing.operations, file)
        before = copy_of(self._runtime.graph, self.operations)
        operation = Become(wanted.graph, difference(before, wanted.graph))
        self.operations.append(operation)
        for node in wanted.graph.processors():
            self._prospect.bring(node, self.ticket)
        self._prospect.cut |= set(before.link_ids())
        for link in wanted.graph.links():
            self._prospect.join(link)
        return operation

    def reload(self, module: ModuleType) -> tuple[ProcessorId, ...]:
        """Put the classes of a module that was imported anew in the place of the old; see `StreamRuntime.reload`."""
        self._begin_call()
        nodes: list[ProcessorNode] = []
        for node in nodes_of(self._runtime.graph, module):
            class_ = class_in(module, node.declaration.processor)
            if class_ is not None and class_ is not node.declaration.processor:
                declaration = self._runtime.declaration_of(class_)
                config = kept_config(node, declaration)
                declaration = class_.declaration_for(config)
                nodes.append(ProcessorNode(node.id, declaration.type_name, config, declaration, node.error_policy))
        if nodes:
            self.operations.append(ReplaceProcessors(tuple(nodes)))
        for node in nodes:
            self._prospect.bring(node, self.ticket)
        return tuple(node.id for node in nodes)

    @contextmanager
    def _all_or_nothing(self) -> Iterator[None]:
        """Forget what is asked for in the block where that raises."""
        before = [*self.operations]
        try:
            with self._prospect.all_or_nothing():
                yield
        except BaseException:
            self.operations = before
            raise

    def let_go(self) -> list[Operation]:
        """What it asks for; it keeps nothing of that, because a program may hold it for long after its end."""
        operations, self.operations = self.operations, []
        self._prospect = Prospect(self._runtime)
        return operations

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

    def _begin_call(self) -> None:
        """Before each call: it is open, and behind very many changes the collector is held off until its end."""
        self._check_open()
        if self._entered and not self._is_large and len(self.operations) >= MANY:
            self._is_large = True
            self._collector.enter_context(PROCESS_SETTINGS.collector_held_off(MANY))

    def __enter__(self) -> Self:
        self._check_open()
        if self._entered:
            raise StateError("this edit has a `with` block already; begin another with runtime.edit()")
        self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._collector:
            if error is None:
                self._runtime.commit_edit(self)
            else:
                self._over = True
                self.ticket.settle(error)


def _checked_capacity(given: object, link: Link) -> int:
    if isinstance(given, int) and not isinstance(given, bool) and 1 <= given <= MOST_FRAMES:
        return given
    message = f"capacity is {given!r}; a link holds 1 frame or more, and {MOST_FRAMES:,} at most"
    raise ConnectError(message, source=str(link.source), target=str(link.target))
