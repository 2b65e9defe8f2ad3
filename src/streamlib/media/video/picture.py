"""Between VideoFrame and PyAV's picture, without copying pixels where memory allows.

`from_av` wraps what a decoder made; `to_av` lends a picture to an encoder or a filter. A picture that is
lent is always the caller's own: PyAV writes times, types and tags into pictures, and the frame is shared.
Next on the path: `swscale`, where the formats differ.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache

import av
import numpy as np
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import PictureType

from streamlib.errors import FormatError
from streamlib.frames.converter import Picture
from streamlib.frames.pixel_format import ColorMatrix, ColorRange, PixelFormat, is_subsampled, usual_matrix
from streamlib.frames.video import VideoFrame
from streamlib.media.ticks import NANOSECOND, nanoseconds
from streamlib.media.video.planes import unpacked
from streamlib.media.video.swscale import FULL, MATRICES, RANGES, reformat

# Numbers of ITU-T H.273, table 4: 5 and 6 are BT.601 in its two line systems; 0 (RGB), 2 and 3 say nothing.
_MATRIX_NAMES = {number: name for name, number in MATRICES.items()} | {6: ColorMatrix.BT601}
_UNSAID = (0, 2, 3)
_SAME = {
    "rgb24": PixelFormat.RGB24,
    "bgr24": PixelFormat.BGR24,
    "rgba": PixelFormat.RGBA,
    "bgra": PixelFormat.BGRA,
    "gray": PixelFormat.GRAY8,
    "yuv420p": PixelFormat.YUV420P,
    "yuvj420p": PixelFormat.YUV420P,
    "nv12": PixelFormat.NV12,
}


def from_av(
    picture: av.VideoFrame,
    *,
    timestamp_ns: int | None = None,
    duration_ns: int | None = None,
    metadata: Mapping[str, object] | None = None,
) -> VideoFrame:
    """A frame around a decoder's picture, which belongs to the frame from now on. Nothing is converted yet.

    A picture of a format that frames do not have (10 bits, 4:2:2) becomes a frame of the nearest: rgba where it has
    alpha, rgb24 where it is RGB, gray8 where it is grey, else yuv420p. What it does not say about its colour is taken
    as limited range, full for RGB, grey and the yuvj formats, and the usual matrix of its size, and is written into it.

    Args:
        picture: as PyAV decoded or filtered it.
        timestamp_ns: media time; from the picture's own pts where not given, 0 where it has none.
        duration_ns: from the picture's own duration where not given.
        metadata: for the frame.

    Raises:
        FormatError: swscale cannot read the format or the matrix, so that no consumer could see it.
    """
    if picture.sw_format is not None:
        picture = picture.reformat(format=picture.sw_format.name)  # fetches it from its device
    format = nearest_format(picture.format.name)
    matrix = _tag_matrix(picture)
    color_range = _tag_range(picture)
    return VideoFrame.from_native(
        picture,
        width=picture.width,
        height=picture.height,
        format=format,
        timestamp_ns=nanoseconds(picture.pts, picture.time_base) if timestamp_ns is None else timestamp_ns,
        duration_ns=nanoseconds(picture.duration, picture.time_base) if duration_ns is None else duration_ns,
        metadata=metadata,
        color_range=color_range,
        color_matrix=matrix,
    )


def to_av(frame: Picture) -> av.VideoFrame:
    """A PyAV picture of the frame, in its format, to do with as PyAV's calls do: only its pixels are shared.

    Pixels are copied only where PyAV cannot refer to them. They must not be changed: a filter that draws into
    its input needs a copy (`make_writable`). pts and duration are in nanoseconds, pict_type is NONE, so that an
    encoder chooses its own key frames, and colour range and matrix are set.

    Raises:
        FormatError: the picture cannot be converted to the format the frame says it has.
    """
    picture = borrow(frame)
    if same_memory(picture, frame.format) and picture.format.name != "yuvj420p":
        return picture
    converted = reformat(picture, frame.format, frame.color_range, frame.color_matrix)
    _stamp(converted, frame)
    return converted


def borrow(frame: Picture) -> av.VideoFrame:
    """As `to_av`, but in whatever format the pixels really have."""
    native = frame.native
    if native is None:
        picture = _of_array(frame)
    elif isinstance(native, av.VideoFrame):
        picture = _reference(native)
    else:
        raise FormatError(
            f"a native picture is a PyAV VideoFrame, got {type(native).__name__}; from_av makes the frame"
        )
    _stamp(picture, frame)
    return picture


def to_own(frame: Picture) -> av.VideoFrame:
    """As `to_av`, for filters, which hold pictures back and draw into those that nobody else refers to.

    Pixels in an array are copied: PyAV's picture of them does not count who else refers to the array.
    """
    if frame.native is not None:
        return to_av(frame)
    pixels, format = frame.to_ndarray(), frame.format
    if is_subsampled(format):
        picture = unpacked(pixels, frame.width, frame.height, format)
    else:
        picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), str(format))
    _colour(picture, frame)
    _stamp(picture, frame)
    return picture


def same_memory(picture: av.VideoFrame, format: PixelFormat) -> bool:
    """Whether the memory of a picture is what the format says; yuvj420p is full-range yuv420p by another name."""
    return _SAME.get(picture.format.name) is format and (format is not PixelFormat.GRAY8 or picture.color_range == FULL)


@lru_cache(maxsize=256)
def nearest_format(name: str) -> PixelFormat:
    """The format of frames that is nearest to one of FFmpeg's, by name.

    Raises:
        FormatError: swscale cannot read it.
    """
    if name in _SAME:
        return _SAME[name]
    try:
        nearest = _nearest(av.VideoFormat(name, 16, 16))
        reformat(av.VideoFrame(16, 16, name), nearest, ColorRange.LIMITED, ColorMatrix.BT709)
    except (av.error.FFmpegError, ValueError) as error:
        raise FormatError(
            f"pictures in {name} cannot be read; have the source give one of {', '.join(PixelFormat)}"
        ) from error
    return nearest


def _nearest(format: av.VideoFormat) -> PixelFormat:
    if any(component.is_alpha for component in format.components):
        return PixelFormat.RGBA
    if format.is_rgb or format.has_palette:
        return PixelFormat.RGB24
    return PixelFormat.GRAY8 if len(format.components) == 1 else PixelFormat.YUV420P


def _tag_matrix(picture: av.VideoFrame) -> ColorMatrix:
    """The matrix of a picture, written into it where it did not say."""
    number = int(picture.colorspace)
    matrix = _MATRIX_NAMES.get(number)
    if matrix is not None:
        return matrix
    if number not in _UNSAID and not picture.format.is_rgb:
        raise FormatError(
            f"the colour matrix {number} (ITU-T H.273, table 4) is not supported;"
            f" have the source give one of {', '.join(ColorMatrix)}"
        )
    matrix = usual_matrix(picture.width, picture.height)
    if not picture.format.is_rgb:
        picture.colorspace = MATRICES[matrix]
    return matrix


def _tag_range(picture: av.VideoFrame) -> ColorRange:
    """The range of luma and chroma; the range of the samples is written into the picture where it did not say."""
    full = picture.format.name.startswith("yuvj") or picture.color_range == FULL
    if picture.format.is_rgb or picture.format.has_palette:
        picture.color_range = FULL
        return ColorRange.LIMITED
    if len(picture.format.components) == 1 and picture.color_range != RANGES[ColorRange.LIMITED]:
        picture.color_range = FULL
        return ColorRange.LIMITED
    picture.color_range = RANGES[ColorRange.FULL if full else ColorRange.LIMITED]
    return ColorRange.FULL if full else ColorRange.LIMITED


def _stamp(picture: av.VideoFrame, frame: Picture) -> None:
    picture.pts = frame.timestamp_ns
    picture.duration = frame.duration_ns
    picture.time_base = NANOSECOND
    picture.pict_type = PictureType.NONE


def _of_array(frame: Picture) -> av.VideoFrame:
    """A picture that refers to the frame's array, where PyAV can; its rows must be solid and run downwards."""
    pixels = frame.to_ndarray()
    format = frame.format
    if is_subsampled(format):
        # PyAV takes the height from the array in steps of four rows.
        if frame.height % 4:
            picture = unpacked(pixels, frame.width, frame.height, format)
        else:
            picture = av.VideoFrame.from_numpy_buffer(np.ascontiguousarray(pixels), str(format))
        _colour(picture, frame)
        return picture
    row = pixels[0]
    if pixels.strides[0] < row.nbytes or not row.flags.c_contiguous:
        pixels = np.ascontiguousarray(pixels)
    picture = av.VideoFrame.from_numpy_buffer(pixels, str(format))
    _colour(picture, frame)
    return picture


def _colour(picture: av.VideoFrame, frame: Picture) -> None:
    if is_subsampled(frame.format):
        picture.colorspace = MATRICES[frame.color_matrix]
        picture.color_range = RANGES[frame.color_range]
    else:
        picture.color_range = FULL


def _reference(native: av.VideoFrame) -> av.VideoFrame:
    """Another picture of the same memory. libavfilter gives one in 3 µs: what enters a graph is referenced anew."""
    _, entry, out = _doubler(threading.get_ident(), native.width, native.height, native.format.name)
    entry.push(native)
    picture = out.pull()
    assert isinstance(picture, av.VideoFrame)
    return picture


@lru_cache(maxsize=64)
def _doubler(thread: int, width: int, height: int, format: str) -> tuple[Graph, FilterContext, FilterContext]:
    """A graph without a filter, and its ends; it belongs to one thread at a time, and setting it up costs 0.3 ms."""
    del thread
    graph = Graph()
    graph.threads = 1
    entry = graph.add_buffer(width=width, height=height, format=av.VideoFormat(format), time_base=NANOSECOND)
    out = graph.add("buffersink")
    entry.link_to(out)
    graph.configure()
    return graph, entry, out
