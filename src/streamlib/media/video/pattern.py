"""A picture that shows whether it arrived whole, in order and in time: bars, a ball that moves, a number and a time.

Numbers come in, a frame's number and its time; pixels go out, in any format and size. No port and no clock is known
here. `pattern_generator.py` asks, frame by frame: so what does not move is drawn once, in the format that is asked
for, and a picture costs one copy of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from streamlib.clock import NS_PER_MS, NS_PER_S
from streamlib.frames.pixel_format import ColorMatrix, ColorRange, PixelFormat, array_shape, is_subsampled, parts
from streamlib.frames.video import VideoFrame

Pixels = NDArray[np.uint8]

# 75 % colour bars: white, yellow, cyan, green, magenta, red, blue, black (ITU-R BT.471-1, nomenclature 75/0/75/0).
BARS = ((1, 1, 1), (1, 1, 0), (0, 1, 1), (0, 1, 0), (1, 0, 1), (1, 0, 0), (0, 0, 1), (0, 0, 0))
BAR_LEVEL = 191
# The ball crosses the picture in these times; they have no common measure, so that its way repeats after a minute.
CROSSING_NS = (3 * NS_PER_S, 2_300 * NS_PER_MS)
GLYPHS = "0123456789:."
BALL = (255, 128, 0)


class Pattern(StrEnum):
    """What stands behind the ball and the text."""

    BARS = "bars"
    GRID = "grid"
    BLACK = "black"
    WHITE = "white"


@dataclass(frozen=True, slots=True)
class PictureShape:
    """What the pixels of a pattern look like in memory; the sides are even where the format halves its chroma."""

    width: int
    height: int
    format: PixelFormat
    color_range: ColorRange
    color_matrix: ColorMatrix


@dataclass(frozen=True, slots=True)
class _Sprite:
    """A small picture as planes, and where it covers what is below it."""

    planes: list[Pixels]
    covers: list[NDArray[np.bool_]]


class PatternPainter:
    """Paints pictures of one shape.

    Args:
        shape: Of all of them.
    """

    def __init__(self, shape: PictureShape) -> None:
        self._shape = shape
        self._step = 2 if is_subsampled(shape.format) else 1
        self._grounds: dict[Pattern, Pixels] = {}
        side = self._even(max(2, min(shape.width, shape.height) // 6))
        self._ball_side = side
        self._ball = self._sprite(_ball(side), _disc(side))
        self._glyph_height = self._even(max(8, shape.height // 16))
        glyphs = _glyphs(self._glyph_height)
        self._glyph_width = glyphs[GLYPHS[0]].shape[1]
        self._glyphs = {char: self._sprite(pixels) for char, pixels in glyphs.items()}

    def paint(self, number: int, timestamp_ns: int, *, pattern: Pattern, ball: bool, text: bool) -> Pixels:
        """The picture of a frame: a new array of the shape's format."""
        pixels = self._ground(pattern).copy()
        planes = _planes(pixels, self._shape)
        if ball:
            self._put(planes, self._ball, *self.ball_at(timestamp_ns))
        if text:
            left = self._even(self._shape.width // 32)
            top = self._even(self._shape.height // 16)
            self._write(planes, f"{number:08d}", left, top)
            self._write(planes, clock_text(timestamp_ns), left, top + self._glyph_height)
        return pixels

    def ball_at(self, timestamp_ns: int) -> tuple[int, int]:
        """The left and upper edge of the ball at a time, in pixels: it goes to and fro between the edges."""
        room = (self._shape.width - self._ball_side, self._shape.height - self._ball_side)
        at = (_to_and_fro(timestamp_ns, crossing, side) for crossing, side in zip(CROSSING_NS, room, strict=True))
        left, top = (self._even(place) for place in at)
        return left, top

    def _ground(self, pattern: Pattern) -> Pixels:
        if pattern not in self._grounds:
            drawn = _DRAWN[pattern](self._shape.width, self._shape.height)
            self._grounds[pattern] = self._converted(drawn)
        return self._grounds[pattern]

    def _write(self, planes: list[Pixels], text: str, left: int, top: int) -> None:
        for char in text:
            self._put(planes, self._glyphs[char], left, top)
            left += self._glyph_width

    def _put(self, planes: list[Pixels], sprite: _Sprite, left: int, top: int) -> None:
        """Lay a sprite over a picture; what reaches beyond its edges is left out."""
        full = sprite.planes[0].shape[0]
        for plane, over, covers in zip(planes, sprite.planes, sprite.covers, strict=True):
            factor = full // over.shape[0]
            place = plane[max(0, top // factor) :, max(0, left // factor) :][: over.shape[0], : over.shape[1]]
            rows, columns = place.shape[:2]
            where = covers[:rows, :columns]
            np.copyto(place, over[:rows, :columns], where=where if place.ndim == 2 else where[..., None])

    def _sprite(self, rgb: Pixels, covers: NDArray[np.bool_] | None = None) -> _Sprite:
        shape = PictureShape(
            rgb.shape[1], rgb.shape[0], self._shape.format, self._shape.color_range, self._shape.color_matrix
        )
        planes = _planes(self._converted(rgb), shape)
        whole = covers if covers is not None else np.ones(rgb.shape[:2], np.bool_)
        factors = [rgb.shape[0] // plane.shape[0] for plane in planes]
        return _Sprite(planes, [whole[::factor, ::factor] for factor in factors])

    def _converted(self, rgb: Pixels) -> Pixels:
        shape = self._shape
        frame = VideoFrame.from_ndarray(rgb, color_range=shape.color_range, color_matrix=shape.color_matrix)
        return np.array(frame.to_ndarray(shape.format))

    def _even(self, pixels: int) -> int:
        """So many pixels, or one less where chroma is halved."""
        return pixels - pixels % self._step


def clock_text(timestamp_ns: int) -> str:
    """A time as it is burnt in: hours, minutes, seconds and milliseconds, `00:01:02.040`."""
    ms = timestamp_ns // NS_PER_MS
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"


def _planes(pixels: Pixels, shape: PictureShape) -> list[Pixels]:
    assert pixels.shape == array_shape(shape.width, shape.height, shape.format)
    return parts(pixels, shape.height, shape.format) if is_subsampled(shape.format) else [pixels]


def _to_and_fro(timestamp_ns: int, crossing_ns: int, room: int) -> int:
    within = timestamp_ns % (2 * crossing_ns)
    return max(0, room) * min(within, 2 * crossing_ns - within) // crossing_ns


def _bars(width: int, height: int) -> Pixels:
    """Colour bars, and below them grey from black to white."""
    pixels = np.empty((height, width, 3), np.uint8)
    across = np.arange(width)
    pixels[:] = (np.array(BARS, np.uint8) * BAR_LEVEL)[across * len(BARS) // width]
    pixels[height - height // 4 :] = (across * 255 // max(1, width - 1)).astype(np.uint8)[:, None]
    return pixels


def _grid(width: int, height: int) -> Pixels:
    """White lines on grey, sixteen to the longer side: what is bent or scaled shows in them."""
    pixels = np.full((height, width, 3), 64, np.uint8)
    step = max(2, max(width, height) // 16)
    pixels[::step] = 255
    pixels[:, ::step] = 255
    return pixels


def _black(width: int, height: int) -> Pixels:
    return np.zeros((height, width, 3), np.uint8)


def _white(width: int, height: int) -> Pixels:
    return np.full((height, width, 3), 255, np.uint8)


_DRAWN = {Pattern.BARS: _bars, Pattern.GRID: _grid, Pattern.BLACK: _black, Pattern.WHITE: _white}


def _ball(side: int) -> Pixels:
    return np.full((side, side, 3), BALL, np.uint8)


def _disc(side: int) -> NDArray[np.bool_]:
    from_middle = np.arange(side) - (side - 1) / 2
    covered: NDArray[np.bool_] = from_middle[:, None] ** 2 + from_middle**2 <= side * side / 4
    return covered


def _glyphs(height: int) -> dict[str, Pixels]:
    """Each character white on black, (height, width, 3), all of one even width."""
    font = ImageFont.load_default(height * 0.8)
    width = 2 * round(max(font.getlength(char) for char in GLYPHS) / 2 + 0.5)
    return {char: _glyph(char, font, width, height) for char in GLYPHS}


def _glyph(char: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int, height: int) -> Pixels:
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    draw.text((width / 2, height / 2), char, font=font, fill=(255, 255, 255), anchor="mm")
    return np.array(image)
