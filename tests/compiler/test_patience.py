"""How long one commit waits for loops; time is told by how long each loop was given, not by a clock."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from streamlib.clock import NS_PER_S, MonotonicClock
from streamlib.compiler.patience import LAST_WORDS_S, MOMENT_S, Patience
from streamlib.errors import DeadlineError
from streamlib.execution.loops import Loop
from streamlib.testing import ManualClock
from tests.compiler.yard import Yard


class Asked(Loop):
    """A loop that notes how long it is given for a change, and is late with those it is told to."""

    def __init__(self) -> None:
        super().__init__("asked", MonotonicClock(), MonotonicClock())
        self.given_s: list[float] = []
        self.late = False

    def apply(self, action: Callable[[], None], timeout_s: float, *, between_calls: bool = False) -> None:
        self.given_s.append(timeout_s)
        if self.late:
            raise DeadlineError("a change", timeout_s, [self.name])
        action()


@pytest.mark.parametrize(
    ("answer_s", "limit_s", "given_s"),
    [(10.0, None, 10.0), (10.0, 3.0, 3.0), (10.0, 0.1, LAST_WORDS_S), (2.0, 30.0, 2.0)],
)
def test_a_loop_is_given_what_the_site_and_the_edit_allow(
    answer_s: float, limit_s: float | None, given_s: float
) -> None:
    yard, loop = Yard(), Asked()
    yard.site.answer_s = answer_s
    done: list[bool] = []
    Patience(yard.site, limit_s).apply(loop, lambda: done.append(True))
    assert (loop.given_s, done) == ([given_s], [True])


def test_a_loop_that_was_late_is_given_a_moment_from_then_on() -> None:
    yard, loop, other = Yard(), Asked(), Asked()
    yard.site.answer_s = 10.0
    patience = Patience(yard.site, None)
    loop.late = True
    for _ in range(3):
        with pytest.raises(DeadlineError):
            patience.apply(loop, lambda: None)
    patience.apply(other, lambda: None)
    assert loop.given_s == [10.0, MOMENT_S, MOMENT_S]
    assert other.given_s == [LAST_WORDS_S]  # it may well be between two frames


def test_all_waits_for_a_loop_share_what_the_edit_allows() -> None:
    yard, loop, other, clock = Yard(), Asked(), Asked(), ManualClock()
    yard.site.answer_s = 10.0
    patience = Patience(yard.site, None, clock)
    patience.apply(loop, lambda: clock.advance(8 * NS_PER_S))
    patience.apply(loop, lambda: None)
    loop.late = True
    with pytest.raises(DeadlineError, match=r"longer than 10 s; still waiting for asked"):
        patience.apply(loop, lambda: None)
    patience.apply(other, lambda: None)
    assert loop.given_s == [10.0, 2.0, 2.0]
    assert other.given_s == [8.0]
