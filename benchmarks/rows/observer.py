"""What an observer costs a frame while it is there, and that it costs nothing once it has gone."""

from __future__ import annotations

import sys

from benchmarks.program import Program
from benchmarks.row import Figure, Row

METHOD = (
    "In one process two links, each between a manual source and a manual sink, take turns block by block, 200 frames "
    "each, 1,000 times; nobody looks at the first."
)
NOT_READ = "Nobody reads what it sees: each event makes the oldest go. Medians."


def _beside(kind: str, name: str) -> Program:
    module = (sys.executable, "-m", "benchmarks.programs.streamlib_observer")
    return Program(
        name=name,
        command=(*module, kind),
        version_command=(*module, "--version"),
        install="run scripts/install",
    )


NEVER = _beside("never", "one never looked at, too")


def _attached(kind: str, what: str, method: str) -> Row:
    figure = Figure(key="ns", what=what, unit="ns", at_most=None)
    return Row(
        name=f"observer-{kind}",
        ours=_beside(kind, "StreamLib"),
        theirs=_beside("plain-calls" if kind == "calls" else "never", "the same with nobody looking"),
        figures=(figure,),
        method=method,
    )


OBSERVER_GONE = Row(
    name="observer-gone",
    ours=_beside("gone", "StreamLib"),
    theirs=NEVER,
    figures=(
        Figure(
            key="ratio",
            what="a link once observed, in terms of one never looked at",
            unit="times",
            at_most=1.01,
            digits=3,
        ),
        Figure(key="calls", what="the same: Python and C calls, per frame", unit="calls", at_most=1.0, digits=3),
    ),
    method=f"{METHOD} The second was observed while a block passed; theirs is a second that never was (A/A). The "
    "median of the ratios of 1,000 pairs of blocks. Calls are counted by `sys.setprofile` over one block.",
)
OBSERVER_LINK = _attached(
    "link",
    "a frame through a link, with one observer",
    f"{METHOD} The second is observed. {NOT_READ}",
)
OBSERVER_FRAMES = _attached(
    "frames",
    "the same, and it keeps the frames",
    f"{METHOD} The second is observed with `frames=True`. {NOT_READ}",
)
OBSERVER_CALLS = _attached(
    "calls",
    "a step of a processor that does nothing, with one observer",
    f"A manual processor whose `process` is empty is stepped 20 times in a block, in 1,000 blocks. {NOT_READ}",
)
