"""A thousand edits, and ten thousand processors."""

from __future__ import annotations

import gc
import os
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from streamlib import DataFrame, PushSource, StreamRuntime
from tests.scenarios.stage import SECONDS, Collect, Dedicated, Lightweight, Numbers, Pass, Record, Tally

CYCLES = 1_000
POOLED_CYCLES = 200  # a change waits for its turn among others there; with coverage a thousand edits take a minute


@pytest.fixture
def eager_threads() -> Iterator[None]:
    """Have threads that want the interpreter get it soon: the test waits for other threads some ten thousand times."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(0.0002)
    yield
    sys.setswitchinterval(interval)


def come_and_go(runtime: StreamRuntime, source: Any, record: Record) -> None:
    """Add, connect, remove."""
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(source, sink)
    runtime.remove(sink)


@pytest.mark.timeout(300)
@pytest.mark.promise("edit.stress")
@pytest.mark.usefixtures("eager_threads")
def test_a_thousand_branches_leave_threads_files_and_memory_as_they_were(
    runtime: StreamRuntime, strategy: object
) -> None:
    """insight-platform/Savant#876: the frame rate fell from 110 to 69 after an hour of source restarts."""
    record, branch = Tally(), Tally()
    cycles = CYCLES if isinstance(strategy, Dedicated | Lightweight) else POOLED_CYCLES
    source = runtime.add_processor(Numbers)
    filter_ = runtime.add_processor(Pass)
    runtime.connect(source, filter_)
    runtime.connect(filter_, runtime.add_processor(Collect, record=record))
    runtime.start()
    record.wait_for(10)
    come_and_go(runtime, source, branch)
    threads = sorted(thread.name for thread in threading.enumerate())
    files = len(os.listdir("/proc/self/fd"))
    for _ in range(cycles // 2):
        come_and_go(runtime, source, branch)
    gc.collect()
    tracemalloc.start()
    try:
        for _ in range(cycles // 2):
            come_and_go(runtime, source, branch)
        branch.calls.clear()
        gc.collect()
        grown, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sorted(thread.name for thread in threading.enumerate()) == threads
    assert len(os.listdir("/proc/self/fd")) == files
    assert grown < 2_000_000  # what measures coverage grows, too
    runtime.stop()
    assert record.jumps == []
    assert record.calls == ["setup", "flush", "teardown"]


@pytest.mark.timeout(300)
@pytest.mark.promise("execution.lightweight-deep")
def test_ten_thousand_lightweight_processors_pass_frames() -> None:
    runtime = StreamRuntime(scheduler=Lightweight())
    record = Record()
    source = runtime.add_processor(PushSource, type=DataFrame)
    with runtime.edit() as edit:
        before: Any = source
        for _ in range(10_000):
            after = edit.add_processor(Pass)
            edit.connect(before, after)
            before = after
        edit.connect(before, edit.add_processor(Collect, record=record))
    runtime.start()
    for n in range(5):
        source.push(DataFrame({"n": n}))
    source.end()
    assert runtime.wait(SECONDS)
    runtime.stop()
    assert record.numbers == [0, 1, 2, 3, 4]
    assert record.calls == ["setup", "flush", "teardown"]
