"""Sound that was sampled from a graph: its samples, how loud they are, and what one makes of them.

`sampler` makes it of frames. Resampling and drawing are behind `streamlib.frames.sampler`; they happen when somebody
asks, on the thread that asks.
"""

from __future__ import annotations

import base64
import io
import math
import wave

import msgspec
import numpy as np
from numpy.typing import NDArray

from streamlib.clock import NS_PER_S
from streamlib.errors import ConfigError
from streamlib.frames.converter import ImageFormat
from streamlib.frames.sampler import find_sampler
from streamlib.ids import ProcessorId
from streamlib.observability.encoded_image import EncodedImage

SPEECH_HZ = 16_000
"""The rate that models of speech take."""
SMALLEST_PICTURE = (160, 80)
LARGEST_PICTURE = (4_096, 4_096)

_WAV_SCALE = 32_768


class SampledAudio(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """Sound that was sampled from a graph.

    Attributes:
        processor_id: Where.
        port: At which of its ports.
        timestamp_ns: The media time of the first sample, in nanoseconds.
        sample_rate: In Hz.
        samples: float32 of shape (samples, channels), full scale -1.0 to 1.0; read-only.
    """

    processor_id: ProcessorId
    port: str
    timestamp_ns: int
    sample_rate: int
    samples: NDArray[np.float32]

    @property
    def channels(self) -> int:
        """The number of channels."""
        return int(self.samples.shape[1])

    @property
    def duration_ns(self) -> int:
        """How long it is, in nanoseconds of media time; less than asked for where the stream ended or went quiet."""
        return round(len(self.samples) * NS_PER_S / self.sample_rate)

    @property
    def rms(self) -> tuple[float, ...]:
        """The root of the mean square of each channel; a sine of full scale has 0.707."""
        return tuple(math.sqrt(float(np.mean(np.square(channel, dtype=np.float64)))) for channel in self.samples.T)

    @property
    def peak(self) -> tuple[float, ...]:
        """The largest deviation from 0 in each channel; 1.0 is full scale, and beyond it is clipped in the end."""
        return tuple(float(np.abs(channel).max()) for channel in self.samples.T)

    @property
    def rms_dbfs(self) -> tuple[float, ...]:
        """`rms` in decibels of full scale 1.0: a sine of full scale has -3.01, silence minus infinity."""
        return tuple(map(_decibels, self.rms))

    @property
    def peak_dbfs(self) -> tuple[float, ...]:
        """`peak` in decibels of full scale 1.0; silence has minus infinity."""
        return tuple(map(_decibels, self.peak))

    def for_speech(self) -> SampledAudio:
        """The same sound as models of speech take it: one channel, 16 kHz."""
        mono = find_sampler().mono(self.samples, self.sample_rate, SPEECH_HZ)
        mono.setflags(write=False)
        return msgspec.structs.replace(self, samples=mono, sample_rate=SPEECH_HZ)

    def wav(self) -> bytes:
        """A WAV file of 16 bits; what is beyond full scale is clipped."""
        scaled = np.clip(np.rint(self.samples * _WAV_SCALE), -_WAV_SCALE, _WAV_SCALE - 1).astype("<i2")
        file = io.BytesIO()
        with wave.open(file, "wb") as sound:
            sound.setparams((self.channels, 2, self.sample_rate, len(scaled), "NONE", ""))
            sound.writeframes(scaled.tobytes())
        return file.getvalue()

    def waveform(self, width: int = 800, height: int = 240) -> EncodedImage:
        """Amplitude over time as PNG, a row for each channel: peaks in light blue, RMS in dark, clipping in red.

        Raises:
            ConfigError: The size is none, or is smaller than 160 x 80 or larger than 4,096 x 4,096 pixels.
        """
        size = _picture_size(width, height)
        return _png(find_sampler().waveform(self.samples, self.sample_rate, *size), *size)

    def spectrogram(self, width: int = 800, height: int = 320) -> EncodedImage:
        """Power by frequency over time as PNG, a row for each channel: black is -100 dBFS, light yellow 0.

        Raises:
            ConfigError: The size is none, or is smaller than 160 x 80 or larger than 4,096 x 4,096 pixels.
        """
        size = _picture_size(width, height)
        return _png(find_sampler().spectrogram(self.samples, self.sample_rate, *size), *size)

    def _repr_html_(self) -> str:
        """A player with the waveform above it, for notebooks."""
        data = base64.b64encode(self.wav()).decode("ascii")
        player = f'<audio controls src="data:audio/wav;base64,{data}"></audio>'
        return f"<div>{self.waveform()._repr_html_()}<br>{player}</div>"

    def __repr__(self) -> str:
        levels = ", ".join(f"{level:.1f}" for level in self.rms_dbfs)
        length = f"{len(self.samples) / self.sample_rate:.3f} s"
        return f"<SampledAudio {length}, {self.channels} x {self.sample_rate} Hz, rms {levels} dBFS>"


def _decibels(level: float) -> float:
    return 20 * math.log10(level) if level > 0 else -math.inf


def _picture_size(width: object, height: object) -> tuple[int, int]:
    sides = []
    for name, side, least, most in zip(
        ("width", "height"), (width, height), SMALLEST_PICTURE, LARGEST_PICTURE, strict=True
    ):
        if not isinstance(side, int) or isinstance(side, bool) or not least <= side <= most:
            raise ConfigError(f"{name} is {side!r}; give {least} to {most:,} pixels", field=name)
        sides.append(side)
    return sides[0], sides[1]


def _png(data: bytes, width: int, height: int) -> EncodedImage:
    return EncodedImage(width=width, height=height, format=ImageFormat.PNG, data=data)
