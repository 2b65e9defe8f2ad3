from __future__ import annotations

from streamlib.links.statistics import LinkStatistics


def test_all_drops_are_counted_whatever_the_reason() -> None:
    counted = LinkStatistics(written=20, taken=10, depth=1, capacity=8, replaced=2, full=3, closed=4, overflowed=7)
    assert counted.dropped == 9
    assert counted.written == counted.taken + counted.depth + counted.dropped


def test_a_link_that_carried_nothing_dropped_nothing() -> None:
    assert LinkStatistics(0, 0, 0, 8).dropped == 0
