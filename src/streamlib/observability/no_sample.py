"""Why there is no sample: what a look returns when nothing came, and it is falsy.

Made by `sampler`, and read by agents and people; nothing here looks anywhere.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from streamlib.ids import ProcessorId


class NoSampleCause(StrEnum):
    """What stood in the way of a sample.

    `QUIET`: nothing came in time. `NO_KEY_FRAME`: packets came, none of them a key frame. `NOT_RUNNING`: the runtime is
    not started, or was stopped. `PAUSED`, `ENDED`, `FAILED`: so is the processor. `REMOVED`: it is not in the graph any
    more, or lost the port. `UNCONNECTED`: no link leads to the input. `OTHER_MEDIA`: what came is no picture, or no
    sound. `UNREADABLE`: what came cannot be decoded or converted. `CLOSED`: whoever watched has closed the watch.
    """

    QUIET = "quiet"
    NO_KEY_FRAME = "no_key_frame"
    NOT_RUNNING = "not_running"
    PAUSED = "paused"
    ENDED = "ended"
    FAILED = "failed"
    REMOVED = "removed"
    UNCONNECTED = "unconnected"
    OTHER_MEDIA = "other_media"
    UNREADABLE = "unreadable"
    CLOSED = "closed"


class NoSample(msgspec.Struct, frozen=True, kw_only=True):
    """There is no sample, and why: `if sample: …` tells it from one.

    Attributes:
        processor_id: Where was looked.
        cause: What stood in the way, to branch on.
        reason: The same as a sentence, with what to do.
    """

    processor_id: ProcessorId
    cause: NoSampleCause
    reason: str

    def __bool__(self) -> bool:
        return False

    def __str__(self) -> str:
        return self.reason

    if not TYPE_CHECKING:  # a type checker reports a name that is not there

        def __getattr__(self, name: str) -> object:
            raise AttributeError(f"there is no sample, and so no {name}: {self.reason}")
