from __future__ import annotations

import numpy as np

from streamlib.control.cli.vignette import Vignette, shade
from streamlib.frames.video import VideoFrame
from streamlib.testing import run_processor


def grey(height: int, width: int, timestamp_ns: int = 0) -> VideoFrame:
    return VideoFrame.from_ndarray(np.full((height, width, 3), 200, np.uint8), timestamp_ns=timestamp_ns)


def test_the_middle_keeps_its_light_and_the_corners_lose_theirs() -> None:
    kept = shade(49, 65, 0.75)
    assert kept.shape == (49, 65, 1)
    assert kept[24, 32] == 256
    assert {int(kept[y, x, 0]) for y in (0, -1) for x in (0, -1)} == {64}


def test_pictures_of_any_size_are_darkened_and_keep_their_times() -> None:
    small, large = run_processor(Vignette, [grey(48, 64, 1), grey(90, 160, 2)])["video_out"]
    assert (small.timestamp_ns, large.timestamp_ns) == (1, 2)
    for frame in (small, large):
        pixels = frame.to_ndarray("rgb24")
        assert pixels[0, 0, 0] == 50
        assert pixels[frame.height // 2, frame.width // 2, 0] >= 198


def test_without_strength_a_picture_stays_as_it_is() -> None:
    (frame,) = run_processor(Vignette, [grey(48, 64)], strength=0.0)["video_out"]
    assert np.array_equal(frame.to_ndarray("rgb24"), grey(48, 64).to_ndarray("rgb24"))


def test_its_strength_is_live() -> None:
    vignette = Vignette()
    assert "strength" in Vignette.declaration.config.live
    vignette._shade = shade(48, 64, 0.5)
    vignette.config_changed(vignette.config)
    assert vignette._shade is None
