from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from streamlib.media.audio.sound_pictures import draw_spectrogram, draw_waveform

RATE = 48_000
SIZE = (400, 200)
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 20, 22  # of the axes


def sine(hz: float, level: float = 1.0, seconds: float = 1.0) -> NDArray[np.float32]:
    return (level * np.sin(2 * np.pi * hz * np.arange(int(RATE * seconds)) / RATE)).astype(np.float32)


def field(data: bytes) -> NDArray[np.int64]:
    """What lies within the axes, of a picture of one channel."""
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size) == ("PNG", SIZE)
    return np.asarray(image).astype(int)[TOP : SIZE[1] - BOTTOM, LEFT : SIZE[0] - RIGHT]


def wave(samples: NDArray[np.float32]) -> NDArray[np.int64]:
    return field(draw_waveform(samples.reshape(-1, 1), RATE, *SIZE))


def spectrum(samples: NDArray[np.float32]) -> NDArray[np.int64]:
    return field(draw_spectrogram(samples.reshape(-1, 1), RATE, *SIZE))


def drawn_rows(pixels: NDArray[np.int64], column: int) -> NDArray[np.intp]:
    """The rows in which a column is blue."""
    return np.flatnonzero(pixels[:, column, 2] - pixels[:, column, 0] > 30)


def test_a_wave_is_as_high_as_it_is_loud() -> None:
    rows = wave(sine(440, 0.5)).shape[0]
    high = drawn_rows(wave(sine(440, 0.5)), 100)
    assert abs(high[0] - rows * 0.25) <= 2
    assert abs(high[-1] - rows * 0.75) <= 2
    silent = drawn_rows(wave(sine(440, 0.0)), 100)
    assert len(silent) <= 2
    assert abs(silent[0] - rows / 2) <= 2


def test_a_wave_shows_when_it_is_loud() -> None:
    samples = np.concatenate((sine(440, 0.0, 0.5), sine(440, 0.8, 0.5)))
    pixels = wave(samples)
    width = pixels.shape[1]
    assert len(drawn_rows(pixels, width // 4)) <= 2
    assert len(drawn_rows(pixels, 3 * width // 4)) > 100


def test_a_peak_that_lasts_one_sample_is_seen_and_clipping_is_red() -> None:
    samples = np.zeros(RATE, np.float32)
    samples[RATE // 2] = 1.0
    pixels = wave(samples)
    red = (pixels[..., 0] > 180) & (pixels[..., 1] < 90)
    assert np.flatnonzero(red.any(axis=0)).tolist() == [pixels.shape[1] // 2]
    assert not ((wave(sine(440, 0.9))[..., 0] > 180) & (wave(sine(440, 0.9))[..., 1] < 90)).any()


@pytest.mark.parametrize("hz", [100.0, 1_000.0, 10_000.0])
def test_a_spectrogram_shows_a_tone_at_its_frequency(hz: float) -> None:
    pixels = spectrum(sine(hz, 0.5))
    brightest = int(pixels.sum(axis=2)[:, 150].argmax())
    expected = (1 - np.log(hz / 40) / np.log(RATE / 2 / 40)) * pixels.shape[0]
    assert abs(brightest - expected) <= 4
    assert (pixels[:, 150].sum(axis=1) < 60).sum() > 20  # and is dark elsewhere


def test_a_tone_of_full_scale_is_nearly_white_and_silence_black() -> None:
    assert spectrum(sine(1_000))[:, 150].sum(axis=1).max() > 650
    assert spectrum(sine(1_000, 0.0)).sum(axis=2).max() < 10


@pytest.mark.parametrize("draw", [draw_waveform, draw_spectrogram])
@pytest.mark.parametrize("shape", [(0, 1), (1, 1), (3, 2), (300, 8), (RATE, 3)])
def test_any_length_and_number_of_channels_is_drawn(draw: object, shape: tuple[int, int]) -> None:
    assert callable(draw)
    data = draw(np.zeros(shape, np.float32), RATE, 160, 80)
    assert Image.open(io.BytesIO(data)).size == (160, 80)


@pytest.mark.parametrize("seconds", [0.2, 1.0])
def test_a_tone_makes_no_splash_where_the_sound_begins_and_ends(seconds: float) -> None:
    pixels = spectrum(sine(1_000, 0.5, seconds)).sum(axis=2)
    for column in (0, pixels.shape[1] - 1):
        assert (pixels[:, column] < 60).sum() > 0.8 * pixels.shape[0]


def test_less_sound_than_one_block_is_drawn_too() -> None:
    assert spectrum(sine(1_000, 0.5, 0.01)).sum(axis=2).max() > 300


def test_a_spectrogram_has_a_scale_of_its_colours_where_there_is_room() -> None:
    def head(width: int) -> NDArray[np.int64]:
        drawn = draw_spectrogram(sine(1_000, 0.0).reshape(-1, 1), RATE, width, 200)
        return np.asarray(Image.open(io.BytesIO(drawn))).astype(int)[: TOP - 1]

    def coloured(pixels: NDArray[np.int64]) -> int:
        return int((pixels.max(axis=2) - pixels.min(axis=2) > 60).any(axis=0).sum())

    assert coloured(head(400)) > 60
    assert coloured(head(200)) == 0


def test_words_of_two_channels_do_not_touch() -> None:
    two = np.stack((sine(440), sine(440)), axis=1)
    image = np.asarray(Image.open(io.BytesIO(draw_waveform(two, RATE, 400, 200)))).astype(int)
    rows = (SIZE[1] - TOP - BOTTOM - 8) // 2
    between = image[TOP + rows : TOP + rows + 8, : LEFT - 6]
    assert (between.min(axis=(1, 2)) > 200).any(), "a row of paper between them"


def test_the_last_time_is_not_cut() -> None:
    image = np.asarray(Image.open(io.BytesIO(draw_waveform(sine(440, 0.5).reshape(-1, 1), RATE, 107, 200))))
    assert image[SIZE[1] - BOTTOM + 6 :, -1].min() > 200
