from __future__ import annotations

import pytest

from streamlib.frames import DataFrame


@pytest.mark.promise("frame.data")
def test_a_data_frame_carries_its_mapping() -> None:
    frame = DataFrame({"n": 1}, timestamp_ns=5)
    assert frame.data["n"] == 1
    assert frame.timestamp_ns == 5


def test_it_shows_its_keys_and_not_its_values() -> None:
    assert repr(DataFrame({"boxes": [1] * 1000, "score": 0.5})) == "<DataFrame {boxes, score} 0.000 s>"
