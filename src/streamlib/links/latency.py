"""Durations as percentiles: how long calls took, how long frames waited, and how old they had become.

One thread records, any thread reads. Filled by `wait` and by the loops of `streamlib.execution`.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import accumulate

import msgspec

_SUB_BITS = 4
_SUB = 1 << _SUB_BITS


class LatencyStats(msgspec.Struct, frozen=True, gc=False):
    """Durations in nanoseconds, over `samples` that were timed: of calls of `process`, of waits, of ages.

    Percentiles are within 1/32 of the true value, `max_ns` is exact; all are 0 without samples.
    """

    samples: int
    p50_ns: int
    p90_ns: int
    p99_ns: int
    max_ns: int


NEVER_TIMED = LatencyStats(0, 0, 0, 0, 0)
"""What there is to say where nothing was timed."""


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

    def mean_ns(self) -> float:
        """The mean so far, within 1/32; 0 without samples; from any thread."""
        buckets = self._buckets.copy()
        samples = sum(buckets.values())
        return sum([_middle(bucket) * count for bucket, count in buckets.items()]) / samples if samples else 0.0

    def stats(self) -> LatencyStats:
        """The percentiles so far; from any thread."""
        counts, max_ns = self._buckets.copy(), self.max_ns  # one thread goes on recording
        if not counts:
            return NEVER_TIMED
        buckets = sorted(counts)
        counted = list(accumulate(map(counts.__getitem__, buckets)))
        samples = counted[-1]
        p50 = min(_middle(buckets[bisect_left(counted, 0.50 * samples)]), max_ns)
        p90 = min(_middle(buckets[bisect_left(counted, 0.90 * samples)]), max_ns)
        p99 = min(_middle(buckets[bisect_left(counted, 0.99 * samples)]), max_ns)
        return LatencyStats(samples, p50, p90, p99, max_ns)


def _middle(bucket: int) -> int:
    shift = (bucket >> _SUB_BITS) - 1
    if shift <= 0:
        return bucket
    width = 1 << shift
    return ((bucket & (_SUB - 1)) + _SUB) * width + width // 2
