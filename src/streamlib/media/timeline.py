"""Where frames stand in time: the rules for timestamps that are missing, jump or run backwards.

Numbers pass through, nothing else: nanoseconds and counts of samples. Codecs ask here before they encode
(`video/h264.py`, `audio/aac.py`); what they do about the answer is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

from streamlib.clock import NS_PER_MS, NS_PER_S
from streamlib.media.ticks import samples_in, samples_ns

# A source's jitter is not followed, a real gap is: half of the 20 ms that sound and picture may be apart.
TOLERANCE_NS = 10 * NS_PER_MS
# A longer gap is left as a gap; filling it with silence would cost time and space for nothing.
LONGEST_SILENCE_NS = 10 * NS_PER_S
# Further back than this is another source's clock, not a late frame.
RESTART_NS = NS_PER_S


class PictureTimes:
    """Makes the timestamps of pictures strictly increasing, as a video encoder needs them.

    A picture that does not advance (its timestamp is missing, repeated or late) stands one step behind the
    one before. A jump back of more than a second is another clock: what follows is moved to go on from here.

    Args:
        step_ns: The time between two pictures where neither their durations nor their distance say it.
    """

    def __init__(self, step_ns: int) -> None:
        self.repaired = 0
        self._step_ns = step_ns
        self._last_ns: int | None = None
        self._shift_ns = 0

    def place(self, timestamp_ns: int, duration_ns: int = 0) -> int:
        """The time at which a picture stands, in nanoseconds."""
        placed = self._placed(timestamp_ns + self._shift_ns, duration_ns)
        self._last_ns = placed
        return placed

    def _placed(self, timestamp_ns: int, duration_ns: int) -> int:
        last = self._last_ns
        if last is None:
            return timestamp_ns
        if timestamp_ns > last:
            return timestamp_ns
        step = duration_ns or self._step_ns
        self.repaired += 1
        if last - timestamp_ns > RESTART_NS:
            self._shift_ns += last + step - timestamp_ns
        return last + step


@dataclass(frozen=True, slots=True)
class Placement:
    """What to do with a block of samples: leave out `skip` at its front, put `silence` samples before it.

    `start_ns` is set where samples do not follow those before: at the beginning and after a gap too long to fill.
    """

    silence: int = 0
    skip: int = 0
    start_ns: int | None = None


class SampleTimes:
    """Places blocks of samples behind each other, so that counting samples tells the time within 10 ms.

    Jitter within the tolerance is ignored; a gap is filled with silence, an overlap left out. A timestamp
    that repeats the one before is missing, and one more than a second back is another clock: both follow on.

    Args:
        sample_rate: In Hz, of every block.
        start_ns: Where the first block is expected, when it continues something.
    """

    def __init__(self, sample_rate: int, start_ns: int | None = None) -> None:
        self.repaired = 0
        self._rate = sample_rate
        self._origin_ns = start_ns
        self._count = 0
        self._shift_ns = 0
        self._stamp_ns: int | None = None

    @property
    def end_ns(self) -> int | None:
        """The time behind the last sample placed, in nanoseconds."""
        return None if self._origin_ns is None else self._origin_ns + samples_ns(self._count, self._rate)

    def place(self, timestamp_ns: int, samples: int) -> Placement:
        """Where a block of `samples` stands."""
        placement = self._placed(timestamp_ns, samples)
        self._count += placement.silence + samples - placement.skip
        self._stamp_ns = timestamp_ns
        return placement

    def _placed(self, timestamp_ns: int, samples: int) -> Placement:
        expected = self.end_ns
        if expected is None:
            return self._begun(timestamp_ns)
        ahead = timestamp_ns + self._shift_ns - expected
        if abs(ahead) <= TOLERANCE_NS:
            return Placement()
        self.repaired += 1
        if timestamp_ns == self._stamp_ns:
            return Placement()
        if ahead > LONGEST_SILENCE_NS:
            return self._begun(timestamp_ns + self._shift_ns)
        if ahead > 0:
            return Placement(silence=self._samples(ahead))
        if ahead < -RESTART_NS:
            self._shift_ns -= ahead
            return Placement()
        return Placement(skip=min(samples, self._samples(-ahead)))

    def _begun(self, start_ns: int) -> Placement:
        self._origin_ns, self._count = start_ns, 0
        return Placement(start_ns=start_ns)

    def _samples(self, duration_ns: int) -> int:
        return samples_in(duration_ns, self._rate)
