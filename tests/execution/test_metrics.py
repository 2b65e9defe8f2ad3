from __future__ import annotations

from streamlib import DataFrame
from streamlib.execution.metrics import Passes, ProcessorMetrics, SteadyCount


def test_a_steady_count_is_passes_less_skips() -> None:
    passes = Passes()
    passes.done = 5
    count = SteadyCount(passes)
    passes.done = 12
    count.skipped = 3
    assert count.count() == 4


def test_calls_are_those_counted_and_those_of_steady_passes() -> None:
    metrics, passes = ProcessorMetrics(), Passes()
    metrics.count()
    steady = metrics.become_steady(passes)
    passes.done = 10
    steady.skipped = 4
    assert metrics.calls == 7
    metrics.become_steady(passes)
    passes.done = 11
    assert metrics.calls == 8
    metrics.fix()
    passes.done = 20
    metrics.count()
    assert metrics.calls == 9


def test_metrics_say_what_they_count() -> None:
    metrics = ProcessorMetrics()
    assert repr(metrics) == "<ProcessorMetrics 0 calls (none timed), 0 errors>"
    metrics.count()
    metrics.errors += 1
    metrics.begin_timing().record(15_000)
    assert repr(metrics) == "<ProcessorMetrics 1 calls (p50 15 µs, p99 15 µs), 1 errors>"
    metrics.begin_timing().record(2_000_000)
    assert "p99 2 ms" in repr(metrics)


def test_the_age_of_a_frame_is_since_it_entered() -> None:
    metrics = ProcessorMetrics()
    metrics.see(DataFrame({}, entered_ns=20), 50)
    metrics.see(DataFrame({}, entered_ns=60), 50)
    assert metrics.age is not None
    assert (metrics.age.stats().samples, metrics.age.stats().max_ns) == (2, 30)


def test_what_was_never_stamped_has_no_age() -> None:
    metrics = ProcessorMetrics()
    metrics.see(DataFrame({}), 50)
    metrics.see(object(), 50)
    assert metrics.age is None
