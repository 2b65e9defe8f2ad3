from __future__ import annotations

from collections.abc import Callable
from typing import Any

from streamlib.links.tap import Tap


class Broken:
    """An observer that raises."""

    def __init__(self) -> None:
        self.error = ValueError("no more")

    def __call__(self, frame: Any) -> None:
        raise self.error


Failures = list[tuple[Callable[[Any], None], Exception]]


def tap() -> tuple[Tap, Failures]:
    failures: Failures = []
    return Tap(lambda observe, error: failures.append((observe, error))), failures


def test_each_observer_is_shown_each_frame_in_the_order_in_which_they_came() -> None:
    shown: list[tuple[str, int]] = []
    place, _ = tap()
    place.add(lambda frame: shown.append(("first", frame)))
    place.add(lambda frame: shown.append(("second", frame)))
    place.offer(1)
    place.offer(2)
    assert shown == [("first", 1), ("second", 1), ("first", 2), ("second", 2)]


def test_a_tap_is_true_while_somebody_listens() -> None:
    place, _ = tap()
    seen: list[int] = []
    assert not place
    place.add(seen.append)
    assert place
    place.discard(seen.append)  # another bound method: not the observer that was added
    place.offer(1)
    assert seen == [1]


def test_one_who_went_is_shown_nothing_more() -> None:
    place, _ = tap()
    seen: list[int] = []
    observe = seen.append
    place.add(observe)
    place.offer(1)
    place.discard(observe)
    place.offer(2)
    assert seen == [1]
    assert not place


def test_an_observer_that_raises_is_taken_out_and_reported_and_the_others_go_on() -> None:
    place, failures = tap()
    broken, seen = Broken(), list[int]()
    place.add(broken)
    place.add(seen.append)
    place.offer(1)
    place.offer(2)
    assert seen == [1, 2]
    assert failures == [(broken, broken.error)]


def test_an_observer_may_take_itself_out_while_it_is_shown_a_frame() -> None:
    place, failures = tap()
    seen: list[int] = []

    def once(frame: int) -> None:
        seen.append(frame)
        place.discard(once)

    place.add(once)
    place.add(seen.append)
    place.offer(1)
    place.offer(2)
    assert seen == [1, 1, 2]
    assert not failures
