"""How a picture is sampled: which one, how large, as which kind of image.

Written by who asks, read by `sampler`. It knows no frames.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

import msgspec
from msgspec.structs import force_setattr

from streamlib.errors import ConfigError
from streamlib.frames.converter import ImageFormat
from streamlib.processors.conversion import chosen

THUMBNAIL = (320, 320)
"""The box that thumbnails are scaled into where no other is given, in pixels."""
LARGEST_SIDE = 16_384


class SampleMode(StrEnum):
    """Which picture, and whether it is scaled down.

    `THUMBNAIL` and `FULL_FRAME` are of the next frame; of packets that is the next key frame, with which alone a
    decoder can begin. `KEY_FRAME` is of the next key frame, in full; every frame that is not encoded is one.
    """

    THUMBNAIL = "thumbnail"
    FULL_FRAME = "full_frame"
    KEY_FRAME = "key_frame"


class SampleConfig(msgspec.Struct, frozen=True):
    """How to sample a picture. Made by `thumbnail()`, `full_frame()` or `key_frame()`.

    Attributes:
        mode: Which picture; a name of `SampleMode` serves.
        max_dimensions: Width and height of the box that it is scaled down into, in pixels, its proportions kept; it is
            never enlarged. None is 320 x 320 for a thumbnail, and no limit otherwise.
        format: The kind of image; "jpeg", "png" or "webp" serve. JPEG loses transparency.

    Raises:
        ConfigError: There is no such mode or format, or the sizes are not two whole numbers of 1 to 16,384.
    """

    mode: SampleMode = SampleMode.THUMBNAIL
    max_dimensions: tuple[int, int] | None = None
    format: ImageFormat = ImageFormat.JPEG

    def __post_init__(self) -> None:
        force_setattr(self, "mode", chosen("mode", SampleMode, self.mode))
        force_setattr(self, "format", chosen("format", ImageFormat, self.format))
        if self.max_dimensions is not None:
            force_setattr(self, "max_dimensions", _box(self.max_dimensions))

    @classmethod
    def thumbnail(
        cls, max_dimensions: tuple[int, int] | None = None, *, format: ImageFormat | str = ImageFormat.JPEG
    ) -> Self:
        """A small picture of the next frame, within 320 x 320 pixels where no other box is given."""
        return cls(SampleMode.THUMBNAIL, max_dimensions, chosen("format", ImageFormat, format))

    @classmethod
    def full_frame(
        cls, max_dimensions: tuple[int, int] | None = None, *, format: ImageFormat | str = ImageFormat.JPEG
    ) -> Self:
        """The next frame in its own size, or within a box."""
        return cls(SampleMode.FULL_FRAME, max_dimensions, chosen("format", ImageFormat, format))

    @classmethod
    def key_frame(
        cls, max_dimensions: tuple[int, int] | None = None, *, format: ImageFormat | str = ImageFormat.JPEG
    ) -> Self:
        """The next key frame in its own size, or within a box."""
        return cls(SampleMode.KEY_FRAME, max_dimensions, chosen("format", ImageFormat, format))

    @property
    def box(self) -> tuple[int, int]:
        """What the picture is scaled into, in pixels; a side of 0 has no limit."""
        if self.max_dimensions is not None:
            return self.max_dimensions
        return THUMBNAIL if self.mode is SampleMode.THUMBNAIL else (0, 0)


def _box(given: object) -> tuple[int, int]:
    sides = tuple(given) if isinstance(given, tuple | list) else ()
    if len(sides) != 2 or not all(_is_side(side) for side in sides):
        raise ConfigError(
            f"max_dimensions is {given!r}; give a width and a height of 1 to {LARGEST_SIDE:,} pixels, (640, 360) for "
            "one, or None for no limit",
            field="max_dimensions",
        )
    return int(sides[0]), int(sides[1])


def _is_side(side: object) -> bool:
    return isinstance(side, int) and not isinstance(side, bool) and 1 <= side <= LARGEST_SIDE
