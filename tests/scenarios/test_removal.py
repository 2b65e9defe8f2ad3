"""Removing: what waits is processed, end of stream goes on, teardown comes once; and who does not answer is named."""

from __future__ import annotations

import itertools
import threading

import pytest

from streamlib import StreamRuntime
from streamlib.errors import DeadlineError, UnknownProcessorError
from tests.scenarios.stage import SECONDS, Collect, Faulty, Gated, Line, Numbers, Pass, Record, Stuck


def test_a_removed_branch_processes_all_that_waits_before_it_goes(runtime: StreamRuntime) -> None:
    """Its sink is held up until frames wait everywhere; they are all seen, in order, and end of stream behind them.

    MaZderMind/dynamic-gstreamer-pipelines-cookbook#1: a removed recording branch got no end of stream.
    """
    record, gate = Record(), threading.Event()
    source = runtime.add_processor(Numbers)
    filter_ = runtime.add_processor(Pass, record=record, tag="filter ")
    sink = runtime.add_processor(Gated, record=record, gate=gate)
    runtime.connect(source, filter_)
    runtime.connect(filter_, sink)
    runtime.start()
    record.wait_for_call("waits")
    with runtime.edit() as edit:
        edit.remove(filter_)
        edit.remove(sink)
        gate.set()
    of_filter = [call for call in record.calls if call.startswith("filter")]
    assert of_filter == ["filter setup", "filter flush", "filter teardown"]
    assert [call for call in record.calls if call not in of_filter] == ["waits", "flush", "teardown"]
    assert record.calls.index("filter flush") < record.calls.index("flush")
    assert record.numbers
    assert record.is_gapless()
    assert record.numbers[0] == 0
    assert source.state == "running"


@pytest.mark.promise("edit.removal-drains", "lifecycle.end-of-stream")
def test_a_removal_returns_when_the_branch_is_torn_down(runtime: StreamRuntime) -> None:
    main, branch = Record(), Record()
    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    filter_ = runtime.add_processor(Pass, record=branch, tag="filter ")
    sink = runtime.add_processor(Collect, record=branch)
    runtime.connect(source, filter_)
    runtime.connect(filter_, sink)
    runtime.start()
    branch.wait_for(50)
    runtime.remove(filter_)
    assert "filter teardown" in branch.calls
    assert "teardown" not in branch.calls  # it stays, and waits for another feeder
    main.wait_for(50)
    assert branch.is_gapless()
    runtime.remove(sink)
    assert branch.calls[-2:] == ["flush", "teardown"]
    with pytest.raises(UnknownProcessorError):
        runtime.remove(sink)
    assert main.is_gapless()


def test_a_removed_source_sends_end_of_stream_down_what_it_fed(runtime: StreamRuntime) -> None:
    line = Line(runtime).run(10)
    with runtime.edit() as edit:
        for handle in (line.source, line.filter, line.sink):
            edit.remove(handle)
    assert line.record.calls == ["setup", "flush", "teardown"]
    assert line.record.numbers == list(range(len(line.record.numbers)))
    assert runtime.graph.processor_ids() == []
    assert runtime.wait(SECONDS)


def test_a_removal_that_is_not_waited_for_is_done_all_the_same(runtime: StreamRuntime) -> None:
    record = Record()
    source = runtime.add_processor(Numbers)
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(source, sink)
    runtime.start()
    record.wait_for(10)
    runtime.remove(sink, wait=False)
    record.wait_for_call("teardown")
    assert record.calls == ["setup", "flush", "teardown"]


def test_a_removal_without_draining_drops_what_waits_and_tears_down(runtime: StreamRuntime) -> None:
    record, gate = Record(), threading.Event()
    source = runtime.add_processor(Numbers)
    filter_ = runtime.add_processor(Pass)
    sink = runtime.add_processor(Gated, record=record, gate=gate)
    main = Record()
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    runtime.connect(source, filter_)
    runtime.connect(filter_, sink)
    runtime.start()
    record.wait_for_call("waits")
    remover = threading.Thread(target=lambda: runtime.remove(sink, drain=False))
    remover.start()
    gate.set()
    remover.join(SECONDS)
    assert not remover.is_alive()
    assert record.count("teardown") == 1
    main.wait_for(100)
    assert main.is_gapless()


@pytest.mark.promise("lifecycle.deadlines")
def test_a_processor_that_is_stuck_in_process_is_named_and_left_behind(
    runtime: StreamRuntime, release: threading.Event
) -> None:
    """strawberrymusicplayer/strawberry#2255: a stuck pipeline could only be leaked; #10 of deepstream_python_apps."""
    record = Record()
    source = runtime.add_processor(Numbers)
    stuck = runtime.add_processor(Stuck, record=record, release=release)
    runtime.connect(source, stuck)
    runtime.start()
    record.wait_for_call("stuck")
    patience_s, runtime._site.answer_s = runtime._site.answer_s, 0.2
    with pytest.raises(DeadlineError, match="stuck_0") as late:
        runtime.remove(stuck, timeout=0.1)
    runtime._site.answer_s = patience_s  # nobody else is to be late
    assert "stuck_0" in late.value.waiting_for
    assert stuck.id not in runtime.graph
    main = Record()
    release.set()
    record.wait_for_call("teardown")
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    main.wait_for(10)
    assert main.is_gapless()


def test_a_stuck_branch_does_not_hold_up_edits_elsewhere(runtime: StreamRuntime, release: threading.Event) -> None:
    """dora-rs/dora#2917: a node in trouble poisoned every later add. Here it is on a path of its own."""
    record, main = Record(), Record()
    left, right = runtime.add_processor(Numbers), runtime.add_processor(Numbers)
    runtime.connect(left, runtime.add_processor(Stuck, record=record, release=release))
    runtime.connect(right, runtime.add_processor(Collect, record=main))
    runtime.start()
    record.wait_for_call("stuck")
    branch = Record()
    with runtime.edit() as edit:
        sink = edit.add_processor(Collect, record=branch)
        edit.connect(right, sink)
    branch.wait_for(10)
    runtime.remove(sink)
    main.wait_for(10)
    release.set()
    assert main.is_gapless()


@pytest.mark.parametrize("where", ["process", "flush", "teardown"])
def test_a_processor_that_failed_can_be_removed(runtime: StreamRuntime, where: str) -> None:
    record, main = Record(), Record()
    source = runtime.add_processor(Numbers)
    faulty = runtime.add_processor(Faulty, where=where, record=record, on_error="fail")
    runtime.connect(source, faulty)
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    runtime.start()
    if where == "process":
        record.wait_for_call("teardown")
    main.wait_for(10)
    runtime.remove(faulty)
    assert record.count("teardown") == 1
    main.wait_for(50)
    assert main.is_gapless()


def test_an_id_can_be_used_again_in_the_edit_that_removes_it(runtime: StreamRuntime) -> None:
    """dora-rs/dora#2916: remove then add with the same id killed the new one."""
    source = runtime.add_processor(Numbers)
    main = Record()
    runtime.connect(source, runtime.add_processor(Collect, record=main))
    records = [Record() for _ in range(6)]
    sink = runtime.add_processor(Collect, record=records[0], id="branch")
    runtime.connect(source, sink)
    runtime.start()
    for old, new in itertools.pairwise(records):
        old.wait_for(20)
        with runtime.edit() as edit:
            edit.remove("branch")
            sink = edit.add_processor(Collect, record=new, id="branch")
            edit.connect(source, sink)
        assert old.calls == ["setup", "flush", "teardown"]
        new.wait_for(20)
        runtime.remove("branch")
        assert new.calls == ["setup", "flush", "teardown"]
        new.calls.clear()
        runtime.connect(source, runtime.add_processor(Collect, record=new, id="branch"))
    runtime.stop()
    assert all(record.numbers == sorted(set(record.numbers)) for record in records)
    assert main.is_gapless()


def test_frames_of_a_processor_whose_id_is_taken_over_are_not_lost_with_the_old_one(runtime: StreamRuntime) -> None:
    """The new one goes on behind the last frame that the old one took: between them nothing is missing."""
    records = [Record() for _ in range(8)]
    source = runtime.add_processor(Numbers)
    sink = runtime.add_processor(Collect, record=records[0], id="branch")
    runtime.connect(source, sink)
    runtime.start()
    for old, new in itertools.pairwise(records):
        old.wait_for(20)
        with runtime.edit() as edit:
            edit.remove("branch")
            edit.connect(source, edit.add_processor(Collect, record=new, id="branch"))
    records[-1].wait_for(20)
    runtime.stop()
    everything = [number for record in records for number in record.numbers]
    assert everything == list(range(len(everything)))
