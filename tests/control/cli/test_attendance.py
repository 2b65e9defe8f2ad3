from __future__ import annotations

import os
import signal
import threading

import pytest

from streamlib.control.cli.attendance import Outcome, attending
from streamlib.errors import ProcessorFailed
from streamlib.frames.data import DataFrame
from streamlib.processors.context import ProcessContext
from streamlib.processors.ports import LinkInput
from streamlib.processors.processor import Processor
from streamlib.runtime.runtime import StreamRuntime
from streamlib.states import GraphState
from streamlib.testing import Gate, ListSink, ListSource

WAIT_S = 5.0


class Full(Processor):
    """A sink that does not read: what feeds it never drains."""

    into = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        return


def runtime_of(*items: object, sink: type[Processor] = ListSink, on_error: str = "skip") -> StreamRuntime:
    runtime = StreamRuntime()
    source = runtime.add_processor(ListSource, items=items, type=DataFrame, on_error=on_error)
    runtime.connect(source, runtime.add_processor(sink))
    return runtime


def test_it_lasts_until_the_sources_have_ended() -> None:
    ticks: list[None] = []
    with runtime_of(DataFrame({})) as runtime, attending(runtime, lambda: ticks.append(None)) as attendance:
        runtime.start()
        assert attendance.until(None) is Outcome.ENDED
    assert len(ticks) >= 2


def test_it_lasts_for_some_time_counted_from_its_beginning() -> None:
    with runtime_of(Gate()) as runtime, attending(runtime, lambda: None) as attendance:
        runtime.start()
        assert attendance.until(20_000_000) is Outcome.TIME
        assert attendance.until(20_000_000) is Outcome.TIME


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_and_stops_nothing(number: signal.Signals) -> None:
    with runtime_of(Gate()) as runtime:
        with attending(runtime, lambda: os.kill(os.getpid(), number)) as attendance:
            runtime.start()
            assert attendance.until(None) is Outcome.SIGNAL
            assert attendance.until(None) is Outcome.SIGNAL
        assert runtime.state is GraphState.RUNNING
        assert not attendance.is_forced


@pytest.mark.promise("lifecycle.second-signal")
def test_a_second_signal_cuts_short_a_stop_that_drains() -> None:
    runtime = runtime_of(*(DataFrame({"n": n}) for n in range(20)), sink=Full)
    with attending(runtime, lambda: os.kill(os.getpid(), signal.SIGINT)) as attendance:
        runtime.start()
        assert attendance.until(None) is Outcome.SIGNAL
        draining = threading.Thread(target=runtime.stop, kwargs={"timeout": 60})
        draining.start()
        os.kill(os.getpid(), signal.SIGTERM)
        draining.join(WAIT_S)
        assert not draining.is_alive()
    assert attendance.is_forced
    assert runtime.state is GraphState.IDLE


def test_failures_are_raised_when_all_is_over() -> None:
    runtime = runtime_of(ValueError("broken"), on_error="fail")
    with runtime, attending(runtime, lambda: None) as attendance:
        runtime.start()
        with pytest.raises(ProcessorFailed, match="broken"):
            attendance.until(None)
