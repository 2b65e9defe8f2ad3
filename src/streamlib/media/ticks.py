"""Counts of a unit of time into nanoseconds and back, each to the nearest: the one place where media time is rounded.

Numbers pass through. Containers and codecs count in units of their own (1/90000 s, one sample); frames have
nanoseconds. Whatever reads or writes a `pts` asks here.
"""

from __future__ import annotations

from fractions import Fraction

from streamlib.clock import NS_PER_S

NANOSECOND = Fraction(1, NS_PER_S)
NS_PER_US = 1000  # FFmpeg counts lengths of whole files in microseconds
LARGEST_DENOMINATOR = 1001  # of a rate as 30000/1001


def nanoseconds(ticks: int | None, unit: Fraction | None) -> int:
    """The time of so many units, in nanoseconds; 0 where either is not said."""
    if ticks is None or unit is None:
        return 0
    return _nearest(ticks * unit.numerator * NS_PER_S, unit.denominator)


def ticks(time_ns: int, unit: Fraction) -> int:
    """How many units a time in nanoseconds is."""
    return _nearest(time_ns * unit.denominator, unit.numerator * NS_PER_S)


def samples_ns(samples: int, sample_rate: int) -> int:
    """How long so many samples of one channel are, in nanoseconds."""
    return _nearest(samples * NS_PER_S, sample_rate)


def samples_in(time_ns: int, sample_rate: int) -> int:
    """How many samples of one channel a time in nanoseconds is."""
    return _nearest(time_ns * sample_rate, NS_PER_S)


def _nearest(dividend: int, divisor: int) -> int:
    """The quotient to the nearest, a half upwards; no float, which is off by more than a nanosecond after 100 days."""
    return (2 * dividend + divisor) // (2 * divisor)
