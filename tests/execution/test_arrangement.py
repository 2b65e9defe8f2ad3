from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlib.execution.arrangement import FEW
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.states import ProcessorState
from tests.execution.plain_processors import (
    Hand,
    Held,
    Pair,
    Relay,
    Sink,
    Source,
    Step,
    numbers,
    repeat,
)
from tests.execution.rig import SECONDS, Rig, checked, own, settle, stand_in
from tests.execution.whole import check_arrangement, check_rest


def test_what_was_put_aside_arrives_when_its_processor_is_taken_out() -> None:
    rig, sink = Rig(), Held()
    source, burst, end = rig.add(Source(1)), rig.add(Step(repeat(40))), rig.add(sink)
    first = rig.loop(source, burst)
    rig.loop(end)
    rig.link(burst, end, capacity=2)
    rig.link(source, burst)
    rig.start()
    sink.gate.wait_until_reached()
    rig.reports.wait_for(source, burst)
    first.apply(lambda: first.arrange([source]), SECONDS)
    sink.gate.open()
    rig.reports.wait_for(end)
    rig.stop()
    assert len(sink.got) == 40


def test_a_processor_that_is_over_is_not_counted_any_more() -> None:
    rig, sink = Rig(), Sink()
    source, first, second = rig.add(Hand()), rig.add(Relay()), rig.add(sink)
    loop = rig.loop(source, first, second)
    links = rig.chain(source, first)
    other = rig.link(source, second)
    loop.arrange(loop.members)
    loop.step(SECONDS)
    first.end()
    loop.step(SECONDS)
    calls, taken = first.metrics.calls, links[0].statistics().taken
    for _ in range(5):
        loop.step(SECONDS)
    assert (first.metrics.calls, links[0].statistics().taken) == (calls, taken)
    assert links[0].statistics().written == 7
    assert other.statistics().taken == second.metrics.calls == 7


def test_counts_stay_exact_when_steps_are_arranged_while_the_head_waits() -> None:
    rig, slow, sink = Rig(), Held(), Sink()
    head, end, relay, last = rig.add(Source(60)), rig.add(slow), rig.add(Relay()), rig.add(sink)
    loop = rig.loop(head, relay, last)
    rig.loop(end)
    links = [rig.link(head, end, capacity=1), *rig.chain(head, relay, last)]
    rig.start()
    slow.gate.wait_until_reached()
    for _ in range(3):
        loop.apply(lambda: loop.pause_one(relay), SECONDS)
        loop.apply(lambda: loop.resume_one(relay), SECONDS)
    slow.gate.open()
    rig.reports.wait_for(head, end, relay, last)
    rig.stop()
    assert not rig.errors()
    assert numbers(sink.got) == list(range(60))
    assert [member.metrics.calls for member in (head, relay, last)] == [60, 60, 60]
    checked(*links)


def test_a_head_can_be_paused_alone() -> None:
    rig, sink, source = Rig(), Sink(), Source(100)
    head, end = rig.add(source), rig.add(sink)
    loop = rig.loop(head, end)
    rig.link(head, end)
    loop.pause_one(head)
    rig.start()
    settle(head)
    assert (source.sent, head.state) == (0, ProcessorState.PAUSED)
    loop.apply(lambda: loop.resume_one(head), SECONDS)
    rig.reports.wait_for(head, end)
    rig.stop()
    assert len(sink.got) == 100


@pytest.mark.parametrize("inlined", [True, False])
def test_one_that_is_paused_does_not_end_before_it_goes_on(inlined: bool) -> None:
    rig, sink = Rig(), Sink()
    source, end = rig.add(Source(0)), rig.add(sink)
    if inlined:
        loop = rig.loop(source, end)
    else:
        rig.loop(source)
        loop = rig.loop(end)
    rig.link(source, end)
    loop.pause_one(end)
    rig.start()
    rig.reports.wait_for(source)
    settle(end)
    assert sink.life == ["setup"]
    loop.apply(lambda: loop.resume_one(end), SECONDS)
    rig.reports.wait_for(end)
    rig.stop()


# ------------------------------------------------------------------------------------------------- some, among many


class Row:
    """A manual head and a row of inlined ones behind it, to which others are added and from which they are taken."""

    def __init__(self, length: int) -> None:
        self.rig = Rig()
        self.head = self.rig.add(Hand())
        self.row = [self.head, *(self.rig.add(Relay()) for _ in range(length))]
        self.loop: Loop = self.rig.loop(*self.row)
        self.rig.chain(*self.row)
        self.loop.arrange(self.row)
        self.loop.settle()

    def branch(self, behind: ProcessorInstance, sink: Any = None) -> ProcessorInstance:
        """One more, right behind one that feeds it."""
        new = self.rig.add(sink or Relay())
        new.loop = self.loop
        self.rig.link(behind, new, capacity=1)
        self.loop.take_in([new])
        return new

    def cut(self, gone: ProcessorInstance) -> None:
        """Take one out that stands at the end of a branch, as a removal does."""
        for channel in gone.incoming():
            slot: Any = channel.reader
            channel.mute()
            source = slot.source
            source.switch_output("out", [channel], [])
            self.loop.touch([source])
        gone.unmute()
        gone.end()
        self.loop.drain([gone])
        self.loop.take_out([gone])

    def counts(self) -> list[Any]:
        return [member.metrics.steady for member in self.row[1:]]


def test_who_is_not_touched_is_counted_as_before() -> None:
    row = Row(10)
    before, steps = row.counts(), list(row.loop.steps)
    row.loop.pause_one(row.row[5])
    after = row.counts()
    assert [index for index in range(10) if after[index] is not before[index]] == [3, 4]
    assert [index for index in range(10) if row.loop.steps[index] is not steps[index]] == [3, 4]
    check_arrangement(row.loop)
    row.loop.resume_one(row.row[5])
    check_arrangement(row.loop)
    row.loop.step(SECONDS)
    assert [member.metrics.calls for member in row.row] == [1] * 11


def test_what_changes_nothing_leaves_the_steps_as_they_are() -> None:
    row = Row(10)
    steps = list(row.loop.steps)
    row.loop.touch(row.row)
    assert all(after is before for after, before in zip(row.loop.steps, steps, strict=True))


def test_an_edit_of_one_has_the_loop_look_at_it_and_at_those_next_to_it_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    row = Row(200)
    asked: list[ProcessorInstance] = []
    look = row.loop.advance_one

    def looked(member: ProcessorInstance, now_ns: int) -> bool:
        asked.append(member)
        return look(member, now_ns)

    stand_in(monkeypatch, row.loop, "advance_one", looked)
    new = row.branch(row.row[100])
    row.loop.settle()
    assert set(asked) <= {new, *row.row[99:102]}
    assert asked
    asked.clear()
    row.cut(new)
    row.loop.settle()
    assert set(asked) <= {new, *row.row[99:102]}
    assert new.over
    check_rest(row.loop)


def test_ranks_are_given_anew_where_there_is_no_room_between_two() -> None:
    row = Row(3)
    new = [row.branch(row.head) for _ in range(100)]
    check_arrangement(row.loop)
    assert row.loop.members == [row.head, *reversed(new), *row.row[1:]]
    row.loop.step(SECONDS)
    assert {member.metrics.calls for member in row.loop.members} == {1}


def test_many_at_once_are_arranged_as_all_are() -> None:
    row = Row(2 * FEW)
    for member in row.row[1 : FEW + 20]:
        member.pause()
    row.loop.touch(row.row[1 : FEW + 20])
    check_arrangement(row.loop)
    row.loop.take_out(row.row[FEW:])
    check_arrangement(row.loop)
    assert row.loop.members == row.row[:FEW]


def test_one_that_is_not_here_is_left_out() -> None:
    row, other = Row(3), Row(3)
    row.loop.touch(other.row)
    row.loop.take_out(other.row)
    row.loop.disturb(other.row[1])
    row.loop.settle()
    check_arrangement(other.loop)
    assert other.loop.members == other.row
    assert not other.row[1].over


def test_one_that_went_to_another_loop_stays_there_when_the_old_one_comes_late_to_letting_go() -> None:
    row, other = Row(3), Row(1)
    moved = row.row[3]
    other.loop.take_in([moved])
    row.loop.arrange(row.row[:3])
    assert other.loop.has(moved)
    assert moved.loop is other.loop


def test_who_took_the_place_of_another_is_called_in_it() -> None:
    row = Row(5)
    row.loop.step(SECONDS)
    old, new = row.row[3], row.rig.add(Relay())
    row.loop.replace(old, new)
    check_arrangement(row.loop)
    assert row.loop.members == [*row.row[:3], new, *row.row[4:]]
    row.loop.step(SECONDS)
    assert [member.metrics.calls for member in row.loop.members] == [2] * 6
    assert not row.loop.has(old)


def test_one_that_waits_and_goes_is_not_waited_for() -> None:
    row = Row(3)
    sink = row.branch(row.row[3], Sink())
    row.loop.pause_one(sink)
    row.loop.step(SECONDS)
    assert row.loop.held == [sink]
    row.cut(sink)
    assert sink not in row.loop.held
    row.loop.settle()
    assert row.loop.held == []


def test_one_that_waits_for_room_elsewhere_is_asked_again_when_another_has_something_to_do() -> None:
    row = Row(3)
    far = row.rig.add(Sink())
    row.rig.loop(far)
    link = row.rig.link(row.row[3], far, capacity=1)
    row.loop.touch([row.row[3]])
    row.loop.step(SECONDS)
    row.row[2].pause()
    row.row[2].resume()
    own(row.row[3]).out.write("frame")
    row.loop.settle()
    assert row.loop.held == [row.row[3]]
    far.readers[0].read()
    row.loop.disturb(row.row[1])
    row.loop.settle()
    assert row.loop.held == []
    assert link.statistics().depth == 1


def test_who_feeds_one_that_made_room_is_asked_again_and_so_is_whom_it_feeds() -> None:
    row = Row(3)
    row.loop.settle()
    row.loop.unsettle_around(row.row[2])
    assert set(row.loop.roused) == {*row.row[1:4]}


def test_who_stands_against_a_new_link_is_put_behind_who_feeds_it() -> None:
    row = Row(2)
    early, late = row.branch(row.head), row.branch(row.row[2])
    assert row.loop.members == [row.head, early, *row.row[1:], late]
    row.rig.link(late, early)
    row.loop.touch([late, early])
    assert row.loop.members == [row.head, *row.row[1:], late, early]
    check_arrangement(row.loop)


def test_one_that_feeds_some_and_is_fed_by_nobody_stands_right_before_them() -> None:
    row = Row(3)
    new, other = row.rig.add(Hand()), row.rig.add(Relay())
    new.loop = other.loop = row.loop
    pair = row.branch(row.row[2], Pair())
    row.rig.link(new, pair, into="b")
    row.loop.take_in([new, other], [pair])
    assert row.loop.members == [*row.row[:3], new, pair, row.row[3], other]
    check_arrangement(row.loop)


def test_a_loop_that_was_stuck_leaves_those_alone_whom_another_has_taken_in() -> None:
    row, other = Row(3), Row(1)
    moved = row.row[3]
    other.loop.take_in([moved])
    step = other.loop.steps[-1]
    row.loop.touch([moved])
    row.loop.rearrange()
    row.loop.settle()
    assert moved not in row.loop.inlined
    row.loop.take_out([moved])
    assert (moved.loop, other.loop.steps[-1]) == (other.loop, step)
    assert row.loop.members == row.row[:3]
    check_arrangement(row.loop)
    check_arrangement(other.loop)


VERBS = st.sampled_from(
    ("branch", "branch", "cut", "pause", "resume", "hold", "release", "step", "wake", "replace", "end")
)


@settings(max_examples=100)
@given(st.lists(st.tuples(VERBS, st.integers(0, 30)), min_size=5, max_size=60))
def test_piece_by_piece_it_is_arranged_as_all_at_once(changes: list[tuple[str, int]]) -> None:
    row, steps = Row(3), 0
    branches: list[ProcessorInstance] = []
    for verb, number in changes:
        inner = [member for member in row.loop.members if member is not row.head and not member.over]
        one = inner[number % len(inner)] if inner else row.head
        ends = [member for member in branches if not member.fed() and not member.over and row.loop.has(member)]
        if verb == "branch":
            branches.append(row.branch(row.head if number % 3 == 0 else one))
        elif verb == "cut" and ends:
            row.cut(ends[number % len(ends)])
        elif verb == "step":
            steps += row.loop.step(0.0) if all(not m.paused for m in inner) else 0
        elif verb == "wake":
            one.wake()
        elif verb == "replace" and one is not row.head:
            row.loop.replace(one, row.rig.add(Relay()))
        elif verb == "end" and number > 25 and one is not row.head:
            one.end()
        elif verb in {"pause", "resume", "hold", "release"}:
            getattr(row.loop, verb if verb in {"hold", "release"} else f"{verb}_one")(one)
        check_arrangement(row.loop)
        row.loop.settle()
        check_arrangement(row.loop)
        check_rest(row.loop)
    assert row.head.metrics.calls == steps
    for link in row.rig.links.values():
        checked(link)
