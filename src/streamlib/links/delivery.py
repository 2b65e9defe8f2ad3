"""What a link does when its reader is slower than its writer."""

from __future__ import annotations

from enum import StrEnum


class Delivery(StrEnum):
    """The delivery policy of a link: declared by the reading port, and a link may override it.

    `EVERY` loses nothing: a full link holds its writer back. `LATEST` keeps the newest frame only and
    counts those it replaced.
    """

    EVERY = "every"
    LATEST = "latest"
