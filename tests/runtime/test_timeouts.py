"""What a caller may give as a number of seconds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from streamlib import StreamRuntime
from streamlib.errors import ConfigError
from streamlib.runtime.timeouts import drain_seconds
from tests.scenarios.stage import Hand

NO_TIMES = [math.nan, "3", "soon", [], True, object()]


@pytest.mark.parametrize(("given", "seconds"), [(0, 0.0), (2, 2.0), (0.5, 0.5), (-1, 0.0), (-math.inf, 0.0)])
def test_what_waits_has_the_time_that_is_given_or_none(given: float, seconds: float) -> None:
    assert drain_seconds(given, drain=True) == seconds
    assert drain_seconds(given, drain=False) is None


@pytest.mark.parametrize("given", NO_TIMES)
def test_what_is_no_number_is_refused_also_where_nothing_is_drained(given: Any) -> None:
    with pytest.raises(ConfigError, match="give a number of seconds"):
        drain_seconds(given, drain=False)


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
