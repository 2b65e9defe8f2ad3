from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamlib.control.cli.app import app
from streamlib.control.cli.program import MODULE

runner = CliRunner()

GRAPH = """\
streamlib: 1
processors:
  reader: {type: FileReader, config: {path: clip.mp4}}
  writer: {type: Mp4Writer, config: {path: out.mp4}}
links:
- reader.video -> writer.video
"""

PROGRAM = """
def setup(runtime):
    reader = runtime.add_processor("FileReader", id="reader", path="clip.mp4")
    writer = runtime.add_processor("Mp4Writer", id="writer", path="out.mp4")
    runtime.connect(reader.output("video"), writer.input("video"))
"""


@pytest.fixture(params=["graph.yaml", "graph.json", "graph.py"])
def file(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setitem(sys.modules, MODULE, sys)  # so that it is taken away again
    path = tmp_path / str(request.param)
    texts = {
        ".py": PROGRAM,
        ".yaml": GRAPH,
        ".json": '{"streamlib": 1, "processors": {"reader": {"type": "FileReader", "config": {"path": "clip.mp4"}},'
        '"writer": {"type": "Mp4Writer", "config": {"path": "out.mp4"}}}, "links": ["reader.video -> writer.video"]}',
    }
    path.write_text(texts[path.suffix])
    return path


@pytest.mark.promise("cli.graph")
def test_a_graph_is_shown_and_not_run(file: Path) -> None:
    shown = runner.invoke(app, ["graph", str(file)])
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == [
        "reader (FileReader) path='clip.mp4'",
        "└─ video → writer.video (Mp4Writer) path='out.mp4'",
    ]
    assert list(file.parent.glob("*.mp4")) == []


@pytest.mark.promise("cli.graph")
@pytest.mark.parametrize(
    ("format", "begins"),
    [("mermaid", "flowchart LR\n"), ("dot", "digraph"), ("svg", "<svg "), ("json", "{\n")],
)
def test_a_graph_is_shown_in_other_formats(file: Path, format: str, begins: str) -> None:
    shown = runner.invoke(app, ["graph", str(file), "--format", format])
    assert shown.stdout.startswith(begins)
    if format == "json":
        assert [link["id"] for link in json.loads(shown.stdout)["links"]] == ["reader.video->writer.video"]


def test_a_file_that_says_something_wrong_is_told_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text(GRAPH.replace("Mp4Writer", "Mp4Riter"))
    shown = runner.invoke(app, ["graph", str(path)])
    assert shown.exit_code == 1
    assert f"error: {path}:4: processors.writer.type: no processor type 'Mp4Riter'" in shown.stderr
    assert shown.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["nowhere.yaml"], "there is no file nowhere.yaml"), (["x.py", "-f", "bmp"], "'bmp' is not one of")],
)
def test_what_is_not_understood_is_exit_code_two(arguments: list[str], said: str) -> None:
    shown = runner.invoke(app, ["graph", *arguments], terminal_width=200)
    assert shown.exit_code == 2
    assert said in shown.stderr
