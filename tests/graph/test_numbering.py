from __future__ import annotations

import pytest

from streamlib.graph import PropertyGraph
from streamlib.ids import ProcessorId
from tests.graph.relays import relay


def test_counting_skips_an_id_given_by_hand() -> None:
    graph = PropertyGraph()
    graph.add_processor(relay("relay_0"))
    assert graph.new_id("Relay") == "relay_1"


def test_counting_never_arrives_at_an_id_that_was_given_by_hand() -> None:
    graph = PropertyGraph()
    graph.add_processor(relay("relay_2"))
    graph.remove_processor(ProcessorId("relay_2"))
    assert [graph.new_id("Relay") for _ in range(2)] == ["relay_3", "relay_4"]


@pytest.mark.parametrize("odd", ["relay_07", "relay_٣", "relay_", "_", "relay_99999999999", "7"])
def test_an_odd_id_given_by_hand_does_not_disturb_the_counting(odd: str) -> None:
    graph = PropertyGraph()
    graph.add_processor(relay(odd))
    graph.remove_processor(ProcessorId(odd))
    assert graph.new_id("Relay").startswith("relay_")
    graph.add_processor(relay(odd))
