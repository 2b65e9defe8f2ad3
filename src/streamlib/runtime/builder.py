"""The builder: a runtime put together one choice at a time; what is not chosen is the default."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from streamlib.delegates.factory import FactoryDelegate
from streamlib.delegates.processor import ProcessorDelegate
from streamlib.delegates.scheduler import SchedulerDelegate
from streamlib.processors.context import MediaConfig
from streamlib.processors.conversion import chosen
from streamlib.runtime.commit_mode import CommitMode

if TYPE_CHECKING:
    from streamlib.clock import Clock

R = TypeVar("R")


class RuntimeBuilder(Generic[R]):
    """`StreamRuntime.builder()`: the same choices as the keyword arguments of `StreamRuntime`."""

    def __init__(self, make: Callable[..., R]) -> None:
        self._make = make
        self._chosen: dict[str, Any] = {}

    def with_factory(self, factory: FactoryDelegate) -> Self:
        """Have this object make processors."""
        return self._with("factory", factory)

    def with_processor_delegate(self, delegate: ProcessorDelegate) -> Self:
        """Have this object asked before, and told after, each step in the life of a processor."""
        return self._with("processor_delegate", delegate)

    def with_scheduler(self, scheduler: SchedulerDelegate) -> Self:
        """Have this object decide where processors run."""
        return self._with("scheduler", scheduler)

    def with_commit_mode(self, mode: CommitMode | str) -> Self:
        """Commit each call (`AUTO`), or all of them at `commit()` (`MANUAL`)."""
        return self._with("commit_mode", chosen("commit_mode", CommitMode, mode))

    def with_media(self, media: MediaConfig) -> Self:
        """Use these sizes, rates and colours where a processor is not told otherwise."""
        return self._with("media", media)

    def with_clock(self, clock: Clock) -> Self:
        """Have everything go by this clock."""
        return self._with("clock", clock)

    def with_workers(self, workers: int) -> Self:
        """Have the work-stealing pool run on so many threads."""
        return self._with("workers", workers)

    def with_stall_after(self, seconds: float | None) -> Self:
        """Tell of what has not gone on for so long as a stall; None tells of none."""
        return self._with("stall_after", seconds)

    def build(self) -> R:
        """The runtime.

        Raises:
            DeclarationError: A delegate has none of the methods of its role.
        """
        return self._make(**self._chosen)

    def _with(self, name: str, choice: object) -> Self:
        self._chosen[name] = choice
        return self
