"""Durations as percentiles: how long calls took, how long frames waited, and how old they had become.

One thread records, any thread reads. Filled by `wait` and by the loops of `streamlib.execution`.
"""

from __future__ import annotations

from dataclasses import dataclass

_SUB_BITS = 4
_SUB = 1 << _SUB_BITS


@dataclass(frozen=True, slots=True)
class LatencyStats:
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
        if not self._buckets:
            return NEVER_TIMED
        buckets = sorted(self._buckets.copy().items())
        samples = sum([count for _, count in buckets])
        ranks, found, counted = (0.50 * samples, 0.90 * samples, 0.99 * samples), list[int](), 0
        for bucket, count in buckets:
            counted += count
            while len(found) < len(ranks) and counted >= ranks[len(found)]:
                found.append(min(_middle(bucket), self.max_ns))
        return LatencyStats(samples, found[0], found[1], found[2], self.max_ns)


def _middle(bucket: int) -> int:
    shift = (bucket >> _SUB_BITS) - 1
    if shift <= 0:
        return bucket
    width = 1 << shift
    return ((bucket & (_SUB - 1)) + _SUB) * width + width // 2
