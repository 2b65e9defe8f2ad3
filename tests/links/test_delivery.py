from __future__ import annotations

import pytest

from streamlib.links.delivery import Delivery


def test_a_delivery_is_written_as_in_a_port() -> None:
    assert [str(delivery) for delivery in Delivery] == ["every", "latest", "drop_oldest", "drop_newest"]
    assert Delivery("latest") is Delivery.LATEST


def test_there_is_no_other_delivery() -> None:
    with pytest.raises(ValueError, match="sometimes"):
        Delivery("sometimes")
