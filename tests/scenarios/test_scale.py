"""Processors by the ten thousand, lightweight and on the pool: built, started, run, read, edited, stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from streamlib import DataFrame, StreamRuntime
from streamlib.testing import ListSource
from tests.scenarios.scale_program import PATIENCE_S, SCHEDULERS, Arrivals, End, rounds
from tests.scenarios.stage import Pass, Pooled

ROOT = Path(__file__).parents[2]
MANY = 50_000
PROGRAM_S = 560.0
"""How long three rounds may take; 40 s are usual where nothing else runs."""

Footprint = dict[str, int]


def played_apart(kinds: list[str]) -> dict[str, list[Footprint]]:
    """What three rounds leave behind, each kind in a process of its own beside the others, where no line is traced."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    with ExitStack() as stack:
        programs: dict[str, subprocess.Popen[str]] = {}
        for kind in kinds:
            command = [sys.executable, "-m", "tests.scenarios.scale_program", kind, str(MANY), "3"]
            program = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
            programs[kind] = stack.enter_context(program)
            stack.callback(program.kill)
        said = {kind: program.communicate(timeout=PROGRAM_S)[0] for kind, program in programs.items()}
        assert [program.returncode for program in programs.values()] == [0] * len(kinds), "its last words are above"
        return {kind: json.loads(lines.splitlines()[-1]) for kind, lines in said.items()}


@pytest.mark.timeout(600)
@pytest.mark.promise("execution.50000")
def test_fifty_thousand_processors_are_built_run_read_edited_and_stopped_and_leave_nothing() -> None:
    for kind, left in played_apart(sorted(SCHEDULERS)).items():
        _, second, third = left  # the first loads and remembers what all have in common
        assert [one["threads"] for one in left] == [1, 1, 1], kind
        assert [one["entities"] for one in left] == [0, 0, 0], kind
        assert [one["frozen"] for one in left] == [0, 0, 0], kind
        assert third["files"] == left[0]["files"], kind
        assert third["objects"] - second["objects"] < 100, kind
        assert third["blocks"] - second["blocks"] < 1_000, kind
        assert third["resident"] < 1.25 * second["resident"], kind  # holes in the allocator's arenas come and go


@pytest.mark.parametrize("kind", sorted(SCHEDULERS))
def test_nothing_grows_from_round_to_round(kind: str) -> None:
    objects = [left["objects"] for left in rounds(kind, processors=1_000, count=4)]
    assert abs(objects[3] - objects[1]) < 200, "less than one for each processor of a round"


def test_one_chain_of_three_thousand_passes_frames_on_the_pool() -> None:
    record = Arrivals()
    runtime = StreamRuntime(scheduler=Pooled())
    with runtime.edit() as edit:
        before = edit.add_processor(ListSource, items=tuple(DataFrame({"n": n}) for n in range(20))).output("output")
        for _ in range(3_000):
            stage = edit.add_processor(Pass)
            edit.connect(before, stage.input("into"))
            before = stage.output("out")
        edit.connect(before, edit.add_processor(End, record=record).input("into"))
    runtime.start()
    assert runtime.wait(PATIENCE_S)
    assert record.numbers == list(range(20))
    runtime.stop()
