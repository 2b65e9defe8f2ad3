from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamlib.errors import FormatError
from streamlib.frames.pixel_format import (
    ColorMatrix,
    ColorRange,
    PixelFormat,
    array_shape,
    byte_count,
    format_named,
    has_alpha,
    is_subsampled,
    matrix_named,
    picture_size,
    range_named,
    usual_matrix,
)

formats = st.sampled_from(list(PixelFormat))
sizes = st.integers(1, 40)


@pytest.mark.promise("frame.video-formats")
def test_the_formats_are_the_seven_of_the_design() -> None:
    assert {str(format) for format in PixelFormat} == {"rgb24", "bgr24", "rgba", "bgra", "gray8", "yuv420p", "nv12"}


def test_a_format_is_found_by_its_name_and_by_itself() -> None:
    assert format_named("nv12") is PixelFormat.NV12
    assert format_named(PixelFormat.NV12) is PixelFormat.NV12
    assert range_named("full") is ColorRange.FULL
    assert matrix_named("bt2020") is ColorMatrix.BT2020


@pytest.mark.parametrize(
    ("find", "wrong", "near"),
    [(format_named, "rgb42", "rgb24"), (range_named, "ful", "full"), (matrix_named, "bt70", "bt709")],
)
def test_an_unknown_name_is_refused_with_the_nearest(find: object, wrong: str, near: str) -> None:
    assert callable(find)
    with pytest.raises(FormatError, match=f"{wrong}.*did you mean '{near}'"):
        find(wrong)


@given(sizes, sizes, formats)
def test_a_size_gives_a_shape_that_gives_the_size(width: int, height: int, format: PixelFormat) -> None:
    if is_subsampled(format) and (width % 2 or height % 2):
        with pytest.raises(FormatError, match=f"even width and height, and the picture is {width}x{height}"):
            array_shape(width, height, format)
        return
    array = np.zeros(array_shape(width, height, format), np.uint8)
    assert picture_size(array, format) == (width, height)
    assert byte_count(width, height, format) == array.nbytes


def test_chroma_of_odd_sizes_is_counted_rounded_up() -> None:
    assert byte_count(3, 5, PixelFormat.YUV420P) == 15 + 2 * 2 * 3


@pytest.mark.parametrize(
    ("array", "format", "words"),
    [
        (np.zeros((4, 4)), "rgb24", r"\(height, width, 3\), got float64 of shape \(4, 4\); scale to 0..255"),
        (np.zeros((4, 4), np.uint8), "rgb24", r"\(height, width, 3\), got uint8 of shape \(4, 4\)"),
        (np.zeros((4, 4, 3), np.uint8), "rgba", r"\(height, width, 4\), got uint8 of shape \(4, 4, 3\)"),
        (np.zeros((4, 4, 1), np.uint8), "gray8", r"\(height, width\), got uint8 of shape \(4, 4, 1\)"),
        (np.zeros((0, 4, 3), np.uint8), "rgb24", r"got uint8 of shape \(0, 4, 3\)"),
        (np.zeros((4, 4), np.uint8), "yuv420p", r"\(height \* 3 / 2, width\).*only even sizes"),
        (np.zeros((6, 5), np.uint8), "nv12", r"\(height \* 3 / 2, width\).*only even sizes"),
        ([[1, 2]], "gray8", "a numpy array, got list"),
    ],
)
def test_pixels_that_do_not_fit_are_refused_with_what_was_expected_and_what_came(
    array: np.ndarray, format: str, words: str
) -> None:
    with pytest.raises(FormatError, match=words):
        picture_size(array, format_named(format))


def test_pictures_that_do_not_say_are_bt709_in_hd_and_bt601_below() -> None:
    assert usual_matrix(720, 576) is ColorMatrix.BT601
    assert usual_matrix(1280, 720) is ColorMatrix.BT709
    assert usual_matrix(608, 1080) is ColorMatrix.BT709


def test_two_formats_have_alpha() -> None:
    assert [format for format in PixelFormat if has_alpha(format)] == [PixelFormat.RGBA, PixelFormat.BGRA]


@pytest.mark.parametrize(("shape", "named"), [((6, 4), "gray8, yuv420p, nv12"), ((4, 4, 4), "rgba, bgra")])
def test_pixels_of_another_format_name_those_that_they_may_have(shape: tuple[int, ...], named: str) -> None:
    with pytest.raises(FormatError, match=f"name its format if it is another: {named}$"):
        picture_size(np.zeros(shape, np.uint8), PixelFormat.RGB24)
