"""Commands: events that ask the runtime for something, which anybody may publish, and which it obeys.

`runtime.events.publish(RuntimePauseRequested())` does what `runtime.pause()` does, without waiting for it: each is put
in line with the commits that nobody waits for, in the order in which they came. What one fails with is logged and
told by CommandFailed. Comes from `events.bus`; goes to the verbs of `runtime`, and to `edit`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Protocol, TypeVar

from streamlib.events.bus import EventBus
from streamlib.events.event import Event, described
from streamlib.events.processor import (
    ProcessorConfigRequested,
    ProcessorEvent,
    ProcessorPauseRequested,
    ProcessorRestartRequested,
    ProcessorResumeRequested,
)
from streamlib.events.runtime import (
    CommandFailed,
    RuntimePauseRequested,
    RuntimeResumeRequested,
    RuntimeStopRequested,
)
from streamlib.graph.components import log_fields_of
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.runtime.committer import Committer
from streamlib.runtime.edit import Edit

_LOG = logging.getLogger("streamlib.runtime")

C = TypeVar("C", bound=Event)


class Commanded(Protocol):
    """The runtime, as far as a command asks it for something."""

    def pause(self, processor: str | None = None) -> None:
        """Pause it, or one processor."""
        ...

    def resume(self, processor: str | None = None) -> None:
        """Resume it, or one processor."""
        ...

    def stop(self, *, drain: bool) -> None:
        """Stop it."""
        ...

    def edit(self) -> Edit:
        """A transaction."""
        ...

    def commit_edit(self, edit: Edit) -> None:
        """Commit it."""
        ...


class Commands:
    """Has one runtime obey what is published on its bus."""

    def __init__(self, runtime: Commanded, graph: PropertyGraph, committer: Committer, bus: EventBus) -> None:
        self._runtime = runtime
        self._graph = graph
        self._committer = committer
        self._bus = bus
        self._obey(RuntimePauseRequested, lambda _: runtime.pause())
        self._obey(RuntimeResumeRequested, lambda _: runtime.resume())
        self._obey(RuntimeStopRequested, lambda command: runtime.stop(drain=command.drain))
        self._obey(ProcessorPauseRequested, lambda command: runtime.pause(command.processor_id))
        self._obey(ProcessorResumeRequested, lambda command: runtime.resume(command.processor_id))
        self._obey(ProcessorRestartRequested, self._restart)
        self._obey(ProcessorConfigRequested, self._configure)

    def _obey(self, kind: type[C], do: Callable[[C], object]) -> None:
        self._bus.obey(kind, partial(self._put_in_line, do))

    def _put_in_line(self, do: Callable[[C], object], command: C) -> None:
        try:
            self._committer.defer_call(partial(self._carry_out, do, command))
        except Exception as error:  # the line is full; who publishes hears of nothing
            self._tell(command, error)

    def _carry_out(self, do: Callable[[C], object], command: C) -> None:
        try:
            do(command)
        except Exception as error:
            self._tell(command, error)

    def _tell(self, command: Event, error: Exception) -> None:
        name = type(command).__name__
        id_ = command.processor_id if isinstance(command, ProcessorEvent) else ProcessorId("")
        fields = {"command": name, **(log_fields_of(self._graph, id_) if id_ else {})}
        _LOG.error("%s%s failed: %s", name, id_ and f" of {id_}", error, extra=fields)
        self._bus.publish(CommandFailed(command=name, processor_id=id_, error=described(error)))

    def _restart(self, command: ProcessorRestartRequested) -> None:
        edit = self._runtime.edit()  # also where the runtime collects edits: a command is not one of them
        edit.restart(command.processor_id)
        self._runtime.commit_edit(edit)

    def _configure(self, command: ProcessorConfigRequested) -> None:
        edit = self._runtime.edit()
        edit.update_config(command.processor_id, command.config)
        self._runtime.commit_edit(edit)
