from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from streamlib import __version__
from streamlib.control.cli.app import app
from streamlib.execution.burst import COMPILED

runner = CliRunner()


def test_the_version_is_that_of_the_package() -> None:
    shown = runner.invoke(app, ["--version"])
    assert (shown.exit_code, shown.output.strip()) == (0, f"streamlib {__version__}{' (compiled)' if COMPILED else ''}")


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
        (["run", "x.py", "--log-level", "loud"], "no level 'loud'; there are debug, info, warning, error"),
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


NOISY = """
import logging
from streamlib import ProcessExecution, Processor

class Noisy(Processor):
    execution = ProcessExecution.continuous()
    def process(self, ctx):
        logging.getLogger("mine").info("an info\\nof two lines")
        ctx.end()

def setup(runtime):
    runtime.add_processor(Noisy)
"""


@pytest.mark.promise("look.logs-structured")
def test_with_log_json_nothing_but_json_goes_to_standard_error(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(NOISY)
    shown = runner.invoke(app, ["run", str(program), "--log-json", "--log-level", "info"])
    assert shown.exit_code == 0
    said = [json.loads(line) for line in shown.stderr.splitlines()]
    assert [(one["processor_id"], one["message"]) for one in said] == [("noisy_0", "an info\nof two lines")]
    assert "done: all sources have ended" in shown.stdout


def test_the_level_of_the_log_is_chosen_by_an_option_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "program.py"
    program.write_text(NOISY)
    before = logging.getLogger().handlers[:], logging.getLogger().level
    assert "an info" not in runner.invoke(app, ["run", str(program)]).output
    assert "an info" in runner.invoke(app, ["-v", "run", str(program)]).output
    monkeypatch.setenv("STREAMLIB_LOG_LEVEL", "info")
    assert "noisy_0 an info" in runner.invoke(app, ["run", str(program)]).output
    verbose = runner.invoke(app, ["run", str(program), "--log-level", "debug"]).output
    assert "the runtime has started" in verbose
    assert "the runtime has stopped" in verbose
    assert (logging.getLogger().handlers, logging.getLogger().level) == before


def test_the_help_of_run_names_the_extra_that_it_needs() -> None:
    assert 'pip install "streamlib[control]"' in " ".join(runner.invoke(app, ["run", "--help"]).output.split())


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
