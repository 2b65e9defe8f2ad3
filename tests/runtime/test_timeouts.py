"""What a caller may give as a number of seconds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.errors import ConfigError
from streamlib.runtime.timeouts import checked_timeout, checked_wait, drain_seconds
from tests.scenarios.stage import Hand

NO_TIMES = [math.nan, "3", "soon", [], object()]


@pytest.mark.parametrize(("given", "seconds"), [(0, 0.0), (2, 2.0), (0.5, 0.5), (-1, 0.0), (-math.inf, 0.0)])
def test_a_number_is_a_time_and_one_below_0_is_none_left(given: float, seconds: float) -> None:
    assert checked_timeout(given) == checked_wait(given) == seconds
    assert drain_seconds(given, drain=True) == seconds
    assert drain_seconds(given, drain=False) is None


@pytest.mark.parametrize("given", NO_TIMES)
def test_what_is_no_number_is_refused(given: Any) -> None:
    for check in (checked_timeout, checked_wait):
        with pytest.raises(ConfigError, match="give a number of seconds"):
            check(given)
    with pytest.raises(ConfigError, match="give a number of seconds"):
        drain_seconds(given, drain=False)


@pytest.mark.parametrize("given", [math.inf, 1e12, 10**400], ids=["inf", "long", "no float"])
def test_a_wait_of_more_than_anybody_lives_has_no_end_and_nothing_else_may_take_so_long(given: float) -> None:
    assert checked_wait(given) is None
    with pytest.raises(ConfigError, match="give a number of seconds"):
        checked_timeout(given)


def test_a_wait_may_be_without_end() -> None:
    assert checked_wait(None) is None


@pytest.mark.parametrize("given", [*NO_TIMES, math.inf])
def test_each_verb_refuses_it_before_anything_is_done(given: Any) -> None:
    with StreamRuntime() as runtime:
        hand = runtime.add_processor(Hand)
        runtime.start()
        calls: list[Callable[[], object]] = [
            lambda: runtime.stop(timeout=given),
            lambda: runtime.step(hand, timeout=given),
            lambda: runtime.remove(hand, timeout=given),
            lambda: runtime.commit(timeout=given),
            lambda: runtime.undo(timeout=given),
            lambda: runtime.redo(timeout=given),
            lambda: runtime.wait_for_signal(timeout=given),
        ]
        for call in calls:
            with pytest.raises(ConfigError, match="timeout is"):
                call()
        assert runtime.state == "running"
        assert runtime.graph.processor_ids() == [hand.id]


def test_a_wait_without_end_comes_back_when_all_have_ended() -> None:
    with StreamRuntime() as runtime:
        runtime.start()
        assert runtime.wait(math.inf)
        assert runtime.wait(-1)
        with pytest.raises(ConfigError, match="timeout is nan"):
            runtime.wait(math.nan)
