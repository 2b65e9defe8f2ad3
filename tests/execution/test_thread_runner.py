from __future__ import annotations

import logging
import threading

import pytest

from streamlib.execution.loops import Loop
from streamlib.execution.thread_runner import ThreadRunner
from streamlib.processors.context import ProcessContext
from streamlib.states import ProcessorState
from tests.execution.plain_processors import (
    Endless,
    Hand,
    Held,
    Note,
    Relay,
    Sink,
    Source,
    numbers,
)
from tests.execution.rig import SECONDS, Rig, own, stand_in


def test_a_runner_that_never_started_has_ended() -> None:
    rig = Rig()
    runner = ThreadRunner(rig.loop(head=False), "never")
    assert runner.join(0)


def test_the_thread_bears_its_name_and_ends_when_it_is_stopped() -> None:
    rig = Rig()
    loop = rig.loop(head=False)
    runner = ThreadRunner(loop, "streamlib:camera_0")
    runner.start()
    assert loop.threaded
    names: list[str] = []
    loop.apply(lambda: names.append(threading.current_thread().name), SECONDS)
    assert names == ["streamlib:camera_0"]
    runner.stop()
    assert runner.join(SECONDS)
    assert not loop.threaded


def test_a_thread_that_is_held_up_has_not_ended_in_time() -> None:
    rig, sink = Rig(), Held()
    source, end = rig.add(Source(1)), rig.add(sink)
    rig.loop(source)
    loop = rig.loop(end)
    rig.link(source, end)
    runner = next(runner for runner in rig.start() if runner.loop is loop)
    sink.gate.wait_until_reached()
    runner.stop()
    assert not runner.join(0.001)
    sink.gate.open()
    rig.stop()


def test_stopping_is_between_two_frames() -> None:
    rig, sink, endless = Rig(), Sink(), Endless()
    source, end = rig.add(endless), rig.add(sink)
    loop = rig.loop(source, end)
    rig.link(source, end)
    runner = rig.start()[0]
    loop.apply(lambda: None, SECONDS)
    runner.stop()
    assert runner.join(SECONDS)
    assert numbers(sink.got) == list(range(endless.sent))


def test_a_loop_can_be_changed_after_its_thread_has_ended() -> None:
    rig = Rig()
    loop = rig.loop(head=False)
    runner = rig.start()[0]
    runner.stop()
    assert runner.join(SECONDS)
    done: list[int] = []
    loop.apply(lambda: done.append(1), 0)
    loop.apply(lambda: done.append(2), 0, between_calls=True)
    assert done == [1, 2]


class Breaking(Source):
    """Raises what no policy covers."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(10)
        self.error = error

    def process(self, ctx: ProcessContext) -> None:
        """Write five, then break."""
        super().process(ctx)
        if self.sent == 5:
            raise self.error


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_an_exit_ends_the_processor_that_raised_it_and_those_behind_get_the_end(error: BaseException) -> None:
    rig, sink, far = Rig(), Sink(), Sink()
    source, relay, end, other = rig.add(Breaking(error)), rig.add(Relay()), rig.add(sink), rig.add(far)
    rig.loop(source, relay, end)
    rig.loop(other)
    rig.chain(source, relay, end)
    rig.link(source, other)
    rig.run()
    assert source.state is ProcessorState.FAILED
    assert type(error).__name__ in str(source.failure)
    assert [member.state for member in (relay, end, other)] == [ProcessorState.ENDED] * 3
    assert (len(sink.got), len(far.got)) == (5, 5)
    assert own(relay).life == ["setup", "flush", "teardown"]


def test_a_fault_of_ours_ends_everyone_there_and_those_behind_get_the_end(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig, far = Rig(), Sink()
    source, relay, other = rig.add(Endless()), rig.add(Relay()), rig.add(far)
    loop = rig.loop(source, relay)
    rig.loop(other)
    rig.link(source, relay)
    rig.link(source, other)

    def breaks() -> None:
        raise ZeroDivisionError("a fault")

    stand_in(monkeypatch, loop, "take_turn", breaks)
    with caplog.at_level(logging.CRITICAL, "streamlib.execution"):
        rig.run()
    assert [member.state for member in (source, relay)] == [ProcessorState.FAILED] * 2
    assert other.state is ProcessorState.ENDED
    assert own(relay).life == ["setup", "teardown"]
    assert "the thread of endless_0 broke" in caplog.text
    assert {vars(one).get("processor_id") for one in caplog.records if "broke" in one.message} == {source.id}
    done: list[int] = []
    loop.apply(lambda: done.append(1), SECONDS)
    assert done == [1]


def test_what_was_put_aside_is_sent_when_a_loop_is_given_up() -> None:
    class Burst(Relay):
        def process(self, ctx: ProcessContext) -> None:
            super().process(ctx)
            for number in range(20):
                self.out.write(Note(number))

    rig, far = Rig(), Sink()
    hand, burst, other = rig.add(Hand()), rig.add(Burst()), rig.add(far)
    loop = rig.loop(hand, burst)
    rig.loop(other)
    rig.link(hand, burst)
    rig.link(burst, other, capacity=2)
    loop.arrange(loop.members)
    loop.step(SECONDS)
    loop.abandon(SystemExit())
    rig.start(rig.loops[id(other.loop)])
    rig.reports.wait_for(other)
    rig.stop()
    assert len(far.got) == 21
    assert "SystemExit" in str(burst.failure)


class Thinks(Loop):
    """A loop that breaks by itself."""

    def run(self) -> None:
        """Break."""
        raise RuntimeError("no thought")


def test_a_fault_in_the_loop_itself_is_told_and_ends_its_processors(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()
    end = rig.add(Sink())
    loop = Thinks("thinks", rig.clock, rig.clock)
    loop.head = end
    loop.arrange([end])
    runner = ThreadRunner(loop, "thinks")
    with caplog.at_level(logging.CRITICAL, "streamlib.execution"):
        runner.start()
        assert runner.join(SECONDS)
    assert (end.state, str(end.failure)) == (ProcessorState.FAILED, "no thought")
    assert "no thought" in caplog.text
