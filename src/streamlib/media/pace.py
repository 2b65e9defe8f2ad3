"""How fast a file plays: when the frame of a media time is due on a clock.

Nanoseconds pass through; `file_reader.py` asks and never sleeps.
"""

from __future__ import annotations

from streamlib.clock import NS_PER_MS

# Later than this is no jitter: links were full or the processor paused, and catching up would be a burst.
LATE_NS = 250 * NS_PER_MS


class Pace:
    """Ties media time to a clock at the first frame, and again whenever it has fallen far behind."""

    def __init__(self) -> None:
        self._offset_ns: int | None = None  # clock minus media time

    def due_ns(self, media_ns: int, now_ns: int) -> int:
        """When the frame of `media_ns` is due on the clock that reads `now_ns`; at or before it means now."""
        if self._offset_ns is None or now_ns - (media_ns + self._offset_ns) > LATE_NS:
            self._offset_ns = now_ns - media_ns
        return media_ns + self._offset_ns

    def reset(self) -> None:
        """Tie the times anew at the next frame."""
        self._offset_ns = None
