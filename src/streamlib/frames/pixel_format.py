"""How pixels lie in memory and what their numbers mean: formats, colour ranges and matrices.

Only names, shapes and rules; nothing here converts. Next on the path: `converter`, which does.

Samples of rgb24, bgr24, rgba, bgra and gray8 are always full range, 0 to 255. Range and matrix say how
luma and chroma are coded: those of the frame itself if it is yuv420p or nv12, otherwise those that it came
from and that it is given when it is converted to one of the two. So they survive a filter that works in RGB.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streamlib.errors import FormatError, nearest

_UINT8 = np.dtype(np.uint8)


class PixelFormat(StrEnum):
    """The pixel formats of a VideoFrame, 8 bits a sample; FFmpeg's names.

    As arrays: rgb24 and bgr24 are (height, width, 3), rgba and bgra (height, width, 4), gray8 (height, width).
    yuv420p and nv12 have a chroma sample for every 2 x 2 pixels and are (height * 3 / 2, width): the rows of
    luma, then the two chroma planes one after the other (yuv420p) or as pairs (nv12).
    """

    RGB24 = "rgb24"
    BGR24 = "bgr24"
    RGBA = "rgba"
    BGRA = "bgra"
    GRAY8 = "gray8"
    YUV420P = "yuv420p"
    NV12 = "nv12"


class ColorRange(StrEnum):
    """The range of luma and chroma in 8 bits: 16 to 235 and 16 to 240, or 0 to 255 (ITU-R BT.601-7, 2.5.3)."""

    LIMITED = "limited"
    FULL = "full"


class ColorMatrix(StrEnum):
    """The matrix between RGB and luma with chroma, by the document that defines it.

    BT601: ITU-R BT.601-7 (SD). BT709: ITU-R BT.709-6 (HD). BT2020: ITU-R BT.2020-2, non-constant luminance (UHD).
    FCC and SMPTE240M are found in old material. The numbers are in ITU-T H.273, table 4.
    """

    BT601 = "bt601"
    BT709 = "bt709"
    BT2020 = "bt2020"
    FCC = "fcc"
    SMPTE240M = "smpte240m"


# Samples a pixel in the last axis of the array; 1 has no such axis, 0 is 4:2:0.
_CHANNELS: Mapping[PixelFormat, int] = {
    PixelFormat.RGB24: 3,
    PixelFormat.BGR24: 3,
    PixelFormat.RGBA: 4,
    PixelFormat.BGRA: 4,
    PixelFormat.GRAY8: 1,
    PixelFormat.YUV420P: 0,
    PixelFormat.NV12: 0,
}
_BY_NAME: Mapping[str, PixelFormat] = {member.value: member for member in PixelFormat}
_RANGES: Mapping[str, ColorRange] = {member.value: member for member in ColorRange}
_MATRICES: Mapping[str, ColorMatrix] = {member.value: member for member in ColorMatrix}


def format_named(name: str) -> PixelFormat:
    """The format of that name; FormatError names the nearest when there is none."""
    found = _BY_NAME.get(name)
    if found is None:
        raise FormatError(f"no pixel format {name!r}; {nearest(name, _BY_NAME)}")
    return found


def range_named(name: str) -> ColorRange:
    """The range of that name; FormatError names the two."""
    found = _RANGES.get(name)
    if found is None:
        raise FormatError(f"no colour range {name!r}; {nearest(name, _RANGES)}")
    return found


def matrix_named(name: str) -> ColorMatrix:
    """The matrix of that name; FormatError names the nearest when there is none."""
    found = _MATRICES.get(name)
    if found is None:
        raise FormatError(f"no colour matrix {name!r}; {nearest(name, _MATRICES)}")
    return found


def is_subsampled(format: PixelFormat) -> bool:
    """Whether the format has luma and chroma, the chroma for 2 x 2 pixels: yuv420p and nv12."""
    return not _CHANNELS[format]


def has_alpha(format: PixelFormat) -> bool:
    """Whether the format has an alpha channel."""
    return _CHANNELS[format] == 4


def array_shape(width: int, height: int, format: PixelFormat) -> tuple[int, ...]:
    """The shape of the array that holds a picture; FormatError where odd sizes do not fit in one."""
    channels = _CHANNELS[format]
    if channels:
        return (height, width) if channels == 1 else (height, width, channels)
    if width % 2 or height % 2:
        raise FormatError(
            f"a {format} array needs an even width and height, and the picture is {width}x{height};"
            " ask for rgb24, or scale it to an even size first"
        )
    return (height * 3 // 2, width)


def parts(pixels: NDArray[np.uint8], height: int, format: PixelFormat) -> list[NDArray[np.uint8]]:
    """The planes of yuv420p or nv12 as views of a contiguous array of even size; nv12's chroma is (h, w, 2)."""
    width = pixels.shape[1]
    luma, chroma = pixels[:height], pixels[height:].reshape(-1)
    if format is PixelFormat.NV12:
        return [luma, chroma.reshape(height // 2, width // 2, 2)]
    return [luma, *chroma.reshape(2, height // 2, width // 2)]


def byte_count(width: int, height: int, format: PixelFormat) -> int:
    """The bytes of a picture without padding; chroma of odd sizes is rounded up."""
    return width * height * _CHANNELS[format] or width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2)


def picture_size(array: NDArray[Any], format: PixelFormat) -> tuple[int, int]:
    """Width and height of the picture in an array; FormatError says what was expected and what came."""
    if not isinstance(array, np.ndarray):
        raise FormatError(f"pixels are a numpy array, got {type(array).__name__}; numpy.asarray makes one")
    shape = array.shape
    channels = _CHANNELS[format]
    if array.dtype is not _UINT8 and array.dtype != _UINT8:
        raise FormatError(_wants(format, array, "; scale to 0..255 and use .astype(numpy.uint8)"))
    fits = len(shape) == 2 if channels <= 1 else len(shape) == 3 and shape[2] == channels
    if not fits or 0 in shape:
        raise FormatError(_wants(format, array, _other_formats(array)))
    if channels:
        return shape[1], shape[0]
    if shape[0] % 3 or shape[1] % 2:
        raise FormatError(_wants(format, array, "; only even sizes fit in such an array"))
    return shape[1], shape[0] // 3 * 2


def usual_matrix(width: int, height: int) -> ColorMatrix:
    """The matrix of a picture that does not say: BT.709 for HD (from 1280 wide or above 576 high), else BT.601.

    SD material is BT.601 and HD material BT.709 by those recommendations; the border is the one players use.
    """
    return ColorMatrix.BT709 if width >= 1280 or height > 576 else ColorMatrix.BT601


def _other_formats(array: NDArray[Any]) -> str:
    """The formats that an array of this shape may have; it was not said which."""
    channels = 0 if len(array.shape) == 2 else array.shape[-1] if len(array.shape) == 3 else -1
    fitting = [format for format, count in _CHANNELS.items() if count == channels or (not channels and count == 1)]
    return f"; name its format if it is another: {', '.join(fitting)}" if fitting and 0 not in array.shape else ""


def _wants(format: PixelFormat, array: NDArray[Any], hint: str = "") -> str:
    channels = _CHANNELS[format]
    shape = "(height * 3 / 2, width)" if not channels else "(height, width)"
    shape = f"(height, width, {channels})" if channels > 1 else shape
    return f"{format} pixels are uint8 of shape {shape}, got {array.dtype} of shape {array.shape}{hint}"
