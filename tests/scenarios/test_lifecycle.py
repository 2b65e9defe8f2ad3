"""Starting, stopping and waiting: legal in any order a user may try, told by events, and leaving nothing behind."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import streamlib
from streamlib import ProcessContext, ProcessorConfig, SchedulerDelegate, StreamRuntime
from streamlib.errors import DeadlineError, StateError
from streamlib.graph.components import (
    ManualMarker,
    ProcessFunctionInvokeChannel,
    ReactiveMarker,
    ShutdownChannel,
    ThreadHandle,
    WiredChannel,
)
from tests.scenarios.conftest import Make, lingering
from tests.scenarios.stage import (
    SECONDS,
    Both,
    Collect,
    Dedicated,
    Diary,
    Gated,
    Hand,
    Line,
    Mixed,
    Numbers,
    Pass,
    Pooled,
    Record,
    Stuck,
)


@pytest.mark.promise("lifecycle.wait", "lifecycle.end-of-stream")
def test_wait_returns_when_every_source_has_ended_and_all_is_processed(runtime: StreamRuntime) -> None:
    records = [Line(runtime, count).record for count in (10, 300, 0)]
    runtime.start()
    assert runtime.wait(SECONDS)
    assert [record.numbers for record in records] == [list(range(count)) for count in (10, 300, 0)]
    assert all(record.calls == ["setup", "flush", "teardown"] for record in records)
    assert runtime.state == "running"
    assert {handle.state for handle in runtime.processors()} == {"ended"}


def test_wait_with_a_timeout_says_whether_it_came(runtime: StreamRuntime) -> None:
    record = Line(runtime).record
    with pytest.raises(StateError, match="start"):
        runtime.wait(0)
    runtime.start()
    assert not runtime.wait(0)
    assert not runtime.wait(0.01)
    runtime.stop()
    assert runtime.wait(0)
    assert record.is_gapless()


def test_who_waits_is_woken_by_a_stop_from_another_thread(runtime: StreamRuntime) -> None:
    record = Line(runtime).record
    runtime.start()
    record.wait_for(5)
    answers: list[bool] = []
    waiter = threading.Thread(target=lambda: answers.append(runtime.wait(SECONDS)))
    waiter.start()
    runtime.stop()
    waiter.join(SECONDS)
    assert answers == [True]


def test_who_waits_goes_on_waiting_when_the_whole_graph_is_replaced(runtime: StreamRuntime) -> None:
    record, seen = Line(runtime).record, Record()
    runtime.start()
    record.wait_for(5)
    answers: list[bool] = []
    waiter = threading.Thread(target=lambda: answers.append(runtime.wait(SECONDS)))
    waiter.start()
    with runtime.edit() as edit:
        for handle in runtime.processors():
            edit.remove(handle)
        source = edit.add_processor(Numbers)
        edit.connect(source, edit.add_processor(Collect, record=seen))
    seen.wait_for(50)
    assert answers == []
    runtime.remove(source)
    waiter.join(SECONDS)
    assert answers == [True]
    assert seen.is_gapless()


@pytest.mark.parametrize("edited", [True, False], ids=["edit", "start"])
def test_who_looks_for_the_end_while_processors_are_made_does_not_take_their_absence_for_it(
    make: Make, edited: bool
) -> None:
    diary, answers = Diary(), []

    def look(what: str, id_: str) -> None:
        if what == "will_create" and id_.startswith("collect"):
            waiter = threading.Thread(target=lambda: answers.append(runtime.wait(0)))
            waiter.start()
            waiter.join(SECONDS)

    runtime = make(processor_delegate=diary)
    runtime.add_processor(Numbers, count=1)
    if edited:
        runtime.start()
        assert runtime.wait(SECONDS)
    diary.look = look
    with runtime.edit() as edit:
        for handle in runtime.processors():
            edit.remove(handle)
        edit.connect(edit.add_processor(Numbers), edit.add_processor(Collect, record=Record()))
    if not edited:
        runtime.start()
    runtime.stop()
    assert answers == [False]


@pytest.mark.promise("graph.nothing-lingers", "compiler.attaches", "lifecycle.parked-wakes")
def test_a_runtime_starts_and_stops_again_and_again(runtime: StreamRuntime) -> None:
    threads = set(threading.enumerate())
    record = Line(runtime).record
    for turn in range(5):
        runtime.start()
        record.wait_for(20)
        runtime.stop()
        assert runtime.state == "idle"
        assert lingering(runtime.graph) == []
        assert set(threading.enumerate()) <= threads
        assert record.calls == ["setup", "flush", "teardown"] * (turn + 1)
        assert record.is_gapless()
        record.numbers.clear()


@pytest.mark.promise(
    "graph.component.instance",
    "graph.component.thread-handle",
    "graph.component.shutdown-channel",
    "graph.component.invoke-channel",
    "graph.component.wired-channel",
)
def test_components_tell_what_runs(runtime: StreamRuntime, strategy: Any) -> None:
    record = Line(runtime).record
    hand = runtime.add_processor(Hand)
    graph = runtime.graph
    assert lingering(graph) == []
    runtime.start()
    record.wait_for(5)
    ids = graph.processor_ids()
    assert graph.query(ShutdownChannel, ProcessFunctionInvokeChannel) == ids
    assert graph.query(ManualMarker) == [hand.id]
    assert graph.query(ReactiveMarker) == ["pass_0", "collect_0"]
    assert "numbers_0" in graph.query(ThreadHandle)
    assert graph.query(WiredChannel) == graph.link_ids()
    handle = graph.get(streamlib.ProcessorId("numbers_0"), ThreadHandle)
    assert handle is not None
    assert handle.name == "streamlib:numbers_0"
    assert handle.name in {thread.name for thread in threading.enumerate()}
    channel = graph.get(streamlib.ProcessorId("numbers_0"), ShutdownChannel)
    assert channel is not None
    channel.shut_down()
    assert runtime.wait(SECONDS)
    assert record.calls == ["setup", "flush", "teardown"]


def test_stopping_twice_or_before_the_start_does_nothing(runtime: StreamRuntime) -> None:
    told: list[Any] = []
    runtime.events.subscribe("runtime:global", told.append)
    runtime.stop()
    assert told == []
    record = Line(runtime).record
    runtime.start()
    record.wait_for(5)
    runtime.stop()
    before = len(told)
    runtime.stop()
    runtime.stop(drain=False)
    assert len(told) == before


def test_two_stops_at_once_are_one(runtime: StreamRuntime) -> None:
    told: list[str] = []
    runtime.events.subscribe("runtime:global", lambda event: told.append(type(event).__name__))
    record = Line(runtime).record
    runtime.start()
    record.wait_for(5)
    threads = [threading.Thread(target=runtime.stop) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert told.count("RuntimeStopping") == told.count("RuntimeStopped") == 1
    assert record.calls == ["setup", "flush", "teardown"]


@pytest.mark.promise("lifecycle.events", "event.runtime")
def test_each_verb_is_told_as_it_begins_and_as_it_ends(runtime: StreamRuntime) -> None:
    told: list[str] = []
    record = Line(runtime).record
    runtime.events.subscribe("runtime:global", lambda event: told.append(type(event).__name__))
    runtime.start()
    record.wait_for(5)
    runtime.pause()
    runtime.resume()
    runtime.stop()
    assert told == [
        "RuntimeStarting", "GraphStateChanged", "RuntimeStarted",
        "RuntimePausing", "GraphStateChanged", "RuntimePaused",
        "RuntimeResuming", "GraphStateChanged", "RuntimeResumed",
        "RuntimeStopping", "GraphStateChanged", "RuntimeStopped",
    ]  # fmt: skip
    told.clear()
    with pytest.raises(StateError):
        runtime.pause()
    assert told == ["RuntimePausing", "RuntimePauseFailed"]


def test_a_stop_without_draining_comes_back_though_writers_are_blocked(runtime: StreamRuntime) -> None:
    """A sink that takes nothing while its gate is shut: everybody before it waits for room."""
    gate, record = threading.Event(), Record()
    source = runtime.add_processor(Numbers)
    filter_ = runtime.add_processor(Pass)
    stuck = runtime.add_processor(Stuck, record=record, release=gate)
    runtime.connect(source, filter_)
    runtime.connect(filter_, stuck)
    runtime.start()
    record.wait_for_call("stuck")
    stopper = threading.Thread(target=lambda: runtime.stop(drain=False))
    stopper.start()
    gate.set()
    stopper.join(SECONDS)
    assert not stopper.is_alive()
    assert runtime.state == "idle"
    assert record.count("teardown") == 1


@pytest.mark.promise("lifecycle.deadlines")
def test_a_stop_names_who_does_not_answer_and_stops_the_others(runtime: StreamRuntime) -> None:
    """stb-tester/stb-tester#124: teardown hung."""
    gate, record, main = threading.Event(), Record(), Record()
    left, right = runtime.add_processor(Numbers), runtime.add_processor(Numbers)
    runtime.connect(left, runtime.add_processor(Stuck, record=record, release=gate))
    runtime.connect(right, runtime.add_processor(Collect, record=main))
    runtime._site.answer_s = 0.2
    runtime.start()
    record.wait_for_call("stuck")
    with pytest.raises(DeadlineError, match="stuck_0") as late:
        runtime.stop(timeout=0.2)
    gate.set()
    assert "stuck_0" in late.value.waiting_for
    assert "collect_0" not in late.value.waiting_for
    assert runtime.state == "idle"
    assert lingering(runtime.graph) == []
    assert main.calls == ["setup", "flush", "teardown"]
    assert main.is_gapless()
    record.wait_for_call("teardown")


@pytest.mark.promise("lifecycle.symmetric")
def test_a_processor_may_stop_the_runtime_from_inside_its_process(runtime: StreamRuntime) -> None:
    """hwangsaeul/gaeguli#88, quodlibet/quodlibet#749: a change of state from the streaming thread deadlocked."""
    record = Record()

    class Stops(Pass):
        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            runtime.stop()

    source = runtime.add_processor(Numbers)
    stops = runtime.add_processor(Stops, record=record)
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(source, stops)
    runtime.connect(stops, sink)
    runtime.start()
    assert runtime.wait(SECONDS)
    runtime.stop()
    assert runtime.state == "idle"
    assert record.is_gapless()
    assert record.count("teardown") == 2


def test_waiting_inside_a_processor_is_an_error(runtime: StreamRuntime) -> None:
    errors: list[BaseException] = []

    class Waits(Pass):
        def process(self, ctx: ProcessContext) -> None:
            try:
                runtime.wait(SECONDS)
            except StateError as error:
                errors.append(error)
            super().process(ctx)

    source = runtime.add_processor(Numbers, count=3)
    waits = runtime.add_processor(Waits)
    runtime.connect(source, waits)
    runtime.start()
    assert runtime.wait(SECONDS)
    assert len(errors) == 3


@pytest.mark.promise("runtime.with")
def test_with_stops_what_runs_and_starts_nothing(make: Make) -> None:
    runtime = make()
    record = Line(runtime).record
    with runtime as same:
        assert same is runtime
        assert runtime.state == "idle"
        runtime.start()
        record.wait_for(5)
    assert runtime.state == "idle"
    assert record.calls == ["setup", "flush", "teardown"]
    with pytest.raises(ZeroDivisionError), runtime:
        runtime.start()
        record.wait_for(5)
        raise ZeroDivisionError
    assert runtime.state == "idle"
    assert record.count("teardown") == 2


@pytest.mark.promise("runtime.async-finished", "runtime.with")
def test_an_asyncio_program_waits_for_the_end(make: Make) -> None:
    async def main() -> Record:
        async with make() as runtime:
            record = Line(runtime, 100).record
            runtime.start()
            await asyncio.wait_for(runtime.finished(), SECONDS)
        assert runtime.state == "idle"
        return record

    assert asyncio.run(main()).numbers == list(range(100))


@pytest.mark.promise("runtime.side-by-side")
def test_two_runtimes_run_side_by_side(make: Make) -> None:
    one, two = make(), make()
    records = [Line(one).record, Line(two).record]
    for runtime in (one, two):
        runtime.start()
    for record in records:
        record.wait_for(20)
    assert one.graph.processor_ids() == two.graph.processor_ids()
    one.stop()
    seen = len(records[0].numbers)
    records[1].wait_for(20)
    assert len(records[0].numbers) == seen
    assert two.state == "running"
    two.stop()
    assert all(record.is_gapless() for record in records)


@pytest.mark.promise("runtime.step", "processor.manual")
def test_a_manual_processor_is_called_by_step_alone(runtime: StreamRuntime) -> None:
    record = Record()
    hand = runtime.add_processor(Hand, each=3)
    filter_ = runtime.add_processor(Pass)
    runtime.connect(hand, filter_)
    runtime.connect(filter_, runtime.add_processor(Collect, record=record))
    with pytest.raises(StateError, match="does not run"):
        runtime.step(hand)
    runtime.start()
    assert hand.metrics is not None
    assert hand.metrics.latency.samples == 0
    for _ in range(4):
        assert runtime.step(hand)
    with pytest.raises(StateError, match="only a manual processor is stepped"):
        runtime.step(filter_)
    runtime.stop()
    assert record.numbers == list(range(12))
    assert record.calls == ["setup", "flush", "teardown"]


def test_a_step_into_a_link_without_room_is_refused_in_time(make: Make) -> None:
    gate, record = threading.Event(), Record()
    runtime = make(scheduler=Dedicated())
    hand = runtime.add_processor(Hand)
    runtime.connect(hand, runtime.add_processor(Stuck, record=record, release=gate))
    runtime.start()
    assert runtime.step(hand)
    record.wait_for_call("stuck")
    for _ in range(8):
        assert runtime.step(hand)
    with pytest.raises(DeadlineError, match="room for what hand_0 writes") as late:
        runtime.step(hand, timeout=0.05)
    assert late.value.waiting_for == ("hand_0.out->stuck_0.into",)
    gate.set()
    runtime.stop()


class HandThatOpens(Hand):
    """Opens the gate of a reader with its last call."""

    class Config(ProcessorConfig):
        gate: Any
        each: int

    def flush(self, ctx: ProcessContext) -> None:
        self.config.gate.set()


@pytest.mark.parametrize("scheduler", [Dedicated, Pooled, Mixed])
def test_what_a_manual_processor_has_put_aside_arrives_behind_its_end(scheduler: type[SchedulerDelegate]) -> None:
    """Its loop, which no thread runs, is served until its frames have found room."""
    gate, record = threading.Event(), Record()
    with StreamRuntime(scheduler=scheduler()) as runtime:
        hand = runtime.add_processor(HandThatOpens, each=24, gate=gate)
        filter_ = runtime.add_processor(Pass)
        runtime.connect(hand, filter_)
        runtime.connect(filter_, runtime.add_processor(Gated, record=record, gate=gate))
        runtime.start()
        assert runtime.step(hand)
        runtime.stop(timeout=SECONDS)
    assert record.numbers == list(range(24))


def test_frames_join_from_two_sources_and_end_with_the_last(runtime: StreamRuntime) -> None:
    record = Record()
    both = runtime.add_processor(Both)
    runtime.connect(runtime.add_processor(Numbers, count=10), both.input("left"))
    runtime.connect(runtime.add_processor(Numbers, first=100, count=200), both.input("right"))
    runtime.connect(both, runtime.add_processor(Collect, record=record))
    runtime.start()
    assert runtime.wait(SECONDS)
    assert sorted(record.numbers) == [*range(10), *range(100, 300)]


PROGRAM = """
import os, sys, threading
from streamlib import StreamRuntime
sys.path.insert(0, {root!r})
from tests.scenarios.stage import Collect, Numbers, Record, Stuck

def say(what):
    os.write(1, what.encode() + b"\\n")  # in one piece: two threads speak

class Loud(Record):
    def add(self, number):
        if number == 0:
            say("ready")
    def called(self, what):
        say(what)

runtime = StreamRuntime()
source = runtime.add_processor(Numbers)
release = threading.Event()
if sys.argv[1] == "stuck":
    runtime.connect(source, runtime.add_processor(Stuck, record=Loud(), release=release))
else:
    runtime.connect(source, runtime.add_processor(Collect, record=Loud()))
runtime.start()
wait_until = runtime._reports.wait_until

def announce(*arguments):
    say("waiting")
    return wait_until(*arguments)

runtime._reports.wait_until = announce
try:
    runtime.wait_for_signal()
finally:
    release.set()
say(f"stopped {{runtime.state}}")
"""


@contextmanager
def run_program(kind: str) -> Iterator[subprocess.Popen[str]]:
    root = str(Path(__file__).parents[2])
    source = str(Path(streamlib.__file__).parents[1])
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(root=root), kind],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": source},
    )  # fmt: skip
    try:
        yield program
    finally:
        program.kill()
        program.communicate(timeout=SECONDS)


def read_until(program: subprocess.Popen[str], *words: str) -> None:
    """Read until the program has said all of these, in whichever order its threads come to it."""
    assert program.stdout is not None
    missing = set(words)
    for read in program.stdout:
        missing.discard(read.strip())
        if not missing:
            return
    raise AssertionError(f"the program ended before it said {missing}")


@pytest.mark.promise("lifecycle.signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_cleanly(number: signal.Signals) -> None:
    with run_program("plain") as program:
        read_until(program, "ready", "waiting")
        program.send_signal(number)
        out, err = program.communicate(timeout=SECONDS)
        assert [said for said in out.splitlines() if said != "waiting"] == ["flush", "teardown", "stopped idle"]
        assert err == ""
        assert program.returncode == 0


@pytest.mark.promise("lifecycle.second-signal")
def test_a_second_signal_stops_at_once() -> None:
    """The first waits for a processor that does not come back; the second does not, and says who it was."""
    with run_program("stuck") as program:
        read_until(program, "stuck", "waiting")
        program.send_signal(signal.SIGINT)
        read_until(program, "waiting")  # now for the stop that the first signal asked for
        program.send_signal(signal.SIGINT)
        _, err = program.communicate(timeout=SECONDS)
        assert re.search("still waiting for .*stuck_0", err)  # and for who feeds it, where that one waits in its write
        assert program.returncode == 1  # wait_for_signal raises DeadlineError, which names who was left behind
