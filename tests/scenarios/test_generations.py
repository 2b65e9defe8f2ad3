"""An id that is used again never meets what its former bearer still says, writes or counts."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from streamlib import DataFrame, LinkInput, LinkOutput, ProcessContext, Processor, ProcessorConfig, StreamRuntime
from streamlib.errors import DeadlineError
from streamlib.processors.execution_mode import RestartLimits
from tests.scenarios.stage import SECONDS, Collect, Numbers, Pass, Record


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
def test_a_restart_that_was_planned_for_one_that_was_removed_is_not_its_heirs(runtime: StreamRuntime) -> None:
    class Fails(Pass):
        """Fails at once, and is to be made anew much later."""

        restart_limits = RestartLimits(first_s=0.2)

        def process(self, ctx: ProcessContext) -> None:
            raise ValueError("no luck")

    life, seen = Record(), Record()
    waits = threading.Event()

    def hear(event: Any) -> None:
        if getattr(event, "new", "") == "restarting":
            waits.set()

    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Fails, id="one", on_error="restart"))
    with runtime.events.subscribe("processor:one", hear):
        runtime.start()
        assert waits.wait(SECONDS)
    with runtime.edit() as edit:
        edit.remove("one")
        new = edit.add_processor(Pass, id="one", record=life)
        edit.connect(source, new)
        edit.connect(new, edit.add_processor(Collect, record=seen))
    rung = threading.Event()
    media = runtime._site.media_clock
    runtime._site.threads.alarm().call_at(media.now_ns() + 300_000_000, rung.set)
    assert rung.wait(SECONDS)
    seen.wait_for(20)
    runtime.stop()
    assert life.calls == ["setup", "flush", "teardown"]
    assert seen.is_gapless(), seen.gaps()


@pytest.mark.promise("edit.generations")
def test_a_restart_that_is_in_line_behind_an_edit_is_not_done_to_who_has_the_id_then(runtime: StreamRuntime) -> None:
    """The edit is in line before the time of the restart comes, and is committed after it has come."""

    class Fails(Pass):
        """Fails at once, and is to be made anew soon."""

        restart_limits = RestartLimits(first_s=0.1)

        def process(self, ctx: ProcessContext) -> None:
            raise ValueError("no luck")

    life, seen, heard = Record(), Record(), list[Any]()
    waits, rung = threading.Event(), threading.Event()
    asked: list[Any] = []

    def hear(event: Any) -> None:
        heard.append(event)
        if getattr(event, "new", "") == "restarting":
            waits.set()

    def hold_up(event: Any) -> None:
        """Heard on the thread that commits: what it asks for comes behind this commit."""
        if type(event).__name__ != "GraphDidAddProcessor" or asked:
            return
        with runtime.edit() as edit:
            edit.remove("one")
            new = edit.add_processor(Pass, id="one", record=life)
            edit.connect(source, new)
            edit.connect(new, edit.add_processor(Collect, record=seen))
        asked.append(edit)
        media = runtime._site.media_clock
        runtime._site.threads.alarm().call_at(media.now_ns() + 200_000_000, rung.set)
        assert rung.wait(SECONDS)

    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Fails, id="one", on_error="restart"))
    with runtime.events.subscribe("processor:one", hear):
        runtime.start()
        assert waits.wait(SECONDS)
        with runtime.events.subscribe("runtime:global", hold_up):
            runtime.add_processor(Numbers, count=0)
        seen.wait_for(20)
        later = runtime.add_processor(Pass)  # behind all that was in line
        later.commit.wait(SECONDS)
    runtime.stop()
    assert life.calls == ["setup", "flush", "teardown"]
    assert seen.is_gapless(), seen.gaps()
    assert [type(event).__name__ for event in heard].count("ProcessorRestarting") == 1
