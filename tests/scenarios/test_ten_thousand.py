"""Ten thousand edits of every kind leave no growth, in a process of its own: without coverage, with nobody beside."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = '''
import gc, os, sys, threading, tracemalloc
from streamlib import StreamRuntime
from streamlib.errors import CommitError
from tests.scenarios.stage import Collect, Dedicated, Lightweight, Numbers, Pass, Tally

edits = int(sys.argv[1])
sys.setswitchinterval(0.0002)


class Slow(Pass):
    """Another filter."""


class Few(Numbers):
    """A source that leaves the processor to others, so that edits have it."""

    from streamlib import ProcessExecution
    execution = ProcessExecution.continuous(interval_ms=1)


def round_(runtime, source, record, turn, queue):
    """Nine edits."""
    with runtime.edit() as edit:
        middle = edit.add_processor(Pass, id="middle")
        sink = edit.add_processor(Collect, record=record, id="end")
        edit.connect(source, middle)
        edit.connect(middle, sink)
    runtime.replace(middle, Slow)
    runtime.update_link("middle.out->end.into", capacity=1 + turn % 7)
    runtime.update_config("middle", gain=turn + 1)
    runtime.update_config("middle", tag=str(turn))
    runtime.undo()
    runtime.redo()
    try:
        with runtime.edit() as edit:
            edit.replace(middle, Pass)
            edit.add_processor(Collect, record=None)
    except CommitError:
        pass
    else:
        raise AssertionError("a sink without a record cannot be set up")
    with runtime.edit() as edit:
        edit.remove(middle)
        edit.remove(sink)
    while len(queue):
        queue.get(1)


def look():
    gc.collect()
    return sorted(one.name for one in threading.enumerate()), len(os.listdir("/proc/self/fd"))


for scheduler in (Dedicated(), Lightweight()):
    runtime, main, branch = StreamRuntime(scheduler=scheduler), Tally(), Tally()
    source = runtime.add_processor(Few)
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    runtime.start()
    main.wait_for(5)
    with runtime.events.subscribe_queue("runtime:global") as queue:
        rounds = edits // 18
        for turn in range(max(rounds // 4, 20)):
            round_(runtime, source, branch, turn, queue)
        before = look()
        tracemalloc.start()
        for turn in range(20):
            round_(runtime, source, branch, turn, queue)
        branch.calls.clear()
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
        for turn in range(20, rounds):
            round_(runtime, source, branch, turn, queue)
        branch.calls.clear()
        after = look()
        grown = tracemalloc.get_traced_memory()[0] - held
        tracemalloc.stop()
        assert before == after, (before, after)
        assert grown < 300_000, grown
        assert len(runtime.history) <= 101, len(runtime.history)
    main.wait_for(5)
    runtime.stop()
    assert main.jumps == [], main.jumps
    print(type(scheduler).__name__, grown)
'''

EDITS = 10_000


@pytest.mark.timeout(150)
@pytest.mark.promise("edit.stress")
def test_ten_thousand_edits_leave_no_growth(tmp_path: Path) -> None:
    program = tmp_path / "edits.py"
    program.write_text(PROGRAM)
    root = Path(__file__).parents[2]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    ran = subprocess.run(
        [sys.executable, str(program), str(EDITS)], cwd=tmp_path, capture_output=True, text=True, timeout=140,
        env={**environment, "PYTHONPATH": str(root)}, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-3_000:]
