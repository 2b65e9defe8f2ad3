"""When changes of a runtime take effect."""

from __future__ import annotations

from enum import StrEnum


class CommitMode(StrEnum):
    """`AUTO` commits each call; `MANUAL` collects until `commit()`. `edit()` is a transaction under both."""

    AUTO = "auto"
    MANUAL = "manual"
