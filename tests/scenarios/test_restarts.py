"""Processors whose error policy is `restart`: made anew after a back-off, up to a limit, while the rest goes on."""

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
from streamlib.errors import ProcessorFailed
from streamlib.events import (
    CommitFailed,
    CompileStepDone,
    Event,
    ProcessorRestarted,
    ProcessorRestarting,
    ProcessorStateChanged,
)
from streamlib.processors.execution_mode import RestartLimits
from streamlib.states import ID_TRANSITIONS, ProcessorState
from tests.scenarios.conftest import Make
from tests.scenarios.stage import SECONDS, Collect, Hand, Lightweight, Numbers, Record

AT_ONCE = RestartLimits(attempts=3, first_s=0.0, longest_s=0.0, reset_s=1e6)


class Fragile(Processor):
    """Passes frames on and raises at those that are told, and in each setup but the first where told so."""

    class Config(ProcessorConfig):
        record: Any
        at: tuple[int, ...] = ()
        bad_setups: int = 0

    error_policy = "restart"
    restart_limits = AT_ONCE
    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        record = self.config.record
        record.called("setup")
        if 1 < record.count("setup") <= 1 + self.config.bad_setups:
            raise OSError("no device")

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is None:
            return
        if frame.data["n"] in self.config.at:
            raise ValueError(f"no luck with {frame.data['n']}")
        self.out.write(frame)

    def flush(self, ctx: ProcessContext) -> None:
        self.config.record.called("flush")

    def teardown(self) -> None:
        self.config.record.called("teardown")


class Play:
    """A source that feeds a fragile branch and a sound one."""

    def __init__(self, make: Make, count: int = 300, **config: Any) -> None:
        self.runtime = make()
        self.record, self.seen, self.main = Record(), Record(), Record()
        self.restarting: list[ProcessorRestarting] = []
        self.restarted: list[ProcessorRestarted] = []
        self.states: list[ProcessorState] = []
        self.changes: list[ProcessorStateChanged] = []
        self.told: list[str] = []
        self.waits = threading.Event()
        source = self.runtime.add_processor(Numbers, count=count)
        self.fragile = self.runtime.add_processor(Fragile, record=self.record, **config)
        self.runtime.connect(source, self.fragile)
        self.runtime.connect(self.fragile, self.runtime.add_processor(Collect, record=self.seen))
        self.runtime.connect(source, self.runtime.add_processor(Collect, record=self.main))
        self.runtime.events.subscribe("processor:fragile_0", self._note)

    def _note(self, event: object) -> None:
        self.told.append(type(event).__name__)
        if isinstance(event, ProcessorRestarting):
            self.restarting.append(event)
        elif isinstance(event, ProcessorRestarted):
            self.restarted.append(event)
        elif isinstance(event, ProcessorStateChanged):
            assert event.new in ID_TRANSITIONS[event.old], event
            self.states.append(event.new)
            self.changes.append(event)
            if event.new is ProcessorState.RESTARTING:
                self.waits.set()


@pytest.mark.promise("error.restart")
def test_it_is_made_anew_and_loses_the_frame_it_failed_on_and_no_other(make: Make) -> None:
    play = Play(make, at=(50, 120))
    play.runtime.start()
    assert play.runtime.wait(SECONDS)
    assert play.seen.numbers == [n for n in range(300) if n not in {50, 120}]
    assert play.main.numbers == list(range(300))
    assert play.record.calls == ["setup", "setup", "teardown", "setup", "teardown", "flush", "teardown"]
    assert play.states.count(ProcessorState.RESTARTING) == 2
    assert [event.attempt for event in play.restarting] == [1, 2]
    assert [event.attempt for event in play.restarted] == [1, 2]
    assert play.fragile.state == "ended"
    metrics = play.fragile.metrics
    assert metrics is not None
    assert metrics.errors == 2


def test_beyond_the_limit_it_fails_and_wait_reports_it(make: Make) -> None:
    play = Play(make, at=(10, 20, 30, 40))
    play.runtime.start()
    with pytest.raises(ProcessorFailed, match="no luck with 40"):
        play.runtime.wait(SECONDS)
    assert play.fragile.state == "failed"
    assert play.seen.numbers == [n for n in range(40) if n not in {10, 20, 30}]
    assert play.main.numbers == list(range(300))
    assert play.record.count("setup") == play.record.count("teardown") == 4


def test_what_is_told_of_restarts_is_in_the_order_in_which_it_happens(make: Make) -> None:
    """An attempt has succeeded before the new one can fail, and each state follows the one told before."""
    play = Play(make, count=60, at=(10, 11, 12, 13))
    play.runtime.start()
    with pytest.raises(ProcessorFailed):
        play.runtime.wait(SECONDS)
    play.runtime.stop()
    row = [name for name in play.told if name != "ProcessorStateChanged"]
    attempt = ["ProcessorError", "ProcessorRestarting", "ProcessorRestarted"]
    assert row == [*attempt, *attempt, *attempt, "ProcessorError"]
    assert [change.old for change in play.changes] == [ProcessorState.IDLE, *play.states[:-1]]
    assert play.states[-1] is ProcessorState.IDLE


def test_restarts_are_logged_and_the_failure_says_how_many_there_were(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    play = Play(make, count=60, at=(10, 20, 30, 40))
    play.runtime.start()
    with pytest.raises(ProcessorFailed, match=r"fragile_0: ValueError: no luck with 40 \(after 3 restarts\)"):
        play.runtime.wait(SECONDS)
    said = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert said == [
        "fragile_0: failed (ValueError: no luck with 10); restarting, attempt 1 of 3 in 0 s",
        "fragile_0: failed (ValueError: no luck with 20); restarting, attempt 2 of 3 in 0 s",
        "fragile_0: failed (ValueError: no luck with 30); restarting, attempt 3 of 3 in 0 s",
        "fragile_0: gave up after 3 attempts",
    ]


def test_a_setup_that_fails_again_counts_as_an_attempt(make: Make) -> None:
    play = Play(make, at=(10,), bad_setups=2)
    play.runtime.start()
    assert play.runtime.wait(SECONDS)
    assert play.seen.numbers == [n for n in range(300) if n != 10]
    assert [event.attempt for event in play.restarting] == [1, 2, 3]
    assert play.record.count("setup") == play.record.count("teardown") == 4


def test_a_setup_that_fails_every_time_ends_it(make: Make) -> None:
    play = Play(make, at=(10,), bad_setups=99)
    play.runtime.start()
    with pytest.raises(ProcessorFailed, match="no device"):
        play.runtime.wait(SECONDS)
    assert play.main.numbers == list(range(300))
    assert play.record.count("setup") == play.record.count("teardown") == 4


def test_a_stop_does_not_wait_for_the_next_attempt(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    never = Fragile.declaration.restart_limits
    monkeypatch.setattr(type(never), "delay_s", lambda self, attempt: 1e6)
    play = Play(make, at=(10,))
    play.runtime.start()
    assert play.waits.wait(SECONDS)
    play.runtime.stop(timeout=SECONDS)
    assert play.record.calls == ["setup", "teardown"]
    assert play.runtime.graph.state == "idle"


class Stopping(Hand):
    """A manual source that stops in a call for as long as it is told to."""

    class Config(ProcessorConfig):
        stops: Any
        reached: Any
        release: Any

    def process(self, ctx: ProcessContext) -> None:
        if self.config.stops.is_set():
            self.config.reached.set()
            assert self.config.release.wait(SECONDS)
        self.out.write(DataFrame({"n": self.n}))
        self.n += 1


def test_one_that_is_replaced_later_because_its_thread_is_in_a_call_is_no_failed_attempt(
    release: threading.Event,
) -> None:
    """The new one is set up and will take its place: nothing is to be tried again."""
    record, stops, reached = Record(), threading.Event(), threading.Event()
    settled, runs = threading.Event(), threading.Event()
    attempts: list[int] = []
    with StreamRuntime(scheduler=Lightweight()) as runtime:
        hand = runtime.add_processor(Stopping, stops=stops, reached=reached, release=release)
        fragile = runtime.add_processor(Fragile, record=Record(), at=(0,))
        runtime.connect(hand, fragile)
        runtime.connect(fragile, runtime.add_processor(Collect, record=record))
        steps = threading.Thread(target=lambda: runtime.step(hand))

        def held(event: Event) -> None:
            if isinstance(event, CompileStepDone) and (event.step, event.subject) == ("stop", fragile.id):
                stops.set()  # behind what can be rolled back
                steps.start()
                assert reached.wait(SECONDS)

        def note(event: Event) -> None:
            if isinstance(event, ProcessorRestarting):
                attempts.append(event.attempt)
            elif isinstance(event, ProcessorRestarted):
                runs.set()

        runtime.events.subscribe("runtime:compiler", held)
        runtime.events.subscribe(f"processor:{fragile.id}", note)
        runtime.events.subscribe(
            "runtime:global", lambda event: settled.set() if isinstance(event, CommitFailed) else None
        )
        runtime.start()
        runtime._site.answer_s = 0.05
        runtime.step(hand)
        assert settled.wait(SECONDS)
        release.set()
        assert runs.wait(SECONDS)
        steps.join(SECONDS)
        runtime.step(hand)
        assert record.numbers == [1, 2]
    assert attempts == [1]
