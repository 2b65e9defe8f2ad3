from __future__ import annotations

import pytest

from streamlib.ids import LinkId, ProcessorId
from streamlib.observability.scene import LinkFacts, ProcessorFacts, crowded, lagging
from streamlib.states import ProcessorState


@pytest.mark.parametrize(
    ("depth", "since_ns", "full"), [(7, None, False), (8, None, True), (3, 5, True), (0, 5, False)]
)
def test_a_link_is_full_when_there_is_no_room_or_its_writer_waits_for_some(
    depth: int, since_ns: int | None, full: bool
) -> None:
    source, target = ProcessorId("a"), ProcessorId("b")
    link = LinkFacts(id=LinkId("a.out->b.into"), source=source, target=target, depth=depth, since_ns=since_ns)
    assert link.full is full


def test_who_has_ended_or_failed_is_over() -> None:
    over = [state for state in ProcessorState if ProcessorFacts(id=ProcessorId("a"), state=state).over]
    assert over == [ProcessorState.ENDED, ProcessorState.FAILED]


@pytest.mark.parametrize(
    ("depth", "capacity", "is_crowded"), [(6, 8, False), (7, 8, True), (8, 8, True), (2, 3, False), (0, 1, False)]
)
def test_a_link_that_lacks_one_frame_is_crowded_unless_it_is_very_short(
    depth: int, capacity: int, is_crowded: bool
) -> None:
    assert crowded(depth, capacity) is is_crowded


@pytest.mark.parametrize(
    ("depth", "capacity", "lags"), [(3, 8, False), (4, 8, True), (8, 8, True), (2, 3, False), (3, 3, True)]
)
def test_a_reader_lags_behind_whose_link_is_half_full(depth: int, capacity: int, lags: bool) -> None:
    source, target = ProcessorId("a"), ProcessorId("b")
    link = LinkFacts(id=LinkId("a.out->b.into"), source=source, target=target, depth=depth, capacity=capacity)
    assert link.lagging is lagging(depth, capacity) is lags
