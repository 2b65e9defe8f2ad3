"""What edit calls return: names for processors, ports and links of one runtime, with what one asks of them.

A handle holds an id, never an instance: it stays good over restarts, and after a removal says that its
processor is gone. The calls that change something are the runtime's.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from streamlib.errors import DeadlineError, UnknownLinkError, UnknownProcessorError
from streamlib.events.event import described
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.metrics import ProcessorMetrics
from streamlib.graph.components import ComponentView, metrics_of, statistics_of
from streamlib.graph.link import Link
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, PortRef, ProcessorId
from streamlib.links.delivery import Delivery
from streamlib.links.statistics import LinkStatistics
from streamlib.processors.conversion import chosen
from streamlib.processors.declaration import Declaration
from streamlib.runtime.ticket import Ticket
from streamlib.states import ProcessorState


class FrameIterable(Protocol):
    """Frames to iterate over in plain or asyncio code, until the stream ends or it is closed."""

    def __iter__(self) -> Iterator[Any]: ...
    def __aiter__(self) -> AsyncIterator[Any]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def close(self) -> None:
        """Let go of the stream."""
        ...


class Holder(Protocol):
    """The runtime, as far as a handle asks it for something."""

    graph: PropertyGraph

    def frames_of(self, port: OutputPort, *, capacity: int, delivery: Delivery) -> FrameIterable:
        """The frames of an output."""
        ...


class OutputPort:
    """One output of a processor of a runtime."""

    def __init__(self, handle: ProcessorHandle, name: str) -> None:
        self.handle = handle
        self.ref = PortRef(handle.id, handle.declaration.output(name).name)

    def frames(self, *, capacity: int = 8, delivery: Delivery | str = Delivery.EVERY) -> FrameIterable:
        """The frames of this output, to iterate over in plain or asyncio code.

        Args:
            capacity: Frames that wait for the iteration at most.
            delivery: "every" holds the graph back while the iteration is slow; "latest" gives it the newest frame.

        Raises:
            ConfigError: There is no such delivery.
        """
        wanted = chosen("delivery", Delivery, delivery)
        return self.handle.runtime.frames_of(self, capacity=capacity, delivery=wanted)

    def __repr__(self) -> str:
        return f"<output {self.ref}>"


class InputPort:
    """One input of a processor of a runtime."""

    def __init__(self, handle: ProcessorHandle, name: str) -> None:
        self.handle = handle
        self.ref = PortRef(handle.id, handle.declaration.input(name).name)

    def __repr__(self) -> str:
        return f"<input {self.ref}>"


class ProcessorHandle:
    """A processor of a runtime, by its id; two handles of one processor are equal.

    Attributes:
        commit: When the edit that added it was done; wait for it where the edit was asked for inside a processor.
    """

    def __init__(self, runtime: Holder, id_: ProcessorId, declaration: Declaration, commit: Ticket) -> None:
        self.runtime = runtime
        self.id = id_
        self.declaration = declaration
        self.commit = commit

    @property
    def processor_type(self) -> str:
        """The name of its type."""
        return self.declaration.type_name

    @property
    def config(self) -> Any:
        """The config asked for, a `Config` of its class."""
        return self.runtime.graph.node(self.present().id).config

    @property
    def state(self) -> ProcessorState:
        """What it is doing."""
        return self.runtime.graph.get(self.present().id, ProcessorState) or ProcessorState.IDLE

    @property
    def metrics(self) -> ProcessorMetrics | None:
        """Its counters: while it runs, and after a stop those of the last run; None before the first."""
        return metrics_of(self.runtime.graph, self.present().id)

    @property
    def components(self) -> ComponentView:
        """What is attached to it: the engine's components to read, the user's own to read and write."""
        return ComponentView(self.runtime.graph, self.id)

    def made_by(self, runtime: Holder) -> Self:
        """Itself, where it is a handle of that runtime: two may well have processors of one id.

        Raises:
            UnknownProcessorError: It is one of another runtime.
        """
        if self.runtime is not runtime:
            raise UnknownProcessorError(self, runtime.graph.processor_ids(), foreign=True)
        return self

    def present(self) -> Self:
        """Itself, where its processor is in the graph.

        Raises:
            UnknownProcessorError: It is not; the message says whether it was removed or never came there.
        """
        if self.id not in self.runtime.graph:
            raise UnknownProcessorError(self.id, (), why=_absence(self.id, self.commit, "add another"))
        return self

    def output(self, name: str) -> OutputPort:
        """An output by name; UnknownPortError names the nearest."""
        return OutputPort(self, name)

    def input(self, name: str) -> InputPort:
        """An input by name; UnknownPortError names the nearest."""
        return InputPort(self, name)

    def instance(self) -> ProcessorInstance | None:
        """What runs under this id now, or None."""
        with self.runtime.graph.lock:
            return self.runtime.graph.get(self.id, ProcessorInstance) if self.id in self.runtime.graph else None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ProcessorHandle) and other.runtime is self.runtime and other.id == self.id

    def __hash__(self) -> int:
        return hash((id(self.runtime), self.id))

    def __repr__(self) -> str:
        return f"<{self.processor_type} {self.id}>"

    if not TYPE_CHECKING:  # a type checker reports a name that is not there

        def __getattr__(self, name: str) -> object:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{_instead(self, name)}")


def _instead(handle: ProcessorHandle, name: str) -> str:
    """Where the thing is that somebody looked for at a handle."""
    declaration = vars(handle).get("declaration")
    if declaration is None:
        return ""
    if name in declaration.outputs:
        return f"; write handle.output({name!r})"
    if name in declaration.inputs:
        return f"; write handle.input({name!r})"
    if name in declaration.config.fields:
        return f"; write handle.config.{name}"
    return _verb(handle, name)


def _verb(handle: ProcessorHandle | LinkHandle, name: str) -> str:
    """What is asked of the runtime, not of a handle."""
    runtime = vars(handle).get("runtime")
    return f"; write runtime.{name}(handle, …)" if callable(getattr(type(runtime), name, None)) else ""


def _instead_at_link(link: LinkHandle, name: str) -> str:
    """Where the thing is that somebody looked for at the handle of a link."""
    if hasattr(Link, name):
        return f"; write runtime.graph.link(link.id).{name}"
    if hasattr(LinkStatistics, name):
        return f"; write link.statistics().{name}"
    return _verb(link, name)


def _absence(id_: str, commit: Ticket, then: str) -> str:
    """Why what a handle names is not in the graph."""
    if not commit.done:
        return f"{id_} is not in the graph yet; commit the edit that adds it first"
    if commit.error is not None and not isinstance(commit.error, DeadlineError):  # who was late was added
        return f"{id_} never came into the graph: its edit failed, or was discarded ({described(commit.error)})"
    return f"{id_} was removed; {then}, or take the removal back with runtime.undo()"


class LinkHandle:
    """A link of a runtime, by its id; two handles of one link are equal."""

    def __init__(self, runtime: Holder, id_: LinkId, commit: Ticket) -> None:
        self.runtime = runtime
        self.id = id_
        self.commit = commit

    def made_by(self, runtime: Holder) -> Self:
        """Itself, where it is a handle of that runtime.

        Raises:
            UnknownLinkError: It is one of another runtime.
        """
        if self.runtime is not runtime:
            raise UnknownLinkError(self, runtime.graph.link_ids(), foreign=True)
        return self

    def present(self) -> Self:
        """Itself, where its link is in the graph.

        Raises:
            UnknownLinkError: It is not; the message says whether it was removed or never came there.
        """
        if self.id not in self.runtime.graph:
            raise UnknownLinkError(self.id, (), why=_absence(self.id, self.commit, "connect its ports again"))
        return self

    def statistics(self) -> LinkStatistics | None:
        """What it has carried since it was wired, or by the last stop; None before the first start.

        Raises:
            UnknownLinkError: It was removed.
        """
        return statistics_of(self.runtime.graph, self.present().id)

    @property
    def source(self) -> PortRef:
        """The output where it begins; UnknownLinkError where it was removed."""
        return self.runtime.graph.link(self.present().id).source

    @property
    def target(self) -> PortRef:
        """The input where it ends; UnknownLinkError where it was removed."""
        return self.runtime.graph.link(self.present().id).target

    @property
    def components(self) -> ComponentView:
        """What is attached to it."""
        return ComponentView(self.runtime.graph, self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LinkHandle) and other.runtime is self.runtime and other.id == self.id

    def __hash__(self) -> int:
        return hash((id(self.runtime), self.id))

    def __repr__(self) -> str:
        return f"<link {self.id}>"

    if not TYPE_CHECKING:  # a type checker reports a name that is not there

        def __getattr__(self, name: str) -> object:
            raise AttributeError(f"'LinkHandle' object has no attribute {name!r}{_instead_at_link(self, name)}")
