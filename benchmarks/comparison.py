"""StreamLib as it is here beside StreamLib at another revision: our own sides of the rows, in shuffled pairs.

The other revision's sources lie in a worktree of git's; the programs are those of here, for both. What is here can
also be compared compiled with itself as it comes, which is kept; what other comparisons say is printed alone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.program import ROOT, Program
from benchmarks.row import Row, SideError

REVISIONS = ROOT / ".cache" / "bench" / "revisions"
COMPILED = ROOT / ".cache" / "bench" / "compiled"
WHERE = "import streamlib; print(streamlib.__file__)"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision, checked out."""

    name: str
    sources: Path

    def of(self, row: Row) -> Program:
        """Our side of a row, with this revision's sources.

        Raises:
            SideError: It is no program, and has no sources.
        """
        if not isinstance(row.ours, Program):
            raise SideError(f"{row.name}: nothing of ours runs there")
        return replace(row.ours, name=self.name, environment={"PYTHONPATH": str(self.sources)})


def checked_out(revision: str) -> Revision:
    """The sources of a revision, in a worktree that is made on first use.

    Raises:
        SideError: There is no such revision, or its sources are not what a program would import.
    """
    commit = _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    folder = REVISIONS / commit[:12]
    if not folder.exists():
        _git("worktree", "add", "--force", "--detach", str(folder), commit)
    return _checked(Revision(f"{revision} ({commit[:12]})", folder / "src"))


def here(name: str = "here") -> Revision:
    """What lies in the working tree now, called as is said."""
    return _checked(Revision(name, ROOT / "src"))


def compiled() -> Revision:
    """What lies in the working tree now, with compiled modules: the wheel, unpacked.

    Raises:
        SideError: It cannot be built.
    """
    shutil.rmtree(COMPILED, ignore_errors=True)
    build = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(COMPILED), str(ROOT))
    ran = subprocess.run(build, env={**os.environ, "STREAMLIB_COMPILE": "1"}, capture_output=True, text=True)
    if ran.returncode:
        raise SideError(f"the compiled wheel cannot be built: {ran.stderr.strip()}")
    [wheel] = COMPILED.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(COMPILED)
    return _checked(Revision("compiled", COMPILED))


def compared(row: Row, there: Revision, present: Revision) -> Row:
    """A row whose sides are ours, here and there; there are no targets."""
    figures = tuple(replace(figure, at_most=None) for figure in row.figures)
    return replace(row, ours=present.of(row), theirs=there.of(row), figures=figures, held_back="")


def _checked(revision: Revision) -> Revision:
    """See that a program with these sources imports them and not those that are installed."""
    ran = subprocess.run(
        [sys.executable, "-c", WHERE], env={"PYTHONPATH": str(revision.sources)}, capture_output=True, text=True
    )
    if not ran.stdout.startswith(f"{revision.sources}/"):
        raise SideError(f"{revision.name}: streamlib is not imported from {revision.sources}: {ran.stdout}{ran.stderr}")
    return revision


def _git(*arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True)
    if ran.returncode:
        raise SideError(f"git {' '.join(arguments)} failed: {ran.stderr.strip() or 'there is no such revision'}")
    return ran.stdout.strip()
