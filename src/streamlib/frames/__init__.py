"""What travels: pictures, sound, data and encoded packets, each with its time; all shared and read-only."""

from __future__ import annotations

from typing import TypeAlias

from streamlib.frames.audio import AudioFrame
from streamlib.frames.converter import Converter, ImageFormat, Picture, find_converter
from streamlib.frames.data import DataFrame
from streamlib.frames.packet import EncodedPacket, StreamInfo
from streamlib.frames.pixel_format import ColorMatrix, ColorRange, PixelFormat
from streamlib.frames.video import VideoFrame

Frame: TypeAlias = VideoFrame | AudioFrame | DataFrame | EncodedPacket
"""Whatever travels over a link."""

__all__ = [
    "AudioFrame",
    "ColorMatrix",
    "ColorRange",
    "Converter",
    "DataFrame",
    "EncodedPacket",
    "Frame",
    "ImageFormat",
    "Picture",
    "PixelFormat",
    "StreamInfo",
    "VideoFrame",
    "find_converter",
]
