"""What is counted and timed for each processor while it runs.

Counters are exact; latencies are the calls that were timed, and say how many. One thread writes, any thread
reads. Filled by `instance` and `loops`, attached to the graph as the component `ProcessorMetrics`.
"""

from __future__ import annotations

from dataclasses import dataclass

_SUB_BITS = 4
_SUB = 1 << _SUB_BITS


@dataclass(frozen=True, slots=True)
class LatencyStats:
    """How long calls of `process` took, in nanoseconds, over `samples` timed calls.

    Percentiles are within 1/32 of the true value, `max_ns` is exact; all are 0 without samples.
    """

    samples: int
    p50_ns: int
    p90_ns: int
    p99_ns: int
    max_ns: int


class LatencyHistogram:
    """Durations in buckets whose width grows with the duration (as HdrHistogram's, 16 to each power of two)."""

    __slots__ = ("_buckets", "max_ns", "samples")

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self.samples = 0
        self.max_ns = 0

    def record(self, duration_ns: int) -> None:
        """Count one duration; one thread only."""
        shift = duration_ns.bit_length() - _SUB_BITS - 1
        bucket = duration_ns if shift <= 0 else (shift << _SUB_BITS) + (duration_ns >> shift)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self.samples += 1
        self.max_ns = max(self.max_ns, duration_ns)

    def stats(self) -> LatencyStats:
        """The percentiles so far; from any thread."""
        buckets = sorted(self._buckets.copy().items())
        samples = sum(count for _, count in buckets)
        p50, p90, p99 = (self._percentile(buckets, samples, share) for share in (0.50, 0.90, 0.99))
        return LatencyStats(samples, p50, p90, p99, self.max_ns)

    def _percentile(self, buckets: list[tuple[int, int]], samples: int, share: float) -> int:
        rank = share * samples
        for bucket, count in buckets:
            rank -= count
            if rank <= 0:
                return min(_middle(bucket), self.max_ns)
        return 0


def _middle(bucket: int) -> int:
    shift = (bucket >> _SUB_BITS) - 1
    if shift <= 0:
        return bucket
    width = 1 << shift
    return ((bucket & (_SUB - 1)) + _SUB) * width + width // 2


class Passes:
    """How often a loop has run through its processors."""

    __slots__ = ("done",)

    def __init__(self) -> None:
        self.done = 0


class SteadyCount:
    """A count that a loop's passes imply: all passes since it was made, less the skipped ones."""

    __slots__ = ("_base", "_passes", "skipped")

    def __init__(self, passes: Passes) -> None:
        self._passes = passes
        self._base = passes.done
        self.skipped = 0

    def count(self) -> int:
        """Passes that called, so far."""
        return self._passes.done - self._base - self.skipped


class ProcessorMetrics:
    """The counters of one processor; a component of the graph.

    While it runs, `handle.metrics` has them, and `handle.metrics.latency.stats()` is a `LatencyStats`.

    Attributes:
        calls: How often `process` was called.
        since_ns: Since when, on the runtime's clock; 0 before it runs.
        errors: How often it raised.
        latency: How long its calls took; `stats()` gives the percentiles so far.
        steady: Set while a loop calls the processor in every pass: the calls of that time are the passes of the loop
            since then, less those that found no frame, so that none of them has to be counted by itself.
    """

    __slots__ = ("_counted", "errors", "latency", "since_ns", "steady")

    def __init__(self) -> None:
        self._counted = 0
        self.since_ns = 0
        self.errors = 0
        self.latency = LatencyHistogram()
        self.steady: SteadyCount | None = None

    def count(self) -> None:
        """Count one call that no steady pass counts."""
        self._counted += 1

    @property
    def calls(self) -> int:
        """How often `process` was called."""
        steady = self.steady
        return self._counted + (0 if steady is None else steady.count())

    def become_steady(self, passes: Passes) -> SteadyCount:
        """Have the passes of a loop count the calls from now on."""
        self.fix()
        self.steady = SteadyCount(passes)
        return self.steady

    def fix(self) -> None:
        """Add the steady calls to the counted ones; the owner does it before it arranges its passes anew."""
        if self.steady is not None:
            self._counted += self.steady.count()
            self.steady = None

    def __repr__(self) -> str:
        latency = self.latency.stats()
        timed = f"p50 {_brief(latency.p50_ns)}, p99 {_brief(latency.p99_ns)}" if latency.samples else "none timed"
        return f"<ProcessorMetrics {self.calls} calls ({timed}), {self.errors} errors>"


def _brief(duration_ns: int) -> str:
    """A duration for people: `12.5 µs`, `3.2 ms`."""
    return f"{duration_ns / 1e6:.3g} ms" if duration_ns >= 1_000_000 else f"{duration_ns / 1e3:.3g} µs"
