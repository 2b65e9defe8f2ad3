from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.clock import NEVER_NS
from streamlib.frames.data import DataFrame
from streamlib.media.matcher import Matcher, Rules

RULES = Rules(tolerance_ns=10, deadline_ns=100, partial=False)
PARTIAL = Rules(tolerance_ns=10, deadline_ns=100, partial=True)


def matcher(*inputs: list[int], closed: tuple[int, ...] = (), now_ns: int = 0) -> Matcher:
    """One that holds frames of these times."""
    made = Matcher(capacity=100)
    made.follow(range(len(inputs)), closed)
    for index, times in enumerate(inputs):
        for at_ns in times:
            made.add(index, DataFrame({}, timestamp_ns=at_ns), now_ns)
    return made


def taken(made: Matcher, rules: Rules = RULES, now_ns: int = 0) -> list[tuple[int | None, ...]]:
    found: list[tuple[int | None, ...]] = []
    while (together := made.take(rules, now_ns)) is not None:
        found.append(tuple(frame and frame.timestamp_ns for frame in together))
    return found


def test_frames_within_the_tolerance_belong_together() -> None:
    made = matcher([0, 40, 80], [3, 35, 90])
    assert taken(made) == [(0, 3), (40, 35), (80, 90)]
    assert made.left_out == 0


def test_a_frame_that_nothing_belongs_to_is_left_out_and_counted() -> None:
    made = matcher([0, 40, 80], [40, 80])
    assert taken(made) == [(40, 40), (80, 80)]
    assert made.left_out == 1


def test_of_a_faster_input_those_between_are_left_out() -> None:
    made = matcher([0, 40, 80], [0, 20, 40, 60, 80])
    assert taken(made) == [(0, 0), (40, 40), (80, 80)]
    assert made.left_out == 2


def test_with_partial_they_go_alone() -> None:
    assert taken(matcher([0, 40], [20, 40]), PARTIAL) == [(0, None), (None, 20), (40, 40)]


def test_a_frame_waits_for_the_others_until_its_deadline() -> None:
    made = matcher([0, 40], [], now_ns=1000)
    assert taken(made, PARTIAL, 1099) == []
    assert made.due_ns(PARTIAL) == 1100
    assert taken(made, PARTIAL, 1100) == [(0, None), (40, None)]


def test_behind_the_deadline_it_is_left_out_where_all_are_wanted() -> None:
    made = matcher([0, 40], [], now_ns=1000)
    assert taken(made, RULES, 1100) == []
    assert (made.left_out, made.due_ns(RULES)) == (2, NEVER_NS)


def test_without_a_deadline_it_waits_as_long_as_it_takes() -> None:
    made = matcher([0], [])
    rules = Rules(tolerance_ns=10, deadline_ns=0, partial=True)
    assert made.due_ns(rules) == NEVER_NS
    assert taken(made, rules, 10**15) == []


def test_an_input_that_is_closed_is_not_waited_for() -> None:
    assert taken(matcher([0, 40], [0], closed=(1,)), PARTIAL) == [(0, 0), (40, None)]


def test_inputs_come_and_go() -> None:
    made = matcher([0, 40], [0, 40])
    made.follow([0, 1, 2], ())
    assert taken(made) == []
    made.add(2, DataFrame({}, timestamp_ns=1), 0)
    assert taken(made) == [(0, 0, 1)]
    made.follow([1], ())
    assert taken(made) == [(40,)]
    assert made.left_out == 1


def test_there_is_room_for_so_many() -> None:
    made = Matcher(capacity=1)
    made.follow(["a"], ())
    assert made.has_room("a")
    made.add("a", DataFrame({}), 0)
    assert not made.has_room("a")


@given(
    st.lists(st.lists(st.integers(0, 1000), max_size=12).map(sorted), min_size=1, max_size=4),
    st.booleans(),
    st.integers(0, 50),
)
def test_nothing_is_lost_unseen_and_what_goes_together_belongs_together(
    inputs: list[list[int]], partial: bool, tolerance_ns: int
) -> None:
    made = matcher(*inputs, closed=tuple(range(len(inputs))))
    found = taken(made, Rules(tolerance_ns=tolerance_ns, deadline_ns=0, partial=partial))
    there = [[at for at in together if at is not None] for together in found]
    assert sum(map(len, there)) + made.left_out == sum(map(len, inputs))
    assert made.left_out == 0 or not partial
    assert all(max(times) - min(times) <= tolerance_ns for times in there)
    assert [min(times) for times in there] == sorted(min(times) for times in there)
    assert partial or all(len(times) == len(inputs) for times in there)


@pytest.mark.parametrize("jitter", range(5))
def test_cameras_of_one_rate_stay_together_whatever_their_jitter(jitter: int) -> None:
    one = [n * 40 + (n * 7) % (jitter + 1) for n in range(50)]
    two = [n * 40 + (n * 3) % (jitter + 1) for n in range(50)]
    assert taken(matcher(one, two)) == list(zip(one, two, strict=True))
