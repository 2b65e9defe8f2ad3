"""What `import streamlib` costs a program that has not used it yet."""

from __future__ import annotations

import sys

from benchmarks.program import Program
from benchmarks.row import Figure, Row

TIMED = """\
from time import perf_counter_ns as now
began = now()
import {name}
took = now() - began
print('{{"ms": %f}}' % (took / 1e6))
"""


def _imported(name: str) -> Program:
    return Program(
        name=f"`import {name}`",
        command=(sys.executable, "-c", TIMED.format(name=name)),
        version_command=(sys.executable, "-c", f"import {name}; print('{name}', {name}.__version__)"),
        install="run scripts/install",
    )


IMPORT = Row(
    name="import",
    ours=_imported("streamlib"),
    theirs=_imported("numpy"),
    figures=(Figure(key="ms", what="`import streamlib`", unit="ms", at_most=0.5, digits=1),),
    method="The statement alone, in a new interpreter for each sample, with the files in the system's cache.",
    held_back="What is imported eagerly.",
)
