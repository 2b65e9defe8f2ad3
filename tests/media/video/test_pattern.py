from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from streamlib.frames.pixel_format import ColorMatrix, ColorRange, PixelFormat
from streamlib.frames.video import VideoFrame
from streamlib.media.video.pattern import BALL, BAR_LEVEL, BARS, Pattern, PatternPainter, PictureShape, clock_text
from tests.media.clips import SECOND


def painter(width: int = 640, height: int = 360, format: str = "rgb24") -> PatternPainter:
    return PatternPainter(shape(width, height, format))


def shape(width: int = 640, height: int = 360, format: str = "rgb24") -> PictureShape:
    return PictureShape(width, height, PixelFormat(format), ColorRange.LIMITED, ColorMatrix.BT709)


def rgb(
    pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], format: str
) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    return VideoFrame.from_ndarray(pixels, format, color_matrix="bt709").to_ndarray("rgb24").astype(np.int64)


@pytest.mark.parametrize("format", ["rgb24", "bgr24", "rgba", "bgra", "yuv420p", "nv12"])
def test_the_bars_have_their_colours_in_every_format(format: str) -> None:
    seen = rgb(painter(format=format).paint(0, 0, pattern=Pattern.BARS, ball=False, text=False), format)
    for index, colour in enumerate(BARS):
        assert np.abs(seen[180, index * 80 + 40] - np.array(colour) * BAR_LEVEL).max() <= 4
    assert seen[340, 1].max() < 6
    assert seen[340, -2].min() > 248


@pytest.mark.parametrize("format", ["rgb24", "yuv420p", "nv12"])
def test_the_ball_is_where_it_says(format: str) -> None:
    made = painter(format=format)
    for time_ns in (0, SECOND, 10 * SECOND + 7):
        left, top = made.ball_at(time_ns)
        seen = rgb(made.paint(0, time_ns, pattern=Pattern.BLACK, ball=True, text=False), format)
        rows, columns = np.nonzero(seen.sum(axis=2) > 100)
        assert (columns.min(), rows.min(), columns.max(), rows.max()) == (left, top, left + 59, top + 59)
        assert np.abs(seen[top + 30, left + 30] - BALL).max() <= 6


def test_the_ball_goes_to_and_fro_and_stays_inside() -> None:
    made = painter(100, 80)
    places = [made.ball_at(n * SECOND // 25) for n in range(25 * 12)]
    assert {min(x for x, _ in places), max(x for x, _ in places)} == {0, 100 - 13}
    assert max(abs(one[0] - two[0]) for one, two in pairwise(places)) <= 2


def test_number_and_time_are_burnt_in_and_can_be_read_back() -> None:
    made = painter(format="gray8")
    seen = made.paint(12_034, 5_040 * SECOND // 1000, pattern=Pattern.WHITE, ball=False, text=True)
    alike = made.paint(12_034, 9 * SECOND, pattern=Pattern.WHITE, ball=False, text=True)
    other = made.paint(12_035, 9 * SECOND, pattern=Pattern.WHITE, ball=False, text=True)
    assert seen.shape == (360, 640)
    assert np.flatnonzero((seen != alike).any(axis=1)).min() > np.flatnonzero((alike != other).any(axis=1)).max()
    digits = {str(n): made.paint(n, 0, pattern=Pattern.WHITE, ball=False, text=True) for n in range(10)}
    columns = np.flatnonzero((digits["0"] != digits["8"]).any(axis=0))
    rows = np.flatnonzero((digits["0"] != digits["8"]).any(axis=1))
    last = np.s_[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    assert min(digits, key=lambda digit: int(np.abs(digits[digit][last].astype(int) - seen[last]).sum())) == "4"


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 200), (200, 3), (17, 31)])
def test_any_size_is_painted(size: tuple[int, int]) -> None:
    pixels = painter(*size).paint(7, SECOND, pattern=Pattern.BARS, ball=True, text=True)
    assert pixels.shape == (size[1], size[0], 3)


@pytest.mark.parametrize(("pattern", "mean"), [("black", 0), ("white", 255), ("grid", 90)])
def test_other_patterns_stand_behind(pattern: str, mean: int) -> None:
    pixels = painter().paint(0, 0, pattern=Pattern(pattern), ball=False, text=False)
    assert pixels.mean() == pytest.approx(mean, abs=20)


def test_a_picture_is_not_drawn_into_by_the_next() -> None:
    made = painter()
    first = made.paint(0, 0, pattern=Pattern.BARS, ball=True, text=True)
    kept = first.copy()
    made.paint(1, SECOND, pattern=Pattern.BARS, ball=True, text=True)
    assert np.array_equal(first, kept)


def test_the_time_is_written_out() -> None:
    assert clock_text(0) == "00:00:00.000"
    assert clock_text((3 * 3600 + 62) * SECOND + 40_999_999) == "03:01:02.040"
