"""The numbers in ids that nobody gave by hand, `h264_encoder_0`: counted per type, and no id issued twice."""

from __future__ import annotations

from collections.abc import Container

from streamlib.ids import ProcessorId, type_stem


class Numbering:
    """The next number of each type."""

    __slots__ = ("_next",)

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def issue(self, processor_type: str, taken: Container[str]) -> ProcessorId:
        """The next id of a type that is not taken."""
        stem = type_stem(processor_type)
        number = self._next.get(stem, 0)
        while f"{stem}_{number}" in taken:
            number += 1
        self._next[stem] = number + 1
        return ProcessorId(f"{stem}_{number}")

    def never_issue(self, processor_id: ProcessorId) -> None:
        """See that counting does not arrive at an id that was given by hand and is free again."""
        stem, _, number = processor_id.rpartition("_")
        if len(number) < 10 and number.isdecimal() and int(number) >= self._next.get(stem, 0):
            self._next[stem] = int(number) + 1
