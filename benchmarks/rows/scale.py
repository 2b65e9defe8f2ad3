"""What tens of thousands of processors in one process cost: a frame through all of them, and their being there."""

from __future__ import annotations

import sys

from benchmarks.program import Program
from benchmarks.row import Figure, Row
from benchmarks.target import Target

PROCESSORS = 50_000
FEWER = (500, 5_000)
DEEP = 50
STEPS = 20 * PROCESSORS
PAIRS = 5
PLACES = {"inlined": "inlined", "pool": "on the pool", "rows": "in rows on the pool"}
WORKERS = {
    "inlined": "",
    "pool": " One worker on the pool.",
    "rows": " The first of each row is on the pool, those behind it are lightweight: a row is one task, and its "
    "processors are inlined in that. One worker.",
}
SHAPES = {"wide": 5, "deep": 1_000, "random": 0}
"""How many stand in a row; 0 for a tree drawn at random."""

WORK_FRAMES = 20
OBJECTS = (
    "A processor with its link is some fifty Python objects. Of 4.7 to 4.8 kB inlined 1.5 are the library for "
    "components: 0.6 each the tables by kind and by entity in which it keeps eleven components twice, 0.3 the "
    "entities and the table of these; 0.2 are what finds entities by id, 1.0 the instance with contexts, counters and "
    "ports, 0.9 the link with its two ends, 0.5 names and records of the graph, 0.3 tuples and methods that passes go "
    "through; 0.3 more were needed while it was built, and lie between what stays. The components alone leave no room "
    "for 2.5. Of the CPU time of building, an eighth is asking for it, a sixth putting it into the graph, a fifth "
    "switching the links, and a sixth each creating and wiring: each is done for one processor at a time, as a step "
    "that may be told, refused and taken back. On the slower machine it took 1.3 to 2.0 times as long as on the "
    "faster, and stopping 1.3 to 1.9 times, which the faster does in time; the bare loop takes 1.4 times as long "
    "there. Ten idle seconds took 5 to 6 ms there in most samples, but 15 to 27 in three; what else ran then was not "
    "found."
)


def shape(processors: int, deep: int = DEEP) -> str:
    """How so many stand."""
    if not deep:
        return f"{processors:,} processors in a tree, each behind the source or another drawn at random"
    return f"{processors:,} processors in {processors // deep:,} rows of {deep:,} behind one source"


def _ours(kind: str, processors: int, frames: int, *more: str, deep: int = DEEP, name: str = "StreamLib") -> Program:
    module = (sys.executable, "-m", "benchmarks.programs.streamlib_scale")
    sizes = ("--processors", str(processors), "--deep", str(deep), "--frames", str(frames))
    return Program(
        name=name,
        command=(*module, kind, *sizes, *more),
        version_command=(*module, "--version"),
        install="run scripts/install",
    )


def looking(program: str, kind: str) -> Program:
    """Who looks at as many as there are, in rows of the usual length: StreamLib's side, by a program of its own."""
    module = (sys.executable, "-m", f"benchmarks.programs.{program}")
    return Program(
        name="StreamLib",
        command=(*module, kind, "--processors", str(PROCESSORS), "--deep", str(DEEP)),
        version_command=(*module, "--version"),
        install="run scripts/install",
    )


def _loop(processors: int) -> Program:
    module = (sys.executable, "-m", "benchmarks.programs.plain_loop")
    return Program(
        name="a loop making the same three calls",
        command=(*module, "--processors", str(processors), "--frames", str(STEPS // processors)),
        version_command=(*module, "--version"),
        install="run scripts/install",
    )


def _through(
    kind: str,
    suffix: str = "",
    at_most: float | None = None,
    held_back: str = "",
    processors: int = PROCESSORS,
    deep: int = DEEP,
) -> Row:
    where = f"{PLACES[kind]}, {suffix}" if suffix in SHAPES else PLACES[kind]
    what = f"{processors:,} processors {where}, a frame through all: per step"
    return Row(
        name=f"scale-{kind}" + (f"-{suffix}" if suffix else ""),
        ours=_ours(kind, processors, STEPS // processors, deep=deep),
        theirs=_loop(processors),
        figures=(Figure(key="ns", what=what, unit="ns", at_most=at_most),),
        method=f"{shape(processors, deep)}; {STEPS // processors:,} frames, from the first write to the last read at "
        "the end of the last row, by processors and frames. The loop calls `process` of as many "
        f"objects, each of which reads a slot and writes the next.{WORKERS[kind]}",
        held_back=held_back,
        pairs=PAIRS,
    )


def _being_there(kind: str, held_back: str = "", processors: int = PROCESSORS) -> Row:
    """What is aimed at is for 50,000: fewer are set beside their share of it."""
    whole = processors == PROCESSORS
    at_most, share = (1.0 if whole else None), processors / PROCESSORS
    what = f"{processors:,} processors {PLACES[kind]}: build and start"
    return Row(
        name=f"scale-{kind}-cost" + ("" if whole else f"-{processors}"),
        ours=_ours(kind, processors, 1, "--idle", "10"),
        theirs=Target({"build_start_s": 3.0 * share, "bytes": 2500.0, "idle_ms": 5.0, "stop_s": 2.0 * share}),
        figures=(
            Figure(key="build_start_s", what=what, unit="s", at_most=at_most, digits=2 if whole else 4),
            Figure(key="bytes", what="the same: memory, each", unit="B", at_most=at_most),
            Figure(key="idle_ms", what="the same: CPU of ten idle seconds", unit="ms", at_most=at_most, digits=2),
            Figure(key="stop_s", what="the same: stop", unit="s", at_most=at_most, digits=2 if whole else 4),
        ),
        method=f"{shape(processors)}, added as one edit. Memory is what the process grew by until all ran; idle is "
        f"the CPU time of all threads once all has come to rest and while nothing is sent.{WORKERS[kind]}",
        held_back=held_back,
        pairs=PAIRS,
    )


def _two_workers(kind: str, name: str) -> Row:
    one, two = (
        _ours(kind, 1_000, WORK_FRAMES, "--hash", "--workers", str(number), deep=10, name=f"StreamLib, {said}")
        for number, said in ((1, "one worker"), (2, "two workers"))
    )
    what = f"work {PLACES[kind]} that lets go of the lock: per step"
    return Row(
        name=name,
        ours=two,
        theirs=one,
        figures=(Figure(key="ns", what=what, unit="ns", at_most=0.7, digits=0),),
        method=f"{shape(1_000, 10)}; {WORK_FRAMES} frames. Each but the last of a row hashes 64 kB (BLAKE2b), for "
        "which hashlib lets go of the interpreter's lock.",
        pairs=PAIRS,
    )


SCALE_INLINED = _through(
    "inlined",
    at_most=1.5,
    held_back="Already through 500 and 5,000, in a cache, a step takes 1.3 to 1.4 times as long as in the loop: it "
    "looks whether the slot is full before the call, before the write and behind the call. Through 50,000 the rest is "
    "memory: a step goes through eight objects in about seven cache lines, 32 MB of them lie between the first and the "
    "last of a pass, all in its order, where the loop has four and 11 MB.",
)
SCALE_POOL = _through(
    "pool",
    at_most=3.0,
    held_back="A turn costs, and serves eight frames at most, what a link holds. One in which nothing else is asked is "
    "ten Python functions beside the three of each frame: taken from the line, it asks for the time, for what waits "
    "and for the room behind it, calls the processor, puts the next in line and lies down. With eight frames that is "
    "3.3 µs among 500, where all lies in a cache: five times the loop already. Through 50,000 a processor gets these "
    "20 frames in three turns, of 8, 4 and 8. The first opens the link, times the call and asks for a closer look at a "
    "frame, which nearly all are refused, so many are they: that is a hundred functions and takes three times as long "
    "as a turn without (10 beside 3.7 µs). With 100 frames, 13 turns share it: "
    "a step takes two thirds of the CPU time. The rest is memory: 50,000 turns lie between two of one processor.",
)
SCALE_ROWS = _through("rows")
SCALE_FEWER = tuple(_through(kind, str(number), processors=number) for kind in PLACES for number in FEWER)
SCALE_SHAPES = tuple(_through(kind, name, deep=deep) for name, deep in SHAPES.items() for kind in PLACES)
SCALE_WORKERS = _two_workers("pool", "scale-workers")
SCALE_ROWS_WORKERS = _two_workers("rows", "scale-rows-workers")
SCALE_INLINED_COST = _being_there("inlined", OBJECTS)
SCALE_POOL_COST = _being_there(
    "pool", "As `scale-inlined-cost`. On the pool each has a loop and a task besides, and its links are rings."
)
SCALE_COST_FEWER = tuple(
    _being_there(kind, processors=processors) for kind in ("inlined", "pool") for processors in FEWER
)
