from __future__ import annotations

import math
import threading

from hypothesis import given
from hypothesis import strategies as st

from streamlib.links.latency import NEVER_TIMED, LatencyHistogram, LatencyStats

SECONDS = 10.0


def test_without_samples_all_is_zero() -> None:
    assert LatencyHistogram().stats() == LatencyStats(0, 0, 0, 0, 0) == NEVER_TIMED


@given(st.lists(st.integers(0, 10**12), min_size=1, max_size=300))
def test_percentiles_are_within_a_32nd_and_the_maximum_is_exact(durations: list[int]) -> None:
    histogram = LatencyHistogram()
    for duration in durations:
        histogram.record(duration)
    stats, ordered = histogram.stats(), sorted(durations)
    assert (stats.samples, stats.max_ns) == (len(durations), ordered[-1])
    for found, share in ((stats.p50_ns, 0.5), (stats.p90_ns, 0.9), (stats.p99_ns, 0.99)):
        true = ordered[math.ceil(share * len(ordered)) - 1]
        assert abs(found - true) <= true / 32


@given(st.integers(0, 31))
def test_short_durations_are_exact(duration: int) -> None:
    histogram = LatencyHistogram()
    histogram.record(duration)
    histogram.record(10**9)
    assert histogram.stats().p50_ns == duration


def test_percentiles_do_not_fall() -> None:
    histogram = LatencyHistogram()
    for duration in range(1, 10_000, 7):
        histogram.record(duration)
    stats = histogram.stats()
    assert stats.p50_ns <= stats.p90_ns <= stats.p99_ns <= stats.max_ns


def test_another_thread_may_look_while_durations_come() -> None:
    histogram, looks = LatencyHistogram(), list[LatencyStats]()
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            looks.append(histogram.stats())

    thread = threading.Thread(target=look)
    thread.start()
    for duration in range(20_000):
        histogram.record(duration * 17)
    done.set()
    thread.join(SECONDS)
    assert not thread.is_alive()
    assert [look.samples for look in looks] == sorted(look.samples for look in looks)
