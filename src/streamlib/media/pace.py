"""How fast a source plays: when the frame of a media time is due on a clock.

Nanoseconds pass through; `file_reader.py` and the other sources ask and never sleep.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from streamlib.clock import NS_PER_MS, NS_PER_S

# Later than this is no jitter: links were full or the processor paused, and catching up would be a burst.
LATE_NS = 250 * NS_PER_MS
# Who does not know whether a file is sound waits no longer than this for its next frame. It is waited for all the
# same, so that a show of slides with longer ones than this becomes faster, and not a burst.
LONGEST_WAIT_NS = 10 * NS_PER_S


class Speed(StrEnum):
    """How fast a source sends: each frame when it is due, or as fast as its links take them."""

    REALTIME = "realtime"
    FAST = "fast"


class Pace:
    """Ties media time to a clock at the first frame, and again whenever it has fallen far behind.

    Args:
        jumped: Given where no wait may be longer than `LONGEST_WAIT_NS`, as the times may be damaged: told from
            which media time to which one the wait was shortened, in nanoseconds.
    """

    def __init__(self, jumped: Callable[[int, int], None] | None = None) -> None:
        self._jumped = jumped
        self._offset_ns: int | None = None  # clock minus media time

    def due_ns(self, media_ns: int, now_ns: int) -> int:
        """When the frame of `media_ns` is due on the clock that reads `now_ns`; at or before it means now."""
        if self._offset_ns is None or now_ns - (media_ns + self._offset_ns) > LATE_NS:
            self._offset_ns = now_ns - media_ns
        elif self._jumped is not None and media_ns + self._offset_ns - now_ns > LONGEST_WAIT_NS:
            self._jumped(now_ns - self._offset_ns, media_ns)
            self._offset_ns = now_ns + LONGEST_WAIT_NS - media_ns
        return media_ns + self._offset_ns

    def reset(self) -> None:
        """Tie the times anew at the next frame."""
        self._offset_ns = None
