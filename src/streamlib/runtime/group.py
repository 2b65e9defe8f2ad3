"""Groups in Python: a function adds processors to one, and what it returns is a handle with the group's own ports.

    def recording(group, path):
        encoder = group.add_processor("H264Encoder")
        writer = group.add_processor("Mp4Writer", path=path)
        group.connect(encoder, writer.input("video"))
        group.input("video", encoder.input("video"))

    recorder = runtime.add_group(recording, path="out.mp4")
    runtime.connect(camera, recorder)

The members are processors of the graph like any other; a component on each (`streamlib.graph.group`) says whose it
is. `edit.py` collects what a group adds, as it does for everybody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from streamlib.errors import ConnectError, DeclarationError, UnknownPortError, UnknownProcessorError
from streamlib.graph.group import GroupMember, all_members, member_id, members_of, outer_ports
from streamlib.ids import LinkId, ProcessorId, type_stem
from streamlib.links.delivery import Delivery
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.processors.ports import misfit
from streamlib.processors.processor import Processor
from streamlib.runtime.handles import Holder, InputPort, LinkHandle, OutputPort, ProcessorHandle

P = TypeVar("P", InputPort, OutputPort)


class Adding(Protocol):
    """The edit, as far as a group asks it for something."""

    def add_processor(
        self,
        processor: type[Processor] | str,
        config: ProcessorConfig | Mapping[str, object] | None = None,
        *,
        id: str | None = None,
        on_error: ErrorPolicy | str | None = None,
        **fields: object,
    ) -> ProcessorHandle:
        """Add a processor."""
        ...

    def connect(
        self,
        source: ProcessorHandle | OutputPort | GroupHandle,
        target: ProcessorHandle | InputPort | GroupHandle,
        *,
        delivery: Delivery | str | None = None,
        capacity: int | None = None,
    ) -> LinkHandle:
        """Join two ports."""
        ...

    def attach(self, subject: ProcessorId | LinkId, component: object) -> None:
        """Attach a component."""
        ...


@dataclass(frozen=True, slots=True)
class GroupHandle:
    """A group of a runtime: its members, and the ports that it has to the outside, each a port of a member.

    Attributes:
        id: The group's id; `runtime.remove` takes the group away as one.
        processors: The members' handles.
        inputs: By their names outside.
        outputs: By their names outside.
    """

    id: str
    processors: tuple[ProcessorHandle, ...]
    inputs: Mapping[str, InputPort]
    outputs: Mapping[str, OutputPort]

    def input(self, name: str) -> InputPort:
        """An input of the group by its name; UnknownPortError names the nearest."""
        if name not in self.inputs:
            raise UnknownPortError(f"the group {self.id}", name, "input", self.inputs)
        return self.inputs[name]

    def output(self, name: str) -> OutputPort:
        """An output of the group by its name; UnknownPortError names the nearest."""
        if name not in self.outputs:
            raise UnknownPortError(f"the group {self.id}", name, "output", self.outputs)
        return self.outputs[name]


class Group:
    """A group while it is put together: what a function given to `add_group` is handed."""

    def __init__(self, id_: str, edit: Adding) -> None:
        self.id = id_
        self._edit = edit
        self._members: dict[ProcessorId, ProcessorHandle] = {}
        self._numbers: dict[str, int] = {}
        self._inputs: dict[str, InputPort] = {}
        self._outputs: dict[str, OutputPort] = {}

    def add_processor(
        self,
        processor: type[Processor] | str,
        config: ProcessorConfig | Mapping[str, object] | None = None,
        *,
        id: str | None = None,
        on_error: ErrorPolicy | str | None = None,
        **fields: object,
    ) -> ProcessorHandle:
        """Add a processor to the group; see `StreamRuntime.add_processor`. Its id begins with the group's."""
        name = id if id is not None else self._new_name(processor)
        handle = self._edit.add_processor(processor, config, id=member_id(self.id, name), on_error=on_error, **fields)
        self._members[handle.id] = handle
        return handle

    def connect(
        self,
        source: ProcessorHandle | OutputPort | GroupHandle,
        target: ProcessorHandle | InputPort | GroupHandle,
        *,
        delivery: Delivery | str | None = None,
        capacity: int | None = None,
    ) -> LinkHandle:
        """Join an output to an input; see `StreamRuntime.connect`."""
        return self._edit.connect(source, target, delivery=delivery, capacity=capacity)

    def attach(self, subject: ProcessorId | LinkId, component: object) -> None:
        """Attach a component of the user's own to a processor or link of the group."""
        self._edit.attach(subject, component)

    def input(self, name: str, port: InputPort) -> None:
        """Make an input of a member one of the group's own.

        Raises:
            DeclarationError: The name is taken or no name, or the port is not one of a member.
        """
        self._offer(self._inputs, InputPort, name, port)

    def output(self, name: str, port: OutputPort) -> None:
        """Make an output of a member one of the group's own.

        Raises:
            DeclarationError: The name is taken or no name, or the port is not one of a member.
        """
        self._offer(self._outputs, OutputPort, name, port)

    def close(self) -> GroupHandle:
        """Mark the members as the group's; nothing is added to it afterwards.

        Raises:
            DeclarationError: It has no members.
        """
        if not self._members:
            raise DeclarationError(f"the group {self.id} has no processor; add one to the group that is handed over")
        for id_ in self._members:
            self._edit.attach(id_, GroupMember(self.id, _of(self._inputs, id_), _of(self._outputs, id_)))
        return GroupHandle(self.id, tuple(self._members.values()), self._inputs, self._outputs)

    def _new_name(self, processor: type[Processor] | str) -> str:
        stem = type_stem(processor if isinstance(processor, str) else getattr(processor, "__name__", "processor"))
        number = self._numbers.get(stem, 0)
        while member_id(self.id, f"{stem}_{number}") in self._members:
            number += 1
        self._numbers[stem] = number + 1
        return f"{stem}_{number}"

    def _offer(self, ports: dict[str, P], kind: type[P], name: Any, port: Any) -> None:
        if not isinstance(name, str) or not name.isidentifier():
            raise DeclarationError(f"{name!r} is no name of a port of the group {self.id}; a plain Python name is one")
        if name in ports:
            raise DeclarationError(f"the group {self.id} has two ports {name!r}; choose another name for one of them")
        if not isinstance(port, kind):
            wanted = kind.__name__.removesuffix("Port").lower()
            raise DeclarationError(f"{port!r:.60} is no {wanted} of a processor; give one as member.{wanted}(name)")
        if self._members.get(port.ref.processor_id) != port.handle:
            raise DeclarationError(f"{port.ref} is no port of a processor in the group {self.id}; add that to it first")
        ports[name] = port


def group_stem(build: Callable[..., object]) -> str:
    """What groups that a callable puts together are called, with a number behind it."""
    name: str = getattr(build, "__name__", type(build).__name__)
    return name if name.isidentifier() else "group"


def built(id_: str, build: Callable[..., object], arguments: Mapping[str, object], edit: Adding) -> GroupHandle:
    """The group that a function puts together."""
    group = Group(id_, edit)
    build(group, **arguments)
    return group.close()


def group_handle(runtime: Holder, group: str, handle: Callable[[str], ProcessorHandle]) -> GroupHandle:
    """The handle of a group of the graph.

    Raises:
        UnknownProcessorError: There is none of that id.
    """
    members = members_of(runtime.graph, group)
    if not members:
        raise UnknownProcessorError(group, {member.group for member in all_members(runtime.graph).values()})
    handles = {id_: handle(id_) for id_ in members}
    inputs, outputs = outer_ports(members)
    return GroupHandle(
        group,
        tuple(handles.values()),
        {outer: handles[port.processor_id].input(port.port) for outer, port in inputs.items()},
        {outer: handles[port.processor_id].output(port.port) for outer, port in outputs.items()},
    )


def without_groups(
    source: ProcessorHandle | OutputPort | GroupHandle,
    target: ProcessorHandle | InputPort | GroupHandle,
    is_free: Callable[[InputPort], bool],
) -> tuple[ProcessorHandle | OutputPort, ProcessorHandle | InputPort]:
    """The ends of a link with a group's port in the place of a group: the only one that fits and is free.

    Raises:
        ConnectError: None fits, or several do; the message lists them.
    """
    outputs = [*source.outputs.values()] if isinstance(source, GroupHandle) else [source]
    inputs: list[ProcessorHandle | InputPort] = [target] if not isinstance(target, GroupHandle) else []
    if isinstance(target, GroupHandle):
        inputs = [port for port in target.inputs.values() if is_free(port)] or [*target.inputs.values()]
    pairs = [(output, input_) for output in outputs for input_ in inputs if _fit(output, input_)]
    if len(pairs) == 1:
        return pairs[0]
    ends = _id(source), _id(target)
    if pairs:
        ways = "; ".join(f"{_id(output)} -> {_id(input_)}" for output, input_ in pairs)
        words = f"{ends[0]} and {ends[1]} can be joined in {len(pairs)} ways: {ways}; name the ports"
    else:
        words = f"no output of {ends[0]} fits an input of {ends[1]}; a group is joined by its own ports alone"
    raise ConnectError(words, source=ends[0], target=ends[1])


def _fit(source: ProcessorHandle | OutputPort, target: ProcessorHandle | InputPort) -> bool:
    outputs = [source] if isinstance(source, OutputPort) else [source.output(n) for n in source.declaration.outputs]
    inputs = [target] if isinstance(target, InputPort) else [target.input(n) for n in target.declaration.inputs]
    return any(_misfit(output, input_) is None for output in outputs for input_ in inputs)


def _misfit(output: OutputPort, input_: InputPort) -> str | None:
    from_, to = output.ref, input_.ref
    carried, taken = output.handle.declaration.outputs[from_.port], input_.handle.declaration.inputs[to.port]
    return misfit(from_.processor_id, carried, to.processor_id, taken)


def _of(ports: Mapping[str, InputPort | OutputPort], id_: ProcessorId) -> dict[str, str]:
    return {outer: port.ref.port for outer, port in ports.items() if port.ref.processor_id == id_}


def _id(end: ProcessorHandle | OutputPort | InputPort | GroupHandle) -> str:
    return str(end.ref) if isinstance(end, OutputPort | InputPort) else end.id
