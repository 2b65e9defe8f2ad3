from __future__ import annotations

import logging

import pytest

from streamlib import StreamRuntime
from streamlib.errors import ConfigError
from streamlib.frames.data import DataFrame
from streamlib.frames.video import VideoFrame
from streamlib.media import StreamSync, TestPatternGenerator
from streamlib.testing import Collected, Gate, ListSink, ListSource, ManualClock
from tests.media.clips import SECOND, pictures
from tests.media.rig import FakeLink, Rig

MS = SECOND // 1000


def rig(inputs: dict[str, list[VideoFrame]], **fields: object) -> Rig:
    return Rig(StreamSync.from_config(fields), inputs={"inputs": inputs}, outputs=["output"])


def times(frames: list[DataFrame]) -> list[tuple[int | None, ...]]:
    """The timestamps of what was joined, in milliseconds."""
    found: list[tuple[int | None, ...]] = []
    for frame in frames:
        together = frame.data["frames"]
        assert isinstance(together, tuple)
        found.append(tuple(one and one.timestamp_ns // MS for one in together))
    return found


@pytest.mark.promise("media.stream-sync")
def test_sources_of_a_graph_are_joined_frame_by_frame() -> None:
    collected = Collected()
    with StreamRuntime() as runtime:
        sync = runtime.add_processor(StreamSync, deadline_ms=0)
        for frames in (20, 30):
            source = runtime.add_processor(TestPatternGenerator, width=16, height=16, frames=frames, pace="fast")
            runtime.connect(source, sync)
        runtime.connect(sync, runtime.add_processor(ListSink, into=collected).input("input"))
        runtime.start()
        assert runtime.wait(10)
    assert len(collected.frames) == 20
    for n, frame in enumerate(collected.frames):
        assert [one.timestamp_ns for one in frame.data["frames"]] == [n * SECOND // 30] * 2
        assert frame.timestamp_ns == n * SECOND // 30
        assert frame.entered_ns > 0
    assert collected.frames[0].data["sources"] == (
        "test_pattern_generator_0.video",
        "test_pattern_generator_1.video",
    )


@pytest.mark.promise("media.stream-sync")
def test_what_waits_in_vain_goes_at_its_deadline() -> None:
    clock, collected, gate = ManualClock(), Collected(), Gate()
    with StreamRuntime(clock=clock) as runtime:
        sync = runtime.add_processor(StreamSync, deadline_ms=100, partial=True)
        runtime.connect(runtime.add_processor(ListSource, items=(*pictures(1), gate)), sync)
        runtime.connect(runtime.add_processor(ListSource, items=(gate,), type=VideoFrame), sync)
        runtime.connect(sync, runtime.add_processor(ListSink, into=collected).input("input"))
        runtime.start()
        gate.wait_until_reached()
        clock.wait_for_sleepers(3)
        assert not collected.frames
        while not collected.frames:
            clock.wait_for_sleepers(3)
            clock.advance(100 * MS)
        gate.open()
    assert times(collected.frames) == [(0, None)]


@pytest.mark.promise("media.stream-sync")
def test_frames_within_the_tolerance_are_joined_and_others_left_out(caplog: pytest.LogCaptureFixture) -> None:
    left, right = pictures(10), pictures(10, start_ns=7 * MS)
    inputs = {"left_0.video": left, "right_0.video": right[:3] + right[4:]}
    with caplog.at_level(logging.INFO):
        run = rig(inputs, tolerance_ms=8).run()
    assert times(run.out("output")) == [(40 * n, 40 * n + 7) for n in range(10) if n != 3]
    assert "left out 1 frames" in caplog.text


def test_the_rules_are_live() -> None:
    run = rig({"a_0.video": pictures(4), "b_0.video": pictures(4, start_ns=20 * MS)}, tolerance_ms=5).setup()
    run.reconfigure(tolerance_ms=20, partial=True)
    while run.many["inputs"].frames:
        run.step()
    run.processor.flush(run.context)
    assert times(run.out("output")) == [(40 * n, 40 * n + 20) for n in range(4)]
    run.processor.teardown()


def test_beyond_its_capacity_frames_wait_in_their_link() -> None:
    run = rig({"a_0.video": pictures(10), "b_0.video": []}, capacity=4, deadline_ms=0).setup()
    run.many["inputs"].links[1].is_closed = False
    for _ in range(3):
        run.step()
    assert [len(link.frames) for link in run.many["inputs"].links] == [6, 0]
    run.many["inputs"].links[1].frames.extend(pictures(10))
    for _ in range(12):
        run.step()
    assert len(run.out("output")) == 10


def test_links_that_have_ended_are_not_waited_for() -> None:
    run = rig({"a_0.video": pictures(4), "b_0.video": pictures(2)}, partial=True, deadline_ms=0).run()
    assert times(run.out("output")) == [(0, 0), (40, 40), (80, None), (120, None)]


def test_a_source_that_is_cut_and_connected_again_is_one_source_whose_frames_stay_in_order() -> None:
    run = rig({"a_0.video": pictures(2), "b_0.video": pictures(4)}, deadline_ms=0).setup()
    port = run.many["inputs"]
    port.links.append(FakeLink("a_0.video", pictures(2, start_ns=80 * MS)))
    while port.frames:
        run.step()
    run.processor.flush(run.context)
    joined = run.out("output")
    assert times(joined) == [(0, 0), (40, 40), (80, 80), (120, 120)]
    assert {frame.data["sources"] for frame in joined} == {("a_0.video", "b_0.video")}
    run.processor.teardown()


@pytest.mark.parametrize("field", ["tolerance_ms", "deadline_ms", "capacity"])
def test_a_rule_below_zero_is_refused_by_name(field: str) -> None:
    with pytest.raises(ConfigError, match=field):
        StreamSync.from_config({field: -1})
