from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from streamlib.links.tap import LinkObserver, Tap
from tests.links.ends import Look


class Broken:
    """An observer that raises whatever it is told."""

    def __init__(self) -> None:
        self.error = ValueError("no more")

    def pushed(self, frame: Any) -> None:
        raise self.error

    def full(self, *, dropped: bool) -> None:
        raise self.error

    def emptied(self) -> None:
        raise self.error


Failures = list[tuple[LinkObserver, Exception]]


def tap() -> tuple[Tap, Failures]:
    failures: Failures = []
    return Tap(lambda observer, error: failures.append((observer, error))), failures


def test_each_observer_is_told_everything_in_the_order_in_which_they_came() -> None:
    shown: list[Any] = []
    place, _ = tap()
    first, second = Look(shown), Look(shown)
    place.add(first)
    place.add(second)
    place.pushed(1)
    place.full(dropped=False)
    place.pushed(2)
    place.full(dropped=True)
    place.emptied()
    assert shown == [1, 1, 2, 2]
    assert first.told == second.told == ["full", "dropped", "empty"]


def test_a_tap_is_true_while_somebody_listens() -> None:
    place, _ = tap()
    look = Look()
    assert not place
    place.add(look)
    assert place
    place.discard(Look())  # another: not the observer that was added
    place.pushed(1)
    assert look.shown == [1]
    place.discard(look)
    place.pushed(2)
    assert look.shown == [1]
    assert not place


TOLD: dict[str, Callable[[Tap], None]] = {
    "pushed": lambda place: place.pushed(1),
    "full": lambda place: place.full(dropped=False),
    "emptied": lambda place: place.emptied(),
}


@pytest.mark.parametrize("what", TOLD)
def test_an_observer_that_raises_is_taken_out_and_reported_and_the_others_go_on(what: str) -> None:
    place, failures = tap()
    broken, look = Broken(), Look()
    place.add(broken)
    place.add(look)
    TOLD[what](place)
    TOLD[what](place)
    assert len(look.shown) + len(look.told) == 2
    assert failures == [(broken, broken.error)]


def test_one_that_raises_on_two_threads_at_once_is_reported_once() -> None:
    place, failures = tap()
    broken = Broken()
    place.add(broken)
    place.take_out(broken, broken.error)
    place.take_out(broken, broken.error)
    assert failures == [(broken, broken.error)]


def test_an_observer_may_take_itself_out_while_it_is_shown_a_frame() -> None:
    place, failures = tap()

    class Once(Look):
        def pushed(self, frame: Any) -> None:
            super().pushed(frame)
            place.discard(self)

    once, look = Once(), Look()
    place.add(once)
    place.add(look)
    place.pushed(1)
    place.pushed(2)
    assert (once.shown, look.shown) == ([1], [1, 2])
    assert not failures
