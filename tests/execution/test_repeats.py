from __future__ import annotations

import pytest

from streamlib.clock import NS_PER_S
from streamlib.execution.repeats import KINDS, Repeats, TimedRepeats, pattern
from streamlib.testing import ManualClock


class Counter:
    """Repeats under a clock that the test sets, in seconds."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.repeats: Repeats[str] = Repeats(lambda: int(self.now_s * NS_PER_S))

    def say(self, words: str, *, times: int = 1, who: str = "a", kind: str = "") -> list[bool]:
        return [self.repeats.is_first(who, kind or words, words) for _ in range(times)]

    def due(self) -> list[str]:
        return [f"{one.said}: {one}" for one in self.repeats.due()]

    def next_s(self) -> float | None:
        next_ns = self.repeats.next_ns()
        return None if next_ns is None else next_ns / NS_PER_S


@pytest.fixture
def counter() -> Counter:
    return Counter()


def test_the_first_is_said_and_the_same_again_is_counted(counter: Counter) -> None:
    assert counter.say("x", times=3) == [True, False, False]
    assert counter.next_s() == 1.0
    assert counter.due() == []
    counter.now_s = 1.0
    assert counter.due() == ["x: 2 times more in 1.0 s"]
    assert counter.due() == []
    assert counter.next_s() is None


def test_counts_come_after_one_second_then_ten_then_each_minute(counter: Counter) -> None:
    told = []
    for second in range(200):
        counter.now_s = second
        told += [(second, words) for words in counter.due()]
        counter.say("x", times=60)
    assert told == [
        (1, "x: 59 times more in 1.0 s"),
        (11, "x: 600 times more in 10.0 s"),
        (71, "x: 3,600 times more in 60.0 s"),
        (131, "x: 3,600 times more in 60.0 s"),
        (191, "x: 3,600 times more in 60.0 s"),
    ]


def test_what_was_quiet_for_an_interval_is_said_again(counter: Counter) -> None:
    counter.say("x")
    counter.now_s = 0.9
    assert counter.say("x") == [False]
    counter.now_s = 1.0
    counter.due()
    counter.now_s = 10.9
    assert counter.say("x") == [False]
    counter.now_s = 11.0
    assert counter.due() == ["x: 1 time more in 10.0 s"]
    counter.now_s = 71.0
    assert counter.say("x") == [True]


def test_who_says_it_and_what_are_told_apart_and_the_last_words_are_kept(counter: Counter) -> None:
    assert counter.say("x 1", kind="x") + counter.say("y") + counter.say("x", who="b") == [True] * 3
    assert counter.say("x 2", kind="x") == [False]
    counter.now_s = 1.0
    assert counter.due() == ["x 2: 1 time more in 1.0 s"]


def test_kinds_beyond_the_limit_count_as_one_until_there_is_room(counter: Counter) -> None:
    said = [counter.say(str(number)) for number in range(100)]
    assert said.count([True]) == KINDS + 1
    counter.now_s = 1.0
    assert counter.due() == [f"99: {100 - KINDS - 1} times more in 1.0 s"]
    assert counter.say("another") == [True]


def test_at_the_end_of_somebody_or_of_all_the_rest_is_told(counter: Counter) -> None:
    counter.say("x", times=3)
    counter.say("y", times=2, who="b")
    counter.now_s = 0.5
    assert [str(one) for one in counter.repeats.end("a")] == ["2 times more in 0.5 s"]
    assert counter.repeats.end("a") == counter.repeats.end("nobody") == []
    assert [one.said for one in counter.repeats.rest()] == ["y"]
    assert counter.repeats.rest() == []
    assert counter.say("x") == [True]


def test_only_so_many_are_remembered_and_of_the_others_the_count_is_told(
    counter: Counter,
) -> None:
    counter.repeats = Repeats(lambda: 0, 10)
    counter.say("x", times=4, who="first")
    for number in range(10):
        counter.say("x", who=str(number))
    assert counter.due() == ["x: 3 times more in 0.0 s"]
    assert counter.say("x", who="first") == [True]


def test_a_pattern_is_a_message_without_its_numbers() -> None:
    assert pattern("frame 17 of 0x7f3a at 1.25 s") == pattern("frame 8 of 0x00 at 300 s") == "frame # of # at # s"
    assert pattern("frame lost") != pattern("frame late")


def test_counts_are_told_when_they_are_due_at_an_end_and_for_the_rest() -> None:
    clock, told = ManualClock(), list[str]()
    repeats: TimedRepeats[str] = TimedRepeats(clock, lambda due: told.extend(f"{one.said}: {one}" for one in due))
    for who in "ab":
        assert [repeats.is_first(who, "kind", who) for _ in range(3)] == [True, False, False]
    clock.wait_for_sleepers(1)
    clock.advance(NS_PER_S)
    clock.wait_for_sleepers(1)
    assert told == ["a: 2 times more in 1.0 s", "b: 2 times more in 1.0 s"]
    told.clear()
    assert not repeats.is_first("a", "kind", "again")
    repeats.end("a")
    assert told == ["again: 1 time more in 0.0 s"]
    repeats.close()
    told.clear()
    assert not repeats.is_first("b", "kind", "late")
    repeats.rest()
    assert told == ["late: 1 time more in 0.0 s"]
