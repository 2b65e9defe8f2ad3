"""The two sides of a row in turn, A B A B, so that a machine that changes its pace changes it for both.

Samples come out as they were measured; `result.py` keeps them and says what they mean.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.row import Row, SideError

Sample = Mapping[str, float]
Progress = Callable[[int, Sample, Sample], None]


@dataclass(frozen=True, slots=True)
class Effort:
    """How many pairs are counted after one that is not, and which share of a row's whole work a sample does."""

    pairs: int
    share: float


FULL = Effort(pairs=11, share=1.0)
QUICK = Effort(pairs=3, share=0.2)


def measure(
    row: Row, effort: Effort, progress: Progress, chance: random.Random | None = None
) -> list[tuple[Sample, Sample]]:
    """Pairs of samples, ours the first of each; the first pair fills caches and is left out.

    With `chance` it is drawn for each pair which side is measured first; else ours is.

    Raises:
        SideError: A side broke, or the two did not do the same work.
    """
    pairs: list[tuple[Sample, Sample]] = []
    wanted = effort.pairs if row.pairs is None else min(effort.pairs, row.pairs)
    for number in range(wanted + 1):
        ours, theirs = _pair(row, effort.share, theirs_first=chance is not None and chance.random() < 0.5)
        _check_alike(row, ours, theirs)
        progress(number, ours, theirs)
        if number:
            pairs.append((ours, theirs))
    return pairs


def _pair(row: Row, share: float, *, theirs_first: bool) -> tuple[Sample, Sample]:
    if theirs_first:
        theirs = row.theirs.sample(share)
        return row.ours.sample(share), theirs
    return row.ours.sample(share), row.theirs.sample(share)


def _check_alike(row: Row, ours: Sample, theirs: Sample) -> None:
    for key in row.alike:
        if abs(ours[key] - theirs[key]) > 0.01 * max(ours[key], theirs[key]):
            raise SideError(f"{row.name}: the sides did not do the same work: {key} {ours[key]:g} and {theirs[key]:g}")
