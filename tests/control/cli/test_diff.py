from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamlib.control.cli.app import app

runner = CliRunner()

GRAPH = """\
streamlib: 1
processors:
  tone: {type: ToneGenerator}
  encoder: {type: AacEncoder, config: {bitrate: 96_000}}
  writer: {type: Mp4Writer, config: {path: out.mp4}}
links:
- tone -> encoder
- encoder -> writer.audio
"""


def diff(tmp_path: Path, one: str, other: str, *options: str) -> tuple[int, str, str]:
    (tmp_path / "one.yaml").write_text(one)
    (tmp_path / "other.yaml").write_text(other)
    ran = runner.invoke(app, ["diff", str(tmp_path / "one.yaml"), str(tmp_path / "other.yaml"), *options])
    return ran.exit_code, ran.stdout, ran.stderr


@pytest.mark.promise("graph.file-diff-apply")
def test_two_files_that_say_the_same_in_other_words_are_equal(tmp_path: Path) -> None:
    other = GRAPH.replace("96_000", "96000").replace("tone -> encoder", "tone.audio -> encoder.audio")
    assert diff(tmp_path, GRAPH, other) == (0, "", "")
    assert diff(tmp_path, GRAPH, other, "--format", "json") == (0, "[]\n", "")


@pytest.mark.promise("graph.file-diff-apply")
def test_what_differs_is_told_line_by_line(tmp_path: Path) -> None:
    other = GRAPH.replace("96_000", "64_000").replace("- tone -> encoder\n", "").replace("aac}", "x}")
    other = other.replace("{type: ToneGenerator}", "{type: ToneGenerator, components: {'my:Note': {text: hi}}}")
    code, said, _ = diff(tmp_path, GRAPH, other)
    assert (code, said.splitlines()) == (
        1,
        [
            "- tone.audio -> encoder.audio",
            "~ tone: my:Note {'text': 'hi'} attached",
            "~ encoder: bitrate 96000 -> 64000",
        ],
    )
    code, said, _ = diff(tmp_path, GRAPH, other, "-f", "json")
    assert (code, [change["change"] for change in json.loads(said)]) == (
        1,
        ["link removed", "attached", "config changed"],
    )


def test_types_that_are_not_installed_are_compared_as_they_are_written(tmp_path: Path) -> None:
    code, said, told = diff(tmp_path, GRAPH, GRAPH.replace("AacEncoder", "MyEncoder"))
    assert (code, said) == (1, "~ encoder: type AacEncoder -> MyEncoder\n")
    assert told.startswith("compared as they are written")


def test_a_program_is_compared_with_a_file(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    (tmp_path / "one.yaml").write_text(GRAPH)
    program.write_text(f"def setup(runtime):\n    runtime.load({str(tmp_path / 'one.yaml')!r})\n")
    assert runner.invoke(app, ["diff", str(program), str(tmp_path / "one.yaml")]).exit_code == 0


@pytest.mark.parametrize(
    ("other", "said"),
    [(GRAPH.replace("bitrate", "bitrat"), "config.bitrat: AacEncoder has no"), ("x: [", "this is no YAML")],
)
def test_a_file_that_is_wrong_is_trouble(tmp_path: Path, other: str, said: str) -> None:
    code, out, told = diff(tmp_path, GRAPH, other)
    assert (code, out) == (2, "")
    assert said in told


def test_a_file_that_is_missing_is_trouble(tmp_path: Path) -> None:
    assert runner.invoke(app, ["diff", "nowhere.yaml", "nowhere.json"]).exit_code == 2
