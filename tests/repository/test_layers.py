"""The installed package keeps the layers that .importlinter draws, and the examples keep to the public doors."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PUBLIC = {
    "streamlib",
    "streamlib.events",
    "streamlib.media",
    "streamlib.prelude",
    "streamlib.testing",
    "streamlib.errors",
}


@pytest.mark.promise("repository.layers", "repository.media-alone")
def test_the_layers_hold() -> None:
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", program, "--no-logo", "--no-cache"]
    linted = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert linted.returncode == 0, linted.stdout + linted.stderr


def test_examples_import_only_public_modules() -> None:
    for path in sorted((ROOT / "examples").glob("*.py")):
        strangers = [name for name in _imported(path) if name.partition(".")[0] == "streamlib" and name not in PUBLIC]
        assert not strangers, f"{path.name} imports {strangers}"


def _imported(path: Path) -> list[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    return plain + [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
