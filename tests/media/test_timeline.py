from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.clock import NS_PER_MS, NS_PER_S
from streamlib.media.timeline import LONGEST_SILENCE_NS, TOLERANCE_NS, PictureTimes, Placement, SampleTimes

STEP = 40 * NS_PER_MS
RATE = 48_000


def test_rising_timestamps_are_kept_as_they_are() -> None:
    times = PictureTimes(STEP)
    assert [times.place(at) for at in (5, 7, 1000, NS_PER_S)] == [5, 7, 1000, NS_PER_S]
    assert times.repaired == 0


def test_missing_timestamps_are_set_one_step_apart() -> None:
    times = PictureTimes(STEP)
    assert [times.place(0) for _ in range(3)] == [0, STEP, 2 * STEP]
    assert times.repaired == 2


def test_a_repeated_timestamp_follows_by_its_own_duration() -> None:
    times = PictureTimes(STEP)
    times.place(0)
    assert times.place(0, 7 * NS_PER_MS) == 7 * NS_PER_MS


def test_after_a_jump_far_back_time_goes_on_from_where_it_was() -> None:
    times = PictureTimes(STEP)
    times.place(100 * NS_PER_S)
    placed = [times.place(n * STEP) for n in range(4)]
    assert placed == [100 * NS_PER_S + (n + 1) * STEP for n in range(4)]
    assert times.repaired == 1


@given(st.lists(st.tuples(st.integers(-(10**12), 10**12), st.integers(0, 10**9)), max_size=60))
def test_placed_pictures_always_advance(stamps: list[tuple[int, int]]) -> None:
    times = PictureTimes(STEP)
    placed = [times.place(at, duration) for at, duration in stamps]
    assert all(later > earlier for earlier, later in pairwise(placed))


def test_the_first_block_says_where_sound_begins() -> None:
    assert SampleTimes(RATE).place(5 * NS_PER_S, 480) == Placement(start_ns=5 * NS_PER_S)


def test_jitter_is_ignored() -> None:
    times = SampleTimes(RATE)
    times.place(0, 480)
    for jitter in (0, 3 * NS_PER_MS, -3 * NS_PER_MS, TOLERANCE_NS):
        assert times.place((times.end_ns or 0) + jitter, 480) == Placement()
    assert times.repaired == 0


def test_a_gap_is_filled_with_silence() -> None:
    times = SampleTimes(RATE)
    times.place(0, 480)
    assert times.place(110 * NS_PER_MS, 480) == Placement(silence=4800)
    assert times.end_ns == 120 * NS_PER_MS


def test_an_overlap_is_left_out() -> None:
    times = SampleTimes(RATE)
    times.place(0, 4800)
    assert times.place(80 * NS_PER_MS, 4800) == Placement(skip=960)
    assert times.end_ns == 180 * NS_PER_MS


def test_a_gap_too_long_to_fill_begins_anew() -> None:
    times = SampleTimes(RATE)
    times.place(0, 480)
    later = 2 * LONGEST_SILENCE_NS
    assert times.place(later, 480) == Placement(start_ns=later)


def test_missing_timestamps_of_sound_follow_on() -> None:
    times = SampleTimes(RATE)
    times.place(0, 480)
    assert [times.place(0, 480) for _ in range(200)] == [Placement()] * 200


def test_sound_of_another_clock_follows_on() -> None:
    times = SampleTimes(RATE)
    times.place(50 * NS_PER_S, 480)
    assert [times.place(n * 10 * NS_PER_MS, 480) for n in range(1, 50)] == [Placement()] * 49


def test_it_can_continue_what_came_before() -> None:
    times = SampleTimes(44_100, start_ns=NS_PER_S)
    assert times.place(NS_PER_S, 441) == Placement()
    assert times.end_ns == NS_PER_S + 10 * NS_PER_MS


@pytest.mark.promise("media.in-step")
@given(st.lists(st.tuples(st.integers(-400, 400), st.integers(1, 4096)), max_size=60))
def test_counted_samples_stay_within_the_tolerance_of_the_timestamps(blocks: list[tuple[int, int]]) -> None:
    times, at = SampleTimes(RATE), 10 * NS_PER_S
    times.place(at, 480)
    for jump_ms, samples in blocks:
        stamp = max(at + 1, (times.end_ns or 0) + jump_ms * NS_PER_MS)
        end_before = times.end_ns or 0
        placement = times.place(stamp, samples)
        heard = end_before + (placement.silence - placement.skip) * NS_PER_S // RATE
        if placement.skip < samples:
            assert abs(heard - stamp) <= TOLERANCE_NS
        at = stamp
