"""The memory of PyAV pictures as numpy arrays, without a copy.

What passes are planes. It must not know frames, colour or time. Next on the path: `picture` and `converter`.
"""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from streamlib.frames.pixel_format import PixelFormat, array_shape, parts


def plane_view(picture: av.VideoFrame, index: int, channels: int = 1, *, writeable: bool = False) -> NDArray[np.uint8]:
    """One plane as (height, width) or (height, width, channels), its rows as far apart as they lie in memory.

    The view keeps the picture alive. One that is not writeable cannot be made so again.
    """
    plane = picture.planes[index]
    line = plane.line_size
    # numpy looks through a memoryview to what is beneath it, but not through the array of frombuffer.
    view = memoryview(plane)
    memory = np.frombuffer(view if writeable else view.toreadonly(), np.uint8)
    shape: tuple[int, ...] = (plane.height, plane.width)
    strides: tuple[int, ...] = (line, channels)
    if channels > 1:
        shape, strides = (*shape, channels), (*strides, 1)
    # PyAV hands out the memory from its lowest address; of a picture stored bottom up that is the last row.
    offset = -line * (plane.height - 1) if line < 0 else 0
    return np.ndarray(shape, np.uint8, memory, offset, strides)


def packed(picture: av.VideoFrame, format: PixelFormat) -> NDArray[np.uint8]:
    """The pixels of a picture of that format as one read-only array; yuv420p and nv12 are copied together."""
    shape = array_shape(picture.width, picture.height, format)
    if len(shape) == 3:
        return plane_view(picture, 0, shape[2])
    if format is PixelFormat.GRAY8:
        return plane_view(picture, 0)
    pixels = np.empty(shape, np.uint8)
    for part, plane in zip(parts(pixels, picture.height, format), plane_views(picture, format), strict=True):
        np.copyto(part, plane)
    pixels.setflags(write=False)
    return pixels


def unpacked(pixels: NDArray[np.uint8], width: int, height: int, format: PixelFormat) -> av.VideoFrame:
    """A picture of yuv420p or nv12 pixels, by copying them into its planes."""
    picture = av.VideoFrame(width, height, str(format))
    pixels = np.ascontiguousarray(pixels)
    for part, plane in zip(parts(pixels, height, format), plane_views(picture, format, writeable=True), strict=True):
        np.copyto(plane, part)
    return picture


def plane_views(picture: av.VideoFrame, format: PixelFormat, *, writeable: bool = False) -> list[NDArray[np.uint8]]:
    """The planes of a picture of yuv420p or nv12, whose chroma is (h, w, 2)."""
    if format is PixelFormat.YUV420P:
        return [plane_view(picture, index, writeable=writeable) for index in range(3)]
    return [plane_view(picture, 0, writeable=writeable), plane_view(picture, 1, 2, writeable=writeable)]
