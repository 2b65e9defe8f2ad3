"""The gate refuses a module below the bar, and one that no test loads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.repository.coverage_gate import main


def _report(folder: Path, **percents: float) -> Path:
    files = {
        (folder / f"{name}.py").as_posix(): {"summary": {"percent_covered": percent}, "missing_lines": [1, 2, 3, 7]}
        for name, percent in percents.items()
    }
    report = folder / "report.json"
    report.write_text(json.dumps({"files": files}))
    return report


@pytest.mark.promise("repository.coverage")
def test_a_module_below_the_bar_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ring.py").write_text("x = 1\n")
    assert main(_report(tmp_path, ring=84.9), tmp_path) == 1
    out = capsys.readouterr().out
    assert "ring.py: 84.9 %" in out
    assert "missing: 1-3, 7" in out


@pytest.mark.promise("repository.coverage")
def test_a_module_that_no_test_loads_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ring.py").write_text("x = 1\n")
    assert main(_report(tmp_path), tmp_path) == 1


def test_modules_at_the_bar_and_empty_ones_pass(tmp_path: Path) -> None:
    (tmp_path / "ring.py").write_text("x = 1\n")
    (tmp_path / "__init__.py").write_text("")
    assert main(_report(tmp_path, ring=85.0), tmp_path) == 0
