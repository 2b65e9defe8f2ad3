"""Pixel formats and sizes, by swscale, with the colour range and matrix that pictures say they have.

What passes is a PyAV picture that belongs to the caller, and a new one out. It must not be handed a picture
that others hold: PyAV changes the source's tags while it converts, with the interpreter lock released.
Next on the path: back to `picture` or `converter`, which called.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import lru_cache

import av
from av.video.reformatter import ColorRange as AvRange
from av.video.reformatter import Interpolation, VideoReformatter

from streamlib.errors import FormatError
from streamlib.frames.pixel_format import ColorMatrix, ColorRange, PixelFormat, has_alpha, is_subsampled
from streamlib.media.video.planes import plane_view

# AVColorRange and SWS_CS_* by our names; ITU-T H.273 numbers them the same way.
RANGES: Mapping[ColorRange, int] = {ColorRange.LIMITED: AvRange.MPEG, ColorRange.FULL: AvRange.JPEG}
MATRICES: Mapping[ColorMatrix, int] = {
    ColorMatrix.BT709: 1,
    ColorMatrix.FCC: 4,
    ColorMatrix.BT601: 5,
    ColorMatrix.SMPTE240M: 7,
    ColorMatrix.BT2020: 9,
}
FULL = int(AvRange.JPEG)


# swscale has a fast way from these to RGB. From nv12 and from more bits it is 5 times slower and off by 2 levels
# on average, and going by yuv420p costs next to nothing.
_FAST = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p"})
_EXACT = Interpolation.AREA | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


def reformat(
    source: av.VideoFrame,
    format: PixelFormat,
    color_range: ColorRange,
    color_matrix: ColorMatrix,
    width: int = 0,
    height: int = 0,
) -> av.VideoFrame:
    """A picture in another format or size; yuv420p and nv12 get this range and matrix, all else is full range.

    Chroma is the mean of its 2 x 2 pixels, as if sited in their centre; scaling is bicubic. Luma and chroma come out
    within 1.5 levels of the formulas of ITU-T H.273, 8.3 (of ITU-R BT.601-7, BT.709-6 and BT.2020-2, that is), RGB
    within 3 levels, 1 on average: swscale's fast way rounds its tables, and its exact one is 16 times slower. From
    4:4:4 it goes the exact way, within 1 level.

    Args:
        source: the caller's own; its `color_range` says what its samples are.
        format: of the result.
        color_range: of the result, where it has luma and chroma.
        color_matrix: of the source or of the result, whichever has luma and chroma; of both where both have.
        width: of the result; the source's where 0.
        height: of the result; the source's where 0.

    Raises:
        FormatError: swscale refuses.
    """
    size = (width or source.width, height or source.height)
    own = ColorRange.FULL if source.color_range == FULL else ColorRange.LIMITED
    here = (source.width, source.height)
    if _is_gray(source) and own is ColorRange.LIMITED:
        # swscale takes all grey for full range: so the samples pass unchanged, and then say what they are.
        source = _scale(source, PixelFormat.YUV420P, ColorRange.FULL, color_matrix, here)
        source.color_range = RANGES[ColorRange.LIMITED]
    elif _goes_by_yuv420p(source, format):
        source = _scale(source, PixelFormat.YUV420P, own, color_matrix, here)
    if format is PixelFormat.GRAY8 and not _is_gray(source):
        return _luma(source, color_matrix, size)
    if has_alpha(format) and source.format.name in _FAST and 0 < source.width % 16 <= 4:
        # The fast way to 4 bytes a pixel leaves the last columns of such widths unwritten (FFmpeg 8 and 9).
        source = _scale(source, PixelFormat.RGB24, own, color_matrix, here)
    return _scale(source, format, color_range, color_matrix, size)


def _goes_by_yuv420p(source: av.VideoFrame, format: PixelFormat) -> bool:
    """Whether that is faster and nearer to the formulas than swscale's direct way."""
    if is_subsampled(format) or not _has_chroma(source) or source.format.name in _FAST:
        return False
    return not (_has_full_chroma(source) or (has_alpha(format) and _has_alpha(source)))


def _scale(
    source: av.VideoFrame,
    format: PixelFormat,
    color_range: ColorRange,
    color_matrix: ColorMatrix,
    size: tuple[int, int],
) -> av.VideoFrame:
    matrix = MATRICES[color_matrix]
    here = (source.width, source.height)
    exact = _has_full_chroma(source) or (has_alpha(format) and _has_alpha(source))
    unscaled = _EXACT if exact else Interpolation.AREA
    try:
        return _reformatter(threading.get_ident(), source.format.name, here, format, size).reformat(
            source,
            *size,
            str(format),
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=int(source.color_range),
            dst_color_range=RANGES[color_range] if is_subsampled(format) else FULL,
            interpolation=unscaled if size == here else Interpolation.BICUBIC,
            threads=1,
        )
    except (av.error.FFmpegError, ValueError) as error:
        raise FormatError(
            f"{source.format.name} {source.width}x{source.height} cannot be converted to {format}"
            f" {size[0]}x{size[1]}: {error}"
        ) from error


def _luma(source: av.VideoFrame, color_matrix: ColorMatrix, size: tuple[int, int]) -> av.VideoFrame:
    """Grey as full-range luma; swscale's own way to grey knows no matrix but BT.601's."""
    planar = _scale(source, PixelFormat.YUV420P, ColorRange.FULL, color_matrix, size)
    gray = av.VideoFrame.from_numpy_buffer(plane_view(planar, 0), "gray8")
    gray.color_range = FULL
    return gray


def _is_gray(picture: av.VideoFrame) -> bool:
    return len(picture.format.components) == 1 and not picture.format.has_palette


def _has_alpha(picture: av.VideoFrame) -> bool:
    return any(part.is_alpha for part in picture.format.components)


def _has_chroma(picture: av.VideoFrame) -> bool:
    return not picture.format.is_rgb and len(picture.format.components) >= 3


def _has_full_chroma(picture: av.VideoFrame) -> bool:
    if not _has_chroma(picture):
        return False
    luma, chroma = picture.format.components[:2]
    return (chroma.width, chroma.height) == (luma.width, luma.height)


@lru_cache(maxsize=64)
def _reformatter(
    thread: int, source: str, here: tuple[int, int], format: PixelFormat, size: tuple[int, int]
) -> VideoReformatter:
    """One context per conversion and thread: it belongs to one thread at a time, and setting it up costs 0.3 ms."""
    del thread, source, here, format, size
    return VideoReformatter()
