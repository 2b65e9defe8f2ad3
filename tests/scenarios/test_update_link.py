"""Capacity and delivery of a link are changed while frames flow."""

from __future__ import annotations

import itertools

import pytest

from streamlib import StreamRuntime
from streamlib.errors import ConfigError, ConnectError, UnknownLinkError
from streamlib.events import GraphDidUpdateLink
from streamlib.graph.components import WiredChannel
from streamlib.ids import LinkId
from streamlib.links.delivery import Delivery
from streamlib.links.statistics import LinkStatistics
from tests.scenarios.stage import Line

FIRST, SECOND = "numbers_0.out->pass_0.into", "pass_0.out->collect_0.into"


def statistics(runtime: StreamRuntime, link: str) -> LinkStatistics:
    wired = runtime.graph.get(LinkId(link), WiredChannel)
    assert wired is not None
    return wired.channel.statistics()


@pytest.mark.promise("edit.link-live")
@pytest.mark.parametrize("link", [FIRST, SECOND])
def test_no_frame_is_lost_whatever_the_capacity(runtime: StreamRuntime, link: str) -> None:
    line = Line(runtime).run()
    for capacity in (1, 40, 2, 300, 8):
        runtime.update_link(link, capacity=capacity)
        assert statistics(runtime, link).capacity == capacity
        line.record.wait_for(60)
    assert line.record.is_gapless(), line.record.gaps()
    runtime.stop()
    assert line.record.numbers[0] == 0


@pytest.mark.promise("edit.link-live")
@pytest.mark.parametrize("link", [FIRST, SECOND])
def test_what_is_lost_under_other_deliveries_is_counted(runtime: StreamRuntime, link: str) -> None:
    line = Line(runtime, count=30_000)
    runtime.start()
    line.record.wait_until(lambda: len(line.record.numbers) >= 20)
    for delivery, _ in itertools.product(Delivery, range(2)):
        runtime.update_link(link, delivery=delivery, capacity=4)
        line.record.wait_until(lambda: True)
    assert runtime.wait(20)
    counted = [statistics(runtime, one) for one in (FIRST, SECOND)]
    assert counted[0].written == 30_000
    assert counted[1].written == counted[0].taken
    assert counted[1].taken == len(line.record.numbers)
    assert line.record.numbers == sorted(set(line.record.numbers))
    for one in counted:
        assert one.written == one.taken + one.depth + one.dropped


def test_an_update_that_changes_nothing_is_none(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    before = runtime.graph.get(LinkId(FIRST), WiredChannel)
    commits = len(runtime.history)
    runtime.update_link(FIRST)
    assert runtime.graph.get(LinkId(FIRST), WiredChannel) is before
    runtime.update_link(FIRST, capacity=8, delivery="every")  # as it is declared
    assert runtime.graph.get(LinkId(FIRST), WiredChannel) is before
    assert len(runtime.history) == commits + 1
    line.record.wait_for(20)


def test_nonsense_is_refused_and_changes_nothing(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    with pytest.raises(ConnectError, match="capacity is 0"):
        runtime.update_link(FIRST, capacity=0)
    with pytest.raises(ConfigError, match="delivery"):
        runtime.update_link(FIRST, delivery="sometimes")
    with pytest.raises(UnknownLinkError):
        runtime.update_link("a.out->b.into", capacity=2)
    line.record.wait_for(20)
    assert statistics(runtime, FIRST).capacity == 8


def test_it_is_told_and_undone(runtime: StreamRuntime) -> None:
    line = Line(runtime).run()
    with runtime.events.subscribe_queue("runtime:global") as queue:
        runtime.update_link(FIRST, capacity=3)
        queue.get(1)
        told = queue.get(1)
    assert isinstance(told, GraphDidUpdateLink)
    assert (told.link_id, told.capacity, told.delivery) == (FIRST, 3, None)
    runtime.undo()
    assert statistics(runtime, FIRST).capacity == 8
    line.record.wait_for(20)
    assert line.record.is_gapless()
