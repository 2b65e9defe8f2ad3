from __future__ import annotations

from streamlib.frames.data import DataFrame
from streamlib.runtime.runtime import StreamRuntime
from streamlib.testing import Collected, ListSink
from streamlib.testing.conformance.feeder import Feed, Feeder
from streamlib.testing.conformance.supply import Supply


def test_as_many_frames_come_as_are_allowed_and_then_the_end() -> None:
    feed, into = Feed(Supply("inp", [DataFrame({"n": n}, timestamp_ns=n) for n in range(3)])), Collected()
    with StreamRuntime() as runtime:
        feeder = runtime.add_processor(Feeder, feed=feed, type=DataFrame)
        runtime.connect(feeder, runtime.add_processor(ListSink, into=into))
        runtime.start()
        feed.allow(2)
        assert len(into.wait_for(2)) == 2
        feed.allow(1)
        feed.allow(5)
        assert [frame.data["n"] for frame in into.wait_for(5)] == [0, 1, 2, 0, 1]
        assert feed.sent == 5
        assert not into.ended
        feed.allow(6)
        feed.end()
        assert runtime.wait(5)
    assert len(into.frames) == 6
    assert into.ended
