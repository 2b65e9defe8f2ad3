"""What processors raise, on its way to the log: the first time with its traceback, the same again as a count.

Called by `reports` on the threads of the processors. Two errors are the same where type and place are, or, without a
place in the user's code, type and words but for numbers. Counts are told at times by an alarm, whose thread begins with
the first repeat, and at the end of a processor. Neither the graph nor the bus is known here.
"""

from __future__ import annotations

import os
import traceback
from dataclasses import dataclass
from pathlib import Path

from streamlib.clock import NS_PER_S, Clock
from streamlib.errors import StreamError
from streamlib.events.event import described
from streamlib.execution.repeats import Repeated, TimedRepeats, pattern
from streamlib.processors.context import ProcessorLog

_OURS = str(Path(__file__).parents[1]) + os.sep

Owner = tuple[str, int]
"""A processor: its id and generation."""


@dataclass(frozen=True, slots=True)
class _Said:
    """An error as it was told last."""

    log: ProcessorLog
    text: str
    error_type: str


class ErrorLog:
    """The errors of all processors of one runtime.

    Args:
        clock: What intervals go by.
    """

    def __init__(self, clock: Clock) -> None:
        self._repeats: TimedRepeats[_Said] = TimedRepeats(clock, _tell)  # bounded: by the processors there are

    def add(self, owner: Owner, log: ProcessorLog, error: Exception, timestamp_ns: int | None, during: str) -> None:
        """Log an error at length, or count it."""
        text, place = described(error), users_place(error)
        said = _Said(log, text, type(error).__name__)
        kind = (during, type(error), place or pattern(text))
        if not self._repeats.is_first(owner, kind, said):
            return
        at = "" if timestamp_ns is None else f"at {timestamp_ns / NS_PER_S:.3f} s: "
        fields: dict[str, object] = {"during": during, "generation": owner[1], "error_type": said.error_type}
        if timestamp_ns is not None:
            fields["frame_timestamp_ns"] = timestamp_ns
        if isinstance(error, StreamError):  # it says what to do; any other is looked for where it was raised
            log.error("%s%s%s", at, text, place and f" (at {place})", extra=fields)
        else:
            log.error("%s%s", at, text, exc_info=error, extra=fields)

    def end(self, owner: Owner) -> None:
        """A processor has come to its end: tell what is left."""
        self._repeats.end(owner)

    def open(self) -> None:
        """A run begins."""
        self._repeats.open()

    def close(self) -> None:
        """A run comes to its end, and the thread with it. What is left is told as the processors end."""
        self._repeats.close()


def _tell(told: list[Repeated[_Said]]) -> None:
    for one in told:
        fields = {"error_type": one.said.error_type, "repeats": one.times, "seconds": round(one.seconds, 3)}
        one.said.log.error("%s: %s", one.said.text, one, extra=fields)


def users_place(error: BaseException) -> str:
    """The innermost line outside of StreamLib that led to an error, as `file:line`; empty where there is none."""
    theirs = [
        (step.f_code.co_filename, line)
        for step, line in traceback.walk_tb(error.__traceback__)
        if not step.f_code.co_filename.startswith(_OURS)
    ]
    return ":".join(map(str, theirs[-1])) if theirs else ""
