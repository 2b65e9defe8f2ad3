from __future__ import annotations

import pytest

from streamlib.errors import DeclarationError
from streamlib.graph.components import ComponentView
from streamlib.graph.group import GroupMember, all_members, member_id, member_name, members_of, outer_ports
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import PortRef, ProcessorId
from tests.graph.relays import relay


@pytest.fixture
def graph() -> PropertyGraph:
    made = PropertyGraph()
    for id_ in ("rec/b", "rec/a", "alone", "other/a"):
        made.add_processor(relay(id_))
    made.insert("rec/b", GroupMember("rec", inputs={"video": "in_"}))
    made.insert("rec/a", GroupMember("rec", outputs={"done": "out"}))
    made.insert("other/a", GroupMember("other"))
    return made


def test_the_members_of_a_group_are_those_that_say_so_in_the_order_in_which_they_came(graph: PropertyGraph) -> None:
    assert list(members_of(graph, "rec")) == ["rec/b", "rec/a"]
    assert list(all_members(graph)) == ["rec/b", "rec/a", "other/a"]
    assert members_of(graph, "nobody") == {}


def test_the_ports_of_a_group_are_ports_of_its_members(graph: PropertyGraph) -> None:
    inputs, outputs = outer_ports(members_of(graph, "rec"))
    assert inputs == {"video": PortRef(ProcessorId("rec/b"), "in_")}
    assert outputs == {"done": PortRef(ProcessorId("rec/a"), "out")}


def test_a_members_id_begins_with_its_group() -> None:
    assert member_id("rec", "a") == "rec/a"
    assert member_name("rec", "rec/a.out") == "a.out"


def test_membership_is_no_component_of_the_users(graph: PropertyGraph) -> None:
    view = ComponentView(graph, "rec/a")
    assert list(view) == []
    with pytest.raises(DeclarationError):
        view[GroupMember] = GroupMember("other")
