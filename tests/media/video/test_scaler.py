from __future__ import annotations

import numpy as np
import pytest

from streamlib.errors import ConfigError
from streamlib.frames.video import VideoFrame
from streamlib.media import VideoScaler
from streamlib.media.video.scaler import scaled
from tests.media.clips import pictures
from tests.media.rig import Rig


@pytest.mark.promise("media.video-scaler")
def test_the_size_is_live() -> None:
    scaler = VideoScaler.from_config({"width": 32, "height": 24})
    run = Rig(scaler, inputs={"video_in": pictures(4)}, outputs=["video_out"]).setup()
    run.step()
    run.reconfigure(width=128, height=96)
    run.step()
    assert [(frame.width, frame.height) for frame in run.out("video_out")] == [(32, 24), (128, 96)]
    scaler.teardown()


@pytest.mark.parametrize("format", ["rgb24", "bgr24", "rgba", "bgra", "gray8", "yuv420p", "nv12"])
def test_the_format_and_the_colours_are_kept(format: str) -> None:
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[..., 1] = 180
    frame = VideoFrame.from_ndarray(pixels, color_range="full", color_matrix="bt709").convert(format)
    small = scaled(frame, 32, 24)
    assert (small.format, small.color_range, small.color_matrix) == (format, "full", "bt709")
    assert np.allclose(small.to_ndarray("rgb24").mean(axis=(0, 1)), frame.to_ndarray("rgb24").mean(axis=(0, 1)), atol=3)


def test_stamps_and_metadata_go_on() -> None:
    frame = pictures(3)[2]
    small = scaled(frame, 32, 24)
    for name in ("timestamp_ns", "duration_ns", "entered_ns", "sequence", "metadata"):
        assert getattr(small, name) == getattr(frame, name)


@pytest.mark.parametrize(
    ("asked", "got"),
    [((32, 0), (32, 24)), ((0, 96), (128, 96)), ((0, 0), (64, 48)), ((1, 0), (1, 1)), ((31, 17), (31, 17))],
)
def test_a_side_of_zero_keeps_the_proportions(asked: tuple[int, int], got: tuple[int, int]) -> None:
    small = scaled(pictures(1)[0], *asked)
    assert (small.width, small.height) == got


@pytest.mark.promise("media.odd-streams")
def test_an_odd_side_becomes_even_where_chroma_is_halved() -> None:
    small = scaled(pictures(1)[0].convert("yuv420p"), 31, 17)
    assert (small.width, small.height) == (30, 16)
    assert small.to_ndarray().shape == (24, 30)


def test_a_frame_that_fits_passes_as_it_is() -> None:
    frame = pictures(1)[0]
    assert scaled(frame, 64, 48) is frame


def test_a_side_below_zero_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="width"):
        VideoScaler.from_config({"width": -2})
