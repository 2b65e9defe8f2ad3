"""Processors that do not play along: they leave their frames unread, or do not come back. Nobody waits for them."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from streamlib import DataFrame, LinkInput, ProcessContext, Processor, ProcessorConfig, StreamRuntime
from streamlib.errors import DeadlineError
from tests.scenarios.stage import SECONDS, Collect, Numbers, Record, Stuck


class Idler(Processor):
    """Is called and reads nothing."""

    class Config(ProcessorConfig):
        record: Any

    into = LinkInput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        self.config.record.called("called")


def test_who_never_reads_is_named_with_the_input_when_a_stop_has_waited_in_vain() -> None:
    """Its source waits inside `write`; one that is inlined does not, and a stop has nobody to wait for."""
    record, runtime = Record(), StreamRuntime()
    runtime.connect(runtime.add_processor(Numbers), runtime.add_processor(Idler, record=record))
    runtime._site.answer_s = 0.2
    runtime.start()
    record.wait_for_call("called")
    with pytest.raises(
        DeadlineError,
        match=r"idler_0 \(process\(\) leaves what waits at into unread; have it read there, or cut the link\)",
    ):
        runtime.stop(timeout=0.2)


def test_those_behind_a_stuck_processor_hear_the_end_once_it_is_left_behind(
    runtime: StreamRuntime, release: threading.Event
) -> None:
    record, behind = Record(), Record()
    source = runtime.add_processor(Numbers)
    stuck = runtime.add_processor(Stuck, record=record, release=release)
    sink = runtime.add_processor(Collect, record=behind)
    runtime.connect(source, stuck)
    runtime.connect(stuck, sink)
    patience_s, runtime._site.answer_s = runtime._site.answer_s, 0.2
    runtime.start()
    record.wait_for_call("stuck")
    with pytest.raises(DeadlineError, match="stuck_0"):
        runtime.remove(stuck, timeout=0.1)
    runtime._site.answer_s = patience_s
    release.set()
    runtime.stop(timeout=SECONDS)
    assert behind.calls[-1] == "teardown"
