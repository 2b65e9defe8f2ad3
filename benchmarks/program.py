"""A side that is a program: one process per sample, which prints its figures as JSON in its last line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks.row import SideError, UnavailableError

ROOT = Path(__file__).parents[1]
TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A command whose last line of output is a JSON object of numbers.

    Attributes:
        name: For the table.
        command: Interpreter and arguments; `--share` with a number is added.
        version_command: Prints the version of what is measured; fails where it is not installed.
        install: What to say then.
    """

    name: str
    command: tuple[str, ...]
    version_command: tuple[str, ...]
    install: str

    def version(self) -> str:
        """What `version_command` prints."""
        try:
            ran = _run(self.version_command)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnavailableError(f"{error}; {self.install}") from error
        if ran.returncode:
            raise UnavailableError(f"{_last_line(ran.stderr)}; {self.install}")
        return _last_line(ran.stdout)

    def sample(self, share: float) -> Mapping[str, float]:
        """Run the command once."""
        try:
            ran = _run((*self.command, "--share", str(share)))
        except subprocess.TimeoutExpired as error:
            raise SideError(f"{self.name} took more than {TIMEOUT_S:.0f} s") from error
        if ran.returncode:
            raise SideError(f"{self.name} ended with {ran.returncode}:\n{ran.stderr.strip()}")
        figures = json.loads(_last_line(ran.stdout))
        return {str(key): float(value) for key, value in figures.items()}


def _run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it printed nothing"
