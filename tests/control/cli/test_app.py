from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamlib import __version__
from streamlib.control.cli.app import app

runner = CliRunner()


def test_the_version_is_that_of_the_package() -> None:
    shown = runner.invoke(app, ["--version"])
    assert (shown.exit_code, shown.output.strip()) == (0, f"streamlib {__version__}")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--help"], ["demo", "run", "Exit codes"]),
        (["demo", "--help"], ["--output", "demo-small.mp4", "Without one"]),
        (["run", "-h"], ["--duration", "setup(runtime)", "Ctrl-C"]),
    ],
)
def test_help_says_what_there_is(arguments: list[str], words: list[str]) -> None:
    shown = runner.invoke(app, arguments, terminal_width=160)
    assert shown.exit_code == 0
    assert [word for word in words if word not in shown.output] == []


@pytest.mark.promise("cli.run")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "nowhere.py"], "there is no file nowhere.py"),
        (["run"], "Missing argument"),
        (["run", "x.py", "--duration", "soon"], "no length of time"),
        (["demo", "nowhere.mp4"], "there is no file nowhere.mp4"),
        (["demmo"], "demo"),
    ],
)
def test_what_is_not_understood_is_exit_code_two(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = runner.invoke(app, arguments, terminal_width=200)
    assert shown.exit_code == 2
    assert said in shown.output


def test_a_program_gives_the_command_its_exit_code(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("def setup(runtime):\n    raise KeyError('mine')\n")
    shown = runner.invoke(app, ["run", str(program), "--duration", "1s"])
    assert shown.exit_code == 1
    assert "KeyError: 'mine'" in shown.output


def test_a_demo_that_cannot_run_is_told_in_a_sentence(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no media at all\n")
    shown = runner.invoke(app, ["demo", str(text), "--output", str(tmp_path)])
    assert shown.exit_code == 1
    assert "error: " in shown.output
    assert "cannot be read as a media file" in " ".join(shown.output.split())  # wherever its lines break
    assert "Traceback" not in shown.output


def test_the_command_line_loads_no_codec_before_it_needs_one() -> None:
    code = "import sys, streamlib.control.cli.app; print('av' in sys.modules, 'streamlib.media' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert told.stdout.split() == ["False", "False"]
