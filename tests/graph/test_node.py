from __future__ import annotations

import dataclasses

import pytest

from streamlib.graph import ProcessorNode
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
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(node, field, 1)
    assert dataclasses.replace(node, generation=1).generation == 1


def test_a_node_has_no_room_for_more() -> None:
    assert not hasattr(relay("relay_0"), "__dict__")
    assert set(ProcessorNode.__slots__) == {field.name for field in dataclasses.fields(ProcessorNode)}
