from __future__ import annotations

import io

import av
import numpy as np
import pytest
from PIL import Image

from streamlib.errors import FormatError
from streamlib.frames import Converter, ImageFormat, PixelFormat, VideoFrame
from streamlib.media.video.converter import AvConverter
from streamlib.media.video.picture import from_av


def ramp(width: int, height: int) -> VideoFrame:
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[..., 0] = np.linspace(0, 255, width)
    pixels[..., 1] = 255 - pixels[..., 0]
    pixels[..., 2] = 128
    return VideoFrame.from_ndarray(pixels)


def test_it_is_a_converter() -> None:
    converter: Converter = AvConverter()
    assert isinstance(converter.convert(ramp(8, 4), PixelFormat.NV12), av.VideoFrame)


def test_a_picture_is_converted_and_scaled_in_one_go() -> None:
    picture = AvConverter().convert(ramp(64, 32), PixelFormat.NV12, 32, 8)
    assert (picture.width, picture.height, picture.format.name) == (32, 8, "nv12")
    scaled = from_av(picture).to_ndarray("rgb24").astype(int)
    assert abs(scaled - AvConverter().pixels(ramp(32, 8).convert("bgr24"))[..., ::-1]).mean() < 4


@pytest.mark.promise("frame.video-lazy")
def test_pixels_of_its_own_pictures_are_views() -> None:
    picture = av.VideoFrame(32, 16, "bgra")
    pixels = AvConverter().pixels(from_av(picture))
    assert np.shares_memory(pixels, np.frombuffer(memoryview(picture.planes[0]), np.uint8))


@pytest.mark.parametrize("format", ["yuv420p", "nv12"])
def test_planes_of_its_own_pictures_are_views(format: str) -> None:
    picture = av.VideoFrame(32, 16, format)
    planes = from_av(picture).planes()
    assert len(planes) == len(picture.planes)
    for view, plane in zip(planes, picture.planes, strict=True):
        assert np.shares_memory(view, np.frombuffer(memoryview(plane), np.uint8))
        assert not view.flags.writeable


def test_planes_of_a_picture_of_more_bits_have_eight() -> None:
    deep = av.VideoFrame(32, 16, "yuv420p10le")
    for plane in deep.planes:
        np.frombuffer(memoryview(plane), np.uint16)[:] = 512
    planes = from_av(deep).planes()
    assert [plane.shape for plane in planes] == [(16, 32), (8, 16), (8, 16)]
    assert {int(value) for plane in planes for value in plane.flat} == {128}


def test_pixels_of_an_odd_size_in_two_planes_are_refused() -> None:
    with pytest.raises(FormatError, match="33x17"):
        AvConverter().pixels(from_av(av.VideoFrame(33, 17, "nv12")))


@pytest.mark.promise("frame.repr-html")
@pytest.mark.parametrize(
    ("image", "format", "mode"),
    [
        (ImageFormat.JPEG, "rgb24", "RGB"),
        (ImageFormat.JPEG, "yuv420p", "RGB"),
        (ImageFormat.JPEG, "rgba", "RGB"),
        (ImageFormat.PNG, "gray8", "RGB"),
        (ImageFormat.PNG, "bgra", "RGBA"),
        (ImageFormat.WEBP, "rgb24", "RGB"),
        (ImageFormat.WEBP, "nv12", "RGB"),
    ],
)
def test_images_show_the_picture(image: ImageFormat, format: str, mode: str) -> None:
    frame = ramp(64, 32)
    decoded = Image.open(io.BytesIO(AvConverter().encode(frame.convert(format), image)))
    assert (decoded.format, decoded.size, decoded.mode) == (image.upper(), (64, 32), mode)
    expected = frame.convert(format).to_ndarray("rgb24").astype(int)
    assert np.abs(np.asarray(decoded.convert("RGB")) - expected).mean() < 4


def test_images_are_scaled_down_and_never_up() -> None:
    data = AvConverter().encode(ramp(640, 360), ImageFormat.PNG, 320)
    assert Image.open(io.BytesIO(data)).size == (320, 180)
    assert Image.open(io.BytesIO(AvConverter().encode(ramp(64, 32), ImageFormat.PNG, 320))).size == (64, 32)
    assert Image.open(io.BytesIO(AvConverter().encode(ramp(640, 360), ImageFormat.PNG, 320, 90))).size == (160, 90)
    assert Image.open(io.BytesIO(AvConverter().encode(ramp(1000, 1), ImageFormat.PNG, 100))).size == (100, 1)
