"""A picture as an image file: JPEG, PNG or WebP, by FFmpeg's encoders.

A picture in RGB comes in, of the size wanted; bytes go out. The encoders let go of the interpreter lock while they
work, so that the graph goes on; Pillow's would hold it for the whole of a JPEG. Called by `converter`; before it on
the path: `swscale`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import av

from streamlib.errors import FormatError
from streamlib.frames.converter import ImageFormat
from streamlib.frames.pixel_format import ColorMatrix, ColorRange, PixelFormat
from streamlib.media.ticks import NANOSECOND
from streamlib.media.video.swscale import FULL, reformat

# JPEG's quality is about Pillow's 85; a PNG takes half the time of FFmpeg's default and is as large.
_CODECS: Mapping[ImageFormat, tuple[str, dict[str, str]]] = MappingProxyType(
    {
        ImageFormat.JPEG: ("mjpeg", {"qmin": "3", "qmax": "3"}),
        ImageFormat.PNG: ("png", {"pred": "paeth", "compression_level": "4"}),
        ImageFormat.WEBP: ("libwebp", {"quality": "80", "compression_level": "2"}),
    }
)


def encoded(picture: av.VideoFrame, image: ImageFormat) -> bytes:
    """An image file of a picture in rgb24, or in rgba where its transparency is to be kept, which JPEG cannot.

    Raises:
        FormatError: The encoder refuses the size.
    """
    codec, options = _CODECS[image]
    source = _fitted(picture, image)
    context = av.CodecContext.create(codec, "w")
    assert isinstance(context, av.VideoCodecContext)
    context.width, context.height, context.pix_fmt = source.width, source.height, source.format.name
    context.time_base, context.thread_count, context.options = NANOSECOND, 1, dict(options)
    if image is ImageFormat.JPEG:
        context.color_range = FULL
    source.pts, source.time_base = 0, NANOSECOND
    try:
        packets: list[av.Packet[Any]] = [*context.encode(source), *context.encode(None)]
    except (av.error.FFmpegError, OSError) as error:
        raise FormatError(
            f"a picture of {source.width}x{source.height} cannot be written as {image}: {error}; scale it down"
        ) from error
    return b"".join(bytes(packet) for packet in packets)


def _fitted(picture: av.VideoFrame, image: ImageFormat) -> av.VideoFrame:
    """The picture as its encoder takes it; JPEG and WebP have the matrix of BT.601 (JFIF 1.02; RFC 9649)."""
    if image is ImageFormat.PNG:
        return picture
    if picture.format.name == "rgba":
        return reformat(picture, PixelFormat.BGRA, ColorRange.FULL, ColorMatrix.BT601)
    color_range = ColorRange.FULL if image is ImageFormat.JPEG else ColorRange.LIMITED
    return reformat(picture, PixelFormat.YUV420P, color_range, ColorMatrix.BT601)
