"""The rows of the benchmarks are well formed, and the page shows the results that are kept."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from benchmarks import __main__ as program
from benchmarks import comparison, environment, machine, report, result
from benchmarks.pairing import Effort, Sample, measure
from benchmarks.program import Program
from benchmarks.programs import audio_blocks, latency
from benchmarks.row import Figure, Row, SideError, UnavailableError
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


def _result(*figures: result.Measured) -> result.Result:
    place = machine.Machine(cpu="one", cores=1, memory_gib=1.0, kernel="1", python="CPython", packages={})
    return result.Result(
        row="fake", date="2026-01-01", revision="0", machine=place, ours="A", theirs="B", figures=list(figures)
    )


class Drawn(random.Random):
    """Draws what it is told."""

    def __init__(self, numbers: list[float]) -> None:
        super().__init__()
        self._numbers = iter(numbers)

    def random(self) -> float:
        return next(self._numbers)


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


def test_which_side_is_measured_first_can_be_drawn() -> None:
    asked: list[str] = []
    pairs = measure(_row(asked), Effort(pairs=3, share=1.0), _no_progress, Drawn([0.2, 0.8, 0.4, 0.9]))
    assert asked == ["B", "A", "A", "B", "B", "A", "A", "B"]
    assert [(ours["ns"], theirs["ns"]) for ours, theirs in pairs] == [(1, 2), (2, 2), (3, 2)]


def test_a_ratio_to_nothing_is_infinite_unless_both_are_nothing() -> None:
    measured = result.Measured(key="late", ours=[0.0, 2.0, 0.0], theirs=[0.0, 0.0, 4.0])
    assert measured.ratio == result.Spread(1.0, 0.0, math.inf)
    assert not report.ratios([_row([])], {"fake": _result(msgspec.structs.replace(measured, key="ns", ours=[1.0] * 3))})


def test_a_row_without_a_result_and_one_without_its_peer_say_so() -> None:
    row = _row([])
    assert "| fake | a hop |  |  | B | not measured yet | 0.8 |" in report.as_markdown(
        [row], [result.Place({"other": _result()})]
    )
    missing = msgspec.structs.replace(_result(), missing="install B")
    assert "not measured: install B" in report.as_markdown([row], [result.Place({"fake": missing})])
    assert report.as_text([row], {}).endswith("fake: not measured yet")


def test_the_table_has_our_side_compiled_in_terms_of_our_side_as_it_comes() -> None:
    row, results = _row([]), {"fake": _result(result.Measured(key="ns", ours=[80.0], theirs=[100.0]))}
    assert report.as_markdown([row], [result.Place(results)]).splitlines()[4].endswith(" | one pair |  |")
    assert "compiled" not in report.as_text([row], results)
    measured = result.Measured(key="ns", ours=[50.0, 60.0, 60.0], theirs=[80.0, 80.0, 80.0])
    compiled = {"fake": msgspec.structs.replace(_result(measured), ours="compiled", theirs="as it comes")}
    written = report.as_markdown([row], [result.Place(results, compiled)])
    assert "| 80 ns | 100 ns | B | 0.80 |" in written
    assert written.splitlines()[4].endswith(" | 60 ns, 0.75 (0.62 to 0.75) |")
    assert "- fake: 2026-01-01, revision 0, A beside B;" in written
    assert "- fake: 2026-01-01, revision 0, compiled beside as it comes;" in written
    assert "60 ns, 0.75 (0.62 to 0.75)" in report.as_text([row], {}, compiled)


@pytest.mark.parametrize(
    ("arguments", "kept"),
    [(["--compiled"], ["fake"]), (["--compiled", "--quick"], []), (["--compare", "main"], [])],
)
def test_our_side_compiled_is_kept_unless_it_is_measured_roughly(
    arguments: list[str], kept: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = comparison.Revision("as it comes", tmp_path)
    monkeypatch.setattr(program, "ROWS", (_row([]),))
    monkeypatch.setattr(program, "_write_page", lambda: None)
    monkeypatch.setattr(comparison, "compared", lambda row, there, present: row)
    monkeypatch.setattr(comparison, "here", lambda name="here": here)
    monkeypatch.setattr(comparison, "compiled", lambda: comparison.Revision("compiled", tmp_path))
    monkeypatch.setattr(comparison, "checked_out", lambda revision: here)
    monkeypatch.setattr(result, "RESULTS", tmp_path)
    assert program.main([*arguments, "--pairs", "2", "fake"]) == 0
    saved = {name: one for place in result.saved() for name, one in place.compiled.items()}
    assert [(one.row, one.ours, one.theirs) for one in saved.values()] == [
        (name, "compiled", "as it comes") for name in kept
    ]
    assert all(len(one.figures[0].ours) == 2 for one in saved.values())


def test_our_side_of_every_row_runs_with_the_sources_of_any_revision(tmp_path: Path) -> None:
    there = comparison.Revision("there", tmp_path)
    for row in ROWS:
        compared = comparison.compared(row, there, comparison.here())
        assert isinstance(compared.theirs, Program)
        assert compared.theirs.environment == {"PYTHONPATH": str(tmp_path)}
        assert all(figure.at_most is None for figure in compared.figures)


def test_a_peer_that_does_not_install_makes_its_row_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'ERROR: No matching distribution' >&2; exit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(environment, "PEERS", tmp_path)
    monkeypatch.setattr(environment, "sys", SimpleNamespace(executable=str(python), version="3"))
    with pytest.raises(UnavailableError, match="does not install here: ERROR: No matching distribution"):
        environment.Environment("none", ("no-such-package==1",)).make()


def test_percentiles_leave_out_the_frames_that_fill_caches() -> None:
    taken = [1_000_000] * 50 + [number * 1000 for number in range(1, 951)]
    figures = json.loads(latency.figures([0] * 1000, taken))
    assert figures == {"p50_us": 475.0, "p99_us": 941.0, "p999_us": 949.0}


def test_a_block_is_late_when_it_comes_more_than_its_length_after_it_was_due(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = 2 * round(audio_blocks.BLOCKS_PER_HOUR / 3600)
    now_ns = 1
    monkeypatch.setattr(audio_blocks, "time", SimpleNamespace(perf_counter_ns=lambda: now_ns, sleep=lambda _: None))
    timetable = audio_blocks.Timetable(blocks)
    timetable.wait()
    for number in range(blocks):
        delay = 1.1 if number == blocks - 1 else 0.9
        now_ns = 1 + round((number + delay) * audio_blocks.BLOCK_NS)
        timetable.came()
    assert timetable.done.is_set()
    figures = json.loads(timetable.figures())
    assert figures["late_per_hour"] == pytest.approx(3600)
    assert figures["p50_us"] == pytest.approx(0.9 * audio_blocks.BLOCK_NS / 1e3, abs=0.01)


def test_the_picture_shows_the_ratio_of_each_figure_that_is_kept() -> None:
    drawn = (report.PAGE.parent / "benchmarks" / "ratios.svg").read_text()
    for name, _, _ in report.ratios(ROWS, result.saved()[0].results):
        assert f">{name}</text>" in drawn, "run scripts/bench --table"


def test_ratios_are_taken_pair_by_pair_and_a_side_against_itself() -> None:
    measured = result.Measured(key="ns", ours=[1.0, 2.0, 3.0], theirs=[2.0, 2.0, 2.0])
    assert measured.ratio == result.Spread(1.0, 0.5, 1.5)
    assert measured.same == result.Spread(1.75, 1.5, 2.0)


def test_names_of_rows_are_distinct_and_each_kept_result_has_a_row() -> None:
    names = [row.name for row in ROWS]
    assert len(set(names)) == len(names)
    for place in result.saved():
        assert {*place.results, *place.compiled} <= set(names)


def test_the_page_shows_the_results_that_are_kept(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(report.PAGE.read_text())
    report.write_page(ROWS, result.saved(), page)
    assert page.read_text() == report.PAGE.read_text(), "run scripts/bench --table"
