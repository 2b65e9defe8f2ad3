"""The hands of an agent on a runtime: type names, mappings, ports and ids in, ids out.

An `AgentActions` of `streamlib.observability`. Each call is an edit of its own and is committed when it returns, also
where the runtime collects edits. Next on the path of a change: `edit`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from streamlib.errors import ConfigError
from streamlib.ids import LinkId, PortRef, ProcessorId
from streamlib.runtime.edit import ConfigOutcome, Edit
from streamlib.runtime.handles import ProcessorHandle


class Acted(Protocol):
    """The runtime, as far as actions ask it for something."""

    def edit(self) -> Edit:
        """A transaction, committed at the end of its `with`."""
        ...

    def processor(self, id_: str) -> ProcessorHandle:
        """The processor of an id."""
        ...


class RuntimeActions:
    """Changes a graph by plain values alone; `runtime.actions`. What the runtime's own verbs raise, these raise.

    Inside a processor a call returns at once and is done in line, as an edit there is.
    """

    def __init__(self, runtime: Acted) -> None:
        self._runtime = runtime

    def update_config(self, processor_id: ProcessorId | str, config: Mapping[str, object]) -> ConfigOutcome:
        """Change these fields of a config; says whether that was applied live or restarted the processor.

        Raises:
            UnknownProcessorError: There is no processor of that id.
            ConfigError: It is no mapping, or a field is unknown or has a wrong value; nothing was changed.
            CommitError: The processor refused it, or could not be restarted; everything is as before.
        """
        with self._runtime.edit() as edit:
            return edit.update_config(processor_id, _mapping(config))

    def add_processor(
        self, processor_type: str, config: Mapping[str, object] | None = None, *, id: str | None = None
    ) -> ProcessorId:
        """Add a processor.

        Args:
            processor_type: The name of a registered or installed type.
            config: Fields of its config; what is not given is the default.
            id: A name of your own; otherwise `h264_encoder_0` and so on.

        Raises:
            UnknownTypeError: There is no type of that name; the message names the nearest.
            ConfigError: It is no mapping, or a field is unknown, missing or has a wrong value.
            DuplicateIdError: The id is taken.
            CommitError: It could not be set up; everything is as before.
        """
        with self._runtime.edit() as edit:
            return edit.add_processor(processor_type, _mapping({} if config is None else config), id=id).id

    def remove_processor(self, processor_id: ProcessorId | str) -> None:
        """Remove a processor, or a group: what waits is processed, end of stream goes on, it is torn down.

        Raises:
            UnknownProcessorError: There is no processor of that id.
            DeadlineError: It did not come to its end in time; it was cut off.
        """
        with self._runtime.edit() as edit:
            edit.remove(processor_id)

    def connect(self, source: PortRef, target: PortRef) -> LinkId:
        """Join an output to an input, `PortRef("encoder_0", "packets")` to `PortRef("writer_0", "video")`.

        Raises:
            UnknownProcessorError: There is no processor of one of the ids.
            UnknownPortError: It has no such output, or no such input; the message names the nearest.
            ConnectError: The ports do not fit.
            CycleError: The link would close a circle; the message gives the way round.
        """
        from_, to = _port("source", source), _port("target", target)
        output = self._runtime.processor(from_.processor_id).output(from_.port)
        input_ = self._runtime.processor(to.processor_id).input(to.port)
        with self._runtime.edit() as edit:
            return edit.connect(output, input_).id

    def disconnect(self, link_id: LinkId | str) -> None:
        """Remove a link; what is on its way is still read.

        Raises:
            UnknownLinkError: There is no link of that id.
        """
        with self._runtime.edit() as edit:
            edit.disconnect(link_id)


def _mapping(given: object) -> Mapping[str, object]:
    if not isinstance(given, Mapping):
        raise ConfigError(
            f"config is {given!r:.60}; give fields by name, {{'bitrate': 2_000_000}} for one", field="config"
        )
    return given


def _port(name: str, given: object) -> PortRef:
    if not isinstance(given, PortRef):
        raise ConfigError(f"{name} is {given!r:.60}; give PortRef('encoder_0', 'packets')", field=name)
    return given
