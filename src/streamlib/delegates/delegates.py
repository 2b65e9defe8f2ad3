"""The three delegates of one runtime, complete: what an object lacks is filled in from the default.

Resolved once when the runtime is built; the compiler calls these attributes and never asks which object answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamlib.delegates.factory import FactoryDelegate, RegistryBackedFactory
from streamlib.delegates.processor import DefaultProcessorDelegate, ProcessorDelegate
from streamlib.delegates.scheduler import DefaultScheduler, SchedulerDelegate
from streamlib.errors import DeclarationError, UnknownTypeError
from streamlib.execution.strategy import SchedulingStrategy
from streamlib.graph.node import ProcessorNode
from streamlib.ids import ProcessorId
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.declaration import Declaration
from streamlib.processors.processor import Processor


class Delegates:
    """Every question and notice of the three delegates, as a callable each."""

    create: Callable[[ProcessorNode], Processor]
    port_info: Callable[[str], Declaration | None]
    can_create: Callable[[str], bool]
    will_create: Callable[[ProcessorNode], None]
    did_create: Callable[[ProcessorNode, Processor], None]
    will_start: Callable[[ProcessorId], None]
    did_start: Callable[[ProcessorId], None]
    will_stop: Callable[[ProcessorId], None]
    did_stop: Callable[[ProcessorId], None]
    did_update_config: Callable[[ProcessorId, ProcessorConfig], None]
    scheduling_strategy: Callable[[ProcessorNode], SchedulingStrategy]

    def __init__(
        self,
        factory: FactoryDelegate | None = None,
        processor: ProcessorDelegate | None = None,
        scheduler: SchedulerDelegate | None = None,
    ) -> None:
        self.registered = RegistryBackedFactory()
        if isinstance(factory, RegistryBackedFactory):
            self.registered = factory
        self._take("factory", factory, self.registered)
        self._factory = factory
        inherited = getattr(type(factory), "can_create", None) is RegistryBackedFactory.can_create
        self._tells_types = _offers(factory, "can_create") and not inherited
        if _offers(factory, "port_info") and not self._tells_types:
            self.can_create = self._is_registered_or_told
        self._take("processor", processor, DefaultProcessorDelegate())
        self._take("scheduler", scheduler, DefaultScheduler())

    def _take(self, role: str, delegate: Any, default: Any) -> None:
        # The methods of a role are those of its default; what else a default has is not asked for.
        names = [name for name in dir(type(default)) if name in Delegates.__annotations__]
        offered = [name for name in names if _offers(delegate, name)]
        if delegate is not None and not offered:
            raise DeclarationError(
                f"{type(delegate).__name__} is no {role} delegate; it needs at least one of {', '.join(sorted(names))}"
            )
        for name in names:
            setattr(self, name, getattr(delegate if name in offered else default, name))

    def check_type(self, processor_type: str) -> None:
        """Ask the factory whether it can create a type.

        Raises:
            DeclarationError: The factory delegate says that it cannot.
            UnknownTypeError: Nothing is registered under that name, and the delegate does not say either.
        """
        if self.can_create(processor_type):
            return
        if not self._tells_types:
            raise UnknownTypeError(processor_type, self.registered.registry.names())
        name = type(self._factory).__name__
        raise DeclarationError(
            f"the factory delegate {name} cannot create {processor_type}: its can_create says no; "
            f"add a type that it can create, or have {name} know this one"
        )

    def _is_registered_or_told(self, processor_type: str) -> bool:
        """What stands in for a delegate that tells ports and not which types it can create."""
        return self.registered.can_create(processor_type) or self.port_info(processor_type) is not None


def _offers(delegate: Any, name: str) -> bool:
    return callable(getattr(delegate, name, None))
