"""An id that is used again never meets what its former bearer still says, writes or counts."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    ProcessorConfig,
    RuntimeContext,
    StreamRuntime,
)
from streamlib.errors import DeadlineError
from streamlib.processors.execution_mode import RestartLimits
from streamlib.testing import ManualClock
from tests.scenarios.conftest import Make
from tests.scenarios.stage import SECONDS, Collect, Numbers, Pass, Record, let_line_pass


class StuckAndFails(Processor):
    """Stays in its first call until it is released; then it writes a number of its own, and fails."""

    class Config(ProcessorConfig):
        record: Any
        release: Any

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        self.into.read()
        self.config.record.called("stuck")
        assert self.config.release.wait(SECONDS)
        for _ in range(20):
            self.out.write(DataFrame({"n": -1}))
        self.config.record.called("wrote")
        raise ValueError("too late to matter")

    def teardown(self) -> None:
        self.config.record.called("teardown")


@pytest.mark.promise("edit.generations")
def test_nothing_of_one_that_was_stuck_when_it_was_removed_reaches_who_bears_its_id(
    runtime: StreamRuntime, release: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    life, seen, main = Record(), Record(), Record()
    source, other = runtime.add_processor(Numbers), runtime.add_processor(Numbers)
    stuck = runtime.add_processor(StuckAndFails, record=life, release=release, id="one", on_error="fail")
    sink = runtime.add_processor(Collect, record=seen)
    runtime.connect(source, stuck)
    runtime.connect(stuck, sink)
    runtime.connect(other, runtime.add_processor(Collect, record=main))
    runtime._site.answer_s = 0.2
    runtime.start()
    life.wait_for_call("stuck")
    with pytest.raises(DeadlineError, match="one"):
        runtime.remove(stuck, timeout=0.1)
    runtime._site.answer_s = SECONDS
    heard: list[Any] = []
    with runtime.events.subscribe("processor:one", heard.append):
        with runtime.edit() as edit:
            new = edit.add_processor(Pass, id="one")
            edit.connect(other, new)
            edit.connect(new, sink)
        seen.wait_for(20)
        before = len(heard)
        release.set()
        life.wait_for_call("teardown")
        seen.wait_for(100)
        # what it raised is in the log alone
        told = [event for event in heard[before:] if type(event).__name__ == "ProcessorError"]
    instance = runtime.processor("one").instance()
    assert instance is not None
    assert isinstance(instance.processor, Pass)
    assert runtime.processor("one").state == "running"
    assert told == []
    assert "failed" not in [getattr(event, "new", "") for event in heard]
    assert -1 not in seen.numbers
    assert "too late to matter" in caplog.text
    main.wait_for(20)
    runtime.stop()
    assert main.is_gapless(), main.gaps()
    assert life.count("teardown") == 1


@pytest.mark.promise("edit.generations")
class Acts(Pass):
    """Does something when it is set up, in the midst of the commit that brings it in."""

    class Config(ProcessorConfig):
        action: Any
        record: Any = None

    def setup(self, ctx: RuntimeContext) -> None:
        self.config.action()


@pytest.mark.parametrize("in_line", [False, True])
def test_a_restart_that_was_planned_for_one_that_was_removed_is_not_its_heirs(make: Make, in_line: bool) -> None:
    """Its time comes behind the edit that removed it, or while that edit is in line, so that it comes next in line."""

    class Fails(Pass):
        """Fails at once, and is to be made anew much later."""

        restart_limits = RestartLimits(first_s=0.2)

        def process(self, ctx: ProcessContext) -> None:
            raise ValueError("no luck")

    clock, life, seen = ManualClock(), Record(), Record()
    runtime = make(clock=clock)
    waits = threading.Event()

    def hear(event: Any) -> None:
        if getattr(event, "new", "") == "restarting":
            waits.set()

    def replace() -> None:
        with runtime.edit() as edit:
            edit.remove("one")
            new = edit.add_processor(Pass, id="one", record=life)
            edit.connect(source, new)
            edit.connect(new, edit.add_processor(Collect, record=seen))

    def let_its_time_come() -> None:
        rung = threading.Event()
        media = runtime._site.media_clock
        runtime._site.threads.alarm().call_at(media.now_ns() + 300_000_000, rung.set)
        clock.advance(300_000_000)
        assert rung.wait(SECONDS)

    def act() -> None:
        replace()
        let_its_time_come()

    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Fails, id="one", on_error="restart"))
    with runtime.events.subscribe("processor:one", hear):
        runtime.start()
        assert waits.wait(SECONDS)
    if in_line:
        runtime.add_processor(Acts, action=act)
    else:
        act()
    let_line_pass(runtime)
    seen.wait_for(20)
    runtime.stop()
    assert life.calls == ["setup", "flush", "teardown"]
    assert seen.is_gapless(), seen.gaps()
