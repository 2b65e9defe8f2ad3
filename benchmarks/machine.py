"""The machine and the versions that figures were taken with: a figure means nothing without them."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import msgspec

from benchmarks.program import ROOT

PACKAGES = ("streamlib", "av", "msgspec", "numpy")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Where it ran; cores are those that this process may use, memory is in GiB."""

    cpu: str
    cores: int
    memory_gib: float
    kernel: str
    python: str
    packages: dict[str, str]

    @property
    def name(self) -> str:
        """What tells it from others, as a folder may be called: figures of two are not set beside each other."""
        return "-".join([*self.cpu.split(), str(self.cores), "cores", self.kernel])

    @property
    def short(self) -> str:
        """The machine alone, in words."""
        return f"{self.cpu}, {self.cores} cores, {self.memory_gib:.1f} GiB, Linux {self.kernel}"

    def __str__(self) -> str:
        packages = ", ".join(f"{name} {number}" for name, number in self.packages.items())
        return f"{self.short}, {self.python}, {packages}"


def this_machine() -> Machine:
    """What is known of the machine and of the interpreter that measures."""
    return Machine(
        cpu=_field("/proc/cpuinfo", "model name"),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=int(_field("/proc/meminfo", "MemTotal").split()[0]) / 2**20,
        kernel=platform.release(),
        python=f"{platform.python_implementation()} {platform.python_version()}",
        packages={name: version(name) for name in PACKAGES},
    )


def load() -> float:
    """How many processes wanted to run, on average over the last minute."""
    return os.getloadavg()[0]


def revision() -> str:
    """The commit that is measured, with a word where files were changed since; "uncommitted" without one."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"], cwd=ROOT, capture_output=True, text=True
    )
    return described.stdout.strip() or "uncommitted"


def _field(path: str, name: str) -> str:
    for line in Path(path).read_text().splitlines():
        if line.startswith(name):
            return line.partition(":")[2].strip()
    return "unknown"
