from __future__ import annotations

import pytest

from streamlib.observability.explanation import Cause, Explanation, Finding, lasting
from streamlib.states import GraphState

ROOT = Finding(
    cause=Cause.PAUSED, subjects=("b",), root="b", root_cause=Cause.PAUSED, sentence="b is paused", advice="resume it"
)
BLOCKED = Finding(
    cause=Cause.BLOCKED,
    subjects=("a.out->b.into", "a"),
    root="b",
    root_cause=Cause.PAUSED,
    sentence="link a.out->b.into is full: b is paused",
)
OTHER = Finding(cause=Cause.ENDED, subjects=("c",), root="c", root_cause=Cause.ENDED, sentence="c has ended")


def explanation(*findings: Finding) -> Explanation:
    return Explanation(at_ns=1, state=GraphState.RUNNING, findings=findings)


def test_it_is_false_and_says_so_where_everything_flows() -> None:
    assert not explanation()
    assert str(explanation()) == "everything flows"
    assert str(explanation().about("a")) == "a flows"


def test_the_root_comes_first_with_what_to_try_and_what_follows_is_indented() -> None:
    told = explanation(ROOT, BLOCKED, OTHER)
    assert told
    assert told.roots == (ROOT, OTHER)
    assert str(told).splitlines() == [
        "b is paused",
        "  try: resume it",
        "  - link a.out->b.into is full: b is paused",
        "c has ended",
    ]


def test_of_one_only_it_is_told_behind_its_root() -> None:
    told = explanation(ROOT, BLOCKED, OTHER)
    assert told.about("a").findings == (ROOT, BLOCKED)
    assert told.about("a.out->b.into").findings == (ROOT, BLOCKED)
    assert told.about("c").findings == (OTHER,)
    assert told.about("c.out->d.into").findings == (OTHER,)  # nothing of the link: of its ends, then
    assert not told.about("d")


def test_of_any_one_it_is_told_that_the_whole_is_paused() -> None:
    whole = Finding(
        cause=Cause.RUNTIME_PAUSED, subjects=(), root="", root_cause=Cause.RUNTIME_PAUSED, sentence="it is paused"
    )
    assert explanation(whole).about("a").findings == (whole,)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (2.14, "2.1 s"), (59.9, "59.9 s"), (59.97, "1 min 0 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations_are_told_as_one_says_them(seconds: float, words: str) -> None:
    assert lasting(round(seconds * 1e9)) == words


END = Finding(cause=Cause.ENDED, subjects=("d",), root="d", root_cause=Cause.ENDED, sentence="d ended", advice="none")
FOLLOWS = Finding(
    cause=Cause.STARVED,
    subjects=("e",),
    root="d",
    root_cause=Cause.ENDED,
    sentence="e ended because of d",
    evidence={"ended": 1},
)


def test_it_is_false_where_all_that_is_told_is_an_end() -> None:
    assert not explanation(END, FOLLOWS)
    assert str(explanation(END, FOLLOWS)).startswith("d ended")
    assert explanation(ROOT, END)


def test_right_after_the_start_it_does_not_say_yet_that_all_flows() -> None:
    young = Explanation(at_ns=1, state=GraphState.RUNNING, young_s=0.5)
    assert not young
    assert str(young) == "nothing to complain of yet (started 0.5 s ago)"
    assert str(young.about("a")) == "nothing to complain of yet of a (started 0.5 s ago)"


def test_of_one_of_a_runtime_that_has_stopped_all_is_told() -> None:
    stopped = Explanation(at_ns=1, state=GraphState.IDLE, findings=(ROOT,))
    assert stopped.about("z").findings == (ROOT,)
