"""The Python code of the README and of the tutorials runs, page by page, as a reader would run it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository.clips import write_clip

ROOT = Path(__file__).parents[2]
HOW_TO = ROOT / "docs" / "how-to"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "tutorial").glob("*.md")), *sorted(HOW_TO.glob("*.md"))]
MADE = {
    "README.md": ["inverted.mp4"],
    "first-graph.md": ["faded.mp4", "small.mp4", "pushed.mp4"],
    "graph-files.md": ["small.mp4", "second.mp4"],
    "change-a-running-graph.md": ["moment.mp4"],
    "schemas.md": [],
    "own-processors.md": [],
    "events.md": [],
    "observe.md": [],
    "figures.md": [],
    "strategies.md": [],
    "errors.md": [],
    "logs.md": [],
    "notebooks.md": [],
    "why-is-nothing-coming-out.md": [],
    "several-inputs.md": [],
    "look-at-frames.md": ["seen.mp4"],
    "recording.md": ["safe.mp4", "take.mp4", "take-2.mp4", "sound.mp4", "good.mp4"],
}


def _code_of(page: Path) -> str:
    return "\n".join(_blocks(page, "python"))


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def _packets_in(path: Path) -> int:
    count = ["-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0"]
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", *count, str(path)]
    probed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    return int(probed.stdout.strip().rstrip(","))


@pytest.mark.promise("repository.docs-run")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", frames=45, frame_rate=30)
    for graph in _blocks(page, "yaml"):
        (tmp_path / "graph.yaml").write_text(graph)
    program = tmp_path / "page.py"
    program.write_text(_code_of(page))
    ran = subprocess.run([sys.executable, program.name], cwd=tmp_path, capture_output=True, text=True, timeout=50)
    assert ran.returncode == 0, ran.stderr
    assert all(_packets_in(tmp_path / name) > 0 for name in MADE[page.name])


@pytest.mark.promise("repository.docs-run")
def test_the_commands_of_the_page_on_graph_files_do_what_it_says(tmp_path: Path) -> None:
    page = HOW_TO / "graph-files.md"
    write_clip(tmp_path / "clip.mp4", frames=15, frame_rate=30)
    (graph,) = _blocks(page, "yaml")
    (tmp_path / "graph.yaml").write_text(graph)
    (tmp_path / "group.json").write_text(*_blocks(page, "json"))
    assert _streamlib("streamlib run group.json", tmp_path).returncode == 0
    assert _packets_in(tmp_path / "second.mp4") == 15
    for line in _blocks(page, "sh")[0].splitlines():
        ran = _streamlib(line, tmp_path)
        assert ran.returncode == 0, ran.stderr
    assert _packets_in(tmp_path / "small.mp4") == 15
    (tmp_path / "graph.yaml").write_text(graph.replace("bitrate:", "bitrat:"))
    (mistake,) = _blocks(page, "text")
    assert mistake.strip() in _streamlib("streamlib run graph.yaml", tmp_path).stderr


@pytest.mark.promise("repository.docs-run")
def test_the_commands_of_the_page_on_own_processors_do_what_it_says(tmp_path: Path) -> None:
    page = HOW_TO / "own-processors.md"
    make, show = (block.strip() for block in _blocks(page, "sh"))
    made = _streamlib(make, tmp_path)
    assert (made.returncode, made.stdout) == (0, _blocks(page, "text")[0])
    named = re.findall(r"^\| `([\w./]+)` \|", page.read_text(), re.MULTILINE)[:4]
    assert all((tmp_path / "my-processors" / file).is_file() for file in named)
    assert "Vignette" in _streamlib(show, tmp_path).stderr  # installed by tests/control/cli/test_new.py, and not here


def _streamlib(line: str, folder: Path) -> subprocess.CompletedProcess[str]:
    words = line.partition("#")[0].split()
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=50)


def test_the_first_code_of_the_readme_has_at_most_fifteen_lines_and_the_others_three() -> None:
    first, *others = ([line for line in block.splitlines() if line] for block in _blocks(ROOT / "README.md", "python"))
    assert len(first) <= 15
    assert all(len(block) <= 3 for block in others)


def test_the_index_lists_every_how_to_that_the_navigation_has() -> None:
    index, navigation = (ROOT / "docs" / "index.md").read_text(), (ROOT / "mkdocs.yml").read_text()
    assert all(f"how-to/{page.name}" in index and f"how-to/{page.name}" in navigation for page in HOW_TO.glob("*.md"))


def test_the_files_that_the_four_ways_name_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    ways = page[page.index("## Four ways") : page.index("## The order's folders")]
    named = [name if "/" in name else f"observability/{name}" for name in re.findall(r"`([\w/]+\.py)`", ways)]
    assert len(named) > 60
    assert not [name for name in named if not (ROOT / "src" / "streamlib" / name).is_file()]


def test_the_way_of_a_look_names_every_module_of_observability() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    way = page[page.index("### A look's") : page.index("### A log line's")]
    there = {file.name for file in (ROOT / "src" / "streamlib" / "observability").glob("[!_]*.py")}
    assert there - set(re.findall(r"`(\w+\.py)`", way)) == set()
