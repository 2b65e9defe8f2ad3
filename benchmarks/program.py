"""A side that is a program: one process per sample, which prints its figures as JSON in its last line."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
        make: Installs it where this can be done without being root; raises UnavailableError.
        environment: Variables that the command finds besides ours.
    """

    name: str
    command: tuple[str, ...]
    version_command: tuple[str, ...]
    install: str
    make: Callable[[], None] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    def version(self) -> str:
        """What `version_command` prints."""
        if self.make:
            self.make()
        try:
            ran = self._run(self.version_command)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise UnavailableError(f"{error}; {self.install}") from error
        if ran.returncode:
            raise UnavailableError("; ".join(filter(None, (_last_line(ran.stderr), self.install))))
        return _last_line(ran.stdout)

    def sample(self, share: float) -> Mapping[str, float]:
        """Run the command once."""
        try:
            ran = self._run((*self.command, "--share", str(share)))
        except subprocess.TimeoutExpired as error:
            raise SideError(f"{self.name} took more than {TIMEOUT_S:.0f} s") from error
        if ran.returncode:
            raise SideError(f"{self.name} ended with {ran.returncode}:\n{ran.stderr.strip()}")
        figures = json.loads(_last_line(ran.stdout))
        return {str(key): float(value) for key, value in figures.items()}

    def _run(self, command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        variables = os.environ | self.environment
        return subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, timeout=TIMEOUT_S)


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "it printed nothing"
