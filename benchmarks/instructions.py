"""How many instructions a hop and an edit take, counted by callgrind: the same on a quiet machine and on a busy one.

`COUNTS` keeps what was counted, for each Python and build. A check fails where a piece takes more than `TOLERANCE`
beyond that; one that has become cheaper by as much is to be written down, or a later loss would hide in what was won.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.program import ROOT
from benchmarks.programs.instructions import EDITS, FRAMES
from benchmarks.row import SideError, UnavailableError
from streamlib.execution.burst import COMPILED

RENEW = f"scripts/bench {'--compiled ' if COMPILED else ''}--instructions"
"""What writes down the counts of this build."""

COUNTS = ROOT / "benchmarks" / "instructions.json"
TOLERANCE = {"thread hop": 0.15}
"""By which part a count may differ; threads do not change places alike each time."""

USUAL_TOLERANCE = 0.05
TIMEOUT_S = 600.0

Counts = dict[str, float]
"""Instructions by piece: a step of a bare loop, a frame through an inlined or a thread hop, an edit there and back."""


def this_python(*, compiled: bool = COMPILED) -> str:
    """Which entry of the kept counts is for this interpreter and this build, or another one.

    CPython 3.11.2 of Debian takes 11 % fewer instructions for an edit than 3.11.7 does, so no two share one.
    """
    build = ", compiled" if compiled else ""
    return f"{platform.python_implementation()} {platform.python_version()}{build}"


def kept() -> dict[str, Counts]:
    """What was counted before, by interpreter."""
    found: dict[str, Counts] = json.loads(COUNTS.read_text()) if COUNTS.exists() else {}
    return found


def keep(counts: Counts, build: str) -> None:
    """Write down what was counted, for this interpreter and build."""
    COUNTS.write_text(json.dumps({**kept(), build: counts}, indent=2, sort_keys=True) + "\n")


def beyond(counts: Mapping[str, float], before: Mapping[str, float]) -> list[str]:
    """Which pieces have changed by more than the tolerance, in words; empty where none has."""
    return [
        f"{piece}: {counts[piece]:,.0f} instructions, {counts[piece] / was - 1:+.1%} beside the {was:,.0f} kept"
        for piece, was in before.items()
        if abs(counts[piece] - was) > TOLERANCE.get(piece, USUAL_TOLERANCE) * was
    ]


def count(sources: Path | None = None) -> Counts:
    """Run the script under callgrind, which takes half a minute.

    Args:
        sources: Where streamlib is imported from, if it is not what is installed.

    Raises:
        UnavailableError: valgrind is not installed.
        SideError: It failed.
    """
    if shutil.which("valgrind") is None:
        raise UnavailableError("valgrind is not installed: apt-get install valgrind")
    with TemporaryDirectory() as folder:
        between = _run(sources, Path(folder))
    return {
        "bare step": between["bare step"] / FRAMES["bare"] / 50,
        **{
            f"{kind} hop": (between[f"{kind} 10"] - between[f"{kind} 2"]) / FRAMES[kind] / 8
            for kind in ("inlined", "thread")
        },
        "edit": between["edits"] / EDITS,
    }


def _run(sources: Path | None, folder: Path) -> dict[str, int]:
    """The instructions between the marks of the script, by the name of what lies there."""
    command = ("valgrind", "--tool=callgrind", "--dump-before=getppid", f"--callgrind-out-file={folder / 'out'}")
    environment = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    if sources is not None:
        environment["PYTHONPATH"] = str(sources)
    ran = subprocess.run(
        (*command, sys.executable, "-m", "benchmarks.programs.instructions"),
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    if ran.returncode:
        raise SideError(f"callgrind ended with {ran.returncode}:\n{ran.stderr.strip()}")
    names = json.loads(ran.stdout.strip().splitlines()[-1])
    totals = [_total(folder / f"out.{number}") for number in range(1, len(names) + 1)]
    return {name: total for name, total in zip(names, totals, strict=True) if name}


def _total(dump: Path) -> int:
    found = re.search(r"^totals: (\d+)$", dump.read_text(), re.MULTILINE)
    if found is None:
        raise SideError(f"callgrind wrote no total into {dump.name}")
    return int(found.group(1))
