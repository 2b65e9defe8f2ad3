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
