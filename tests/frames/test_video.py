from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from streamlib.errors import FormatError
from streamlib.frames import ColorMatrix, ColorRange, PixelFormat, VideoFrame, video
from streamlib.frames.pixel_format import array_shape, byte_count, is_subsampled


def noise(width: int, height: int, format: str = "rgb24") -> np.ndarray:
    shape = array_shape(width, height, PixelFormat(format))
    return np.random.default_rng(width * 1000 + height).integers(0, 256, shape, np.uint8)


def stamped(array: np.ndarray, format: str = "rgb24") -> VideoFrame:
    return VideoFrame.from_ndarray(
        array,
        format,
        timestamp_ns=1,
        duration_ns=2,
        entered_ns=3,
        sequence=4,
        metadata={"a": 5},
        color_range="full",
        color_matrix="bt2020",
    )


def kept(frame: VideoFrame) -> tuple[object, ...]:
    stamps = (frame.timestamp_ns, frame.duration_ns, frame.entered_ns, frame.sequence, frame.metadata)
    return (*stamps, frame.color_range, frame.color_matrix)


KEPT = (1, 2, 3, 4, {"a": 5}, ColorRange.FULL, ColorMatrix.BT2020)


@pytest.mark.promise("frame.video-formats")
@pytest.mark.parametrize("format", PixelFormat)
def test_a_frame_gives_back_the_pixels_it_was_made_of(format: PixelFormat) -> None:
    array = noise(12, 8, format)
    frame = VideoFrame.from_ndarray(array, format)
    assert (frame.width, frame.height, frame.format) == (12, 8, format)
    assert frame.nbytes == array.nbytes == byte_count(12, 8, format)
    assert np.shares_memory(frame.to_ndarray(), array)
    np.testing.assert_array_equal(frame.to_ndarray(format), array)


@pytest.mark.promise("frame.read-only")
@pytest.mark.parametrize("format", PixelFormat)
def test_pixels_cannot_be_written_neither_by_the_giver_nor_by_a_consumer(format: PixelFormat) -> None:
    array = noise(12, 8)
    frame = VideoFrame.from_ndarray(array)
    for pixels in (array, frame.to_ndarray(), frame.to_ndarray(format), np.asarray(frame)):
        with pytest.raises(ValueError, match="read-only"):
            pixels[0] = 1


@pytest.mark.promise("frame.read-only")
@pytest.mark.parametrize("format", PixelFormat)
def test_an_array_handed_out_cannot_be_made_writeable(format: PixelFormat) -> None:
    frame = VideoFrame.from_ndarray(noise(12, 8))
    with pytest.raises(ValueError, match="WRITEABLE"):
        frame.to_ndarray(format).setflags(write=True)


def test_what_a_consumer_does_to_the_shape_of_its_array_stays_with_it() -> None:
    frame = VideoFrame.from_ndarray(noise(12, 8))
    flat = frame.to_ndarray().reshape(-1)
    assert flat.shape != frame.to_ndarray().shape == (8, 12, 3)


@pytest.mark.promise("frame.with-pixels")
def test_other_pixels_keep_stamps_metadata_and_colour() -> None:
    frame = stamped(noise(12, 8))
    other = frame.with_pixels(255 - frame.to_ndarray("rgb24"))
    assert kept(other) == KEPT
    np.testing.assert_array_equal(other.to_ndarray(), 255 - frame.to_ndarray())


def test_other_pixels_may_have_another_size_and_format() -> None:
    other = stamped(noise(12, 8)).with_pixels(noise(6, 4, "gray8"), "gray8")
    assert (other.width, other.height, other.format, other.native) == (6, 4, PixelFormat.GRAY8, None)
    assert kept(other) == KEPT
    assert not other.to_ndarray().flags.writeable


def test_other_pixels_replace_what_was_converted_before() -> None:
    frame = VideoFrame.from_ndarray(np.zeros((8, 12, 3), np.uint8))
    assert frame.to_ndarray("bgr24").max() == 0
    assert frame.with_pixels(np.full((8, 12, 3), 9, np.uint8)).to_ndarray("bgr24").min() == 9


@pytest.mark.promise("frame.video-colour")
@pytest.mark.parametrize("format", PixelFormat)
def test_a_converted_frame_keeps_stamps_metadata_and_colour(format: PixelFormat) -> None:
    frame = stamped(noise(12, 8))
    converted = frame.convert(format)
    assert kept(converted) == KEPT
    assert (converted.width, converted.height, converted.format) == (12, 8, format)
    assert (converted is frame) == (format is PixelFormat.RGB24)


def test_a_frame_stamped_after_it_was_converted_converts_with_its_new_stamps() -> None:
    frame = VideoFrame.from_ndarray(noise(12, 8))
    frame.to_ndarray("nv12")
    msgspec.structs.force_setattr(frame, "entered_ns", 30)
    assert frame.convert("nv12").entered_ns == 30
    later = msgspec.structs.replace(frame, timestamp_ns=40)
    assert later.convert("nv12").timestamp_ns == 40


def test_consumers_who_ask_for_the_same_format_share_one_conversion() -> None:
    frame = VideoFrame.from_ndarray(noise(12, 8))
    assert np.shares_memory(frame.to_ndarray("nv12"), frame.to_ndarray("nv12"))
    assert np.shares_memory(frame.to_ndarray("bgra"), frame.convert("bgra").to_ndarray())


@pytest.mark.promise("frame.video-lazy")
def test_nothing_is_converted_before_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    def unexpected() -> None:
        raise AssertionError("a converter was looked for")

    monkeypatch.setattr(video, "find_converter", unexpected)
    frame = VideoFrame.from_native(object(), width=12, height=8, format=PixelFormat.NV12)
    assert (frame.nbytes, frame.color_matrix, frame.native is None) == (144, ColorMatrix.BT601, False)
    assert VideoFrame.from_ndarray(noise(12, 8)).with_pixels(noise(12, 8)).to_ndarray("rgb24").shape == (8, 12, 3)
    assert "nv12" in repr(frame)


PACKED = ["rgb24", "bgr24", "rgba", "bgra"]


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(PACKED), st.sampled_from(PACKED))
def test_formats_of_rgb_convert_there_and_back_without_loss(width: int, height: int, first: str, second: str) -> None:
    array = noise(width, height, first)
    if array.shape[2] == 4:
        array[:, :, 3] = 255
    frame = VideoFrame.from_ndarray(array, first)
    there = frame.to_ndarray(second)
    back = VideoFrame.from_ndarray(there.copy(), second).to_ndarray(first)
    np.testing.assert_array_equal(back, array)
    swapped = first[0] != second[0]
    np.testing.assert_array_equal(there[..., :3], array[..., 2::-1] if swapped else array[..., :3])


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from(PixelFormat), st.sampled_from(PixelFormat))
def test_every_format_of_one_colour_converts_to_every_other_at_any_size(
    width: int, height: int, first: PixelFormat, second: PixelFormat
) -> None:
    frame = VideoFrame.from_ndarray(np.full((height, width, 3), 200, np.uint8)).convert(first).convert(second)
    assert (frame.width, frame.height, frame.format) == (width, height, second)
    if is_subsampled(second) and (width % 2 or height % 2):
        with pytest.raises(FormatError, match="even width and height"):
            frame.to_ndarray()
    else:
        assert frame.to_ndarray().shape == array_shape(width, height, second)
    assert np.abs(frame.to_ndarray("rgb24").astype(int) - 200).max() <= 3
    assert np.abs(frame.to_ndarray("gray8").astype(int) - 200).max() <= 3


VIEWS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "every other row": lambda array: array[::2],
    "every other column": lambda array: array[:, ::2],
    "bottom up": lambda array: array[::-1],
    "mirrored": lambda array: array[:, ::-1],
    "a corner": lambda array: array[3:, 5:],
    "broadcast": lambda array: np.broadcast_to(array[:1], array.shape),
    "transposed": lambda array: np.swapaxes(array, 0, 1),
}


@pytest.mark.parametrize("name", VIEWS)
@pytest.mark.parametrize("format", ["rgb24", "bgra", "gray8"])
def test_pixels_may_lie_in_any_strides(name: str, format: str) -> None:
    view = VIEWS[name](noise(24, 20, format))
    strided = VideoFrame.from_ndarray(view, format)
    solid = VideoFrame.from_ndarray(view.copy(), format)
    for asked in ("rgb24", "bgr24", "gray8"):
        np.testing.assert_array_equal(strided.to_ndarray(asked), solid.to_ndarray(asked))


@pytest.mark.parametrize("format", ["yuv420p", "nv12"])
@pytest.mark.parametrize("height", [2, 4, 6, 8, 90])
def test_subsampled_pixels_may_lie_in_any_strides(format: str, height: int) -> None:
    array = noise(24, height, format)
    wide = np.zeros((array.shape[0], 60), np.uint8)
    wide[:, 7:31] = array
    solid, strided = VideoFrame.from_ndarray(array, format), VideoFrame.from_ndarray(wide[:, 7:31], format)
    np.testing.assert_array_equal(strided.to_ndarray("rgb24"), solid.to_ndarray("rgb24"))


@pytest.mark.promise("frame.video-lazy")
@pytest.mark.parametrize("format", PixelFormat)
def test_planes_are_what_the_array_holds_and_cannot_be_written(format: PixelFormat) -> None:
    array = noise(12, 8, format)
    wide = np.zeros((8 * 3, 40, *array.shape[2:]), np.uint8)
    wide[: array.shape[0], :12] = array
    for pixels in (wide[: array.shape[0], :12], array):
        planes = VideoFrame.from_ndarray(pixels, format).planes()
        np.testing.assert_array_equal(np.concatenate([plane.reshape(-1) for plane in planes]), array.reshape(-1))
        assert not any(plane.flags.writeable for plane in planes)
    for plane in planes:
        with pytest.raises(ValueError, match="WRITEABLE"):
            plane.setflags(write=True)
    assert np.shares_memory(planes[-1], array)


@pytest.mark.parametrize(("format", "shapes"), [("yuv420p", [(9, 17), (5, 9), (5, 9)]), ("nv12", [(9, 17), (5, 9, 2)])])
def test_pictures_of_an_odd_size_have_planes_though_no_array_holds_them(
    format: str, shapes: list[tuple[int, ...]]
) -> None:
    frame = VideoFrame.from_ndarray(np.full((9, 17, 3), 255, np.uint8))
    planes = frame.planes(format)
    assert [plane.shape for plane in planes] == shapes
    assert [set(plane.flat) for plane in planes] == [{235}] + [{128}] * (len(planes) - 1)
    with pytest.raises(FormatError, match="even"):
        frame.to_ndarray(format)


@pytest.mark.promise("frame.numpy-dlpack")
def test_a_frame_is_a_numpy_array_of_rgb24() -> None:
    array = noise(12, 8)
    frame = VideoFrame.from_ndarray(array)
    assert np.shares_memory(np.asarray(frame), array)
    assert np.shares_memory(np.array(frame, copy=False), array)
    assert np.array(frame).flags.writeable
    assert np.asarray(frame, dtype=np.float32).dtype == np.float32
    np.testing.assert_array_equal(np.asarray(frame.convert("bgr24")), array)


def test_a_numpy_array_without_a_copy_is_refused_where_it_needs_a_conversion() -> None:
    frame = VideoFrame.from_ndarray(noise(12, 8))
    with pytest.raises(ValueError, match="bgr24 frame is a conversion"):
        np.array(frame.convert("bgr24"), copy=False)
    with pytest.raises(ValueError, match="copy"):
        np.array(frame, dtype=np.float32, copy=False)


@pytest.mark.promise("frame.numpy-dlpack")
@pytest.mark.parametrize("format", ["rgb24", "nv12"])
def test_a_frame_goes_out_through_dlpack(format: str) -> None:
    frame = VideoFrame.from_ndarray(noise(12, 8)).convert(format)
    exported: Any = np.from_dlpack(frame)
    np.testing.assert_array_equal(exported, np.asarray(frame))
    assert not exported.flags.writeable


@pytest.mark.promise("frame.repr-html")
@pytest.mark.parametrize(
    ("format", "kind", "width", "shown"),
    [("rgb24", "jpeg", 12, 12), ("yuv420p", "jpeg", 1600, 960), ("bgra", "png", 1600, 960)],
)
def test_in_a_notebook_a_frame_is_its_image(format: str, kind: str, width: int, shown: int) -> None:
    frame = VideoFrame.from_ndarray(noise(width, 8)).convert(format)
    html = frame._repr_html_()
    found = re.search(r'src="data:image/(\w+);base64,([^"]+)"', html)
    assert found is not None
    assert found[1] == kind
    image = Image.open(io.BytesIO(base64.b64decode(found[2])))
    assert (image.format, image.width) == (kind.upper(), shown)
    assert f"{width}×8 {format}" in html


def test_in_a_notebook_a_frame_that_cannot_be_shown_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise FormatError("no converter here")

    monkeypatch.setattr(video, "find_converter", refuse)
    assert "12×8 rgb24" in VideoFrame.from_ndarray(noise(12, 8))._repr_html_()
    assert "no converter here" in VideoFrame.from_ndarray(noise(12, 8))._repr_html_()


def test_it_shows_its_size_format_and_time() -> None:
    assert repr(stamped(noise(12, 8))) == "<VideoFrame 12x8 rgb24 0.000 s #4>"


@pytest.mark.promise("frame.video-refused")
def test_unknown_names_and_pixels_that_do_not_fit_are_refused_in_words() -> None:
    frame = VideoFrame.from_ndarray(noise(12, 8))
    with pytest.raises(FormatError, match="did you mean 'rgb24'"):
        frame.to_ndarray("rgb32")
    with pytest.raises(FormatError, match="yuv422p10le"):
        frame.convert("yuv422p10le")
    with pytest.raises(FormatError, match=r"\(height, width, 3\)"):
        frame.with_pixels(noise(12, 8, "gray8"))
    with pytest.raises(FormatError, match="no colour range 'tv'"):
        VideoFrame.from_ndarray(noise(12, 8), color_range="tv")
    with pytest.raises(FormatError, match="bt709"):
        VideoFrame.from_ndarray(noise(12, 8), color_matrix="709")


def test_refused_pixels_are_left_as_they_were() -> None:
    array = noise(12, 8)
    with pytest.raises(FormatError):
        VideoFrame.from_ndarray(array, "rgba")
    assert array.flags.writeable
