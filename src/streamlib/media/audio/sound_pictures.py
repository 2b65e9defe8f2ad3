"""Sound drawn: its waveform, and its spectrogram, each channel in a row of its own, with axes.

Samples of shape (samples, channels) come in; a PNG goes out. Numbers of the axes are seconds, and full scale or
frequency. `media/sampler.py` calls this for who looks at a graph.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from streamlib.frames.converter import ImageFormat
from streamlib.media.audio.samples import Samples
from streamlib.media.video.images import encoded

Pixels = NDArray[np.uint8]
Drawn = Callable[[NDArray[np.float32], int, int], Pixels]
"""One channel as pixels of a width and a height."""

FLOOR_DBFS = -100.0
"""What a spectrogram shows in black."""
LOWEST_HZ = 40.0

_FFT = 2048
_PAPER, _INK, _GRID = (255, 255, 255), (60, 60, 60), (220, 220, 220)
_PEAK, _RMS, _CLIPPED = (121, 168, 217), (38, 89, 147), (205, 60, 50)
# From black over violet and orange to light yellow, in equal steps of brightness.
_HEAT = np.array([(0, 0, 4), (60, 15, 110), (140, 41, 129), (222, 73, 104), (254, 159, 109), (252, 253, 191)], float)
_LEFT, _RIGHT, _TOP, _BOTTOM, _GAP = 46, 12, 20, 22, 8
_FONT_SIZE = 11
_SCALE_WIDTH, _SCALE_HEIGHT = 80, 9

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class _Row(NamedTuple):
    """Where the picture of one channel lies."""

    left: int
    top: int
    width: int
    height: int


def draw_waveform(samples: Samples, sample_rate: int, width: int, height: int) -> bytes:
    """Peaks in light blue, RMS in dark blue, red where full scale is reached; PNG of `width` x `height` pixels."""
    marks = [(1.0, "1"), (0.5, ""), (0.0, "0"), (-0.5, ""), (-1.0, "-1")]
    return _drawn(samples, sample_rate, (width, height), _wave, [((1 - at) / 2, word) for at, word in marks])


def draw_spectrogram(samples: Samples, sample_rate: int, width: int, height: int) -> bytes:
    """Frequencies on a logarithmic axis, black at -100 dBFS and light yellow at 0; PNG of `width` x `height` pixels."""
    words = {50.0: "50", 100.0: "100", 200.0: "", 500.0: "500", 1e3: "1k", 2e3: "2k", 5e3: "5k", 1e4: "10k", 2e4: "20k"}
    top = sample_rate / 2
    span = np.log(top / LOWEST_HZ)
    marks = [(float(np.log(top / hz) / span), word) for hz, word in words.items() if LOWEST_HZ < hz < top]

    def draw(channel: NDArray[np.float32], columns: int, rows: int) -> Pixels:
        return _heat(_spectrum(channel, sample_rate, columns, rows))

    return _drawn(samples, sample_rate, (width, height), draw, marks, "Hz", scale=True)


def _drawn(
    samples: Samples,
    sample_rate: int,
    size: tuple[int, int],
    draw: Drawn,
    marks: Iterable[tuple[float, str]],
    unit: str = "full scale",
    *,
    scale: bool = False,
) -> bytes:
    """All channels with their axes; a mark is how far down a row it stands, as a part of it, and its word."""
    sheet = Image.new("RGB", size, _PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT_SIZE)
    rows = _rows(size, samples.shape[1])
    head = f"{unit}; {samples.shape[1]} x {sample_rate} Hz"
    pen.text((_LEFT, 4), head, _INK, font)
    if scale:
        _draw_scale(sheet, pen, font, _LEFT + pen.textlength(head, font))
    for channel, row in zip(samples.T, rows, strict=True):
        sheet.paste(Image.fromarray(draw(channel, row.width, row.height)), (row.left, row.top))
        pen.rectangle((row.left - 1, row.top - 1, row.left + row.width, row.top + row.height), None, _INK)
        _mark_levels(pen, font, row, marks)
    _mark_times(pen, font, rows[-1], len(samples) / sample_rate)
    return encoded(av.VideoFrame.from_ndarray(np.asarray(sheet), "rgb24"), ImageFormat.PNG)


def _rows(size: tuple[int, int], channels: int) -> list[_Row]:
    width, height = size
    each = max(1, (height - _TOP - _BOTTOM - _GAP * (channels - 1)) // channels)
    return [
        _Row(_LEFT, _TOP + number * (each + _GAP), max(1, width - _LEFT - _RIGHT), each) for number in range(channels)
    ]


def _draw_scale(sheet: Image.Image, pen: ImageDraw.ImageDraw, font: Font, taken: float) -> None:
    """Which colour is which level, above the rows on the right; nothing where there is no room beside the words."""
    low, high = f"{FLOOR_DBFS:g} ", " 0 dBFS"
    right = sheet.width - _RIGHT - pen.textlength(high, font)
    left = right - _SCALE_WIDTH
    if left - pen.textlength(low, font) < taken + _GAP:
        return
    levels = np.linspace(FLOOR_DBFS, 0.0, _SCALE_WIDTH)[None].repeat(_SCALE_HEIGHT, axis=0)
    sheet.paste(Image.fromarray(_heat(levels)), (int(left), 6))
    pen.text((left, 4), low, _INK, font, anchor="ra")
    pen.text((right, 4), high, _INK, font)


def _mark_levels(
    pen: ImageDraw.ImageDraw,
    font: Font,
    row: _Row,
    marks: Iterable[tuple[float, str]],
) -> None:
    below = float(row.top - _FONT_SIZE)  # a word that would touch the one above it is left out
    inset = min(_FONT_SIZE, row.height) / 2  # words stay within their row, clear of those of the next
    for part, word in sorted(marks):
        y = row.top + part * (row.height - 1)
        pen.line((row.left - 4, y, row.left - 1, y), _INK)
        at = min(max(y, row.top + inset), row.top + row.height - inset)
        if word and at - below >= _FONT_SIZE:
            pen.text((row.left - 6, at), word, _INK, font, anchor="rm")
            below = at


def _mark_times(pen: ImageDraw.ImageDraw, font: Font, row: _Row, seconds: float) -> None:
    y = row.top + row.height
    step = _step(seconds, row.width // 60)
    for number in range(int(seconds / step + 1e-9) + 1 if step else 1):
        x = row.left + (row.width - 1) * (number * step / seconds if seconds else 0.0)
        pen.line((x, y, x, y + 4), _INK)
        word = f"{number * step:g} s"
        half = pen.textlength(word, font) / 2
        pen.text(
            (min(max(x, row.left + half), row.left + row.width + _RIGHT - 1 - half), y + 6), word, _INK, font, "mt"
        )


def _step(length: float, most: int) -> float:
    """A round distance of marks, 1, 2 or 5 times a power of ten, of which there are so many at most."""
    if length <= 0:
        return 0.0
    least = length / max(1, most)
    unit = 10.0 ** np.floor(np.log10(least))
    return float(next(unit * digit for digit in (1, 2, 5, 10) if unit * digit >= least * (1 - 1e-9)))


def _wave(channel: NDArray[np.float32], columns: int, rows: int) -> Pixels:
    pixels = np.full((rows, columns, 3), _PAPER, np.uint8)
    level = (1 - 2 * (np.arange(rows) + 0.5) / rows)[:, None]  # the level in the middle of each row of pixels
    pixels[rows // 2] = _GRID
    if not len(channel):
        return pixels
    starts = np.arange(columns) * len(channel) // columns
    ends = np.maximum(starts + 1, np.append(starts[1:], len(channel)))
    # Columns may be more than samples: then some of them show the same one.
    low, high = _extremes(channel, starts)
    energy = np.concatenate(([0.0], np.cumsum(channel.astype(np.float64) ** 2)))
    rms = np.sqrt(np.maximum(0.0, energy[ends] - energy[starts]) / (ends - starts))
    half = 1.0 / rows  # what is silent is a line all the same
    pixels[(level >= low - half) & (level <= high + half)] = _PEAK
    pixels[(np.abs(level) <= rms) & (level >= low - half) & (level <= high + half)] = _RMS
    clipped = np.maximum(high, -low) >= 1.0
    pixels[np.broadcast_to(clipped, (rows, columns)) & (np.abs(level) > 1 - 6 / rows)] = _CLIPPED
    return pixels


def _extremes(
    channel: NDArray[np.float32], starts: NDArray[np.intp]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    if (np.diff(starts) > 0).all():
        return np.minimum.reduceat(channel, starts), np.maximum.reduceat(channel, starts)
    return channel[starts], channel[starts]


def _spectrum(channel: NDArray[np.float32], sample_rate: int, columns: int, rows: int) -> NDArray[np.float64]:
    """Levels in dBFS by row and column, the highest frequency on top; a sine of full scale has 0."""
    if not len(channel):
        return np.full((rows, columns), FLOOR_DBFS)
    hop = max(1, min(_FFT // 2, len(channel) // columns))
    missing = max(0, _FFT - len(channel))
    padded = np.pad(channel, (missing // 2, missing - missing // 2))
    window = np.hanning(_FFT).astype(np.float32)
    blocks = np.lib.stride_tricks.sliding_window_view(padded, _FFT)
    # At both ends the nearest whole block stands for less than one: a cut through a tone is heard at all frequencies.
    starts = np.clip(np.arange(0, len(channel), hop) - _FFT // 2, 0, len(blocks) - 1)
    at = np.arange(columns) * len(starts) // columns
    # Column by column, so that a minute of sound needs no more room than a second.
    ends = np.maximum(at + 1, np.append(at[1:], len(starts)))
    loudest = [
        np.abs(np.fft.rfft(blocks[starts[start:end]] * window, axis=1)).max(axis=0)
        for start, end in zip(at, ends, strict=True)
    ]
    levels = 20 * np.log10(np.maximum(np.array(loudest).T * (2 / window.sum()), 1e-9))
    hz = LOWEST_HZ * (sample_rate / 2 / LOWEST_HZ) ** (1 - (np.arange(rows) + 0.5) / rows)
    bins = hz * _FFT / sample_rate
    below = np.minimum(bins.astype(int), levels.shape[0] - 2)
    part = (bins - below)[:, None]
    mixed: NDArray[np.float64] = levels[below] * (1 - part) + levels[below + 1] * part
    return mixed


def _heat(levels: NDArray[np.float64]) -> Pixels:
    part = np.clip((levels - FLOOR_DBFS) / -FLOOR_DBFS, 0, 1) * (len(_HEAT) - 1)
    colours = [np.interp(part, np.arange(len(_HEAT)), _HEAT[:, primary]) for primary in range(3)]
    return np.stack(colours, axis=-1).round().astype(np.uint8)
