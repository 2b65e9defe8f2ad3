from __future__ import annotations

import threading
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.frame import PictureType
from hypothesis import given, settings
from hypothesis import strategies as st

from streamlib.errors import FormatError
from streamlib.frames import ColorMatrix, ColorRange, PixelFormat, VideoFrame
from streamlib.media.ticks import NANOSECOND
from streamlib.media.video.picture import borrow, from_av, nearest_format, same_memory, to_av
from streamlib.media.video.planes import packed, plane_view


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(7).integers(0, 256, shape, np.uint8)


def decoded(width: int = 64, height: int = 48, format: str = "yuv420p", fill: int = 77) -> av.VideoFrame:
    picture = av.VideoFrame(width, height, format)
    for plane in picture.planes:
        np.frombuffer(memoryview(plane), np.uint8)[:] = fill
    picture.pts, picture.time_base, picture.duration = 3, Fraction(1, 25), 1
    return picture


def address(picture: av.VideoFrame, index: int = 0) -> int:
    return picture.planes[index].buffer_ptr


# ------------------------------------------------------------------------------------------------- from PyAV


@pytest.mark.promise("frame.video-lazy")
def test_a_decoded_picture_becomes_a_frame_without_a_copy() -> None:
    picture = decoded(format="rgb24")
    frame = from_av(picture)
    assert frame.native is picture
    assert np.shares_memory(frame.to_ndarray(), np.frombuffer(memoryview(picture.planes[0]), np.uint8))
    assert np.asarray(frame).shape == (48, 64, 3)


@pytest.mark.promise("frame.read-only")
def test_the_memory_of_a_decoded_picture_cannot_be_written() -> None:
    pixels = from_av(decoded(format="rgb24")).to_ndarray()
    with pytest.raises(ValueError, match="read-only"):
        pixels[0] = 0
    with pytest.raises(ValueError, match="WRITEABLE"):
        pixels.setflags(write=True)


def test_times_come_from_the_picture_in_nanoseconds() -> None:
    frame = from_av(decoded())
    assert (frame.timestamp_ns, frame.duration_ns) == (120_000_000, 40_000_000)


def test_times_that_are_given_go_before_those_of_the_picture() -> None:
    frame = from_av(decoded(), timestamp_ns=5, duration_ns=6, metadata={"a": 1})
    assert (frame.timestamp_ns, frame.duration_ns, frame.metadata) == (5, 6, {"a": 1})


def test_a_picture_without_a_time_stands_at_nothing() -> None:
    assert from_av(av.VideoFrame(4, 4, "gray8")).timestamp_ns == 0


@given(
    st.integers(-(2**40), 2**40), st.sampled_from([Fraction(1, 90_000), Fraction(1001, 30_000), Fraction(1, 12_800)])
)
def test_times_are_rounded_to_the_nearest_nanosecond(pts: int, time_base: Fraction) -> None:
    picture = av.VideoFrame(2, 2, "gray8")
    picture.pts, picture.time_base = pts, time_base
    assert abs(from_av(picture).timestamp_ns - pts * time_base * 10**9) <= Fraction(1, 2)


@pytest.mark.promise("frame.video-colour")
@pytest.mark.parametrize(
    ("number", "matrix"),
    [
        (1, ColorMatrix.BT709),
        (4, ColorMatrix.FCC),
        (5, ColorMatrix.BT601),
        (6, ColorMatrix.BT601),
        (7, ColorMatrix.SMPTE240M),
        (9, ColorMatrix.BT2020),
    ],
)
@pytest.mark.parametrize(("tag", "color_range"), [(1, ColorRange.LIMITED), (2, ColorRange.FULL)])
def test_range_and_matrix_come_from_the_picture_and_go_back_into_one(
    tag: int, color_range: ColorRange, number: int, matrix: ColorMatrix
) -> None:
    picture = decoded()
    picture.colorspace, picture.color_range = number, tag
    frame = from_av(picture)
    assert (frame.color_matrix, frame.color_range) == (matrix, color_range)
    lent = to_av(frame.with_pixels(frame.to_ndarray(), "yuv420p"))
    assert from_av(lent).color_matrix is matrix
    assert lent.color_range == tag


@pytest.mark.parametrize(("size", "matrix"), [((64, 48), ColorMatrix.BT601), ((1280, 720), ColorMatrix.BT709)])
def test_a_picture_that_does_not_say_is_limited_and_of_the_usual_matrix(
    size: tuple[int, int], matrix: ColorMatrix
) -> None:
    frame = from_av(decoded(*size))
    assert (frame.color_range, frame.color_matrix) == (ColorRange.LIMITED, matrix)
    lent = to_av(frame)
    assert (lent.color_range, from_av(lent).color_matrix) == (1, matrix)


def test_the_full_range_formats_of_jpeg_are_full_range() -> None:
    frame = from_av(decoded(format="yuvj420p"))
    assert (frame.format, frame.color_range) == (PixelFormat.YUV420P, ColorRange.FULL)
    assert frame.to_ndarray().max() == 77
    lent = to_av(frame)
    assert (lent.format.name, lent.color_range) == ("yuv420p", 2)
    np.testing.assert_array_equal(packed(lent, PixelFormat.YUV420P), frame.to_ndarray())


@pytest.mark.parametrize(("tag", "black", "white"), [(0, 16, 235), (1, 0, 255), (2, 16, 235)])
def test_grey_of_limited_range_is_spread_and_other_grey_is_left(tag: int, black: int, white: int) -> None:
    picture = av.VideoFrame.from_ndarray(np.array([[16, 235]], np.uint8), "gray8")
    picture.color_range = tag
    frame = from_av(picture)
    np.testing.assert_array_equal(frame.to_ndarray(), [[black, white]])
    np.testing.assert_array_equal(packed(to_av(frame), PixelFormat.GRAY8), [[black, white]])


@pytest.mark.promise("frame.video-refused")
@pytest.mark.parametrize(
    ("format", "nearest"),
    [
        ("yuv420p10le", PixelFormat.YUV420P),
        ("yuv422p", PixelFormat.YUV420P),
        ("yuv422p10le", PixelFormat.YUV420P),
        ("yuv444p", PixelFormat.YUV420P),
        ("yuyv422", PixelFormat.YUV420P),
        ("p010le", PixelFormat.YUV420P),
        ("gray10le", PixelFormat.GRAY8),
        ("monow", PixelFormat.GRAY8),
        ("gbrp", PixelFormat.RGB24),
        ("rgb48le", PixelFormat.RGB24),
        ("pal8", PixelFormat.RGB24),
        ("bayer_rggb8", PixelFormat.RGB24),
        ("yuva420p", PixelFormat.RGBA),
        ("ya8", PixelFormat.RGBA),
        ("argb", PixelFormat.RGBA),
    ],
)
def test_other_formats_become_the_nearest_when_somebody_asks(format: str, nearest: PixelFormat) -> None:
    picture = av.VideoFrame(16, 16, format)
    frame = from_av(picture)
    assert (frame.format, frame.native) == (nearest, picture)
    assert to_av(frame).format.name in {str(nearest), "gray"}
    assert frame.to_ndarray().shape[:1] == ((24,) if nearest is PixelFormat.YUV420P else (16,))
    assert frame.to_ndarray("rgb24").shape == (16, 16, 3)
    assert nearest_format(format) is nearest


@pytest.mark.parametrize("color_range", ColorRange)
def test_ten_bits_keep_range_and_matrix(color_range: ColorRange) -> None:
    picture = av.VideoFrame(16, 16, "yuv420p10le")
    for index, value in enumerate((400, 600, 300)):
        np.frombuffer(memoryview(picture.planes[index]), np.uint16)[:] = value
    picture.colorspace, picture.color_range = 9, 2 if color_range is ColorRange.FULL else 1
    frame = from_av(picture)
    assert (frame.color_matrix, frame.color_range) == (ColorMatrix.BT2020, color_range)
    luma, cb, cr = (plane_view(to_av(frame), index)[4, 4] for index in range(3))
    np.testing.assert_allclose([luma, cb, cr], [100, 150, 75], atol=1)


@pytest.mark.promise("frame.video-refused")
def test_a_format_that_swscale_cannot_read_is_refused_in_words() -> None:
    with pytest.raises(FormatError, match=r"rgbaf32le.*rgb24, bgr24"):
        from_av(av.VideoFrame(16, 16, "rgbaf32le"))
    with pytest.raises(FormatError, match="no_such_format"):
        nearest_format("no_such_format")


@pytest.mark.promise("frame.video-refused")
@pytest.mark.parametrize("number", [8, 10, 14])
def test_a_matrix_that_swscale_does_not_know_is_refused_in_words(number: int) -> None:
    picture = decoded()
    picture.colorspace = number
    with pytest.raises(FormatError, match=f"matrix {number} .*bt601, bt709"):
        from_av(picture)


# ------------------------------------------------------------------------------------------------- to PyAV


@pytest.mark.promise("frame.video-lazy")
@pytest.mark.parametrize("format", ["yuv420p", "nv12", "rgb24", "bgra"])
def test_a_picture_is_lent_without_copying_its_pixels(format: str) -> None:
    picture = decoded(format=format)
    lent = to_av(from_av(picture))
    assert lent is not picture
    assert [address(lent, index) for index in range(len(lent.planes))] == [
        address(picture, index) for index in range(len(picture.planes))
    ]


def test_what_is_lent_is_the_borrowers_own() -> None:
    frame = from_av(decoded())
    one, other = to_av(frame), to_av(frame)
    one.pts, one.time_base, one.pict_type, one.colorspace = 9, Fraction(1, 30), PictureType.I, 9
    assert (other.pts, other.time_base, other.pict_type) == (120_000_000, NANOSECOND, PictureType.NONE)
    assert from_av(to_av(frame)).color_matrix is ColorMatrix.BT601


def test_a_decoders_picture_type_does_not_reach_an_encoder() -> None:
    picture = decoded()
    picture.pict_type = PictureType.I
    assert to_av(from_av(picture)).pict_type == PictureType.NONE


@pytest.mark.parametrize("array", [noise(48, 64, 3), noise(48, 64, 3)[::2], noise(48, 64, 3)[4:, 8:]])
def test_arrays_with_solid_rows_are_lent_without_a_copy(array: np.ndarray) -> None:
    frame = VideoFrame.from_ndarray(array, timestamp_ns=5, duration_ns=6)
    lent = to_av(frame)
    assert address(lent) == array.ctypes.data
    assert (lent.pts, lent.duration, lent.time_base, lent.color_range) == (5, 6, NANOSECOND, 2)
    np.testing.assert_array_equal(packed(lent, PixelFormat.RGB24), array)


@pytest.mark.parametrize("array", [noise(48, 64, 3)[::-1], noise(48, 64, 3)[:, ::-1], noise(48, 64, 4)[..., :3]])
def test_other_arrays_are_copied(array: np.ndarray) -> None:
    np.testing.assert_array_equal(packed(to_av(VideoFrame.from_ndarray(array)), PixelFormat.RGB24), array)


def test_a_lent_array_stays_alive_with_its_picture() -> None:
    lent = to_av(VideoFrame.from_ndarray(np.full((480, 640, 3), 9, np.uint8)))
    others = [np.zeros((480, 640, 3), np.uint8) for _ in range(4)]
    assert len(others) == 4
    assert packed(lent, PixelFormat.RGB24).min() == 9


@pytest.mark.parametrize("format", [PixelFormat.YUV420P, PixelFormat.NV12])
@pytest.mark.parametrize("height", [2, 4, 6, 88, 90])
def test_subsampled_arrays_of_any_even_height_are_lent(format: PixelFormat, height: int) -> None:
    array = noise(height * 3 // 2, 64)
    lent = to_av(VideoFrame.from_ndarray(array, format, color_range="full", color_matrix="bt2020"))
    assert (lent.width, lent.height, lent.color_range, lent.colorspace) == (64, height, 2, 9)
    np.testing.assert_array_equal(packed(lent, format), array)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 70), st.integers(1, 70), st.sampled_from(PixelFormat))
def test_any_size_is_lent_and_taken_back(width: int, height: int, format: PixelFormat) -> None:
    rgb = np.full((height, width, 3), 90, np.uint8)
    frame = VideoFrame.from_ndarray(rgb, timestamp_ns=5).convert(format)
    again = from_av(to_av(frame))
    assert (again.width, again.height, again.format, again.timestamp_ns) == (width, height, format, 5)
    assert np.abs(again.to_ndarray("rgb24").astype(int) - 90).max() <= 3


def test_a_native_picture_of_another_library_is_refused() -> None:
    frame = VideoFrame.from_native(object(), width=2, height=2, format=PixelFormat.RGB24)
    with pytest.raises(FormatError, match="PyAV VideoFrame, got object"):
        borrow(frame)


def test_only_the_same_memory_counts_as_the_same_format() -> None:
    assert same_memory(decoded(format="yuvj420p"), PixelFormat.YUV420P)
    assert not same_memory(decoded(format="nv12"), PixelFormat.YUV420P)
    assert not same_memory(decoded(format="yuv422p"), PixelFormat.YUV420P)


def test_many_threads_borrow_and_convert_one_frame_at_once() -> None:
    picture = decoded(320, 240)
    picture.color_trc, picture.color_primaries = 16, 9
    frame = from_av(picture)
    expected = frame.to_ndarray("rgb24").copy()
    wrong: list[str] = []

    def consume() -> None:
        for _ in range(30):
            lent = to_av(frame)
            if (lent.color_trc, lent.color_primaries, address(lent)) != (16, 9, address(picture)):
                wrong.append("lent")
            for format in ("bgr24", "rgb24"):
                pixels = frame.to_ndarray(format)
                if not np.array_equal(pixels if format == "rgb24" else pixels[..., ::-1], expected):
                    wrong.append(format)

    threads = [threading.Thread(target=consume) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert wrong == []
    assert (picture.color_trc, picture.color_primaries, picture.pts) == (16, 9, 3)


def test_two_encoders_take_one_frame_and_leave_it_as_it_was() -> None:
    picture = decoded()
    frame = from_av(picture)
    for rate in (25, 30):
        codec = av.CodecContext.create("mpeg4", "w")
        assert isinstance(codec, av.VideoCodecContext)
        codec.width, codec.height, codec.pix_fmt = 64, 48, "yuv420p"
        codec.time_base = Fraction(1, rate)
        codec.encode(to_av(frame))
    assert (picture.pts, picture.time_base) == (3, Fraction(1, 25))
