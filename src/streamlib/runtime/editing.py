"""The half of a runtime that changes its graph: each verb is an edit of its own, or part of what is collected.

`runtime` has the other half, the life of what runs. Next on the path of a change: `edit`, then `committer`.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from os import PathLike
from types import ModuleType
from typing import TypeVar, overload

from streamlib.delegates.delegates import Delegates
from streamlib.errors import (
    ConnectError,
    DeadlineError,
    DeclarationError,
    DuplicateIdError,
    StateError,
    UnknownProcessorError,
    UnknownTypeError,
)
from streamlib.graph.difference import GraphDifference
from streamlib.graph.graph_file import GraphFile
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.links.delivery import Delivery
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.processors.processor import Processor
from streamlib.processors.registry import ProcessorRegistry
from streamlib.runtime.bridge import FrameStream, PullHandle, PullSink, PushHandle, PushSource
from streamlib.runtime.commit_mode import CommitMode
from streamlib.runtime.committer import Committer
from streamlib.runtime.edit import ConfigOutcome, Edit
from streamlib.runtime.edit_plan import EditPlan
from streamlib.runtime.group import GroupHandle, group_handle
from streamlib.runtime.handles import InputPort, LinkHandle, OutputPort, ProcessorHandle
from streamlib.runtime.loader import blamed
from streamlib.runtime.reloading import nodes_of
from streamlib.runtime.ticket import Ticket
from streamlib.runtime.timeouts import DRAIN_S, drain_seconds
from streamlib.runtime.undoing import Undoing

T = TypeVar("T")


class Editing(Undoing, ABC):
    """What a runtime does to its graph.

    Attributes:
        graph: What is joined to what, and the components of each; changed by the calls below alone.
        commit_mode: Whether each call is committed, or collected until `commit()`.
    """

    def __init__(
        self, graph: PropertyGraph, delegates: Delegates, committer: Committer, commit_mode: CommitMode
    ) -> None:
        self.graph = graph
        self.commit_mode = commit_mode
        self._delegates = delegates
        self._committer = committer
        self._pending: Edit | None = None
        self._collecting = threading.RLock()  # edits come from any thread

    @overload
    def add_processor(
        self,
        processor: type[PushSource],
        config: ProcessorConfig | Mapping[str, object] | None = ...,
        *,
        id: str | None = ...,
        on_error: ErrorPolicy | str | None = ...,
        **fields: object,
    ) -> PushHandle: ...
    @overload
    def add_processor(
        self,
        processor: type[PullSink],
        config: ProcessorConfig | Mapping[str, object] | None = ...,
        *,
        id: str | None = ...,
        on_error: ErrorPolicy | str | None = ...,
        **fields: object,
    ) -> PullHandle: ...
    @overload
    def add_processor(
        self,
        processor: type[Processor] | str,
        config: ProcessorConfig | Mapping[str, object] | None = ...,
        *,
        id: str | None = ...,
        on_error: ErrorPolicy | str | None = ...,
        **fields: object,
    ) -> ProcessorHandle: ...
    def add_processor(
        self,
        processor: type[Processor] | str,
        config: ProcessorConfig | Mapping[str, object] | None = None,
        *,
        id: str | None = None,
        on_error: ErrorPolicy | str | None = None,
        **fields: object,
    ) -> ProcessorHandle:
        """Add a processor, from any thread, whether the runtime runs or not.

        Args:
            processor: Its class, or the name of a registered type.
            config: A `Config` of it, or a mapping; fields given by keyword go on top.
            id: A name of your own; otherwise `h264_encoder_0` and so on.
            on_error: What follows an exception in `process`; otherwise as its class says.

        Raises:
            UnknownTypeError: There is no type of that name; the message names the nearest.
            DeclarationError: The factory delegate says that it cannot create the type.
            ConfigError: A field, or `on_error`, is unknown, missing or has a wrong value; the message names it.
            DuplicateIdError: The id is taken.
            CommitError: It could not be set up; everything is as before.
        """
        return self._edited(lambda edit: edit.add_processor(processor, config, id=id, on_error=on_error, **fields))

    def add_group(self, build: Callable[..., object], *, id: str | None = None, **arguments: object) -> GroupHandle:
        """Add a group: processors with ports of their own to the outside, connected, removed and saved as one.

        Args:
            build: Called once with a `Group` and the arguments; adds processors to the group, joins them, and names
                the group's ports. A function, a class, or any other callable.
            id: A name of your own; otherwise `recording_0` and so on, after the function. The ids of the members
                begin with it, `recording_0/mp4_writer_0`.
            arguments: Handed on to `build`.

        Raises:
            DuplicateIdError: The id is taken.
            DeclarationError: It adds no processor, or a port of the group is declared wrongly.
            CommitError: A member could not be set up; everything is as before.
        """
        return self._edited(lambda edit: edit.add_group(build, id=id, **arguments))

    def group(self, id_: str) -> GroupHandle:
        """The group of an id.

        Raises:
            UnknownProcessorError: There is none; the message names the nearest.
        """
        return group_handle(self, id_, self.processor)

    def remove(
        self,
        processor: ProcessorHandle | GroupHandle | str,
        *,
        timeout: float = DRAIN_S,
        wait: bool = True,
        drain: bool = True,
    ) -> None:
        """Remove a processor or a group: what waits is processed, end of stream goes on, it is torn down.

        Args:
            timeout: How long that may take, in seconds.
            wait: Whether to return only when it is done.
            drain: Whether what waits is processed; otherwise it is cut off and counted as dropped.

        Raises:
            UnknownProcessorError: There is no processor of that id.
            DeadlineError: It did not come to its end in time; it was cut off.
            StateError: Edits are collected (`CommitMode.MANUAL`), and one of these was given: `commit` takes them.
        """
        if self.commit_mode is CommitMode.MANUAL and (timeout, wait, drain) != (DRAIN_S, True, True):
            raise StateError(
                "edits are collected, and how removed processors go is said when they are committed: "
                "runtime.commit(timeout=…, drain=…)"
            )
        drain_s = drain_seconds(timeout, drain=drain)
        self._edited(lambda edit: edit.remove(processor), drain_s=drain_s, wait=wait)

    def connect(
        self,
        source: ProcessorHandle | OutputPort | GroupHandle,
        target: ProcessorHandle | InputPort | GroupHandle,
        *,
        delivery: Delivery | str | None = None,
        capacity: int | None = None,
    ) -> LinkHandle:
        """Join an output to an input. Given processors, joins the only two ports that fit and are free.

        Args:
            source: A processor, or one of its outputs (`handle.output("packets")`).
            target: A processor, or one of its inputs.
            delivery: Overrides what the input declares.
            capacity: Overrides the capacity that the input declares, in frames.

        Raises:
            ConnectError: The ports do not fit, or more than two do; the message lists them.
            ConfigError: There is no such delivery.
            CycleError: The link would close a circle; the message gives the way round.
        """
        return self._edited(lambda edit: edit.connect(source, target, delivery=delivery, capacity=capacity))

    def disconnect(self, link: LinkHandle | str) -> None:
        """Remove a link; what is on its way is still read.

        Raises:
            UnknownLinkError: There is no link of that id.
        """
        self._edited(lambda edit: edit.disconnect(link))

    def update_config(
        self,
        processor: ProcessorHandle | str,
        config: ProcessorConfig | Mapping[str, object] | None = None,
        **fields: object,
    ) -> ConfigOutcome:
        """Change a config; says whether that was applied live or restarted the processor.

        A mapping or fields change those fields alone; a `Config` replaces the whole.

        Raises:
            UnknownProcessorError: There is no processor of that id.
            ConfigError: A field is unknown or has a wrong value, or a link does not fit what its ports would carry;
                nothing was changed.
            CommitError: The processor refused it, or could not be restarted; everything is as before.
        """
        return self._edited(lambda edit: edit.update_config(processor, config, **fields))

    def restart(self, processor: ProcessorHandle | str) -> None:
        """Replace a processor by a new one with the same config and links, also one that has ended or failed.

        Raises:
            UnknownProcessorError: There is no processor of that id.
            CommitError: The new one could not be set up; the old one goes on.
        """
        self._edited(lambda edit: edit.restart(processor))

    def replace(
        self,
        processor: ProcessorHandle | str,
        by: type[Processor] | str,
        config: ProcessorConfig | Mapping[str, object] | None = None,
        *,
        on_error: ErrorPolicy | str | None = None,
        **fields: object,
    ) -> ProcessorHandle:
        """Put a processor of another type in the place of one, without a frame lost.

        The id, the links, what waits in them, counters and components stay, and where it runs. The new one needs the
        ports that are linked, by name. Where the old one has `export_state` and the new one `import_state`, the state
        is handed over between two frames.

        Args:
            processor: The one that goes.
            by: The class of the one that comes, or the name of a registered type.
            config: A `Config` of it, or a mapping; fields given by keyword go on top. What is not given is the default.
            on_error: What follows an exception in `process`; otherwise as its class says.

        Returns:
            The handle of the new one; handles of the old one know its ports no more.

        Raises:
            UnknownProcessorError: There is no processor of that id.
            UnknownTypeError: There is no type of that name; the message names the nearest.
            ConfigError: A field, or `on_error`, is unknown, missing or has a wrong value; the message names it.
            ReplaceError: A link does not fit it, or it cannot run where the other one does.
            CommitError: It could not be set up, or refused the state; the old one goes on.
        """
        return self._edited(lambda edit: edit.replace(processor, by, config, on_error=on_error, **fields))

    def update_link(
        self, link: LinkHandle | str, *, delivery: Delivery | str | None = None, capacity: int | str | None = None
    ) -> None:
        """Change the delivery or the capacity of a link, without a frame lost that the new ones keep.

        Args:
            link: The link.
            delivery: Another delivery, or "as declared" by the input; None leaves it.
            capacity: Another capacity, in frames, or "as declared"; None leaves it. Frames beyond a smaller one are
                still read under `every`, and dropped as the delivery says elsewhere. Under `latest` one frame waits,
                whatever it is.

        Raises:
            UnknownLinkError: There is no link of that id.
            ConfigError: There is no such delivery.
            ConnectError: The capacity is less than 1, or more than 1,000,000.
        """
        self._edited(lambda edit: edit.update_link(link, delivery=delivery, capacity=capacity))

    def edit(self) -> Edit:
        """Several changes as one: `with runtime.edit() as edit:` commits them at the end, together or not at all."""
        return Edit(self)

    def commit(self, *, timeout: float = DRAIN_S, drain: bool = True) -> None:
        """Commit what has been collected under `CommitMode.MANUAL`.

        Args:
            timeout: How long removed processors may take for what waits, in seconds.
            drain: Whether what waits for them is processed; otherwise it is cut off and counted as dropped.

        Raises:
            CommitError: A step failed; everything is as before, and what was collected is discarded.
            DeadlineError: It was carried out, and somebody was late; the message names who.
        """
        drain_s = drain_seconds(timeout, drain=drain)
        with self._collecting:
            edit, self._pending = self._pending, None
        if edit is not None:
            self.commit_edit(edit, drain_s=drain_s)

    def commit_edit(self, edit: Edit, *, drain_s: float | None = DRAIN_S) -> None:
        """Commit an edit; what the end of `with runtime.edit()` calls.

        Raises:
            StateError: It has been committed, or discarded.
        """
        edit.close()
        self._committer.commit(edit, drain_s=drain_s)

    def plan(self) -> EditPlan:
        """What `commit` would do now with what has been collected under `CommitMode.MANUAL`; nothing is done.

        Raises:
            StateError: Asked for inside a processor or a callback of a commit, for whose end it would have to wait.
        """
        with self._collecting:
            operations = [] if self._pending is None else [*self._pending.operations]
        return self._committer.plan(operations)  # not inside: who commits may be about to collect something

    def planned(self, edit: Edit) -> EditPlan:
        """What `edit.plan()` returns."""
        return self._committer.plan(edit.operations)

    def save(self, path: str | PathLike[str], *, without: Iterable[type[object]] = ()) -> None:
        """Write the graph as it is committed to a file, YAML or JSON by its suffix (.yaml, .yml, .json).

        Args:
            path: The file; one that is there is replaced.
            without: Classes of your own components that are not saved.

        Raises:
            GraphFileError: The file cannot be written, or something of the graph cannot be said in a file: a config
                value that is no plain value, a component whose class is neither dataclass nor struct.
        """
        GraphFile.from_graph(self.graph, without=without).write(path)

    def load(
        self,
        file: GraphFile | str | PathLike[str],
        *,
        classes: Iterable[type[object]] = (),
        skip_unknown_components: bool = False,
    ) -> dict[str, ProcessorHandle]:
        """Add the graph of a file as one edit, all of it or nothing, whether the runtime runs or not.

        Nothing is imported because a file names it: processors are of registered or installed types, components of
        classes that the program has imported already.

        Args:
            file: A path, or a `GraphFile`.
            classes: Processor types and component classes that the file may name besides.
            skip_unknown_components: Whether components of classes that are not known are left out, with a warning.

        Returns:
            The handle of each processor by the id that the file gives it.

        Raises:
            GraphFileError: The file says something wrong; the message has its name, line and field.
            CommitError: A processor could not be set up; everything is as before.
        """
        saved = file if isinstance(file, GraphFile) else GraphFile.read(file)
        try:
            return self._edited(
                lambda edit: edit.load(saved, classes=classes, skip_unknown_components=skip_unknown_components)
            )
        except (DuplicateIdError, ConnectError) as error:
            raise blamed(saved, error) from error

    def apply(
        self,
        file: GraphFile | str | PathLike[str],
        *,
        classes: Iterable[type[object]] = (),
        skip_unknown_components: bool = False,
        timeout: float = DRAIN_S,
        drain: bool = True,
    ) -> GraphDifference:
        """Make the graph the one of a file, as one edit, whether the runtime runs or not.

        What is the same in both is not touched: it goes on without a restart, and without a frame lost. A processor
        of another type takes the place of the one of that id where it can run there (see `replace`). What the file
        does not have is removed, but for the sinks of `frames()`.

        Args:
            file: A path, or a `GraphFile`; that of another runtime is `GraphFile.from_graph(other.graph)`.
            classes: Processor types and component classes that the file may name besides.
            skip_unknown_components: Whether components of classes that are not known are left out, with a warning.
            timeout: How long processors that go may take for what waits, in seconds.
            drain: Whether what waits for them is processed; otherwise it is cut off and counted as dropped.

        Returns:
            What was changed; printed, a line for each change. While edits are collected, or inside a processor or a
            callback of a commit, where it is done in line: what would be by now.

        Raises:
            GraphFileError: The file says something wrong; the message has its name, line and field.
            CommitError: A processor could not be set up; everything is as before.
            DeadlineError: It was carried out, and somebody was late; the message names who.
        """
        saved = file if isinstance(file, GraphFile) else GraphFile.read(file)
        return self._edited(
            lambda edit: edit.become(saved, classes=classes, skip_unknown_components=skip_unknown_components),
            drain_s=drain_seconds(timeout, drain=drain),
        ).difference

    def diff(
        self,
        file: GraphFile | str | PathLike[str],
        *,
        classes: Iterable[type[object]] = (),
        skip_unknown_components: bool = False,
    ) -> GraphDifference:
        """What `apply` of a file would change now in the graph as it is committed; nothing is done.

        Args:
            file: As for `apply`.
            classes: As for `apply`.
            skip_unknown_components: As for `apply`.

        Raises:
            GraphFileError: The file says something wrong; the message has its name, line and field.
        """
        saved = file if isinstance(file, GraphFile) else GraphFile.read(file)
        return Edit(self).apply(saved, classes=classes, skip_unknown_components=skip_unknown_components)

    def reload(self, module: ModuleType) -> tuple[ProcessorId, ...]:
        """Put the classes of a module that was imported anew in the place of those of the same names, as one edit.

        Each processor is replaced (see `replace`) and keeps what its config was told, as far as there still are such
        fields; one whose class is not there any more goes on as it is. `streamlib run --reload` does this whenever a
        file is saved; in a notebook, `runtime.reload(importlib.reload(my_processors))`.

        Returns:
            The ids of the processors that were replaced.

        Raises:
            ConfigError: A config does not fit its new class, or what was given is no module.
            ReplaceError: A link does not fit a new class, or it cannot run where the old one does.
            DeclarationError: A new class is abstract.
            CommitError: One could not be set up, or refused the state; the old ones go on.
            DeadlineError: It was carried out, and somebody was late; the message names who.
        """
        before = {node.declaration.type_name: node.declaration for node in nodes_of(self.graph, module)}
        try:
            return self._edited(lambda edit: edit.reload(module))
        except DeadlineError:  # it was carried out, and somebody was late
            raise
        except BaseException:
            for declaration in before.values():  # its name means the old class again
                self.registry.register(declaration.processor)
            raise

    def _edited(self, change: Callable[[Edit], T], *, drain_s: float | None = DRAIN_S, wait: bool = True) -> T:
        """Make a change: as a commit of its own, or as part of what is being collected."""
        if self.commit_mode is CommitMode.MANUAL:
            with self._collecting:
                self._pending = self._pending or Edit(self)
                return change(self._pending)
        edit = Edit(self)
        result = change(edit)
        if wait:
            self.commit_edit(edit, drain_s=drain_s)
        else:
            self._committer.defer(edit, drain_s=drain_s)
        return result

    def processor(self, id_: str) -> ProcessorHandle:
        """The processor of an id.

        Raises:
            UnknownProcessorError: There is none; the message names the nearest.
        """
        node = self.graph.node(self._id(id_))
        ticket = Ticket()
        ticket.settle()
        handle: type[ProcessorHandle] = node.declaration.processor.handle_type or ProcessorHandle
        return handle(self, node.id, node.declaration, ticket)

    def _id(self, processor: ProcessorHandle | str) -> ProcessorId:
        if isinstance(processor, ProcessorHandle):
            return processor.made_by(self).present().id
        if not isinstance(processor, str):
            raise UnknownProcessorError(processor, self.graph.processor_ids())
        return ProcessorId(processor)

    def processors(self) -> list[ProcessorHandle]:
        """All processors, in the order in which they came."""
        return [self.processor(id_) for id_ in self.graph.processor_ids()]

    def frames_of(self, port: OutputPort, *, capacity: int, delivery: Delivery) -> FrameStream:
        """What `handle.output(…).frames()` returns."""
        return FrameStream(self, port, capacity=capacity, delivery=delivery)

    def let_go(self, processor: ProcessorId) -> None:
        """Cut a processor off in line, if it is still there: for a stream that was dropped."""
        self._committer.defer_action(partial(self._cut_away, processor))

    def _cut_away(self, processor: ProcessorId) -> None:
        if processor in self.graph:
            edit = Edit(self, recorded=False)
            edit.remove(processor)
            self.commit_edit(edit, drain_s=None)

    @abstractmethod
    async def aside(self, call: Callable[[], None], *, hurry: Callable[[], None] | None = None) -> None:
        """Make a call that blocks on a thread of its own, and wait in the event loop until it has come back.

        The event loop of the main thread serves the processors that run there meanwhile.

        Args:
            call: What blocks.
            hurry: Called when the wait is cancelled, which ends with the call all the same.
        """

    def declaration_of(self, processor: type[Processor] | str) -> Declaration:
        """What a type declares, by its class or its name; a class is registered by being used.

        Raises:
            UnknownTypeError: There is no type of that name.
            DeclarationError: It is neither a class nor a name, or the factory delegate cannot create it.
        """
        registry = self.registry
        if isinstance(processor, type):
            registry.register(processor)
            self._delegates.check_type(processor.declaration.type_name)
            return processor.declaration
        if not isinstance(processor, str):
            raise DeclarationError(_not_a_type(processor))
        self._delegates.check_type(processor)
        found = self._delegates.port_info(processor)
        if found is None:
            raise UnknownTypeError(processor, registry.names())
        return found

    @property
    def registry(self) -> ProcessorRegistry:
        """The types of processors that may be asked for by name; one that was added by its class is among them."""
        return self._delegates.registered.registry


def _not_a_type(given: object) -> str:
    if isinstance(given, Processor):
        return f"the runtime takes the class {given.declaration.type_name}, not an instance: it makes one itself"
    hint = "; write @processor above it" if callable(given) else ""
    return f"the runtime takes a processor class or the name of one, not {type(given).__name__}{hint}"
