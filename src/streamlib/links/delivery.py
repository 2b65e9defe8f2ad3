"""What a link does when its reader is slower than its writer."""

from __future__ import annotations

from enum import StrEnum

MOST_FRAMES = 1_000_000
"""The most that a link may be asked to hold; a buffer of more is a leak under another name."""


class Delivery(StrEnum):
    """The delivery policy of a link: declared by the reading port, and a link may override it.

    `EVERY` loses nothing: a full link holds its writer back. Under the others nobody is held back, and what is lost
    is counted: `LATEST` keeps the newest frame only, `DROP_OLDEST` the newest that the link has room for, and
    `DROP_NEWEST` those that came first.
    """

    EVERY = "every"
    LATEST = "latest"
    DROP_OLDEST = "drop_oldest"
    DROP_NEWEST = "drop_newest"

    @property
    def overwrites(self) -> bool:
        """Whether a newer frame takes the place of an older one."""
        return self in {Delivery.LATEST, Delivery.DROP_OLDEST}
