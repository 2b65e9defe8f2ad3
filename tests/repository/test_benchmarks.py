"""The rows of the benchmarks are well formed, and the page shows the results that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from benchmarks import report, result
from benchmarks.pairing import Effort, Sample, measure
from benchmarks.row import Figure, Row, SideError
from benchmarks.rows import ROWS


class FakeSide:
    """Gives one sample after another, and writes down that it was asked."""

    def __init__(self, name: str, numbers: list[float], asked: list[str], frames: float = 100) -> None:
        self.name = name
        self._numbers = iter(numbers)
        self._asked = asked
        self._frames = frames

    def version(self) -> str:
        return f"{self.name} 1.0"

    def sample(self, share: float) -> Mapping[str, float]:
        self._asked.append(self.name)
        return {"ns": share * next(self._numbers), "frames": self._frames}


def _row(asked: list[str], *, frames: float = 100) -> Row:
    return Row(
        name="fake",
        ours=FakeSide("A", [9, 1, 2, 3], asked),
        theirs=FakeSide("B", [9, 2, 2, 2], asked, frames),
        figures=(Figure(key="ns", what="a hop", unit="ns", at_most=0.8),),
        method="Nothing is measured.",
        alike=("frames",),
    )


def _no_progress(number: int, ours: Sample, theirs: Sample) -> None:
    del number, ours, theirs


def test_sides_take_turns_and_the_first_pair_is_left_out() -> None:
    asked: list[str] = []
    pairs = measure(_row(asked), Effort(pairs=3, share=1.0), _no_progress)
    assert asked == ["A", "B"] * 4
    assert [ours["ns"] for ours, _ in pairs] == [1, 2, 3]


def test_sides_that_did_different_work_are_refused() -> None:
    with pytest.raises(SideError, match="same work: frames 100 and 90"):
        measure(_row([], frames=90), Effort(pairs=1, share=1.0), _no_progress)


def test_ratios_are_taken_pair_by_pair_and_a_side_against_itself() -> None:
    measured = result.Measured(key="ns", ours=[1.0, 2.0, 3.0], theirs=[2.0, 2.0, 2.0])
    assert measured.ratio == result.Spread(1.0, 0.5, 1.5)
    assert measured.same == result.Spread(1.75, 1.5, 2.0)


def test_names_of_rows_are_distinct_and_each_kept_result_has_a_row() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    assert set(result.saved()) <= set(names)


def test_the_page_shows_the_results_that_are_kept(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(report.PAGE.read_text())
    report.write_page(ROWS, result.saved(), page)
    assert page.read_text() == report.PAGE.read_text(), "run scripts/bench --table"
