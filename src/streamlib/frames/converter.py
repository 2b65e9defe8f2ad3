"""The door through which frames reach swscale and the image codecs, without knowing them.

What passes is a picture in, a native picture (here opaque), an array or an encoded image out. Whoever
supplies the converter registers it in the entry-point group `streamlib.converters`; it is loaded on first
use, so that a program that converts nothing loads no codec library. Next on the path: `streamlib.media`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streamlib.errors import FormatError
from streamlib.frames.pixel_format import ColorMatrix, ColorRange, PixelFormat

GROUP = "streamlib.converters"
OURS = "av"
SAMPLER = ".sampler"
"""What the names of samplers (`sampler.py`) end in; all others of the group are converters."""


class ImageFormat(StrEnum):
    """The formats of a single encoded image."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"


class Picture(Protocol):
    """What a converter sees of a VideoFrame."""

    @property
    def width(self) -> int:
        """In pixels."""
        ...

    @property
    def height(self) -> int:
        """In pixels."""
        ...

    @property
    def format(self) -> PixelFormat:
        """The format that the picture says it has; a native one may really have more bits or chroma."""
        ...

    @property
    def color_range(self) -> ColorRange:
        """The range of luma and chroma."""
        ...

    @property
    def color_matrix(self) -> ColorMatrix:
        """The matrix between RGB and luma with chroma."""
        ...

    @property
    def native(self) -> object | None:
        """The converter's own picture, or None when the pixels are an array."""
        ...

    @property
    def timestamp_ns(self) -> int:
        """Media time."""
        ...

    @property
    def duration_ns(self) -> int:
        """How long it lasts; 0 is unknown."""
        ...

    def to_ndarray(self, format: str | None = None) -> NDArray[np.uint8]:
        """The pixels; a converter asks for them only where `native` is None."""
        ...


class Converter(Protocol):
    """Changes pixel formats and encodes images. One object serves all threads."""

    def convert(self, picture: Picture, format: PixelFormat) -> object:
        """A native picture of the same size, range and matrix in another format.

        Raises:
            FormatError: the picture cannot be converted.
        """
        ...

    def pixels(self, picture: Picture) -> NDArray[np.uint8]:
        """The pixels of a native picture in its format as a read-only array, without a copy where possible.

        Raises:
            FormatError: the picture does not fit in an array (an odd size in yuv420p or nv12).
        """
        ...

    def planes(self, picture: Picture) -> Sequence[NDArray[np.uint8]]:
        """The planes of a native picture of yuv420p or nv12, read-only, without a copy where its memory allows.

        Raises:
            FormatError: the picture cannot be converted to the format it says it has.
        """
        ...

    def encode(self, picture: Picture, image: ImageFormat, max_width: int = 0, max_height: int = 0) -> bytes:
        """The picture as an image file, scaled down as `size_within` says.

        Raises:
            FormatError: the picture cannot be converted.
        """
        ...


def size_within(width: int, height: int, max_width: int = 0, max_height: int = 0) -> tuple[int, int]:
    """The size of a picture scaled down into a box, its proportions kept; a side of 0 has no limit. In pixels."""
    factor = min(1.0, (max_width or width) / width, (max_height or height) / height)
    return max(1, round(width * factor)), max(1, round(height * factor))


@cache
def find_converter() -> Converter:
    """The converter that is installed: ours where there are several.

    Raises:
        FormatError: none is installed.
    """
    from importlib.metadata import entry_points  # takes as long to import as half of numpy

    found = [entry for entry in entry_points(group=GROUP) if not entry.name.endswith(SAMPLER)]
    if not found:
        raise FormatError(
            f"no converter of pixel formats is installed (entry-point group {GROUP}); pip install streamlib brings one"
        )
    made: Converter = min(found, key=lambda entry: (entry.name != OURS, entry.name)).load()()
    return made
