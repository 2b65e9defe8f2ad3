"""The runtime: what users hold.

It owns one graph and everything that one runtime has once: the bus, the clocks, what processors share, the
compiler. It changes the graph through edits (`edit`, `committer`), and its state by the verbs below.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from os import PathLike
from types import TracebackType
from typing import Self, TypeVar, overload

from streamlib.clock import Clock, MonotonicClock, PausableClock
from streamlib.compiler.compiler import Compiler
from streamlib.compiler.reports import InstanceReports
from streamlib.compiler.site import Site
from streamlib.delegates.delegates import Delegates
from streamlib.delegates.factory import FactoryDelegate
from streamlib.delegates.processor import ProcessorDelegate
from streamlib.delegates.scheduler import SchedulerDelegate
from streamlib.errors import (
    ConfigError,
    ConnectError,
    DeclarationError,
    DuplicateIdError,
    StateError,
    UnknownProcessorError,
    UnknownTypeError,
)
from streamlib.events.bus import EventBus
from streamlib.execution.shared_threads import SharedThreads
from streamlib.graph.graph_file import GraphFile
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.links.delivery import Delivery
from streamlib.observability.link_events import LinkEvents
from streamlib.observability.taps import Taps
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import MediaConfig
from streamlib.processors.conversion import chosen
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.processors.processor import Processor
from streamlib.processors.registry import ProcessorRegistry
from streamlib.processors.shared_objects import SharedObjects
from streamlib.runtime.bridge import FrameStream, PullHandle, PullSink, PushHandle, PushSource
from streamlib.runtime.builder import RuntimeBuilder
from streamlib.runtime.commands import Commands
from streamlib.runtime.commit_mode import CommitMode
from streamlib.runtime.committer import Committer
from streamlib.runtime.completion import Completion
from streamlib.runtime.edit import ConfigOutcome, Edit
from streamlib.runtime.errand import Errand
from streamlib.runtime.group import GroupHandle, group_handle
from streamlib.runtime.handles import InputPort, LinkHandle, OutputPort, ProcessorHandle
from streamlib.runtime.lifecycle import Lifecycle
from streamlib.runtime.loader import blamed
from streamlib.runtime.operations import Restart
from streamlib.runtime.restarts import Restarts
from streamlib.runtime.ticket import Ticket
from streamlib.states import GraphState

DRAIN_S = 10.0
"""How long processors may take for what waits when they are removed or stopped, in seconds."""

T = TypeVar("T")


class StreamRuntime:
    """A graph of processors that runs in real time and is changed while it runs.

    Args:
        factory: Makes processors; an object with at least one of `create`, `port_info`, `can_create`.
        processor_delegate: Asked and told about each step in a processor's life (`will_…`, `did_…`).
        scheduler: Decides where each processor runs (`scheduling_strategy`).
        commit_mode: "auto" commits each call, "manual" collects until `commit()`.
        media: Sample rate, frame rate, size and colour where a processor is not told otherwise.
        clock: The clock everything goes by.
        workers: How many threads the work-stealing pool has; None takes one for each core.

    Attributes:
        graph: What is joined to what, and the components of each; changed by the calls below alone.
        events: The bus on which all that happens is published.
        commit_mode: As given.

    Raises:
        ConfigError: There is no such commit mode, or something else given is not what it should be.
        DeclarationError: A delegate has none of the methods of its role.
    """

    def __init__(
        self,
        *,
        factory: FactoryDelegate | None = None,
        processor_delegate: ProcessorDelegate | None = None,
        scheduler: SchedulerDelegate | None = None,
        commit_mode: CommitMode | str = CommitMode.AUTO,
        media: MediaConfig | None = None,
        clock: Clock | None = None,
        workers: int | None = None,
    ) -> None:
        _check_setting("media", media, isinstance(media, MediaConfig), "MediaConfig(width=1920, height=1080)")
        _check_setting("clock", clock, _is_clock(clock), "MonotonicClock(), or another object with now_ns and wait")
        _check_setting("workers", workers, isinstance(workers, int) and workers >= 1, "a number of threads, 1 or more")
        self.commit_mode = chosen("commit_mode", CommitMode, commit_mode)
        self.graph = PropertyGraph()
        self._clock = clock or MonotonicClock()
        self._media_clock = PausableClock(self._clock)
        self.events = EventBus(self._clock)
        self._delegates = Delegates(factory, processor_delegate, scheduler)
        self._threads = SharedThreads(self._clock, self._media_clock, workers)
        self._reports = InstanceReports(self.graph, self.events, self._threads.main)
        self._completion = Completion(self.graph)
        self._site = self._new_site(media or MediaConfig())
        self._compiler = Compiler(self._site)
        self._committer = Committer(self.graph, self._compiler, self.events, self._look_again, self._threads.main)
        taps = Taps(self.graph, self._committer.soon)
        self._site.tap_of = LinkEvents(self.graph, self.events, taps).tap_of
        self._lifecycle = Lifecycle(self._site, self._compiler, self._committer, self._reports, self._completion)
        self._reports.stop_wanted = partial(self._lifecycle.stop_from_inside, drain_s=DRAIN_S)
        self._restarts = Restarts(self._site, self._restart_failed)
        self._reports.wants_restart = self._restarts.wanted
        self._commands = Commands(self, self._committer, self.events)
        self._pending: Edit | None = None
        self._collecting = threading.RLock()  # edits come from any thread

    def _restart_failed(self, id_: ProcessorId, ticket: Ticket) -> None:
        edit = Edit(self, ticket)
        edit.operations.append(Restart(id_))
        self._committer.defer(edit, drain_s=DRAIN_S)

    def _new_site(self, media: MediaConfig) -> Site:
        return Site(
            graph=self.graph,
            delegates=self._delegates,
            bus=self.events,
            clock=self._clock,
            media_clock=self._media_clock,
            shared=SharedObjects(),
            media=media,
            reports=self._reports,
            threads=self._threads,
        )

    @classmethod
    def builder(cls) -> RuntimeBuilder[Self]:
        """A builder with the same choices as the keyword arguments."""
        return RuntimeBuilder(cls)

    # --------------------------------------------------------------------------------------------------- the graph

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
        drain_s = timeout if drain else None
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
            ConfigError: A field is unknown or has a wrong value; nothing was changed.
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
        with self._collecting:
            edit, self._pending = self._pending, None
        if edit is not None:
            self.commit_edit(edit, drain_s=timeout if drain else None)

    def commit_edit(self, edit: Edit, *, drain_s: float | None = DRAIN_S) -> None:
        """Commit an edit; what the end of `with runtime.edit()` calls.

        Raises:
            StateError: It has been committed, or discarded.
        """
        edit.close()
        self._committer.commit(edit, drain_s=drain_s)

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

    def _look_again(self) -> None:
        """Have those who wait for the end see that the graph has changed."""
        self._completion.forget()
        self._reports.wake()

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
            return processor.id
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
            edit = Edit(self)
            edit.remove(processor)
            self.commit_edit(edit, drain_s=None)

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

    # ---------------------------------------------------------------------------------------------------- lifecycle

    @property
    def registry(self) -> ProcessorRegistry:
        """The types of processors that may be asked for by name; one that was added by its class is among them."""
        return self._delegates.registered.registry

    @property
    def state(self) -> GraphState:
        """What the runtime is doing."""
        return self.graph.state

    def start(self) -> None:
        """Create, wire, set up and start everything in the graph.

        Raises:
            StateError: It runs already.
            CommitError: A step failed for some processor; nothing runs.
        """
        self.commit()
        self._restarts.forget()
        self._lifecycle.start(drain_s=DRAIN_S)

    def stop(self, *, timeout: float = DRAIN_S, drain: bool = True) -> None:
        """End all sources, let what is on its way be processed, tear everything down. Idle, it does nothing.

        Args:
            timeout: How long draining may take, in seconds.
            drain: Whether what waits is processed; otherwise it is dropped, and files are finalised as they are.

        Raises:
            DeadlineError: Some processors did not come to their end in time; they were cut off.
        """
        self._lifecycle.stop(drain_s=timeout if drain else None)

    def pause(self, processor: ProcessorHandle | str | None = None) -> None:
        """Call no processor, or not this one, until `resume`. While all are paused, the clock of media stands still.

        Raises:
            StateError: The runtime, or that processor, does not run.
            DeadlineError: A processor did not come back from a call in time.
        """
        if processor is None:
            self._lifecycle.pause()
        else:
            self._lifecycle.pause_one(self._id(processor))

    def resume(self, processor: ProcessorHandle | str | None = None) -> None:
        """Go on after `pause`.

        Raises:
            StateError: The runtime is not paused, or that processor does not run.
            DeadlineError: A processor did not come back from a call in time.
        """
        if processor is None:
            self._lifecycle.resume()
        else:
            self._lifecycle.resume_one(self._id(processor))

    def step(self, processor: ProcessorHandle | str, *, timeout: float = DRAIN_S) -> bool:
        """Call `process` of a manual processor once, on this thread, and those inlined behind it.

        Returns False when it has ended or is paused.

        Raises:
            StateError: It is not a manual processor, or the runtime does not run.
            DeadlineError: Its links had no room for what it writes in time.
        """
        return self._lifecycle.step(self._id(processor), timeout)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until every source has ended and everything behind it is done, or the runtime has stopped.

        Returns False when that did not happen within `timeout` seconds; None waits without end. A script that may be
        ended by SIGTERM uses `wait_for_signal`.

        Raises:
            ProcessorFailed: Processors were ended by errors; raised at the end.
            StateError: Called inside a processor, or before `start`.
        """
        return self._lifecycle.wait(timeout)

    def wait_for_signal(self, *, timeout: float = DRAIN_S) -> None:
        """Wait for Ctrl-C, SIGTERM or the end of all sources, then stop; a second signal stops at once.

        Raises:
            StateError: Not called on the main thread.
            ProcessorFailed: Processors were ended by errors.
        """
        self._lifecycle.wait_for_signal(lambda: self.stop(timeout=timeout))

    async def finished(self) -> None:
        """As `wait`, for asyncio; it needs no thread, and waiting for it may be given up at any time.

        Raises:
            ProcessorFailed: Processors were ended by errors; raised at the end.
            StateError: Called inside a processor, or before `start`.
        """
        await self._lifecycle.finished()

    # ----------------------------------------------------------------------------------------------------- with blocks

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(drain=error is None)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aside(partial(self.stop, drain=error is None), hurry=self._lifecycle.cut_off)

    async def aside(self, call: Callable[[], None], *, hurry: Callable[[], None] | None = None) -> None:
        """Make a call that blocks on a thread of its own, and wait in the event loop until it has come back.

        The event loop of the main thread serves the processors that run there meanwhile.

        Args:
            call: What blocks.
            hurry: Called when the wait is cancelled, which ends with the call all the same.
        """
        errand = Errand(call, self._threads.main.wake, "aside")
        try:
            await self._reports.until(errand.done)
        except asyncio.CancelledError:
            if hurry is not None:
                hurry()
            await self._reports.until(errand.done)
            raise
        errand.result()


def _check_setting(name: str, given: object, is_right: bool, what: str) -> None:
    if given is not None and not is_right:
        raise ConfigError(f"{name} is {given!r}; give {what}", field=name)


def _is_clock(given: object) -> bool:
    return all(callable(getattr(given, method, None)) for method in ("now_ns", "wait"))


def _not_a_type(given: object) -> str:
    if isinstance(given, Processor):
        name = given.declaration.type_name
        return f"add_processor takes the class {name}, not an instance: add_processor({name}, …) makes one"
    hint = "; write @processor above it" if callable(given) else ""
    return f"add_processor takes a processor class or the name of one, not {type(given).__name__}{hint}"
