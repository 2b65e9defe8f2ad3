from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.media.ticks import NANOSECOND, nanoseconds, samples_in, samples_ns, ticks

units = st.sampled_from([Fraction(1, 90_000), Fraction(1, 48_000), Fraction(1, 1000), Fraction(1001, 30_000)])


@pytest.mark.promise("media.nanoseconds")
@given(st.integers(-(2**50), 2**50), units)
def test_a_count_comes_back_from_nanoseconds(count: int, unit: Fraction) -> None:
    assert ticks(nanoseconds(count, unit), unit) == count


@given(st.integers(-(2**60), 2**60), units)
def test_each_way_is_to_the_nearest(time_ns: int, unit: Fraction) -> None:
    assert abs(ticks(time_ns, unit) * unit - time_ns * NANOSECOND) <= unit / 2
    assert abs(nanoseconds(time_ns >> 20, unit) - (time_ns >> 20) * unit / NANOSECOND) <= Fraction(1, 2)


def test_what_is_not_said_is_zero() -> None:
    assert nanoseconds(None, NANOSECOND) == nanoseconds(5, None) == 0


def test_samples_are_counted_by_their_rate() -> None:
    assert samples_ns(48_000 * 86_400 * 400 + 1, 48_000) == 86_400 * 400 * 10**9 + 20_833
    assert samples_in(samples_ns(44_099, 44_100), 44_100) == 44_099
