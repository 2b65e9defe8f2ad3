from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.graph.relays import Relay, RelayConfig, relay


@pytest.mark.promise("graph.component.processor-node")
def test_a_node_holds_what_was_asked_for() -> None:
    node = relay("relay_0", gain=0.5)
    assert (node.id, node.processor_type, node.config) == ("relay_0", "Relay", RelayConfig(gain=0.5))
    assert node.declaration is Relay.declaration
    assert node.error_policy is None
    assert node.generation == 0


def test_a_node_cannot_be_changed_only_replaced() -> None:
    node = relay("relay_0")
    field = "generation"
    with pytest.raises(AttributeError):
        setattr(node, field, 1)
    assert replace(node, generation=1).generation == 1
    assert node.born(2) == replace(node, generation=2)


def test_a_node_has_no_room_for_more() -> None:
    node, more = relay("relay_0"), "more"
    assert not hasattr(node, "__dict__")
    with pytest.raises(AttributeError):
        setattr(node, more, 1)
