from __future__ import annotations

import io
import math
import wave
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from streamlib import SampledAudio
from streamlib.errors import ConfigError
from streamlib.ids import ProcessorId

RATE = 48_000


def sampled(samples: NDArray[np.float32], rate: int = RATE) -> SampledAudio:
    return SampledAudio(
        processor_id=ProcessorId("tone_0"), port="audio", timestamp_ns=5, sample_rate=rate, samples=samples
    )


def sine(level: float, seconds: float = 0.5) -> NDArray[np.float32]:
    return (level * np.sin(2 * np.pi * 1_000 * np.arange(int(RATE * seconds)) / RATE)).astype(np.float32)


@pytest.mark.promise("agent.sound-shown")
def test_levels_are_those_of_each_channel() -> None:
    sound = sampled(np.stack((sine(1.0), sine(0.1), sine(0.0)), axis=1))
    assert sound.channels == 3
    assert sound.duration_ns == 500_000_000
    assert sound.rms == pytest.approx((math.sqrt(0.5), math.sqrt(0.005), 0), abs=1e-4)
    assert sound.peak == pytest.approx((1.0, 0.1, 0), abs=1e-4)
    assert sound.rms_dbfs == pytest.approx((-3.01, -23.01, -math.inf), abs=0.01)
    assert sound.peak_dbfs == pytest.approx((0, -20, -math.inf), abs=0.01)
    assert repr(sound) == "<SampledAudio 0.500 s, 3 x 48000 Hz, rms -3.0, -23.0, -inf dBFS>"


@pytest.mark.promise("agent.sound-shown")
def test_a_wav_file_has_the_samples_and_clips_what_is_beyond_full_scale() -> None:
    samples = np.array([[0.0, 0.5], [1.5, -1.5], [-1.0, 1.0]], np.float32)
    with wave.open(io.BytesIO(sampled(samples).wav())) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate(), file.getnframes()) == (2, 2, RATE, 3)
        read = np.frombuffer(file.readframes(3), "<i2").reshape(3, 2)
    assert read.tolist() == [[0, 16_384], [32_767, -32_768], [-32_768, 32_767]]


@pytest.mark.promise("agent.sound-shown")
@pytest.mark.parametrize("rate", [48_000, 44_100, 16_000])
def test_for_speech_it_is_one_channel_of_16_khz(rate: int) -> None:
    at = np.arange(rate) / rate
    samples = np.stack([0.5 * np.sin(2 * np.pi * 300 * at)] * 2, axis=1).astype(np.float32)
    speech = sampled(samples, rate).for_speech()
    assert (speech.sample_rate, speech.samples.shape, speech.timestamp_ns) == (16_000, (16_000, 1), 5)
    assert speech.rms_dbfs == pytest.approx(sampled(samples[:, :1], rate).rms_dbfs, abs=0.05)
    assert not speech.samples.flags.writeable


@pytest.mark.promise("agent.sound-shown")
def test_pictures_of_it_have_the_size_asked_for() -> None:
    sound = sampled(sine(0.5).reshape(-1, 1))
    for image, size in ((sound.waveform(400, 100), (400, 100)), (sound.spectrogram(), (800, 320))):
        assert (image.width, image.height) == size
        assert Image.open(io.BytesIO(image.data)).size == size


@pytest.mark.parametrize("size", [(0, 100), (400, -1), (100, 100), (5_000, 100), (400.0, 100), (True, 100)])
def test_a_size_that_is_none_is_refused(size: Any) -> None:
    sound = sampled(sine(0.5).reshape(-1, 1))
    with pytest.raises(ConfigError, match="(width|height) is .*; give"):
        sound.waveform(*size)
    with pytest.raises(ConfigError, match="(width|height) is .*; give"):
        sound.spectrogram(*size)


def test_a_notebook_plays_it() -> None:
    shown = sampled(sine(0.5, 0.01).reshape(-1, 1))._repr_html_()
    assert "data:image/png;base64," in shown
    assert '<audio controls src="data:audio/wav;base64,' in shown
