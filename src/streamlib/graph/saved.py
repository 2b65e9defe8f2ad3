"""What of a graph a file holds: a record for each processor and each link.

Their fields are the keys of the file, and the published JSON Schema (`file_schema.py`) is made of them. What is as
declared is left out. `graph_file.py` joins them to a graph.
"""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from streamlib.errors import ConfigError
from streamlib.graph.document import Origin
from streamlib.graph.document import Path as FieldPath
from streamlib.ids import given_id
from streamlib.links.delivery import Delivery
from streamlib.processors.execution_mode import ErrorPolicy

VERSION = 1
"""The version of the format that is written, and the only one that is read."""

ARROW = "->"

ID_PATTERN = r"[\w-]+(?:/[\w-]+)*"
_END = rf"\s*{ID_PATTERN}(?:\.\w+)?\s*"
LINK_PATTERN = f"^{_END}{ARROW}{_END}$"

Components = dict[str, dict[str, Any]]
"""A user's own components: the fields of each by the name of its class, `my_app.notes:Note`."""


class SavedProcessor(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A processor in a graph file."""

    type: Annotated[str, Meta(min_length=1, description="The name of its type, as `streamlib processors` lists it.")]
    config: Annotated[dict[str, Any], Meta(description="What it is told; what is left out is the default.")] = {}
    on_error: Annotated[
        ErrorPolicy | None, Meta(description="What follows an exception in it, if not what its type says.")
    ] = None
    components: Annotated[
        Components, Meta(description="Components of your own: the fields of each by its class, module:Name.")
    ] = {}


class SavedLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A link in a graph file; one that only joins is written as its text alone."""

    link: Annotated[
        str,
        Meta(
            pattern=LINK_PATTERN,
            description="processor.output -> processor.input; without ports, the only two that fit.",
        ),
    ]
    delivery: Annotated[
        Delivery | None, Meta(description="What it does with a frame that finds it full, if not what the input says.")
    ] = None
    capacity: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Frames that it holds, if not what the input says.")
    ] = None
    components: Annotated[
        Components, Meta(description="Components of your own: the fields of each by its class, module:Name.")
    ] = {}

    @property
    def ends(self) -> tuple[SavedEnd, SavedEnd]:
        """Where it comes from and where it goes."""
        source, target = self.link.split(ARROW)
        return SavedEnd.parse(source), SavedEnd.parse(target)


class SavedGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A group in a graph file: a graph of its own, with names for the ports that it has outside."""

    processors: Annotated[dict[str, SavedProcessor], Meta(description="Its members, by their names in the group.")]
    links: Annotated[tuple[SavedLink, ...], Meta(description="The links between its members.")] = ()
    inputs: Annotated[dict[str, str], Meta(description="Its inputs: member.input, by the name outside.")] = {}
    outputs: Annotated[dict[str, str], Meta(description="Its outputs: member.output, by the name outside.")] = {}


class SavedGraph(NamedTuple):
    """All that a graph file says."""

    processors: dict[str, SavedProcessor]
    groups: dict[str, SavedGroup]
    links: tuple[SavedLink, ...]


class SavedEnd(NamedTuple):
    """One end of a link in a graph file; without a port, the only one that fits is meant."""

    processor_id: str
    port: str | None

    @classmethod
    def parse(cls, text: str) -> SavedEnd:
        """`reader.video`, or `reader`."""
        id_, _, port = text.strip().partition(".")
        return cls(id_, port or None)


def check_id(id_: str, origin: Origin, path: FieldPath = ()) -> None:
    """Refuse what is no id.

    Raises:
        GraphFileError: It is none.
    """
    try:
        given_id(id_)
    except ConfigError as error:
        raise origin.error(path, str(error)) from error
