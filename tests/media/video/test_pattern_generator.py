from __future__ import annotations

from pathlib import Path

import pytest

from streamlib.errors import ConfigError
from streamlib.frames.video import VideoFrame
from streamlib.media import Mp4Writer, TestPatternGenerator
from streamlib.testing import run_processor
from tests.media.clips import SECOND, assert_plays, frame_count, packets, probe
from tests.media.rig import Rig


def rig(**fields: object) -> Rig:
    return Rig(
        TestPatternGenerator.from_config({"pace": "fast", "width": 64, "height": 48, **fields}), outputs=["video"]
    )


def frames(**fields: object) -> list[VideoFrame]:
    return rig(**fields).run().out("video")


@pytest.mark.promise("media.sources")
def test_a_runtime_sees_as_many_pictures_as_were_asked_for() -> None:
    seen: list[VideoFrame] = run_processor(TestPatternGenerator, frames=5, pace="fast")["video"]
    assert {(frame.width, frame.height, frame.format, frame.color_matrix) for frame in seen} == {
        (1280, 720, "yuv420p", "bt709")
    }
    assert [frame.timestamp_ns for frame in seen] == [n * SECOND // 30 for n in range(5)]
    assert [frame.timestamp_ns + frame.duration_ns for frame in seen] == [n * SECOND // 30 for n in range(1, 6)]


@pytest.mark.promise("media.sources")
def test_another_program_sees_what_was_recorded_of_it(tmp_path: Path) -> None:
    path = tmp_path / "pattern.mp4"
    Rig(
        Mp4Writer.from_config({"path": str(path)}),
        inputs={"video": frames(width=320, height=180, frame_rate=30_000 / 1001, duration=2)},
    ).run()
    assert_plays(path)
    told = probe(path)["video"]
    assert (told["width"], told["height"], told["r_frame_rate"]) == (320, 180, "30000/1001")
    assert frame_count(path, "v:0") == 60
    assert sum(int(packet["size"]) for packet in packets(path, "v:0")) > 10_000


@pytest.mark.parametrize(("rate", "count"), [(1, 1), (12.5, 13), (59.94, 60), (1000, 1000)])
def test_any_rate_gives_so_many_pictures_in_a_second(rate: float, count: int) -> None:
    seen = frames(frame_rate=rate, duration=1, width=16, height=16)
    assert len(seen) == count
    assert seen[-1].timestamp_ns == pytest.approx((count - 1) * SECOND / rate, abs=1)


def test_an_odd_size_comes_as_rgb() -> None:
    frame = frames(width=63, height=47, frames=1)[0]
    assert (frame.width, frame.height, frame.format) == (63, 47, "rgb24")


def test_an_odd_size_is_refused_where_chroma_is_halved() -> None:
    with pytest.raises(ConfigError, match="needs an even width and height, not 63x48"):
        rig(width=63, format="yuv420p")


def test_pattern_ball_and_text_are_live() -> None:
    run = rig(format="gray8", ball=False, text=False).setup()
    for change in ({"pattern": "black"}, {"pattern": "white"}, {"ball": True}, {"ball": False, "text": True}):
        run.reconfigure(**change)
        run.step()
    black, white, ball, text = (frame.to_ndarray() for frame in run.out("video"))
    assert (black.max(), white.min()) == (0, 255)
    assert ball.min() > text.min() == 0


def test_in_real_time_it_asks_to_be_called_when_a_picture_is_due() -> None:
    run = rig(pace="realtime", frame_rate=10).setup()
    start_ns = run.clock.time_ns
    while len(run.out("video")) < 4:
        run.step()
    assert run.clock.time_ns - start_ns == 3 * SECOND // 10
    run.reconfigure(pace="fast", frames=10)
    while not run.has_ended:
        run.step()
    assert run.clock.time_ns - start_ns == 3 * SECOND // 10
    assert len(run.out("video")) == 10


@pytest.mark.parametrize(("field", "value"), [("width", -2), ("frame_rate", -1), ("pattern", "bar"), ("frames", -1)])
def test_a_value_that_makes_no_picture_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ConfigError, match=field):
        TestPatternGenerator.from_config({field: value})
