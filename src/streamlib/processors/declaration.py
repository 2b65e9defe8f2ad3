"""What a processor's class declares, read once when the class is made.

A class body comes in, with ports and settings in it; a frozen `Declaration` goes out, and the ports leave the
class's dictionary, where they would slow every access to the ports of its instances. Runners, the graph and
the compiler read the declaration and never the class body; people read its `descriptor`. `processor.py` asks for it.
"""

from __future__ import annotations

import inspect
import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeVar

from streamlib.errors import DeclarationError, UnknownPortError, nearest
from streamlib.processors.config import ConfigFields, ProcessorConfig
from streamlib.processors.description import (
    carried_schemas,
    checked_examples,
    config_json_schema,
    described_fields,
    described_port,
)
from streamlib.processors.execution_mode import (
    ErrorPolicy,
    ExecutionMode,
    Placement,
    ProcessExecution,
    RestartLimits,
    Wake,
)
from streamlib.processors.ports import LinkInput, LinkOutput, Port
from streamlib.schema.descriptors import Example, ProcessorDescriptor
from streamlib.schema.docstrings import attributes, description
from streamlib.schema.version import SemanticVersion

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What one type of processor is: its ports, how it runs, and the fields of its config."""

    type_name: str
    processor: type[Any]
    inputs: Mapping[str, LinkInput[Any]]
    outputs: Mapping[str, LinkOutput[Any]]
    execution: ProcessExecution
    wake: Wake
    placement: Placement
    live: bool
    error_policy: ErrorPolicy
    restart_limits: RestartLimits
    config: ConfigFields
    is_async: bool
    abstract: bool
    version: SemanticVersion
    examples: tuple[Example, ...]
    _descriptor: ProcessorDescriptor | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def descriptor(self) -> ProcessorDescriptor:
        """All of it as a plain record for people, JSON and Markdown; derived once, when first asked for."""
        if self._descriptor is None:  # threads that race derive the same twice, and the last one stays
            object.__setattr__(self, "_descriptor", _described(self))
        assert self._descriptor is not None
        return self._descriptor

    @property
    def config_type(self) -> type[ProcessorConfig]:
        """The class of its configs."""
        return self.config.config_type

    def input(self, name: str) -> LinkInput[Any]:
        """The input of that name.

        Raises:
            UnknownPortError: There is none; the message names the nearest.
        """
        if name not in self.inputs:
            raise UnknownPortError(self.type_name, name, "input", self.inputs)
        return self.inputs[name]

    def output(self, name: str) -> LinkOutput[Any]:
        """The output of that name.

        Raises:
            UnknownPortError: There is none; the message names the nearest.
        """
        if name not in self.outputs:
            raise UnknownPortError(self.type_name, name, "output", self.outputs)
        return self.outputs[name]


def declare(cls: type[Any], root: type[Any], *, abstract: bool) -> Declaration:
    """Read what `cls` declares and take its ports out of its dictionary; `root` is `Processor`.

    Raises:
        DeclarationError: The class is written wrongly; the message names it and what to change.
    """
    name = cls.__name__
    inputs, outputs = _ports(cls, root)
    if not abstract:
        _check_process(cls, root, inputs.keys() | outputs.keys())
        _check_surroundings(cls, root)
    live = bool(cls.live)
    if live and not outputs:
        raise DeclarationError(f"{name} is live and has no output; only a source of frames can be live")
    config = ConfigFields.of(name, cls.Config)
    execution = _execution(cls, inputs)
    placement = _choice(name, "placement", Placement, cls.placement)
    if not abstract:
        _check_main(name, placement, execution)
    return Declaration(
        type_name=name,
        processor=cls,
        inputs=inputs,
        outputs=outputs,
        execution=execution,
        wake=_choice(name, "wake", Wake, cls.wake),
        placement=placement,
        live=live,
        error_policy=_choice(name, "error_policy", ErrorPolicy, cls.error_policy),
        restart_limits=_restart_limits(name, cls.restart_limits),
        config=config,
        is_async=_is_async(cls),
        abstract=abstract or cls.process is root.process,
        version=_version(name, cls.version),
        examples=checked_examples(name, cls.examples, config),
    )


def _described(declared: Declaration) -> ProcessorDescriptor:
    cls = declared.processor
    docs = attributes(cls)
    return ProcessorDescriptor(
        name=declared.type_name,
        description=description(cls),
        version=str(declared.version),
        inputs=tuple(described_port(port, docs) for port in declared.inputs.values()),
        outputs=tuple(described_port(port, docs) for port in declared.outputs.values()),
        config=described_fields(declared.config),
        config_schema=config_json_schema(declared.config),
        execution=str(declared.execution),
        wake=str(declared.wake),
        placement=str(declared.placement),
        live=declared.live,
        error_policy=str(declared.error_policy),
        examples=declared.examples,
        frames=carried_schemas([*declared.inputs.values(), *declared.outputs.values()]),
    )


def _version(type_name: str, version: object) -> SemanticVersion:
    try:
        return SemanticVersion.parse(str(version))
    except DeclarationError as error:
        raise DeclarationError(f"{type_name}.version: {error}") from error


def _ports(cls: type[Any], root: type[Any]) -> tuple[Mapping[str, LinkInput[Any]], Mapping[str, LinkOutput[Any]]]:
    ports: dict[str, Port] = {}
    for owner in reversed(cls.__mro__[1:]):
        ports |= _inherited(cls, owner, ports)
    ports |= _taken_out(cls, root, ports)
    inputs = {name: port for name, port in ports.items() if isinstance(port, LinkInput)}
    outputs = {name: port for name, port in ports.items() if isinstance(port, LinkOutput)}
    return MappingProxyType(inputs), MappingProxyType(outputs)


def _inherited(cls: type[Any], owner: type[Any], ports: Mapping[str, Port]) -> Mapping[str, Port]:
    declaration: Declaration | None = vars(owner).get("declaration")
    if declaration is not None:
        declared: dict[str, Port] = {**declaration.inputs, **declaration.outputs}
        _check_same_kind(cls, ports, declared)
        return declared
    stray = [name for name, value in vars(owner).items() if isinstance(value, Port)]
    if stray:
        raise DeclarationError(
            f"{cls.__name__} inherits the port {stray[0]} from {owner.__name__}, which is no processor; "
            f"write class {owner.__name__}(Processor, abstract=True)"
        )
    return {}


def _taken_out(cls: type[Any], root: type[Any], inherited: Mapping[str, Port]) -> dict[str, Port]:
    _check_same_kind(cls, inherited, vars(cls))
    own = {name: value for name, value in vars(cls).items() if isinstance(value, Port)}
    for name, port in own.items():
        _check_port(cls, root, name, port)
        delattr(cls, name)
    return own


def _check_same_kind(cls: type[Any], inherited: Mapping[str, Port], names: Mapping[str, object]) -> None:
    for name in inherited.keys() & names.keys():
        if type(names[name]) is not type(inherited[name]):
            raise DeclarationError(
                f"{cls.__name__}.{name} is an inherited {type(inherited[name]).__name__} and cannot be anything else; "
                "choose another name"
            )


def _check_port(cls: type[Any], root: type[Any], name: str, port: Port) -> None:
    where = f"{cls.__name__}.{name}"
    if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_"):
        raise DeclarationError(f"{where}: a port's name is a plain Python name without an underscore before it")
    if any(hasattr(base, name) for base in cls.__bases__) or name in root.__annotations__:
        raise DeclarationError(f"{where}: every processor has {name!r} already; give the port another name")
    if port.name != name:
        raise DeclarationError(f"{where} is the same object as the port {port.name!r}; declare each port anew")


def _check_process(cls: type[Any], root: type[Any], ports: set[str]) -> None:
    if cls.process is root.process and ports:
        raise DeclarationError(
            f"{cls.__name__} has ports and no process(self, ctx); write it, or class {cls.__name__}(..., abstract=True)"
        )
    if inspect.isgeneratorfunction(cls.process) or inspect.isasyncgenfunction(cls.process):
        raise DeclarationError(
            f"{cls.__name__}.process is a generator, which a call would not run; write frames to an output instead of "
            "yielding them"
        )
    if not takes(cls, "process", 1):
        raise DeclarationError(f"{cls.__name__}.process is called with a context; write def process(self, ctx)")


def _check_surroundings(cls: type[Any], root: type[Any]) -> None:
    """Refuse what is called around `process` and could not be: it would be known at the start, or only at the end."""
    for name, context in (("setup", ", ctx"), ("flush", ", ctx"), ("teardown", "")):
        method = getattr(cls, name)
        if method is getattr(root, name):
            continue
        words = f"write def {name}(self{context})"
        if inspect.iscoroutinefunction(method):
            raise DeclarationError(f"{cls.__name__}.{name} is async, and nobody awaits it; {words}")
        if not takes(cls, name, 1 if context else 0):
            called = "with a context" if context else "without a context"
            raise DeclarationError(f"{cls.__name__}.{name} is called {called}; {words}")


def _is_async(cls: type[Any]) -> bool:
    """Whether `process` is a coroutine function, to be called on the runtime's event loop."""
    if not inspect.iscoroutinefunction(cls.process):
        return False
    if cls.execution is not None and cls.execution.mode is ExecutionMode.MANUAL:
        raise DeclarationError(f"{cls.__name__} is manual and is called by step; write a plain def process(self, ctx)")
    return True


def takes(cls: type[Any], name: str, arguments: int) -> bool:
    """Whether a method can be called at an instance with so many arguments; a decorator answers for what it wraps."""
    held = inspect.getattr_static(cls, name)
    knows_instance = hasattr(held, "__get__") and not isinstance(held, classmethod | staticmethod)
    try:
        inspect.signature(getattr(cls, name), follow_wrapped=False).bind(*[None] * (arguments + knows_instance))
    except TypeError:
        return False
    except ValueError:  # it says nothing of its parameters
        return True
    return True


def _execution(cls: type[Any], inputs: Mapping[str, LinkInput[Any]]) -> ProcessExecution:
    execution = cls.execution
    if execution is None:
        return ProcessExecution.reactive() if inputs else ProcessExecution.continuous()
    if not isinstance(execution, ProcessExecution):
        raise DeclarationError(
            f"{cls.__name__}.execution is {execution!r}; known: "
            f"{', '.join(f'ProcessExecution.{mode}()' for mode in ExecutionMode)}"
        )
    return execution


def _check_main(type_name: str, placement: Placement, execution: ProcessExecution) -> None:
    """Refuse what no scheduler may grant: the main thread has its turns at times, and not with each frame."""
    if placement is Placement.MAIN and execution.mode is ExecutionMode.REACTIVE:
        raise DeclarationError(
            f"{type_name}.placement is 'main', where a processor that frames call does not run; write "
            f"execution = ProcessExecution.continuous(interval_ms=16) in {type_name}, and have process() read what "
            "waits"
        )


def _restart_limits(type_name: str, limits: object) -> RestartLimits:
    if isinstance(limits, RestartLimits):
        return limits
    attempts = limits if isinstance(limits, int) and not isinstance(limits, bool) else 3
    raise DeclarationError(f"{type_name}.restart_limits is {limits!r}; write RestartLimits(attempts={attempts})")


def _choice(type_name: str, setting: str, choices: type[E], value: str) -> E:
    try:
        return choices(value)
    except ValueError:
        message = f"{type_name}.{setting} is {value!r}; {nearest(str(value), [choice.value for choice in choices])}"
        raise DeclarationError(message) from None
