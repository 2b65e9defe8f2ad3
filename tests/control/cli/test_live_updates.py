from __future__ import annotations

import importlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamlib.control.cli.app import app
from streamlib.control.cli.live_updates import Following, LiveUpdates
from streamlib.runtime.runtime import StreamRuntime

GRAPH = """\
streamlib: 1
processors:
  tone: {type: ToneGenerator}
  select: {type: InputSelector, config: {carries: audio}}
links: [tone -> select]
"""

MODULE = """
from streamlib import DataFrame, LinkOutput, Processor, ProcessExecution

class Source(Processor):
    execution = ProcessExecution.manual()
    out = LinkOutput(DataFrame)
    def process(self, ctx):
        pass
"""


class Notices:
    """Whoever follows files always has to look."""

    def __init__(self) -> None:
        self.folders: frozenset[Path] = frozenset()
        self.closed = False

    def follow(self, folders: frozenset[Path]) -> None:
        self.folders = folders

    def take(self) -> bool:
        return True

    def close(self) -> None:
        self.closed = True


class Said:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, message: str, style: str = "") -> None:
        self.lines.append(message)

    def add(self, line: str, style: str = "") -> None:
        self.lines.append(line)


class Watched:
    """A graph file that a runtime has loaded and follows."""

    def __init__(self, path: Path, *, modules: bool = False) -> None:
        self.path, self.runtime, self.said, self.notices = path, StreamRuntime(), Said(), Notices()
        path.write_text(GRAPH)
        self.runtime.load(path)
        self.updates = LiveUpdates(self.runtime, path, Following(self.notices, graph=True, modules=modules))
        self.look()

    def save(self, text: str) -> list[str]:
        self.path.write_text(text)
        return self.look()

    def look(self) -> list[str]:
        """Look twice, since what was saved has to be found twice; what was said meanwhile."""
        before = len(self.said.lines)
        for _ in range(2):
            self.updates.look(self.said)
        return self.said.lines[before:]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path / "graph.yaml")


@pytest.mark.promise("graph.file-diff-apply")
def test_a_file_is_applied_when_it_is_saved_and_what_changes_is_said(watched: Watched) -> None:
    assert watched.said.lines == ["watching graph.yaml"]
    assert watched.notices.folders == {watched.path.parent}
    assert watched.save(GRAPH.replace("{type: ToneGenerator}", "{type: ToneGenerator, config: {frequency: 220}}")) == [
        "graph.yaml was saved; applied:",
        "~ tone: frequency as declared -> 220.0",
    ]
    assert watched.look() == []
    with watched.updates:
        pass
    assert watched.notices.closed


@pytest.mark.promise("graph.file-diff-apply")
def test_a_mistake_is_said_once_with_its_line_and_the_graph_goes_on(watched: Watched) -> None:
    (said,) = watched.save(GRAPH.replace("carries", "caries"))
    assert "graph.yaml:4: processors.select.config.caries: InputSelector has no" in said
    assert said.endswith("; the graph goes on as it was")
    assert watched.save(GRAPH.replace("carries", "caries") + "\n") == []
    (said,) = watched.save("streamlib: 1\n")
    assert "it has no processor" in said
    assert watched.save(GRAPH) == ["graph.yaml was saved; nothing changes"]
    assert watched.runtime.graph.processor_ids() == ["tone", "select"]


def test_a_file_that_is_emptied_deleted_and_made_anew_is_awaited(watched: Watched) -> None:
    assert watched.save("") == []
    watched.path.unlink()
    assert watched.look() == []
    beside = watched.path.with_suffix(".new")
    beside.write_text(GRAPH.replace("links: [tone -> select]\n", ""))
    beside.replace(watched.path)
    assert watched.look() == ["graph.yaml was saved; applied:", "- tone.audio -> select.inputs"]


@pytest.mark.promise("edit.code-reload")
def test_a_module_is_reloaded_when_it_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "live_module", raising=False)
    file = tmp_path / "live_module.py"
    file.write_text(MODULE)
    module = importlib.import_module("live_module")
    runtime, said = StreamRuntime(), Said()
    runtime.add_processor(module.Source, id="source")
    updates = LiveUpdates(runtime, tmp_path / "x.py", Following(Notices(), modules=True))
    for text in (
        MODULE,
        MODULE + "\nN = 1\n",
        MODULE + "\nN = \n",
        MODULE.replace("out =", "out: int ="),
        MODULE + "#",
    ):
        file.write_text(text)
        updates.look(said)
        updates.look(said)
    first, second, third, *rest = said.lines
    assert (first, second) == ("watching live_module.py", "live_module.py was saved; reloaded: source")
    assert third.startswith(f"error: {file}:10: SyntaxError: invalid syntax; the graph goes on")
    assert rest[-1] == "live_module.py was saved; reloaded: source"
    assert runtime.processor("source").declaration.processor is sys.modules["live_module"].Source


@pytest.mark.promise("edit.code-reload")
def test_a_processor_whose_class_is_gone_is_named_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lost_module", raising=False)
    file = tmp_path / "lost_module.py"
    file.write_text(MODULE)
    module = importlib.import_module("lost_module")
    runtime, said = StreamRuntime(), Said()
    for id_ in ("a", "b"):
        runtime.add_processor(module.Source, id=id_)
    updates = LiveUpdates(runtime, tmp_path / "x.py", Following(Notices(), modules=True))
    for text in (MODULE, MODULE.replace("Source", "Other"), MODULE + "#"):
        file.write_text(text)
        updates.look(said)
        updates.look(said)
    assert said.lines[1:] == [
        "lost_module.py was saved; reloaded: nothing that runs",
        "there is no Source any more; the old one goes on in a, b",
        "lost_module.py was saved; reloaded: a, b",
    ]


def test_there_may_be_nothing_to_reload(tmp_path: Path) -> None:
    watched, said = Watched(tmp_path / "graph.yaml"), Said()
    LiveUpdates(watched.runtime, watched.path, Following(Notices(), modules=True)).look(said)
    assert said.lines == ["watching nothing: all processors are StreamLib's own"]


def test_a_program_is_not_watched() -> None:
    ran = CliRunner().invoke(app, ["run", "x.py", "--watch"], terminal_width=200)
    assert (ran.exit_code, "applies graph files" in ran.stderr) == (2, True)


@pytest.mark.promise("graph.file-diff-apply")
def test_a_file_is_watched_by_the_command_for_real(tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text(GRAPH)
    command = [sys.executable, "-m", "streamlib", "run", str(path), "--watch"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as ran:
        assert ran.stderr is not None
        try:
            next(line for line in ran.stderr if "watching graph.yaml" in line)
            beside = path.with_suffix(".new")
            beside.write_text(GRAPH.replace("{type: ToneGenerator}", "{type: ToneGenerator, on_error: fail}"))
            beside.replace(path)
            assert any("~ tone: on_error as declared -> fail" in line for line in ran.stderr)
        finally:
            ran.send_signal(signal.SIGINT)
        assert "done: stopped by a signal" in ran.stderr.read()
        assert ran.wait(20) == 0
