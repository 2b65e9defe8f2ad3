"""What a graph pays while somebody watches it."""

from __future__ import annotations

import sys

from benchmarks.program import Program
from benchmarks.row import Figure, Row

PAIRS = 7


def _graph(every_s: float, name: str) -> Program:
    module = (sys.executable, "-m", "benchmarks.programs.streamlib_watch")
    return Program(
        name=name,
        command=(*module, "--every", str(every_s)),
        version_command=(*module, "--version"),
        install="run scripts/install",
    )


WATCH = Row(
    name="watch",
    ours=_graph(1.0, "StreamLib"),
    theirs=_graph(0.0, "the same graph, not watched"),
    figures=(
        Figure(
            key="ns",
            what="a 1080p frame through seven inlined processors at full speed, watched once a second",
            unit="ns",
            at_most=1.05,
        ),
        Figure(key="cpu_ns", what="the same: CPU of the graph's thread", unit="ns", at_most=1.02),
    ),
    method="A source that makes a frame around one array, five that pass it on and a sink, for five seconds. "
    "`watch_video` takes a thumbnail in JPEG of the last but one each second, on a thread of its own.",
    held_back="Two runs of the same differ by as much (A/A).",
    pairs=PAIRS,
)
