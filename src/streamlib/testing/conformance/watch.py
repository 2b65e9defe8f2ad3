"""Watch: a factory delegate that takes note of what is called of the processors it makes, and lets setup fail.

The methods of each instance are wrapped where the instance is made; its class is not touched.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from typing import Any

from streamlib.graph.node import ProcessorNode
from streamlib.processors.config import ConfigMeta, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.processor import Processor
from streamlib.processors.shared_objects import SharedObjects, T


class InjectedError(Exception):
    """What a watch has setup raise."""


class Fault(StrEnum):
    """How setup fails: at its end, or where it asks for a shared object."""

    NONE = "none"
    AT_THE_END = "at its end"
    SHARED = "at ctx.shared"


class Life:
    """One instance: how often what was called of it.

    Attributes:
        setups: Calls of setup.
        calls: Calls of process.
        changes: Calls of config_changed.
        teardowns: Calls of teardown.
        raised: What teardown raised.
        read: Fields of the config that have been read since it was changed.
    """

    def __init__(self) -> None:
        self.setups = 0
        self.calls = 0
        self.changes = 0
        self.teardowns = 0
        self.raised: Exception | None = None
        self.read: set[str] = set()


class Watch:
    """Makes processors; watches those of one class."""

    def __init__(self, watched: type[Processor], fault: Fault) -> None:
        self.lives: list[Life] = []  # one for each instance of a run
        self._watched = watched
        self._fault = fault

    def create(self, node: ProcessorNode) -> Processor:
        """A processor of the node's class."""
        processor: Processor = node.declaration.processor.from_config(node.config)
        if isinstance(processor, self._watched):
            self._wrap(processor)
        return processor

    def _wrap(self, processor: Processor) -> None:
        life = Life()
        self.lives.append(life)
        wrappers: dict[str, Callable[..., object]] = {
            "setup": partial(self._setup, life, processor.setup),
            "process": partial(self._process, life, processor.process),
            "config_changed": partial(self._config_changed, life, processor, processor.config_changed),
            "teardown": partial(self._teardown, life, processor.teardown),
        }
        for name, wrapper in wrappers.items():
            setattr(processor, name, wrapper)

    def _setup(self, life: Life, setup: Callable[[RuntimeContext], object], ctx: RuntimeContext) -> None:
        life.setups += 1
        if self._fault is Fault.SHARED:
            ctx = RuntimeContext(ctx.processor_id, ctx.clock, _NothingShared(), ctx.media)
        setup(ctx)
        if self._fault is Fault.AT_THE_END:
            raise InjectedError("a fault that the check has put in at the end of setup")

    def _process(self, life: Life, process: Callable[[ProcessContext], object], ctx: ProcessContext) -> object:
        life.calls += 1
        return process(ctx)  # of an async processor, what its loop awaits

    def _config_changed(
        self, life: Life, processor: Processor, config_changed: Callable[[Any], object], previous: Any
    ) -> None:
        life.changes += 1
        life.read.clear()
        processor.config = _recording(processor.config, life.read)
        config_changed(previous)

    def _teardown(self, life: Life, teardown: Callable[[], object]) -> None:
        life.teardowns += 1
        try:
            teardown()
        except Exception as error:
            life.raised = error
            raise


class _NothingShared(SharedObjects):
    """Shared objects of which none can be made."""

    def get(self, type_: type[T]) -> T:
        raise InjectedError(f"a fault that the check has put in at ctx.shared({type_.__name__})")


def _recording(config: ProcessorConfig, read: set[str]) -> ProcessorConfig:
    """The same config, which takes note of the fields that are read of it."""
    kind = type(config)
    fields = frozenset(kind.__struct_fields__)

    def get(self: object, name: str) -> object:
        if name in fields:
            read.add(name)
        return object.__getattribute__(self, name)

    namespace = {"__module__": kind.__module__, "__qualname__": kind.__qualname__, "__getattribute__": get}
    recording: Any = ConfigMeta(kind.__name__, (kind,), namespace)
    made: ProcessorConfig = recording(**{name: getattr(config, name) for name in fields})
    read.clear()
    return made
