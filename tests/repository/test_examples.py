"""Each example builds its graph, runs to its end, and keeps to the public names."""

from __future__ import annotations

import ast
import runpy
from pathlib import Path

import pytest

from streamlib import StreamRuntime

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PUBLIC = {"streamlib"} | {f"streamlib.{name}" for name in ("errors", "events", "media", "prelude", "testing")}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_to_its_end(example: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    setup = runpy.run_path(str(example))["setup"]
    with StreamRuntime() as runtime:
        setup(runtime, frames=10)
        runtime.start()
        assert runtime.wait(30)
    assert list(tmp_path.glob("*.mp4"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_imports_public_modules_only(example: Path) -> None:
    tree = list(ast.walk(ast.parse(example.read_text())))
    plain = [alias.name for node in tree if isinstance(node, ast.Import) for alias in node.names]
    imported = plain + [node.module or "" for node in tree if isinstance(node, ast.ImportFrom)]
    assert {name for name in imported if name.partition(".")[0] == "streamlib"} <= PUBLIC
