from __future__ import annotations

import io

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from streamlib.errors import FormatError
from streamlib.frames.converter import ImageFormat
from streamlib.media.video.images import encoded


def flat(red: int, green: int, blue: int, width: int = 64, height: int = 32) -> NDArray[np.uint8]:
    return np.full((height, width, 3), (red, green, blue), np.uint8)


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("image", ImageFormat)
@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (16, 128, 200)])
def test_colours_are_what_they_were(image: ImageFormat, colour: tuple[int, int, int]) -> None:
    made = opened(encoded(av.VideoFrame.from_ndarray(flat(*colour), "rgb24"), image))
    assert made.format == image.upper()
    assert np.abs(np.asarray(made.convert("RGB")).astype(int) - colour).max() <= 4


@pytest.mark.parametrize("image", ImageFormat)
@pytest.mark.parametrize("size", [(1, 1), (3, 5), (17, 1), (333, 77)])
def test_odd_sizes_are_kept(image: ImageFormat, size: tuple[int, int]) -> None:
    made = opened(encoded(av.VideoFrame.from_ndarray(flat(90, 90, 90, *size), "rgb24"), image))
    assert made.size == size
    assert np.abs(np.asarray(made.convert("RGB")).astype(int) - 90).max() <= 3


@pytest.mark.parametrize("image", [ImageFormat.PNG, ImageFormat.WEBP])
def test_transparency_is_kept(image: ImageFormat) -> None:
    pixels = np.dstack((flat(200, 100, 50), np.full((32, 64), 255, np.uint8)))
    pixels[:, :32, 3] = 0
    made = opened(encoded(av.VideoFrame.from_ndarray(pixels, "rgba"), image))
    alpha = np.asarray(made.convert("RGBA"))[..., 3]
    assert (alpha[:, :32] == 0).all()
    assert (alpha[:, 32:] == 255).all()


def test_a_png_loses_nothing() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 50, 3), np.uint8)
    assert (np.asarray(opened(encoded(av.VideoFrame.from_ndarray(pixels, "rgb24"), ImageFormat.PNG))) == pixels).all()


def test_a_size_that_the_file_cannot_have_is_refused() -> None:
    wide = av.VideoFrame.from_ndarray(flat(0, 0, 0, 16_400, 1), "rgb24")  # WebP has 14 bits for a side
    with pytest.raises(FormatError, match="16400x1 cannot be written as webp"):
        encoded(wide, ImageFormat.WEBP)
