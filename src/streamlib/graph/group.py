"""Groups: processors that are added, connected, removed and saved as one.

A group is nothing but a component on each of its members, so that whatever runs a graph knows nothing of groups, and
what undoes an edit undoes them. `streamlib.runtime.group` makes them; `graph_file.py` saves them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import PortRef, ProcessorId

SEPARATOR = "/"
"""What stands in a member's id between its group and its own name: `recording_0/writer`."""


@dataclass(frozen=True, slots=True)
class GroupMember:
    """The processor belongs to a group.

    Attributes:
        group: The group's id.
        inputs: Those of its inputs that are the group's own, by their names outside.
        outputs: Those of its outputs that are the group's own, by their names outside.
    """

    group: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    outputs: Mapping[str, str] = field(default_factory=dict)


def member_id(group: str, name: str) -> ProcessorId:
    """The id of a group's member."""
    return ProcessorId(f"{group}{SEPARATOR}{name}")


def member_name(group: str, id_: str) -> str:
    """What a member is called in its group."""
    return id_.removeprefix(f"{group}{SEPARATOR}")


def members_of(graph: PropertyGraph, group: str) -> dict[ProcessorId, GroupMember]:
    """The members of a group by their ids, in the order in which they came; empty where there is no such group."""
    return {id_: member for id_, member in all_members(graph).items() if member.group == group}


def all_members(graph: PropertyGraph) -> dict[ProcessorId, GroupMember]:
    """The members of all groups by their ids, in the order in which they came."""
    with graph.lock:
        found = {ProcessorId(id_): graph.get(id_, GroupMember) for id_ in graph.query(GroupMember)}
    return {id_: member for id_, member in found.items() if member is not None}


def outer_ports(members: Mapping[ProcessorId, GroupMember]) -> tuple[dict[str, PortRef], dict[str, PortRef]]:
    """The inputs and the outputs of a group, by their names outside."""
    inputs = {outer: PortRef(id_, port) for id_, one in members.items() for outer, port in one.inputs.items()}
    outputs = {outer: PortRef(id_, port) for id_, one in members.items() for outer, port in one.outputs.items()}
    return inputs, outputs
