"""A peer's own virtual environment, made on first use: a peer's packages never get into the project's.

It is made of the interpreter that measures, so that both sides run the same Python. One that cannot be made is no
error of the benchmarks: the row says why it has no figures.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.program import ROOT
from benchmarks.row import UnavailableError

PEERS = ROOT / ".cache" / "bench" / "peers"
PATIENCE_S = 900


@dataclass(frozen=True, slots=True)
class Environment:
    """The packages of one peer, pinned to what the rows were written for."""

    name: str
    packages: tuple[str, ...]

    @property
    def python(self) -> str:
        """Its interpreter, which is there once it is made."""
        return str(self._folder / "bin" / "python")

    def make(self) -> None:
        """Install the packages, unless these are there already.

        Raises:
            UnavailableError: They do not install here.
        """
        stamp = self._folder / "installed"
        wanted = "\n".join((sys.version, *self.packages))
        if stamp.exists() and stamp.read_text() == wanted:
            return
        _run(sys.executable, "-m", "venv", "--clear", str(self._folder))
        _run(self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *self.packages)
        stamp.write_text(wanted)

    @property
    def _folder(self) -> Path:
        return PEERS / self.name


def _run(*command: str) -> None:
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"installing it took more than {PATIENCE_S} s") from error
    if ran.returncode:
        said = [line for line in ran.stderr.splitlines() if line.startswith("ERROR")] or ran.stderr.splitlines()[-1:]
        raise UnavailableError(f"it does not install here: {said[-1] if said else 'pip said nothing'}")
