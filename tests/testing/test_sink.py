from __future__ import annotations

import pytest

from streamlib.errors import DeadlineError
from streamlib.frames.data import DataFrame
from streamlib.runtime.runtime import StreamRuntime
from streamlib.testing.sink import Collected, ListSink
from streamlib.testing.source import ListSource


def test_waiting_for_what_does_not_come_ends() -> None:
    with pytest.raises(DeadlineError, match="2 frames") as late:
        Collected().wait_for(2, timeout=0)
    assert late.value.waiting_for == ("2 more",)


def test_what_arrives_and_that_the_stream_has_ended_is_there_after_the_run() -> None:
    frames = [DataFrame({"n": 1}), DataFrame({"n": 2})]
    with StreamRuntime() as runtime:
        sink = runtime.add_processor(ListSink)
        runtime.connect(runtime.add_processor(ListSource, items=frames), sink)
        runtime.start()
        assert runtime.wait(5)
        collected = sink.config.into
    assert [frame.data for frame in collected.wait_for(5)] == [{"n": 1}, {"n": 2}]
    assert collected.ended
