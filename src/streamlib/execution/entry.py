"""The output of a source: where a frame enters the graph and is stamped with when, and as which.

Everything behind it passes frames on as they are, so that ages and gaps are told from these stamps alone. A
frame object enters once; written again it is stamped as a copy, because somebody may still hold the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import force_setattr, replace

from streamlib.links.writer import Writer


def carries_stamps(frame_types: Iterable[type]) -> bool:
    """Whether frames of these classes have the fields that are stamped here."""
    return all(hasattr(frame_type, "entered_ns") and hasattr(frame_type, "sequence") for frame_type in frame_types)


def _no_frame(written: object) -> str:
    made_by = "VideoFrame.from_ndarray(pixels), AudioFrame(samples, rate) and DataFrame(data) make one"
    return f"write takes a frame, not {type(written).__name__}; {made_by}"


class EntryWriter:
    """A writing end that stamps `entered_ns`, and `sequence` where the source has not numbered the frame."""

    __slots__ = ("_now_ns", "_number", "_write", "inner")

    def __init__(self, inner: Writer, now_ns: Callable[[], int]) -> None:
        self.inner = inner
        self._write = inner.write
        self._now_ns = now_ns
        self._number = 0

    def write(self, frame: Any) -> None:
        """Stamp the frame and send it on its way.

        Raises:
            TypeError: It is no frame.
        """
        now_ns, write, number = self._now_ns, self._write, self._number
        try:
            if frame.entered_ns:
                frame = replace(frame, entered_ns=now_ns(), sequence=number)
            else:
                force_setattr(frame, "entered_ns", now_ns())
                numbered = frame.sequence
                if numbered < 0:
                    force_setattr(frame, "sequence", number)
                else:
                    number = numbered
        except AttributeError:
            if carries_stamps((type(frame),)):  # raised by code of its own, as `__post_init__` in the copy
                raise
            raise TypeError(_no_frame(frame)) from None
        self._number = number + 1
        write(frame)

    def lead_to(self, inner: Writer) -> None:
        """Write to `inner` from now on."""
        self.inner = inner
        self._write = inner.write

    def go_on_from(self, other: EntryWriter) -> None:
        """Number frames where another left off."""
        self._number = other._number

    @property
    def connected(self) -> bool:
        """Whether a link leaves from here."""
        return self.inner.connected

    @property
    def ended(self) -> bool:
        """Whether the end has been said."""
        return self.inner.ended

    def end(self) -> None:
        """Say that no frame will come any more."""
        self.inner.end()

    def free(self) -> bool:
        """Whether the source may be called."""
        return self.inner.free()

    def room(self) -> int:
        """How many frames more may be written before `free` is asked again."""
        return self.inner.room()

    def retire(self, successor: Writer) -> None:
        """Write to `successor` from now on."""
        self.lead_to(successor)
