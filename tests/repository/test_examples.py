"""Each example builds its graph, runs to its end, and keeps to the public names; notebooks show what they say."""

from __future__ import annotations

import ast
import json
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streamlib import StreamRuntime

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))
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


@pytest.mark.parametrize("example", [*EXAMPLES, *NOTEBOOKS], ids=lambda path: path.stem)
def test_an_example_imports_public_modules_only(example: Path) -> None:
    tree = list(ast.walk(ast.parse(_code_of(example))))
    plain = [alias.name for node in tree if isinstance(node, ast.Import) for alias in node.names]
    imported = plain + [node.module or "" for node in tree if isinstance(node, ast.ImportFrom)]
    assert {name for name in imported if name.partition(".")[0] == "streamlib"} <= PUBLIC


def _code_of(example: Path) -> str:
    if example.suffix == ".py":
        return example.read_text()
    return "\n".join("".join(cell["source"]) for cell in _cells(example) if cell["cell_type"] == "code")


def _cells(notebook: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(notebook.read_text())["cells"]
    return cells


EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
with open(sys.argv[1]) as file:
    notebook = nbformat.read(file, as_version=4)
NotebookClient(notebook, timeout=40, kernel_name="python3").execute()
nbformat.write(notebook, "executed.ipynb")
"""


def _outputs(notebook: Path, folder: Path) -> dict[str, str]:
    """The HTML that each cell of an executed notebook shows, and its text where there is none, by the cell's id."""
    command = [sys.executable, "-c", EXECUTE, str(notebook)]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=55)
    assert ran.returncode == 0, ran.stderr
    shown = {}
    for cell in _cells(folder / "executed.ipynb"):
        data = [output.get("data", {"text/plain": output.get("text", "")}) for output in cell.get("outputs", ())]
        shown[cell["id"]] = "\n".join("".join(one.get("text/html", one.get("text/plain", ""))) for one in data)
    return shown


@pytest.mark.promise("look.notebook")
def test_the_notebook_shows_graph_frame_and_a_table_that_follows_to_the_stop(tmp_path: Path) -> None:
    shown = _outputs(ROOT / "examples" / "look-inside.ipynb", tmp_path)
    assert "<svg" in shown["graph"]
    assert 'src="data:image/jpeg;base64,' in shown["frame"]
    assert shown["live"].count("<table") == 2
    assert 'src="data:image/png;base64,' in shown["sound"]  # the waveform
    assert "<audio" in shown["sound"]
    assert "idle: 6 processors, 4 links, 0 frames dropped, 0 errors" in shown["live"]  # what the stop drew into it
    assert ">plain<" in shown["live"]  # which came after the cell had run
    assert shown["meanwhile"].startswith("(29, {'level': ")
    assert shown["stop"] == "0"


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_what_it_shows(notebook: Path) -> None:
    cells = [cell for cell in _cells(notebook) if cell["cell_type"] == "code"]
    assert [cell["id"] for cell in cells if cell["outputs"] or cell["execution_count"] is not None] == []
