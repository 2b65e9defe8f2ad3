"""What `wait` waits for."""

from __future__ import annotations

from streamlib import StreamRuntime
from tests.scenarios.stage import SECONDS, Collect, Hand, Numbers, Record


def test_a_graph_without_sources_is_complete_at_once() -> None:
    with StreamRuntime() as runtime:
        runtime.add_processor(Collect, record=Record())
        runtime.start()
        assert runtime.wait(SECONDS)


def test_a_manual_processor_is_nobody_s_to_wait_for() -> None:
    with StreamRuntime() as runtime:
        runtime.add_processor(Hand)
        runtime.start()
        assert runtime.wait(SECONDS)


def test_a_source_that_is_added_later_is_waited_for() -> None:
    record = Record()
    with StreamRuntime() as runtime:
        sink = runtime.add_processor(Collect, record=record)
        runtime.start()
        assert runtime.wait(SECONDS)
        with runtime.edit() as edit:  # alone, the source would have sent its frames before it is connected
            edit.connect(edit.add_processor(Numbers, count=50), sink)
        assert runtime.wait(SECONDS)
    assert record.numbers == list(range(50))
