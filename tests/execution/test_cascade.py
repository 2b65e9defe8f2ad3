from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlib.execution.cascade import MOST, Cascade
from streamlib.execution.loops import Loop
from streamlib.execution.tapped_call import CallTap
from streamlib.frames import DataFrame
from streamlib.frames.stamped import Stamped
from streamlib.links.channel import Channel
from streamlib.links.tap import OutputTap, Tap
from streamlib.processors.context import ProcessContext
from streamlib.processors.execution_mode import ErrorPolicy, ProcessExecution
from streamlib.processors.function import FunctionFilter, FunctionProcessor, processor
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.testing import ManualClock
from tests.execution.rig import SECONDS, Rig, checked, own
from tests.execution.whole import check_arrangement, check_rest


class Other(Stamped, frozen=True, gc=False, eq=False, kw_only=True):
    """A frame of another class."""


class Hand(Processor):
    """Writes the next numbers each time it is stepped."""

    execution = ProcessExecution.manual()
    out = LinkOutput(DataFrame)
    sent = 0
    each = 1

    def process(self, ctx: ProcessContext) -> None:
        for _ in range(self.each):
            self.out.write(DataFrame({"n": self.sent}, timestamp_ns=1_000 * self.sent))
            self.sent += 1


class Fast(Hand):
    """Writes the next numbers in each call while there are any, and is called many times in a row."""

    execution = ProcessExecution.continuous()
    left = 0

    def process(self, ctx: ProcessContext) -> None:
        if self.left > 0:
            self.left -= 1
            super().process(ctx)


class Sink(Processor):
    """Keeps what it gets."""

    inp = LinkInput(DataFrame)

    def __init__(self) -> None:
        super().__init__()
        self.got: list[DataFrame] = []

    def process(self, ctx: ProcessContext) -> None:
        frame = self.inp.read()
        if frame is not None:
            self.got.append(frame)


def number(frame: DataFrame) -> int:
    found = frame.data["n"]
    assert isinstance(found, int)
    return found


@processor
def same(frame: DataFrame) -> DataFrame:
    return frame


@processor
def renewed(frame: DataFrame) -> DataFrame:
    return DataFrame(frame.data)


@processor
def without(frame: DataFrame, every: int = 2) -> DataFrame | None:
    return frame if number(frame) % every else None


@processor
def flaky(frame: DataFrame, every: int = 3) -> DataFrame:
    if number(frame) % every == 0:
        raise ValueError(f"number {number(frame)}")
    return frame


@processor
def wrong(frame: DataFrame, every: int = 4) -> DataFrame:
    return Other() if number(frame) % every == 0 else frame  # type: ignore[return-value]


@processor
def checked_only(frame: DataFrame | Other) -> DataFrame:
    return frame  # type: ignore[return-value]


@processor
def drawn(frame: DataFrame) -> Other:
    return Other()


KINDS: dict[str, type[FunctionProcessor]] = {
    "same": same,
    "renewed": renewed,
    "without": without,
    "flaky": flaky,
    "wrong": wrong,
}


def by_itself(kind: Any) -> Any:
    """The same function, and a `process` that no cascade leaves out."""

    class Alone(kind):  # type: ignore[misc]
        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)

    Alone.__name__ = kind.__name__
    return Alone


class Row:
    """A source, functions one behind the other, and a sink; all in one loop.

    Args:
        brief: its source is called in bursts, not by hand.
    """

    def __init__(self, *kinds: Any, policy: ErrorPolicy | None = None, brief: bool = False) -> None:
        self.rig = Rig(ManualClock(), brief=brief)  # by the real one, how much is done in a turn would differ
        self.head = self.rig.add(Fast() if brief else Hand(), "head")
        self.row = [self.rig.add(one(), f"f{place}", policy=policy) for place, one in enumerate(kinds)]
        self.end = self.rig.add(Sink(), "end")
        self.all = [self.head, *self.row, self.end]
        self.loop: Loop = self.rig.loop(*self.all)
        self.links: list[Channel] = self.rig.chain(*self.all)
        self.loop.arrange(self.all)
        self.loop.settle()

    def send(self, frames: int = 1) -> None:
        """Have it write so many times, or less often where nobody takes what it writes."""
        head = own(self.head)
        if isinstance(head, Fast):
            head.left = frames
            self.loop.work(4)
            return
        for _ in range(frames):
            self.loop.settle()
            if self.head.free():
                self.loop.step(SECONDS)

    def got(self) -> list[int]:
        return [number(frame) for frame in own(self.end).got]

    def together(self) -> list[list[str]]:
        """Who is called by one step."""
        calls = [call for _, call, _ in self.loop.steps]
        return [[member.id for member in call.members] for call in calls if isinstance(call, Cascade)]

    def facts(self) -> dict[str, Any]:
        """All that is to be seen from outside."""
        checked(*self.links)
        return {
            "got": [(number(one), one.timestamp_ns, one.sequence, one.entered_ns > 0) for one in own(self.end).got],
            "calls": [member.metrics.calls for member in self.all],
            "errors": [(id_, repr(error), ns) for id_, error, ns in self.rig.reports.errors],
            "states": [member.state for member in self.all],
            "links": [(one.written, one.taken, one.depth, one.dropped) for one in map(_statistics, self.links)],
        }


def _statistics(link: Channel) -> Any:
    return link.statistics()


class Seen:
    """Keeps what passes where it looks."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.calls: list[Any] = []

    def pushed(self, frame: Any) -> None:
        self.frames.append(frame)

    def full(self, *, dropped: bool) -> None:
        """Nobody asks."""

    def emptied(self) -> None:
        """Nobody asks."""

    def processed(self, frame: Any, latency_ns: int) -> None:
        self.calls.append(frame)


def tap_link(row: Row, place: int, seen: Seen | None) -> None:
    link = row.links[place]
    link.tap = None
    if seen is not None:
        link.tap = Tap(lambda observer, error: None)
        link.tap.add(seen)
    for end in (row.all[place], row.all[place + 1]):
        end.refit(link)
    row.loop.touch(row.all[place : place + 2])
    row.loop.settle()


def tap_output(row: Row, place: int, seen: Seen | None) -> None:
    tap = None if seen is None else OutputTap(lambda observer, error: None)
    if tap is not None:
        tap.add(seen)  # type: ignore[arg-type]
    row.all[place].tap_output("output", tap)
    row.loop.touch([row.all[place]])
    row.loop.settle()


def tap_call(row: Row, place: int, seen: Seen | None) -> None:
    tap = None if seen is None else CallTap(row.rig.clock.now_ns, lambda observer, error: None)
    if tap is not None:
        tap.add(seen)  # type: ignore[arg-type]
    row.all[place].tap_call(tap)
    row.loop.touch([row.all[place]])
    row.loop.settle()


# ------------------------------------------------------------------------------------------------------- who forms one


def test_functions_in_a_row_are_one_step() -> None:
    row = Row(same, renewed, without)
    assert row.together() == [["f0", "f1", "f2"]]
    assert row.loop.inlined == [row.row[0], row.end]
    check_arrangement(row.loop)
    row.send(4)
    assert row.got() == [1, 3]


def test_a_function_alone_is_called_as_it_was() -> None:
    assert Row(same).together() == []


def test_a_long_row_is_several_steps() -> None:
    row = Row(*[same] * (2 * MOST + 1))
    assert [len(ids) for ids in row.together()] == [MOST, MOST]
    row.send(3)
    assert row.got() == [0, 1, 2]
    assert {member.metrics.calls for member in row.all} == {3}
    check_arrangement(row.loop)


def test_who_may_not_return_all_that_comes_begins_another() -> None:
    row = Row(same, checked_only, same)
    assert row.together() == [["f0", "f1", "f2"]]
    other = Row(same, drawn)
    assert other.together() == []


def test_a_processor_that_is_no_function_ends_it() -> None:
    row = Row(same, same, by_itself(same), same, same)
    assert row.together() == [["f0", "f1"], ["f3", "f4"]]


def test_what_a_function_may_not_return_is_an_error_also_of_the_first() -> None:
    row = Row(checked_only, same)
    assert row.together() == [["f0", "f1"]]
    row.send(1)  # and it was timed
    own(row.head).out.write(Other(timestamp_ns=7))
    row.loop.unsettled = False
    row.loop.passes.done += 1
    row.loop._run_steps()
    row.send(1)
    assert row.rig.errors() == [("f0", "checked_only returned Other and is annotated -> DataFrame", 7)]
    assert row.got() == [0, 1]


@pytest.mark.parametrize("place", [0, 1, 2, 3])
@pytest.mark.parametrize("look", [tap_link, tap_output, tap_call])
def test_who_is_looked_at_is_called_by_himself_until_nobody_looks(
    place: int, look: Callable[[Row, int, Seen | None], None]
) -> None:
    row, seen = Row(same, same, same, same), Seen()
    if place == 0 and look is not tap_link:
        place = 4
    assert row.together() == [["f0", "f1", "f2", "f3"]]
    row.send(3)
    look(row, place, seen)
    assert row.together() != [["f0", "f1", "f2", "f3"]] or look is tap_output
    check_arrangement(row.loop)
    row.send(3)
    assert len(seen.frames) + len(seen.calls) == 3
    look(row, place, None)
    assert row.together() == [["f0", "f1", "f2", "f3"]]
    row.send(3)
    assert len(seen.frames) + len(seen.calls) == 3
    assert row.got() == list(range(9))
    assert {member.metrics.calls for member in row.all} == {9}


def test_a_second_link_ends_it_there() -> None:
    row = Row(same, same, same)
    more = row.rig.add(Sink(), "more")
    more.loop = row.loop
    row.send(2)
    row.rig.link(row.row[1], more)
    row.loop.take_in([more], [row.row[1]])
    row.loop.settle()
    assert row.together() == [["f0", "f1"]]
    row.send(2)
    assert [number(frame) for frame in own(more).got] == [2, 3]
    assert row.got() == [0, 1, 2, 3]
    check_arrangement(row.loop)


def test_a_pause_ends_it_before_him_and_frames_wait_as_ever() -> None:
    row = Row(same, same, same, same)
    row.send(2)
    row.loop.pause_one(row.row[2])
    assert row.together() == []
    row.send(3)
    assert row.got() == [0, 1]
    row.loop.resume_one(row.row[2])
    assert row.together() == [["f0", "f1", "f2", "f3"]]
    row.loop.settle()
    row.send(1)
    assert row.got() == list(range(6))
    assert {member.metrics.calls for member in row.all} == {6}


def test_one_that_goes_leaves_the_others_as_they_were() -> None:
    row = Row(same, same, same)
    row.send(2)
    row.row[2].end()
    row.loop.drain([row.row[2]])
    row.loop.take_out([row.row[2]])
    row.loop.settle()
    assert row.row[2].cascade is None
    assert row.together() == [["f0", "f1"]]
    row.send(2)
    assert [member.metrics.calls for member in row.row] == [4, 4, 2]
    check_arrangement(row.loop)


def test_a_setting_that_is_changed_is_the_one_that_is_used() -> None:
    row = Row(same, without)
    row.send(4)
    function = row.row[1].processor
    function.config = without.declaration.config.build(every=3)
    function.config_changed(None)
    row.loop.touch([row.row[1]])
    row.loop.settle()
    assert row.together() == [["f0", "f1"]]
    row.send(3)
    assert row.got() == [1, 3, 4, 5]


def test_several_frames_a_call_come_on_one_behind_the_other() -> None:
    row = Row(same, without, same)
    own(row.head).each = 5
    row.send(3)
    assert row.got() == [n for n in range(15) if n % 2]
    assert row.facts() == _facts_of_others(row, lambda other: setattr(own(other.head), "each", 5), 3)


def _facts_of_others(row: Row, prepare: Callable[[Row], object], frames: int) -> dict[str, Any]:
    other = Row(*[by_itself(type(member.processor)) for member in row.row])
    assert other.together() == []
    prepare(other)
    other.send(frames)
    return other.facts()


def test_a_frame_that_waits_in_between_has_its_turn_first() -> None:
    row = Row(same, same, same)
    row.send(2)
    waits: Any = row.row[1].readers[0]
    waits.frame = DataFrame({"n": -1})  # as `settle` leaves one where a change comes first
    row.loop.unsettle(row.row[1])
    row.loop.make_pass(row.head)
    row.loop.settle()
    assert row.got() == [0, 1, -1, 2]
    checked(*row.links)


def test_a_call_whose_loop_was_left_behind_ends_with_its_function() -> None:
    found: list[Cascade] = []

    @processor
    def stuck(frame: DataFrame) -> DataFrame:
        found[0].dissolve()  # as another loop does that takes it in
        return frame

    row = Row(same, stuck, same, same)
    ((_, cascade, slot), *_) = row.loop.steps
    assert isinstance(cascade, Cascade)
    found.append(cascade)
    slot.frame = DataFrame({"n": 0})
    row.loop.unsettled = False
    cascade(slot)
    behind: Any = row.row[2].readers[0]
    assert behind.frame.data == {"n": 0}
    assert all(member.cascade is None for member in row.row)


# ------------------------------------------------------------------------------------ as if each was called by himself


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("policy", list(ErrorPolicy))
@pytest.mark.parametrize("brief", [True, False])
def test_what_raises_is_told_apart_and_treated_as_its_policy_says(
    place: int, policy: ErrorPolicy, *, brief: bool
) -> None:
    kinds: list[type[FunctionProcessor]] = [same, renewed, same]
    kinds[place] = flaky
    facts = []
    for row in (
        Row(*kinds, policy=policy, brief=brief),
        Row(*[by_itself(kind) for kind in kinds], policy=policy, brief=brief),
    ):
        row.send(7)
        check_rest(row.loop)
        facts.append(row.facts())
    assert facts[0]["errors"][0] == (f"f{place}", "ValueError('number 0')", 0)
    assert facts[0] == facts[1]


ACTIONS = st.one_of(
    st.tuples(st.just("send"), st.integers(1, 5)),
    st.tuples(st.sampled_from(["pause", "resume", "tap link", "tap output", "tap call", "untap"]), st.integers(0, 9)),
    st.tuples(st.just("each"), st.integers(0, 4)),
    st.tuples(st.just("touch"), st.integers(0, 9)),
)


def act(row: Row, what: str, number: int, taps: dict[tuple[Any, int], Seen]) -> None:
    place = number % len(row.row) + 1
    member = row.all[place]
    looks = {"tap link": tap_link, "tap output": tap_output, "tap call": tap_call}
    if what == "send":
        row.send(number)
    elif what == "each":
        own(row.head).each = number
    elif what == "touch":
        row.loop.touch([member])
    elif what == "pause" and not member.over:
        row.loop.pause_one(member)
    elif what == "resume" and not member.over:
        row.loop.resume_one(member)
        row.loop.settle()
    elif what in looks and not member.over:
        taps[looks[what], place] = Seen()
        looks[what](row, place, taps[looks[what], place])
    elif what == "untap":
        for look, at in taps:
            if not row.all[at].over:
                look(row, at, None)
        taps.clear()


@settings(max_examples=60, deadline=None)
@given(
    kinds=st.lists(st.sampled_from(sorted(KINDS)), min_size=2, max_size=6),
    policy=st.sampled_from([ErrorPolicy.SKIP, ErrorPolicy.FAIL]),
    actions=st.lists(ACTIONS, max_size=14),
    brief=st.booleans(),
)
def test_whatever_is_done_it_is_as_if_each_was_called_by_himself(
    kinds: list[str], policy: ErrorPolicy, actions: list[tuple[str, int]], *, brief: bool
) -> None:
    facts, seen = [], []
    for alone in (False, True):
        row = Row(*[by_itself(KINDS[kind]) if alone else KINDS[kind] for kind in kinds], policy=policy, brief=brief)
        taps: dict[tuple[Any, int], Seen] = {}
        history = []
        all_taps: list[Seen] = []
        for what, number_ in [("send", 2), *actions, ("send", 3)]:
            act(row, what, number_, taps)
            all_taps += taps.values()
            check_arrangement(row.loop)
            history.append(row.facts())
        check_rest(row.loop)
        facts.append(history)
        seen.append([[one.data if isinstance(one, DataFrame) else one for one in tap.frames] for tap in all_taps])
    assert facts[0] == facts[1]
    assert seen[0] == seen[1]


def test_the_reference_is_never_called_by_one_step() -> None:
    assert issubclass(by_itself(same), FunctionFilter)
    assert Row(by_itself(same), by_itself(same)).together() == []
