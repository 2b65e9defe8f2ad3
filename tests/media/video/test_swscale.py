from __future__ import annotations

import itertools

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from streamlib.errors import FormatError
from streamlib.frames import ColorMatrix, ColorRange, PixelFormat
from streamlib.media.video.planes import packed, plane_view
from streamlib.media.video.swscale import FULL, MATRICES, RANGES, reformat

# Kr and Kb of ITU-T H.273, table 4: of ITU-R BT.601-7, BT.709-6 and BT.2020-2, of FCC title 47 and SMPTE ST 240.
WEIGHTS = {
    ColorMatrix.BT601: (0.299, 0.114),
    ColorMatrix.BT709: (0.2126, 0.0722),
    ColorMatrix.BT2020: (0.2627, 0.0593),
    ColorMatrix.FCC: (0.30, 0.11),
    ColorMatrix.SMPTE240M: (0.212, 0.087),
}
LEVELS = (0, 1, 64, 128, 200, 254, 255)
COLOURS = np.array(list(itertools.product(LEVELS, repeat=3)), np.uint8)
PATCH = 8


def yuv_of(rgb: NDArray[np.float64], matrix: ColorMatrix, color_range: ColorRange) -> NDArray[np.float64]:
    """Luma and chroma of RGB, by ITU-T H.273, equations 38 to 45, in levels of 8 bits, not rounded."""
    kr, kb = WEIGHTS[matrix]
    red, green, blue = (rgb / 255).T
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - luma) / (2 * (1 - kb)), (red - luma) / (2 * (1 - kr))
    if color_range is ColorRange.FULL:
        return np.stack([255 * luma, 255 * cb + 128, 255 * cr + 128], -1)
    return np.stack([219 * luma + 16, 224 * cb + 128, 224 * cr + 128], -1)


def rgb_of(yuv: NDArray[np.float64], matrix: ColorMatrix, color_range: ColorRange) -> NDArray[np.float64]:
    """The way back, clipped to 0..255."""
    kr, kb = WEIGHTS[matrix]
    full = color_range is ColorRange.FULL
    luma = yuv[:, 0] / 255 if full else (yuv[:, 0] - 16) / 219
    cb, cr = ((yuv[:, 1:] - 128) / (255 if full else 224)).T
    red, blue = luma + 2 * (1 - kr) * cr, luma + 2 * (1 - kb) * cb
    green = (luma - kr * red - kb * blue) / (1 - kr - kb)
    rgb: NDArray[np.float64] = np.clip(255 * np.stack([red, green, blue], -1), 0, 255)
    return rgb


def patches(colours: NDArray[np.uint8]) -> av.VideoFrame:
    rows = np.repeat(np.repeat(colours[None], PATCH, 0), PATCH, 1)
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rows), "rgb24")
    picture.color_range = FULL
    return picture


def centres(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    return pixels[PATCH // 2, PATCH // 2 :: PATCH].astype(float)


def coded(picture: av.VideoFrame) -> NDArray[np.float64]:
    """Luma and chroma in the middle of each patch of a yuv420p or nv12 picture."""
    luma = centres(plane_view(picture, 0))
    if picture.format.name == "nv12":
        cb, cr = plane_view(picture, 1, 2)[PATCH // 4, PATCH // 4 :: PATCH // 2].astype(float).T
    else:
        cb, cr = (plane_view(picture, part)[PATCH // 4, PATCH // 4 :: PATCH // 2].astype(float) for part in (1, 2))
    return np.stack([luma, cb, cr], -1)


each_matrix = pytest.mark.parametrize("matrix", ColorMatrix)
each_range = pytest.mark.parametrize("color_range", ColorRange)
each_coded = pytest.mark.parametrize("format", [PixelFormat.YUV420P, PixelFormat.NV12])


@pytest.mark.promise("frame.video-colour")
@each_matrix
@each_range
@each_coded
def test_rgb_becomes_the_luma_and_chroma_of_the_recommendations(
    format: PixelFormat, color_range: ColorRange, matrix: ColorMatrix
) -> None:
    picture = reformat(patches(COLOURS), format, color_range, matrix)
    off = np.abs(coded(picture) - np.clip(yuv_of(COLOURS.astype(float), matrix, color_range), 0, 255))
    assert off.max() < 1.5
    assert off.mean() < 0.5
    assert picture.color_range == RANGES[color_range]


@pytest.mark.promise("frame.video-colour")
@each_matrix
@each_range
@each_coded
def test_luma_and_chroma_become_the_rgb_of_the_recommendations(
    format: PixelFormat, color_range: ColorRange, matrix: ColorMatrix
) -> None:
    picture = reformat(patches(COLOURS), format, color_range, matrix)
    expected = rgb_of(coded(picture), matrix, color_range)
    off = np.abs(
        centres(packed(reformat(picture, PixelFormat.RGB24, color_range, matrix), PixelFormat.RGB24)) - expected
    )
    assert off.max() < 3
    assert off.mean() < 1.2


@each_matrix
@each_range
def test_full_chroma_becomes_exact_rgb(color_range: ColorRange, matrix: ColorMatrix) -> None:
    picture = av.VideoFrame(PATCH * len(COLOURS), PATCH, "yuv444p")
    picture.color_range = RANGES[color_range]
    yuv = np.clip(yuv_of(COLOURS.astype(float), matrix, color_range), 0, 255).round()
    for index in range(3):
        plane_view(picture, index, writeable=True)[...] = np.repeat(yuv[:, index], PATCH)
    got = centres(packed(reformat(picture, PixelFormat.RGB24, color_range, matrix), PixelFormat.RGB24))
    assert np.abs(got - rgb_of(yuv, matrix, color_range)).max() < 1


@pytest.mark.promise("frame.video-colour")
@each_matrix
@each_range
@pytest.mark.parametrize("through", ["rgb24", "yuv420p", "nv12"])
def test_grey_is_full_range_luma_by_the_matrix(through: str, color_range: ColorRange, matrix: ColorMatrix) -> None:
    source = patches(COLOURS)
    if through != "rgb24":
        source = reformat(source, PixelFormat(through), color_range, matrix)
    gray = reformat(source, PixelFormat.GRAY8, color_range, matrix)
    luma = yuv_of(COLOURS.astype(float), matrix, ColorRange.FULL)[:, 0]
    assert np.abs(centres(packed(gray, PixelFormat.GRAY8)) - luma).max() < 1.2
    assert gray.color_range == FULL


@each_range
def test_limited_grey_is_spread_and_full_grey_is_left(color_range: ColorRange) -> None:
    full = color_range is ColorRange.FULL
    ramp = np.tile(np.arange(16, 236, dtype=np.uint8), (4, 1))
    source = av.VideoFrame.from_ndarray(ramp, "gray8")
    source.color_range = RANGES[color_range]
    rgb = packed(reformat(source, PixelFormat.RGB24, color_range, ColorMatrix.BT709), PixelFormat.RGB24)
    expected = ramp if full else (ramp.astype(float) - 16) * 255 / 219
    assert np.abs(rgb - np.repeat(expected[..., None], 3, 2)).max() <= 1


def test_between_the_coded_formats_no_sample_changes() -> None:
    source = reformat(patches(COLOURS), PixelFormat.YUV420P, ColorRange.LIMITED, ColorMatrix.BT709)
    there = reformat(source, PixelFormat.NV12, ColorRange.LIMITED, ColorMatrix.BT709)
    back = reformat(there, PixelFormat.YUV420P, ColorRange.LIMITED, ColorMatrix.BT709)
    np.testing.assert_array_equal(packed(back, PixelFormat.YUV420P), packed(source, PixelFormat.YUV420P))


def test_chroma_is_the_mean_of_its_four_pixels() -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    source = av.VideoFrame.from_ndarray(rgb, "rgb24")
    source.color_range = FULL
    chroma = plane_view(reformat(source, PixelFormat.YUV420P, ColorRange.LIMITED, ColorMatrix.BT709), 1)
    each = yuv_of(rgb.reshape(-1, 3).astype(float), ColorMatrix.BT709, ColorRange.LIMITED)[:, 1].reshape(16, 2, 16, 2)
    assert np.abs(chroma - each.mean((1, 3))).max() < 1


@pytest.mark.parametrize("format", PixelFormat)
@pytest.mark.parametrize("source", ["rgb24", "yuv420p", "gray8"])
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (40, 24), (101, 7)])
def test_any_size_scales_to_any_size(source: str, format: PixelFormat, size: tuple[int, int]) -> None:
    grey = av.VideoFrame.from_ndarray(np.full((11, 19, 3), 128, np.uint8), "rgb24")
    grey.color_range = FULL
    picture = reformat(grey, PixelFormat(source), ColorRange.LIMITED, ColorMatrix.BT601)
    scaled = reformat(picture, format, ColorRange.LIMITED, ColorMatrix.BT601, *size)
    assert (scaled.width, scaled.height) == size
    back = packed(reformat(scaled, PixelFormat.RGB24, ColorRange.LIMITED, ColorMatrix.BT601), PixelFormat.RGB24)
    assert np.abs(back.astype(int) - 128).max() <= 3


@pytest.mark.parametrize("width", range(1, 40))
@pytest.mark.parametrize("format", [PixelFormat.RGB24, PixelFormat.BGR24, PixelFormat.RGBA, PixelFormat.BGRA])
def test_every_column_of_every_width_is_written(format: PixelFormat, width: int) -> None:
    picture = av.VideoFrame(width, 6, "yuv420p")
    for index, value in enumerate((188, 128, 128)):
        plane_view(picture, index, writeable=True)[...] = value
    picture.color_range = RANGES[ColorRange.LIMITED]
    pixels = packed(reformat(picture, format, ColorRange.LIMITED, ColorMatrix.BT709), format)
    assert np.abs(pixels[..., :3].astype(int) - 200).max() <= 2
    assert pixels[..., 3:].min(initial=255) == 255


@pytest.mark.parametrize("source", ["yuva420p", "yuva444p", "rgba", "ya8"])
@pytest.mark.parametrize("width", [16, 18])
def test_alpha_is_kept(source: str, width: int) -> None:
    rgba = np.full((6, width, 4), 128, np.uint8)
    rgba[..., 3] = 40
    picture = av.VideoFrame.from_ndarray(rgba, "rgba").reformat(format=source, dst_color_range=2)
    pixels = packed(reformat(picture, PixelFormat.BGRA, ColorRange.LIMITED, ColorMatrix.BT709), PixelFormat.BGRA)
    assert np.abs(pixels[..., 3].astype(int) - 40).max() <= 1


def test_the_source_keeps_its_tags() -> None:
    source = patches(COLOURS)
    source.color_trc, source.color_primaries, source.colorspace = 16, 9, 0
    reformat(source, PixelFormat.YUV420P, ColorRange.FULL, ColorMatrix.BT2020)
    assert (source.color_trc, source.color_primaries, source.colorspace, source.color_range) == (16, 9, 0, FULL)


def test_every_matrix_and_range_has_its_number() -> None:
    assert set(MATRICES) == set(ColorMatrix)
    assert set(RANGES) == set(ColorRange)


def test_what_swscale_refuses_is_refused_in_words() -> None:
    with pytest.raises(FormatError, match="rgb24 8x8 cannot be converted to yuv420p"):
        reformat(av.VideoFrame(8, 8, "rgb24"), PixelFormat.YUV420P, ColorRange.FULL, ColorMatrix.BT709, 10**8, 10**8)
