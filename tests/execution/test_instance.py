from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from streamlib.clock import NEVER_NS
from streamlib.errors import ConfigError
from streamlib.links.delivery import Delivery
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.states import PROCESSOR_TRANSITIONS, ProcessorState
from tests.execution.plain_processors import (
    Both,
    Hand,
    Numbers,
    Relay,
    Sink,
    Source,
    wired,
)
from tests.execution.rig import Rig, own

# ---------------------------------------------------------------------------------------------------------- its life


def test_it_goes_from_setup_to_teardown_and_reports_each_state() -> None:
    rig = Rig()
    end = rig.add(Sink(), "sink")
    end.pause()
    end.resume()
    end.finish()
    end.finish()
    assert rig.reports.states == [
        ("sink", ProcessorState.READY),
        ("sink", ProcessorState.RUNNING),
        ("sink", ProcessorState.PAUSED),
        ("sink", ProcessorState.RUNNING),
        ("sink", ProcessorState.ENDED),
    ]
    assert own(end).life == ["setup", "flush", "after 0", "teardown"]
    assert rig.ended() == ["sink"]


@pytest.mark.promise("lifecycle.processor-table")
@pytest.mark.parametrize(("old", "new"), list(product(ProcessorState, ProcessorState)))
def test_it_goes_where_the_table_says_and_nowhere_else(old: ProcessorState, new: ProcessorState) -> None:
    rig = Rig()
    end = rig.add(Sink(), "sink", ready=False)
    end.state = old
    end.become(new)
    legal = new in PROCESSOR_TRANSITIONS[old]
    assert end.state is (new if legal else old)
    assert rig.reports.states == ([("sink", new)] if legal else [])


def test_a_state_that_cannot_follow_is_left_out() -> None:
    rig = Rig()
    end = rig.add(Sink())
    end.finish()
    end.become(ProcessorState.RUNNING)
    assert end.state is ProcessorState.ENDED
    assert end.over


def test_what_setup_raises_goes_to_the_caller_and_teardown_is_still_called_once() -> None:
    class Refusing(Sink):
        def setup(self, ctx: RuntimeContext) -> None:
            super().setup(ctx)
            raise OSError("no device")

    rig = Rig()
    end = rig.add(Refusing(), ready=False)
    with pytest.raises(OSError, match="no device"):
        end.setup()
    assert end.state is ProcessorState.IDLE
    end.teardown()
    end.teardown()
    assert own(end).life == ["setup", "teardown"]


def test_without_setup_there_is_no_teardown_and_no_flush() -> None:
    end = Rig().add(Sink(), ready=False)
    end.teardown()
    end.finish()
    assert own(end).life == []


def test_one_that_failed_is_not_flushed() -> None:
    _rig, _, end, link = wired()
    end.finish(ValueError("broken"))
    assert (end.state, str(end.failure)) == (ProcessorState.FAILED, "broken")
    assert own(end).life == ["setup", "teardown"]
    assert link.closed


def test_ending_says_the_end_on_every_output_and_closes_every_input() -> None:
    rig = Rig()
    source, relay, ends = rig.add(Source(1)), rig.add(Relay()), [rig.add(Sink()), rig.add(Sink())]
    for member in (source, relay, *ends):
        rig.loop(member)
    into = rig.link(source, relay)
    for end in ends:
        rig.link(relay, end)
    relay.finish()
    assert into.closed
    assert all(end.exhausted() for end in ends)


# ------------------------------------------------------------------------------------------------------- when it is due


def test_frames_wakes_and_times_make_it_due() -> None:
    _, source, end, _ = wired()
    assert not end.due(0)
    end.wake()
    assert end.poked
    assert end.due(0)
    end.begin(0)
    assert not end.due(0)
    end.wake_at(10)
    assert (end.due(9), end.due(10)) == (False, True)
    end.begin(9)
    assert end.due(10)
    end.begin(10)
    assert not end.due(10)
    source.call(source.context)
    assert end.due(0)


def test_one_that_is_paused_ending_or_over_is_not_callable() -> None:
    _, source, end, _ = wired()
    source.call(source.context)
    assert end.callable(0)
    end.pause()
    assert not end.callable(0)
    assert not end.can_move(0)
    end.resume()
    end.end()
    assert not end.callable(0)
    end.finish()
    assert not end.callable(0)


def test_one_that_wants_all_inputs_is_due_when_each_has_a_frame_or_has_ended() -> None:
    rig = Rig()
    first, second, end = rig.add(Hand()), rig.add(Hand()), rig.add(Both())
    for member in (first, second, end):
        rig.loop(member)
    rig.link(first, end, into="a")
    other = rig.link(second, end, into="b")
    first.call(first.context)
    assert not end.due(0)
    second.call(second.context)
    assert end.due(0)
    end.call(end.context)
    first.call(first.context)
    assert not end.due(0)
    other.end()
    assert end.due(0)


def test_one_without_room_is_held_and_names_the_links() -> None:
    rig = Rig()
    source, relay, end = rig.add(Hand()), rig.add(Relay()), rig.add(Sink())
    for member in (source, relay, end):
        rig.loop(member)
    rig.link(source, relay)
    link = rig.link(relay, end, capacity=1)
    assert not relay.is_held()
    source.call(source.context)
    source.call(source.context)
    relay.call(relay.context)
    assert relay.is_held()
    assert relay.held_by() == [link.name]
    assert not relay.can_move(0)
    end.call(end.context)
    assert relay.is_held(), "room that another thread makes while its loop looks away must not be missed"
    assert relay.held_by() == []
    assert relay.can_move(0)
    relay.call(relay.context)
    assert not relay.is_held()


# ---------------------------------------------------------------------------------------------------- cut off, replaced


def test_one_that_is_cut_off_lets_its_links_go() -> None:
    _rig, source, _end, link = wired(capacity=1)
    source.call(source.context)
    source.cut_off()
    assert link.closed
    assert source.finishing
    assert source.context.is_cut_off
    source.call(source.context)
    link.settle_closed()
    assert link.statistics().closed == 2


def test_those_fed_by_one_that_is_left_behind_hear_the_end_wherever_they_run() -> None:
    rig = Rig()
    stuck, end = rig.add(Hand()), rig.add(Sink())
    rig.loop(stuck, end)
    rig.link(stuck, end)
    elsewhere = rig.loop(head=False)
    elsewhere.take_in([end])
    elsewhere.settle()
    stuck.abandon()
    elsewhere.settle()
    assert end.over


def test_one_that_takes_anothers_place_goes_on_with_links_counters_and_stamps() -> None:
    rig = Rig()
    old, new, end = rig.add(Numbers()), rig.add(Numbers(), ready=False), rig.add(Relay())
    rig.loop(old)
    rig.loop(end)
    rig.link(old, end)
    old.call(old.context)
    old.metrics.count()
    old.suspend()
    assert own(old).life == ["setup", "flush", "teardown"]
    assert not old.over
    new.setup()
    new.take_place_of(old)
    new.call(new.context)
    assert new.metrics is old.metrics
    assert [own(end).inp.read().sequence for _ in range(2)] == [0, 1]


def test_what_flush_raises_while_it_is_suspended_is_reported() -> None:
    class Bad(Sink):
        def flush(self, ctx: ProcessContext) -> None:
            raise ValueError("held back")

    rig = Rig()
    end = rig.add(Bad(), policy=ErrorPolicy.FAIL)
    end.suspend()
    assert rig.errors() == [(end.id, "held back", None)]
    assert end.metrics.errors == 1
    assert own(end).life == ["setup", "teardown"]


def test_the_latest_that_replaces_one_left_unread_makes_it_due_again() -> None:
    _, source, end, _ = wired(delivery=Delivery.LATEST)
    source.call(source.context)
    end.left_unread = end.news()
    assert not end.due(0)
    source.call(source.context)
    assert end.due(0)


@pytest.mark.parametrize(("given", "ns"), [(5, 5), (5.9, 5), (float("inf"), NEVER_NS), (1 << 70, NEVER_NS)])
def test_a_time_to_be_called_at_is_a_number_of_nanoseconds(given: Any, ns: int) -> None:
    waiting = Rig().add(Sink())
    waiting.context.wake_at(given)
    assert waiting.wake_ns == ns


@pytest.mark.parametrize("given", ["soon", None, float("nan"), 1j])
def test_a_time_to_be_called_at_that_is_none_is_refused_and_changes_nothing(given: Any) -> None:
    waiting = Rig().add(Sink())
    with pytest.raises(ConfigError, match="give a time in nanoseconds"):
        waiting.context.wake_at(given)
    assert waiting.wake_ns is None
