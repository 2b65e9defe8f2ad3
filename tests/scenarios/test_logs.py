"""Lines of the log name the processor they come from, whoever runs it, and repeats become counts."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    ProcessContext,
    ProcessExecution,
    Processor,
    ProcessorConfig,
    RuntimeContext,
    SchedulingStrategy,
    StreamRuntime,
    logs,
)
from streamlib.clock import NS_PER_S
from streamlib.errors import DeadlineError
from streamlib.events import CommandFailed, Event, ProcessorConfigRequested, ProcessorError
from streamlib.graph import ProcessorNode
from streamlib.testing import ManualClock
from tests.scenarios.conftest import Make
from tests.scenarios.stage import SECONDS, Collect, Faulty, Hand, Numbers, Pass, Record, Stuck, let_others_run

LIBRARY = logging.getLogger("somebody.elses.library")


def library_call(words: str) -> None:
    """Code that knows nothing of processors."""
    LIBRARY.info(words)


class Catcher(logging.Handler):
    """A handler of a user's own, with the fields of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.addFilter(logs.ProcessorFields())

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def who(self, words: str) -> list[str | None]:
        """Who has said this, in order."""
        return [getattr(one, "processor_id", None) for one in self.records[:] if one.getMessage() == words]


@pytest.fixture
def catcher() -> Iterator[Catcher]:
    handler = Catcher()
    LIBRARY.addHandler(handler)
    LIBRARY.setLevel(logging.DEBUG)
    yield handler
    LIBRARY.removeHandler(handler)
    LIBRARY.setLevel(logging.NOTSET)


class Teller(Pass):
    """A `Pass` that calls a library in each of its methods."""

    def setup(self, ctx: RuntimeContext) -> None:
        library_call("setup")

    def process(self, ctx: ProcessContext) -> None:
        library_call("process")
        super().process(ctx)

    def flush(self, ctx: ProcessContext) -> None:
        library_call("flush")

    def teardown(self) -> None:
        library_call("teardown")

    def config_changed(self, previous: Any) -> None:
        library_call("config")


@pytest.mark.promise("look.logs-id")
def test_each_method_of_a_processor_logs_with_its_id_on_whatever_thread_it_runs(
    runtime: StreamRuntime, catcher: Catcher
) -> None:
    record = Record()
    source = runtime.add_processor(Numbers, count=40)
    tellers = [runtime.add_processor(Teller, id=id_) for id_ in ("left", "right")]
    runtime.connect(source, tellers[0])
    runtime.connect(tellers[0], tellers[1])
    runtime.connect(tellers[1], runtime.add_processor(Collect, record=record))
    runtime.start()
    runtime.update_config("left", gain=3)
    assert runtime.wait(SECONDS)
    runtime.stop()
    for words in ("setup", "flush", "teardown"):
        assert sorted(map(str, catcher.who(words))) == ["left", "right"]
    assert catcher.who("config") == ["left"]
    said = catcher.who("process")
    assert set(said) == {"left", "right"}
    assert min(said.count("left"), said.count("right")) >= 40
    assert {vars(one)["processor_type"] for one in catcher.records} == {"Teller"}


def test_a_step_on_the_callers_thread_logs_with_the_id_of_who_is_stepped_and_who_is_behind(
    runtime: StreamRuntime, catcher: Catcher
) -> None:
    record = Record()
    hand, teller = runtime.add_processor(Hand), runtime.add_processor(Teller)
    runtime.connect(hand, teller)
    runtime.connect(teller, runtime.add_processor(Collect, record=record))
    runtime.start()
    library_call("from outside")
    runtime.step(hand)
    record.wait_until(lambda: record.numbers == [0])
    assert set(catcher.who("process")) == {teller.id}
    assert catcher.who("from outside") == [None]


class OnMain:
    """Everybody is on the main thread who can be."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        main = node.processor_type == "Ticking"
        return SchedulingStrategy.main_thread() if main else SchedulingStrategy.dedicated_thread()


class Ticking(Processor):
    execution = ProcessExecution.continuous(interval_ms=1)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        library_call(f"on {threading.current_thread().name}")
        ctx.end()


def test_on_the_main_thread_a_line_has_its_id(catcher: Catcher) -> None:
    with StreamRuntime(scheduler=OnMain()) as runtime:
        ticking = runtime.add_processor(Ticking)
        runtime.start()
        assert runtime.wait(SECONDS)
    assert catcher.who("on MainThread") == [ticking.id]


class Tasks(Processor):
    """Logs in its call, in a task that it starts, and on a thread of asyncio's."""

    into = LinkInput(DataFrame)

    async def process(self, ctx: ProcessContext) -> None:
        if self.into.read() is None:
            return
        library_call("call")
        await asyncio.sleep(0)
        library_call("behind an await")
        await asyncio.gather(asyncio.create_task(self.later("task")), asyncio.to_thread(library_call, "thread"))

    @staticmethod
    async def later(words: str) -> None:
        await asyncio.sleep(0)
        library_call(words)


@pytest.mark.promise("look.logs-id")
def test_on_the_event_loop_calls_tasks_and_threads_of_asyncio_log_with_the_id(make: Make, catcher: Catcher) -> None:
    runtime = make()
    source = runtime.add_processor(Numbers, count=3)
    several = [runtime.add_processor(Tasks) for _ in range(2)]
    for one in several:
        runtime.connect(source, one)
    runtime.start()
    assert runtime.wait(SECONDS)
    for words in ("call", "behind an await", "task", "thread"):
        assert sorted(map(str, catcher.who(words))) == ["tasks_0"] * 3 + ["tasks_1"] * 3


class Threads(Processor):
    """Starts threads of its own."""

    out = LinkOutput(DataFrame)
    execution = ProcessExecution.manual()

    def process(self, ctx: ProcessContext) -> None:
        log = ctx.log

        def plain() -> None:
            library_call("plain")
            log.info("known")

        for target in (self.method, plain):
            thread = threading.Thread(target=target)
            thread.start()
            thread.join(SECONDS)

    def method(self) -> None:
        library_call("method")


def test_of_threads_that_a_processor_starts_its_methods_are_known_and_what_it_logs_by_its_context(
    catcher: Catcher, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with StreamRuntime() as runtime:
        threads = runtime.add_processor(Threads)
        runtime.start()
        runtime.step(threads)
    assert (catcher.who("method"), catcher.who("plain")) == ([threads.id], [None])
    assert [vars(one)["processor_id"] for one in caplog.records if "known" in one.getMessage()] == [threads.id]


class Warns(Processor):
    """A call that is not quite right, sixty times a second."""

    class Config(ProcessorConfig):
        fps: int = 60

    execution = ProcessExecution.manual()

    def setup(self, ctx: RuntimeContext) -> None:
        self.n = 0

    def process(self, ctx: ProcessContext) -> None:
        self.n += 1
        LIBRARY.warning("frame %d is dark", self.n)


@pytest.mark.promise("look.logs-repeats", "look.logs-structured")
def test_a_warning_of_a_loop_of_sixty_a_second_is_one_line_and_then_counts() -> None:
    clock, stream = ManualClock(), io.StringIO()
    with logs.LogHandler(stream, json=True, clock=clock) as handler, StreamRuntime() as runtime:
        LIBRARY.addHandler(handler)
        try:
            warns = runtime.add_processor(Warns)
            runtime.start()
            for _ in range(600):
                runtime.step(warns)
            clock.wait_for_sleepers(1)
            clock.advance(NS_PER_S)
            clock.wait_for_sleepers(1)  # it sleeps without end: nothing repeats
            runtime.step(warns)
        finally:
            LIBRARY.removeHandler(handler)
    said = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["message"] for one in said] == [
        "frame 1 is dark",
        "frame 600 is dark: 599 times more in 1.0 s",
        "frame 601 is dark: 1 time more in 0.0 s",
    ]
    assert [one["processor_id"] for one in said] == [warns.id] * 3
    assert [one.get("repeats") for one in said] == [None, 599, 1]


@pytest.mark.promise("look.logs-repeats")
def test_the_count_of_an_error_that_stops_repeating_comes_by_the_clock_of_the_runtime(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    runtime, record = make(clock=clock), Record()
    hand = runtime.add_processor(Hand)
    faulty = runtime.add_processor(Faulty, where="process", record=record)
    runtime.connect(hand, faulty)
    said: list[str] = []
    told = threading.Event()

    class Hears(logging.Handler):
        def emit(self, one: logging.LogRecord) -> None:
            said.append(one.getMessage())
            if hasattr(one, "repeats"):
                told.set()

    errors, raised = itertools.count(1), threading.Event()

    def hear(event: Event) -> None:
        if isinstance(event, ProcessorError) and next(errors) == 5:
            raised.set()

    runtime.events.subscribe("processor:*", hear)
    log, hears = logging.getLogger("streamlib.processor"), Hears()
    log.addHandler(hears)
    try:
        runtime.start()
        for _ in range(5):
            runtime.step(hand)
        assert raised.wait(SECONDS)
        let_others_run(runtime)
        clock.advance(NS_PER_S)
        assert told.wait(SECONDS)
    finally:
        log.removeHandler(hears)
    first, *_ = caplog.records
    assert first.exc_info is not None
    assert said[:2] == [
        "faulty_0: at 0.000 s: ValueError: no luck in process",
        "faulty_0: ValueError: no luck in process: 4 times more in 1.0 s",
    ]


def test_nothing_is_set_up_by_importing_and_a_handler_leaves_no_trace() -> None:
    root = logging.getLogger()
    before = (root.level, root.handlers[:], logging.getLogger("streamlib").handlers[:])
    with logs.configure(stream=io.StringIO(), level="debug"):
        assert root.level == logging.DEBUG
    assert (root.level, root.handlers, logging.getLogger("streamlib").handlers) == before


def test_debug_tells_each_commit_in_a_line_however_much_is_in_it(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "streamlib.runtime")
    runtime = StreamRuntime()
    runtime.add_processor(Hand, id="one")
    with runtime.edit() as edit:
        for _ in range(20):
            edit.add_processor(Hand)
    first, second = (message for message in caplog.messages if message.startswith("committed: "))
    assert "one" in first
    assert second.endswith("; and 12 more")


def test_lines_of_a_processor_and_of_its_errors_and_their_counts_say_its_type(caplog: pytest.LogCaptureFixture) -> None:
    runtime = StreamRuntime()
    numbers = runtime.add_processor(Numbers, count=3)
    faulty = runtime.add_processor(Faulty, where="process", record=Record())
    runtime.connect(numbers, faulty)
    runtime.start()
    runtime.wait(SECONDS)
    runtime.stop()
    lines = [vars(one) for one in caplog.records if one.name == "streamlib.processor"]
    assert [line.get("repeats") for line in lines][:2] == [None, 2]
    assert {line["processor_type"] for line in lines} == {"Faulty"}
    assert len({line["generation"] for line in lines}) == 1


class Clumsy:
    """A processor delegate that raises at all that it is told."""

    def did_create(self, node: ProcessorNode, processor: Processor) -> None:
        raise ValueError("no")

    def did_start(self, processor_id: str) -> None:
        raise ValueError("no")

    def did_stop(self, processor_id: str) -> None:
        raise ValueError("no")

    def did_update_config(self, processor_id: str, config: ProcessorConfig) -> None:
        raise ValueError("no")


@pytest.mark.promise("look.logs-id")
def test_what_the_engine_says_of_a_processor_bears_its_type_beside_its_id(
    make: Make, release: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    runtime, record = make(processor_delegate=Clumsy(), stall_after=None), Record()
    runtime._site.answer_s = 0.2
    filter_ = runtime.add_processor(Pass)
    runtime.connect(runtime.add_processor(Hand), filter_)
    stuck = runtime.add_processor(Stuck, record=record, release=release)
    runtime.connect(runtime.add_processor(Numbers), stuck)
    runtime.start()
    record.wait_for_call("stuck")
    runtime.update_config(filter_, gain=3)
    with runtime.events.subscribe_queue("runtime:global") as told:
        runtime.events.publish(ProcessorConfigRequested(processor_id=filter_.id, config={"gian": 3}))
        while not isinstance(told.get(SECONDS), CommandFailed):
            pass
    with suppress(DeadlineError):
        runtime.stop(drain=False)
    release.set()
    about = [one for one in caplog.records if any(id_ in one.getMessage() for id_ in (stuck.id, filter_.id))]
    said = "\n".join(one.getMessage() for one in about)
    for words in (
        "Clumsy.did_create raised",
        "Clumsy.did_start raised",
        "Clumsy.did_stop raised",
        "Clumsy.did_update_config raised",
        "ProcessorConfigRequested of pass_0 failed",
        "stuck_0 did not come back from a call and is left behind",
    ):
        assert words in said
    whose = {(vars(one).get("processor_id"), vars(one).get("processor_type")) for one in about}
    assert whose == {("stuck_0", "Stuck"), ("pass_0", "Pass")}
