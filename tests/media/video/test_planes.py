from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from streamlib.errors import FormatError
from streamlib.frames import PixelFormat
from streamlib.frames.pixel_format import array_shape
from streamlib.media.video.planes import packed, plane_view, unpacked


def filled(width: int, height: int, format: str) -> av.VideoFrame:
    """A picture whose samples count up, plane by plane, and whose padding is 255."""
    picture = av.VideoFrame(width, height, format)
    for index, plane in enumerate(picture.planes):
        np.frombuffer(memoryview(plane), np.uint8)[:] = 255
        channels = 2 if format == "nv12" and index else picture.format.padded_bits_per_pixel // 8
        channels = channels if len(picture.planes) == 1 or (format == "nv12" and index) else 1
        view = plane_view(picture, index, channels, writeable=True)
        view[...] = np.arange(view.size, dtype=np.uint8).reshape(view.shape) % 250
    return picture


@pytest.mark.promise("frame.video-lazy")
@pytest.mark.parametrize("format", ["rgb24", "bgr24", "rgba", "bgra", "gray8"])
@pytest.mark.parametrize("size", [(1, 1), (33, 17), (64, 2)])
def test_a_packed_picture_is_seen_without_a_copy_and_without_its_padding(format: str, size: tuple[int, int]) -> None:
    picture = filled(*size, format)
    pixels = packed(picture, PixelFormat(format))
    assert pixels.shape == array_shape(*size, PixelFormat(format))
    np.testing.assert_array_equal(pixels.reshape(-1), np.arange(pixels.size, dtype=np.uint8) % 250)
    assert np.shares_memory(pixels, np.frombuffer(memoryview(picture.planes[0]), np.uint8))


@pytest.mark.parametrize("format", [PixelFormat.YUV420P, PixelFormat.NV12])
@pytest.mark.parametrize("size", [(2, 2), (34, 18), (64, 48)])
def test_planes_go_together_in_one_array_and_back(format: PixelFormat, size: tuple[int, int]) -> None:
    picture = filled(*size, format)
    pixels = packed(picture, format)
    assert pixels.shape == array_shape(*size, format)
    np.testing.assert_array_equal(pixels, picture.to_ndarray())
    np.testing.assert_array_equal(packed(unpacked(pixels, *size, format), format), pixels)


@pytest.mark.parametrize("format", [PixelFormat.YUV420P, PixelFormat.NV12])
def test_an_odd_size_does_not_fit_in_an_array_of_two_planes(format: PixelFormat) -> None:
    with pytest.raises(FormatError, match="even width and height, and the picture is 33x17"):
        packed(av.VideoFrame(33, 17, format), format)


@pytest.mark.promise("frame.read-only")
@pytest.mark.parametrize("format", PixelFormat)
def test_pixels_of_a_picture_cannot_be_written(format: PixelFormat) -> None:
    pixels = packed(filled(12, 8, format), format)
    with pytest.raises(ValueError, match="read-only"):
        pixels[0, 0] = 1


def test_a_view_of_a_plane_cannot_be_made_writeable() -> None:
    with pytest.raises(ValueError, match="WRITEABLE"):
        plane_view(filled(12, 8, "rgb24"), 0, 3).setflags(write=True)


def test_a_view_keeps_its_picture_alive() -> None:
    pixels = plane_view(filled(1280, 720, "gray8"), 0)
    others = [filled(1280, 720, "gray8") for _ in range(3)]
    for other in others:
        plane_view(other, 0, writeable=True)[...] = 7
    np.testing.assert_array_equal(pixels.reshape(-1)[:250], np.arange(250, dtype=np.uint8))


def test_a_picture_stored_bottom_up_is_seen_top_down() -> None:
    graph = av.filter.Graph()
    entry = graph.add_buffer(width=12, height=8, format=av.VideoFormat("rgb24"), time_base=Fraction(1, 25))
    flip, out = graph.add("vflip"), graph.add("buffersink")
    graph.link_nodes(entry, flip, out).configure()
    upright = filled(12, 8, "rgb24")
    entry.push(upright)
    flipped = out.pull()
    assert isinstance(flipped, av.VideoFrame)
    np.testing.assert_array_equal(packed(flipped, PixelFormat.RGB24), packed(upright, PixelFormat.RGB24)[::-1])
