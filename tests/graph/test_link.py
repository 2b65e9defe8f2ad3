from __future__ import annotations

import pytest
from msgspec.structs import replace

from streamlib.links.delivery import Delivery
from tests.graph.relays import wire


def test_a_link_names_the_ports_it_joins() -> None:
    link = wire("a", "b", "right")
    assert (str(link.source), str(link.target), link.id) == ("a.out", "b.right", "a.out->b.right")


def test_a_link_overrides_nothing_unless_told() -> None:
    link = wire("a", "b")
    assert link.delivery is None
    assert link.capacity is None
    assert replace(link, delivery=Delivery.LATEST, capacity=2).delivery == "latest"


def test_a_link_cannot_be_changed() -> None:
    field = "capacity"
    with pytest.raises(AttributeError):
        setattr(wire("a", "b"), field, 4)
