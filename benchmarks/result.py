"""What was measured, as kept in `results/`: samples as they came, in a folder for each machine, and what follows.

A row has one file there, which is replaced when it is measured on that machine again. `report.py` makes a table of each
folder. `compiled` in it has the rows whose two sides are both ours: with compiled modules, and as it comes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import msgspec

from benchmarks.machine import Machine
from benchmarks.row import Row

RESULTS = Path(__file__).parent / "results"
COMPILED = "compiled"


class Spread(msgspec.Struct, frozen=True):
    """The median of some numbers, and the least and greatest of them."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        """What some numbers have in common; at least one is needed."""
        return cls(median(numbers), min(numbers), max(numbers))


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """The samples of one figure: `ours[i]` and `theirs[i]` were taken one after the other."""

    key: str
    ours: list[float]
    theirs: list[float]

    @property
    def ratio(self) -> Spread:
        """Ours in terms of theirs, pair by pair."""
        return Spread.of([in_terms_of(a, b) for a, b in zip(self.ours, self.theirs, strict=True)])

    @property
    def same(self) -> Spread | None:
        """Each sample of ours in terms of the one before it: what a ratio is worth when nothing differs (A/A).

        None where there is one sample.
        """
        pairs = zip(self.ours, self.ours[1:], strict=False)
        ratios = [in_terms_of(after, before) for before, after in pairs]
        return Spread.of(ratios) if ratios else None


def in_terms_of(one: float, other: float) -> float:
    """One number in terms of another; where the other is nothing, 1 if both are, and else infinite."""
    if other:
        return one / other
    return math.inf if one else 1.0


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """One row, measured once.

    `missing` says why there are no figures; `loads` are the load averages before and after; `payload` says what
    was worked on, where a row makes that first.
    """

    row: str
    date: str
    revision: str
    machine: Machine
    ours: str
    theirs: str
    figures: list[Measured] = []
    loads: tuple[float, float] = (0.0, 0.0)
    payload: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """All that is kept of one machine, by the name of the row."""

    results: Mapping[str, Result]
    compiled: Mapping[str, Result] = field(default_factory=dict)

    def of(self, rows: Iterable[Row]) -> list[Row]:
        """Those of some rows that were measured there, or will say why not."""
        return [row for row in rows if row.name in self.results or row.name in self.compiled]

    @property
    def machine(self) -> Machine:
        """Where it was measured, as it was for the last of the rows."""
        taken = [*self.results.values(), *self.compiled.values()]
        return max(taken, key=lambda one: one.date).machine


def save(result: Result, *, compiled: bool = False) -> Path:
    """Keep it, in the place of an earlier one; one that is missing figures does not replace one that has them."""
    folder = RESULTS / result.machine.name
    path = (folder / COMPILED if compiled else folder) / f"{result.row}.json"
    if result.missing and path.exists() and _read(path).figures:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    return path


def saved() -> list[Place]:
    """All that is kept, the machine with the most rows first."""
    places = [Place(_read_all(folder), _read_all(folder / COMPILED)) for folder in sorted(RESULTS.glob("*/"))]
    return sorted((one for one in places if one.results or one.compiled), key=lambda one: -len(one.results))


def _read_all(folder: Path) -> dict[str, Result]:
    return {path.stem: _read(path) for path in sorted(folder.glob("*.json"))}


def _read(path: Path) -> Result:
    return msgspec.json.decode(path.read_bytes(), type=Result)
