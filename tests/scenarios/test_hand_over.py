"""What a processor gives to the one that takes its place in a restart."""

from __future__ import annotations

from typing import Any, Self

import pytest

from streamlib import (
    DataFrame,
    LinkInput,
    ProcessContext,
    Processor,
    ProcessorConfig,
    PushSource,
    RuntimeContext,
    StreamRuntime,
)
from streamlib.processors.execution_mode import RestartLimits
from streamlib.runtime.bridge import PushHandle
from streamlib.runtime.handles import ProcessorHandle
from tests.scenarios.stage import SECONDS, Numbers, Record


class Sums(Processor):
    """Adds up what comes and goes on with the sum after a restart; raises where its config says."""

    class Config(ProcessorConfig):
        record: Any
        fails_at: int = -1
        refuses: bool = False

    restart_limits = RestartLimits(first_s=0.0)
    into = LinkInput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.sum = 0
        self.config.record.called("setup")

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is None:
            return
        if frame.data["n"] == self.config.fails_at:
            raise ValueError("no luck")
        self.sum += int(str(frame.data["n"]))
        self.config.record.add(self.sum)

    def hand_over(self, heir: Self) -> None:
        self.config.record.called("hand over")
        if self.config.refuses:
            raise ValueError("it is mine")
        heir.sum = self.sum

    def flush(self, ctx: ProcessContext) -> None:
        self.config.record.called("flush")

    def teardown(self) -> None:
        self.config.record.called("teardown")


def restart_in_the_middle(runtime: StreamRuntime, source: PushHandle, sums: ProcessorHandle) -> None:
    runtime.connect(source, sums)
    runtime.start()
    for n in range(100):
        source.push(DataFrame({"n": n}))
        if n == 50:
            runtime.restart(sums)
    source.end()
    assert runtime.wait(SECONDS)


def test_a_processor_hands_over_before_it_flushes_and_once_the_other_is_set_up(runtime: StreamRuntime) -> None:
    record = Record()
    source = runtime.add_processor(PushSource, type=DataFrame)
    sums = runtime.add_processor(Sums, record=record)
    restart_in_the_middle(runtime, source, sums)
    assert record.numbers[-1] == sum(range(100))
    assert record.calls == ["setup", "setup", "hand over", "flush", "teardown", "flush", "teardown"]


def test_one_that_failed_and_is_made_anew_hands_over_too(runtime: StreamRuntime) -> None:
    record = Record()
    source = runtime.add_processor(Numbers, count=50)
    sums = runtime.add_processor(Sums, record=record, fails_at=20, on_error="restart")
    runtime.connect(source, sums)
    runtime.start()
    assert runtime.wait(SECONDS)
    assert record.numbers[-1] == sum(range(50)) - 20
    assert record.count("hand over") == 1


def test_what_handing_over_raises_is_reported_and_stops_nothing(
    runtime: StreamRuntime, caplog: pytest.LogCaptureFixture
) -> None:
    record = Record()
    source = runtime.add_processor(PushSource, type=DataFrame)
    sums = runtime.add_processor(Sums, record=record, refuses=True)
    restart_in_the_middle(runtime, source, sums)
    assert record.calls == ["setup", "setup", "hand over", "flush", "teardown", "flush", "teardown"]
    assert sums.metrics is not None
    assert sums.metrics.errors == 1
    assert "it is mine" in caplog.text
