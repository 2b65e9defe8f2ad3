"""What users and machines do at the worst moment: Ctrl-C inside a call, calls that take too long, odd exceptions."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, Self

import pytest

from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    Live,
    ProcessContext,
    Processor,
    ProcessorConfig,
    RuntimeContext,
    StreamRuntime,
)
from streamlib.errors import CommitError, DeadlineError
from streamlib.events.compiler import CompileStarted, CompileStepStarted
from streamlib.events.event import Event
from streamlib.events.graph import GraphWillAddProcessor, GraphWillCreateLink
from streamlib.events.runtime import RuntimeStopping
from streamlib.execution.changes import Change
from streamlib.media import FileReader
from streamlib.runtime.signals import caught_signals
from tests.scenarios.conftest import Make, lingering
from tests.scenarios.stage import SECONDS, Collect, Dedicated, Numbers, Pass, Record


class Raises(Pass):
    """Raises what its config says, where it says."""

    class Config(ProcessorConfig):
        error: Any
        where: str
        gain: Live[int] = 0

    def setup(self, ctx: RuntimeContext) -> None:
        self._fail("setup")

    def flush(self, ctx: ProcessContext) -> None:
        """Nothing is held back."""

    def teardown(self) -> None:
        """Nothing was opened."""

    def config_changed(self, previous: Config) -> None:
        self._fail("config_changed")

    def _fail(self, where: str) -> None:
        if where == self.config.where:
            raise self.config.error


class Sluggish(Processor):
    """Hands frames on; once `busy` is set it stays in its next call until it is released."""

    class Config(ProcessorConfig):
        busy: Any
        inside: Any
        release: Any
        turn: int = 0

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        if self.config.turn:  # the one that is to be replaced goes into a call just now
            self.config.busy.set()
            assert self.config.inside.wait(SECONDS)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if self.config.busy.is_set() and not self.config.turn:
            self.config.inside.set()
            assert self.config.release.wait(SECONDS)
        if frame is not None:
            self.out.write(frame)


def interrupt_the_next_wait(runtime: StreamRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while the main thread waits for those who drain."""
    reports = runtime._reports
    wait_until = reports.wait_until

    def interrupted(done: Callable[[], bool], timeout_s: float | None) -> bool:
        monkeypatch.setattr(reports, "wait_until", wait_until)
        raise KeyboardInterrupt

    monkeypatch.setattr(reports, "wait_until", interrupted)


def test_ctrl_c_inside_a_stop_still_ends_and_tears_down_everybody(
    runtime: StreamRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Record()
    runtime.connect(runtime.add_processor(Numbers, record=record), runtime.add_processor(Collect, record=record))
    runtime.start()
    record.wait_for(10)
    interrupt_the_next_wait(runtime, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        runtime.stop()
    assert (record.count("flush"), record.count("teardown")) == (1, 2)
    assert lingering(runtime.graph) == []
    runtime.start()
    record.wait_for(10)


def test_ctrl_c_inside_a_removal_still_takes_it_out(runtime: StreamRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
    staying, going = Record(), Record()
    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Collect, record=staying))
    sink = runtime.add_processor(Collect, record=going)
    runtime.connect(source, sink)
    runtime.start()
    going.wait_for(10)
    interrupt_the_next_wait(runtime, monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        runtime.remove(sink)
    assert going.count("teardown") == 1
    assert sink.id not in runtime.graph
    staying.wait_for(10)
    assert staying.is_gapless()
    assert str(runtime.history[-1]).endswith(f"remove {sink.id}")
    runtime.undo()
    going.wait_for(10)


@pytest.mark.parametrize("moment", [GraphWillAddProcessor, GraphWillCreateLink, CompileStarted, CompileStepStarted])
def test_ctrl_c_before_links_are_switched_takes_the_edit_back(runtime: StreamRuntime, moment: type[Event]) -> None:
    def interrupt(event: Event) -> None:
        if isinstance(event, moment):
            told.close()
            raise KeyboardInterrupt

    record = Record()
    source = runtime.add_processor(Numbers)
    runtime.connect(source, runtime.add_processor(Collect, record=record))
    runtime.start()
    record.wait_for(10)
    before = runtime.graph.processor_ids(), runtime.graph.link_ids(), runtime.history
    told = runtime.events.subscribe("*", interrupt)
    with pytest.raises(KeyboardInterrupt), runtime.edit() as edit:
        edit.connect(source, edit.add_processor(Collect, record=Record(), id="late"))
    assert (runtime.graph.processor_ids(), runtime.graph.link_ids(), runtime.history) == before
    late = Record()
    runtime.connect(source, runtime.add_processor(Collect, record=late, id="late"))
    late.wait_for(10)
    record.wait_for(10)
    assert record.is_gapless()


def stuck_in_a_call(runtime: StreamRuntime, record: Record, release: threading.Event) -> tuple[Any, Any, Any]:
    """A filter that is in a call until it is released; it, the sink that it feeds, and their link."""
    inside, busy = threading.Event(), threading.Event()
    busy.set()
    filter_ = runtime.add_processor(Sluggish, busy=busy, inside=inside, release=release)
    sink = runtime.add_processor(Collect, record=record)
    runtime.connect(runtime.add_processor(Numbers), filter_)
    link = runtime.connect(filter_, sink)
    runtime.start()
    assert inside.wait(SECONDS)
    return filter_, sink, link


def test_ctrl_c_while_links_are_switched_carries_the_edit_out_without_waiting(
    runtime: StreamRuntime, release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = Record()
    filter_, sink, link = stuck_in_a_call(runtime, record, release)
    wait = Change.wait

    def interrupted(change: Change, timeout_s: float) -> bool:
        monkeypatch.setattr(Change, "wait", wait)
        raise KeyboardInterrupt

    def interrupt_the_switch(event: Event) -> None:
        if isinstance(event, CompileStepStarted) and event.step == "switch":
            monkeypatch.setattr(Change, "wait", interrupted)

    runtime.events.subscribe("runtime:compiler", interrupt_the_switch)
    with pytest.raises(KeyboardInterrupt), runtime.edit() as edit:
        between = edit.add_processor(Pass)
        edit.disconnect(link)
        edit.connect(filter_, between)
        edit.connect(between, sink)
    assert between.state == "running"
    release.set()
    record.wait_for(30)
    assert record.is_gapless()
    assert between.metrics is not None
    assert between.metrics.calls > 0
    runtime.stop()
    runtime.undo()
    assert between.id not in runtime.graph


def test_a_stop_reaches_who_was_cut_off_from_one_that_is_late(runtime: StreamRuntime, release: threading.Event) -> None:
    record = Record()
    _, _, link = stuck_in_a_call(runtime, record, release)
    patience_s, runtime._site.answer_s = runtime._site.answer_s, 0.1
    with suppress(DeadlineError):  # where it was late, the link is cut when it comes back
        runtime.disconnect(link)
    runtime._site.answer_s = patience_s

    def let_it_come_back(event: Event) -> None:
        if isinstance(event, RuntimeStopping):
            release.set()

    stopping = runtime.events.subscribe("runtime:global", let_it_come_back)
    runtime.stop()
    stopping.close()
    assert record.calls == ["setup", "flush", "teardown"]


def test_ctrl_c_behind_the_point_of_no_return_of_a_start_leaves_nobody_running(make: Make) -> None:
    class Interrupted:
        def did_start(self, processor_id: str) -> None:
            raise KeyboardInterrupt

    record = Record()
    runtime = make(processor_delegate=Interrupted())
    runtime.connect(runtime.add_processor(Numbers), runtime.add_processor(Collect, record=record))
    with pytest.raises(KeyboardInterrupt):
        runtime.start()
    assert str(runtime.state) == "idle"
    assert record.count("teardown") == 1
    assert lingering(runtime.graph) == []


def test_a_signal_is_heard_that_the_main_thread_does_not_get() -> None:
    """The kernel may hand it to another thread, which wakes nobody; here the main thread does not take it at all."""
    heard = threading.Event()
    with caught_signals(heard.set, heard.set):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            os.kill(os.getpid(), signal.SIGINT)
            assert heard.wait(SECONDS)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def test_an_edit_is_rolled_back_where_one_who_is_replaced_went_into_a_long_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It was idle when it was asked, and busy when it was to be held: nothing has changed when it comes back."""
    busy, inside, release = threading.Event(), threading.Event(), threading.Event()
    behind, new, gone = Record(), Record(), Record()
    runtime = StreamRuntime(scheduler=Dedicated())
    runtime._site.answer_s = 0.2
    source = runtime.add_processor(Numbers)
    slow = runtime.add_processor(Sluggish, busy=busy, inside=inside, release=release)
    runtime.connect(source, slow)
    runtime.connect(slow, runtime.add_processor(Collect, record=behind))
    going = runtime.add_processor(Collect, record=gone)
    runtime.connect(source, going)

    def edit() -> str:
        with runtime.edit() as edit:
            edit.update_config(slow, turn=1)
            sink = edit.add_processor(Collect, record=new)
            edit.connect(source, sink, delivery="latest")
            edit.remove(going)
        return sink.id

    runtime.start()
    try:
        behind.wait_for(10)
        before = runtime.graph.processor_ids(), runtime.graph.link_ids()
        with pytest.raises(CommitError, match=f"stop of {slow.id} failed: .* Nothing was changed"):
            edit()
        assert (runtime.graph.processor_ids(), runtime.graph.link_ids()) == before
        assert slow.config.turn == 0
        assert gone.count("teardown") == 0
        assert new.calls == ["setup", "teardown"]
        assert [(record.levelname, record.exc_info) for record in caplog.records] == [("WARNING", None)]
        assert slow.id in caplog.text
        busy.clear()
        release.set()
        gone.wait_for(20)
        behind.wait_for(20)
        assert new.numbers == []
        edit()
        new.wait_for(10)
        behind.wait_for(10)
        assert gone.count("teardown") == 1
        assert gone.is_gapless(), gone.gaps()
        assert behind.is_gapless(), behind.gaps()
    finally:
        release.set()
        runtime.stop(drain=False)


@pytest.mark.parametrize("error", [StopIteration("no more"), ValueError("no more")])
def test_any_exception_of_setup_names_the_step_and_the_processor(runtime: StreamRuntime, error: Exception) -> None:
    with pytest.raises(CommitError, match=r"setup of raises_0 failed: no more"):
        runtime.start()
        runtime.add_processor(Raises, error=error, where="setup")
    assert runtime.graph.processor_ids() == []


def test_an_exit_inside_config_changed_leaves_the_config_as_it_was(runtime: StreamRuntime) -> None:
    raises = runtime.add_processor(Raises, error=SystemExit("out"), where="config_changed")
    runtime.start()
    with pytest.raises(SystemExit, match="out"):
        runtime.update_config(raises, gain=3)
    assert raises.config.gain == 0
    instance = raises.instance()
    assert instance is not None
    assert instance.processor.config.gain == 0


def test_a_pipe_is_refused_before_it_holds_up_every_edit(runtime: StreamRuntime, tmp_path: Path) -> None:
    pipe = tmp_path / "clip.mp4"
    os.mkfifo(pipe)
    runtime.start()
    with pytest.raises(CommitError, match=r"clip\.mp4 is a pipe; write what comes from it to a file"):
        runtime.add_processor(FileReader, path=str(pipe))


class Interrupting:
    """Presses Ctrl-C where Python would look for it: as one of its functions begins, or behind a call of C."""

    def __init__(self, at: int | None = None) -> None:
        self.calls = 0
        self._at = at

    def __enter__(self) -> Self:
        sys.setprofile(self._count)
        return self

    def __exit__(self, *raised: object) -> None:
        sys.setprofile(None)

    def _count(self, frame: FrameType, event: str, argument: object) -> None:
        if event in {"call", "c_return"} and "/streamlib/" in frame.f_code.co_filename:
            self.calls += 1
            if self.calls == self._at:
                sys.setprofile(None)
                signal.raise_signal(signal.SIGINT)


class Place:
    """A stream with a branch, and an edit that adds to it, restarts a part of it and takes its end out."""

    def __init__(self, runtime: StreamRuntime) -> None:
        self.runtime = runtime
        self.main, self.branch = Record(), Record()
        self.source = runtime.add_processor(Numbers)
        self.between = runtime.add_processor(Pass)
        self.going = runtime.add_processor(Collect, record=self.branch)
        runtime.connect(self.source, runtime.add_processor(Collect, record=self.main))
        runtime.connect(self.source, self.between)
        runtime.connect(self.between, self.going)
        runtime.start()
        self.main.wait_for(3)

    def edit(self) -> None:
        with self.runtime.edit() as edit:
            edit.connect(self.source, edit.add_processor(Pass, id="new"))
            edit.update_config(self.between, tag="other")
            edit.remove(self.going)

    def ids(self) -> set[str]:
        return {str(id_) for id_ in self.runtime.graph.processor_ids()}


POINTS = 24
"""So many moments of the edit are tried, evenly among its calls."""


def test_ctrl_c_at_any_call_of_an_edit_leaves_all_of_it_or_nothing(make: Make) -> None:
    place = Place(make())
    with Interrupting() as whole:
        place.edit()
    place.runtime.stop()
    found = set()
    for point in range(POINTS):
        place = Place(make())
        before, records = place.ids(), len(place.runtime.history)
        with suppress(KeyboardInterrupt), Interrupting(1 + point * whole.calls // POINTS):
            place.edit()
        was_made = "new" in place.ids()
        found.add(was_made)
        assert place.ids() == (before - {place.going.id} | {"new"} if was_made else before)
        assert len(place.runtime.history) == records + was_made
        assert place.between.config.tag == ("other" if was_made else "")
        place.main.wait_for(10)
        if not was_made:
            place.branch.wait_for(10)
            place.edit()
        assert place.runtime.processor("new").state == "running"
        place.main.wait_for(10)
        assert place.main.is_gapless()
        place.runtime.stop()
        assert {state_of.state for state_of in place.runtime.processors()} == {"idle"}
    assert found == {True, False}
