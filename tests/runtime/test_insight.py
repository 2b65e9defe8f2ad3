from __future__ import annotations

import math

import pytest

from streamlib import StreamRuntime
from streamlib.errors import ConfigError
from streamlib.runtime.insight import STALL_AFTER_S


def after_ns(runtime: StreamRuntime) -> int | None:
    stalls = runtime._lifecycle.stalls
    return None if stalls is None else stalls._after_ns


@pytest.mark.promise("look.stalls")
def test_how_long_nothing_may_go_on_is_chosen_with_the_runtime() -> None:
    assert after_ns(StreamRuntime()) == round(STALL_AFTER_S * 1e9)
    assert after_ns(StreamRuntime(stall_after=0.5)) == 500_000_000
    assert after_ns(StreamRuntime.builder().with_stall_after(20).build()) == 20_000_000_000
    assert after_ns(StreamRuntime(stall_after=None)) is None


@pytest.mark.parametrize("given", [0, -1, math.inf, math.nan, "3", True, 1e30, 1e-12])
def test_what_is_no_time_is_refused(given: object) -> None:
    with pytest.raises(ConfigError, match="stall_after"):
        StreamRuntime(stall_after=given)  # type: ignore[arg-type]


def test_who_watches_nothing_still_explains() -> None:
    runtime = StreamRuntime(stall_after=None)
    with runtime:
        runtime.start()
        assert not runtime.inspector.explain()
