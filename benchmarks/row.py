"""What a row is: two sides that do the same, the figures each gives, and what the ratio should be at most.

Rows know nothing of pairs, files and tables; `pairing.py`, `result.py` and `report.py` know nothing of a
certain row. `rows/` has the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol


class UnavailableError(Exception):
    """A side cannot be measured on this machine; the message says what to install."""


class SideError(Exception):
    """A side broke while it was measured, or did not do what the other side does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number that each side gives per sample; less is better.

    `at_most` is what ours may be in terms of theirs; None where nothing was promised.
    """

    key: str
    what: str
    unit: str
    at_most: float | None
    digits: int = 0


class Side(Protocol):
    """One of the two things that are measured in turn."""

    @property
    def name(self) -> str:
        """What it is, for the table."""
        ...

    def version(self) -> str:
        """Which version of it is here.

        Raises:
            UnavailableError: It is not here.
        """
        ...

    def sample(self, share: float) -> Mapping[str, float]:
        """Measure once, in a process of its own, `share` of the whole work: figures by their keys.

        Raises:
            SideError: It broke.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison.

    Attributes:
        name: What it is called on the command line and in `results/`.
        ours: StreamLib's side.
        theirs: The peer's.
        figures: What is read off each sample.
        method: What the sides do, so that the reader can judge whether it is fair.
        held_back: What keeps the ratio above its target, if it is above.
        prepare: Makes what both sides need and says what it is; before the first sample.
        pairs: How many pairs are enough where a sample takes long; None leaves it to the effort.
        alike: Keys of a sample that must be equal on both sides, to within one percent: the same work was done.
    """

    name: str
    ours: Side
    theirs: Side
    figures: tuple[Figure, ...]
    method: str
    held_back: str = ""
    prepare: Callable[[], str] | None = None
    alike: tuple[str, ...] = ()
    pairs: int | None = None
