"""What a link has carried, as one frozen record."""

from __future__ import annotations

import msgspec

from streamlib.links.latency import NEVER_TIMED, LatencyStats


class LinkStatistics(msgspec.Struct, frozen=True, gc=False):
    """Counters of one link, consistent in themselves: written = taken + depth + dropped.

    `replaced` were overtaken by a newer frame (delivery `latest` or `drop_oldest`), `full` found no room (delivery
    `drop_newest`, or a live source), `closed` were written after the reader had ended. `overflowed` went through the
    overflow of a writer that may not wait; none of these is lost. All counts are in frames since the link was wired;
    `nbytes` is the size in bytes of what waits now; `wait` is how long frames waited from their write to their read, by
    the clock for media, over those that were timed.
    """

    written: int
    taken: int
    depth: int
    capacity: int
    replaced: int = 0
    full: int = 0
    closed: int = 0
    overflowed: int = 0
    nbytes: int = 0
    wait: LatencyStats = NEVER_TIMED

    @property
    def dropped(self) -> int:
        """All that the reader never got, whatever the reason."""
        return self.replaced + self.full + self.closed
