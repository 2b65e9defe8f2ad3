"""The Python code of the README and of the tutorials runs, page by page, as a reader would run it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository.clips import write_clip

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "tutorial").glob("*.md"))]
MADE = {"README.md": ["inverted.mp4"], "first-graph.md": ["faded.mp4", "small.mp4", "pushed.mp4"]}


def _code_of(page: Path) -> str:
    return "\n".join(re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL))


def _packets_in(path: Path) -> int:
    count = ["-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0"]
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", *count, str(path)]
    probed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    return int(probed.stdout.strip().rstrip(","))


@pytest.mark.promise("repository.docs-run")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs(page: Path, tmp_path: Path) -> None:
    write_clip(tmp_path / "clip.mp4", frames=45, frame_rate=30)
    program = tmp_path / "page.py"
    program.write_text(_code_of(page))
    ran = subprocess.run([sys.executable, program.name], cwd=tmp_path, capture_output=True, text=True, timeout=50)
    assert ran.returncode == 0, ran.stderr
    assert all(_packets_in(tmp_path / name) > 0 for name in MADE[page.name])


def test_the_readme_shows_at_most_fifteen_lines_of_code() -> None:
    lines = [line for line in _code_of(ROOT / "README.md").splitlines() if line.strip()]
    assert len(lines) <= 15


def test_the_files_that_the_three_ways_name_exist() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    ways = page[page.index("## Three ways") : page.index("## The order's folders")]
    named = re.findall(r"`(\w+/\w+\.py)`", ways)
    assert len(named) > 15
    assert not [name for name in named if not (ROOT / "src" / "streamlib" / name).is_file()]
