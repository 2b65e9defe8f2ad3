"""The scripts are the only verbs, and scripts/check verifies without changing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
VERBS = {"bench", "check", "demo", "install", "lint", "test"}


def test_the_scripts_are_the_six_verbs() -> None:
    assert {script.name for script in (ROOT / "scripts").iterdir()} == VERBS


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_a_script_can_be_run_and_stops_at_the_first_error(verb: str) -> None:
    script = ROOT / "scripts" / verb
    assert os.access(script, os.X_OK)
    assert "\nset -euo pipefail\n" in script.read_text()
    assert subprocess.run(["bash", "-n", str(script)], timeout=10).returncode == 0


@pytest.mark.promise("repository.check-changes-nothing")
def test_check_only_verifies() -> None:
    check = (ROOT / "scripts" / "check").read_text()
    formats = [line for line in check.splitlines() if "ruff format" in line]
    assert formats
    assert all(command.count("ruff format --check") + command.count("ruff format --diff") for command in formats)
    assert "--fix" not in check


def test_ci_runs_what_people_run() -> None:
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "exec scripts/test"


@pytest.mark.promise("repository.coverage")
def test_the_test_script_ends_with_the_coverage_gate() -> None:
    last = (ROOT / "scripts" / "test").read_text().splitlines()[-1]
    assert last.startswith("$python tests/repository/coverage_gate.py")
