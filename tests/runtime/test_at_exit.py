"""A program that ends while a runtime runs: the runtime is stopped first, and the log says how to do better."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from streamlib.runtime.at_exit import PATIENCE_S, Survivors

PROGRAM = """
import sys
from streamlib import StreamRuntime
from tests.scenarios.stage import Collect, Numbers, Record

class Tells(Record):
    def called(self, what):
        super().called(what)
        print(what, flush=True)

record = Tells()
runtime = StreamRuntime()
source = runtime.add_processor(Numbers, count={count})
runtime.connect(source, runtime.add_processor(Collect, record=record))
runtime.start()
record.wait_until(lambda: record.numbers)
{end}
"""


def run(end: str, count: int = -1) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", PROGRAM.format(end=end, count=count)]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=30, check=False)


class Runs:
    """A runtime that cannot be stopped."""

    def __init__(self) -> None:
        self.given: list[float] = []

    def is_running(self) -> bool:
        return not self.given

    def stop_at_exit(self, patience_s: float) -> None:
        self.given.append(patience_s)
        raise TimeoutError("it is stuck")


@pytest.mark.parametrize(("end", "code"), [("sys.exit(3)", 3), ("", 0), ("raise ValueError('mine')", 1)])
def test_a_runtime_that_runs_when_the_program_ends_is_stopped_with_one_line_of_warning(end: str, code: int) -> None:
    ran = run(end)
    assert (ran.returncode, ran.stdout.split()) == (code, ["setup", "flush", "teardown"])
    assert ran.stderr.count("the program ends while a runtime runs") == 1
    assert "Write `with runtime:`, or call runtime.stop()" in ran.stderr


@pytest.mark.parametrize(("end", "count"), [("runtime.stop()", -1), ("runtime.wait()", 50)])
def test_one_that_was_stopped_or_has_come_to_its_end_is_not_spoken_of(end: str, count: int) -> None:
    ran = run(end, count)
    assert (ran.returncode, ran.stdout.split(), ran.stderr) == (0, ["setup", "flush", "teardown"], "")


def test_all_are_stopped_in_bounded_time_also_where_one_refuses(caplog: pytest.LogCaptureFixture) -> None:
    survivors, stuck, second = Survivors(), Runs(), Runs()
    for runtime in (stuck, second):
        survivors.note(runtime)
    with caplog.at_level(logging.WARNING):
        survivors.stop()
        survivors.stop()
    assert len(stuck.given) == len(second.given) == 1
    assert all(0 <= seconds <= PATIENCE_S for seconds in (*stuck.given, *second.given))
    assert "2 runtimes run" in caplog.text
    assert "it is stuck" in caplog.text


def test_a_forked_process_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    survivors, runtime, child = Survivors(), Runs(), Runs()
    survivors.note(runtime)
    monkeypatch.setattr("os.getpid", lambda: -1)
    survivors.stop()
    survivors.note(child)
    survivors.stop()
    assert (runtime.given, len(child.given)) == ([], 1)
