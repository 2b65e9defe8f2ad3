"""ToneGenerator: a source of sound for whoever has no microphone: a tone, or noise.

`pace.py` says when a block is due.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Annotated, Any

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from streamlib.errors import ConfigError
from streamlib.frames.audio import MAX_CHANNELS, AudioFrame
from streamlib.media.audio.samples import Samples
from streamlib.media.limits import SAMPLE_RATES, Duration, SampleRate, zero_or
from streamlib.media.pace import Pace, Speed
from streamlib.media.ticks import samples_ns
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.execution_mode import ErrorPolicy, ProcessExecution
from streamlib.processors.ports import LinkOutput
from streamlib.processors.processor import Processor

Phases = NDArray[np.floating[Any]]

SEED = 1  # noise is the same in every run, so that it can be compared


class Wave(StrEnum):
    """The form of a period; those with corners are not band-limited."""

    SINE = "sine"
    SQUARE = "square"
    TRIANGLE = "triangle"
    SAWTOOTH = "sawtooth"
    NOISE = "noise"


class ToneGenerator(Processor):
    """Sends blocks of one tone, the same in all channels, of shape (block, channels) and within ±volume.

    A change of frequency goes on from where the wave is, and one of volume is spread over a block: neither clicks.
    The last block ends with the duration; without one it does not end.
    """

    class Config(ProcessorConfig):
        """What is heard, and how it is cut.

        Attributes:
            frequency: In Hz, below half of the sample rate; noise has none.
            volume: The amplitude; 1 is full scale.
            wave: "sine", "square", "triangle", "sawtooth" or "noise" (white).
            sample_rate: In Hz; 0 is the runtime's.
            channels: All have the same samples.
            block_size: Samples of one channel in a block; 0 is the runtime's.
            duration: How many seconds are sent; 0 does not limit them.
            pace: "realtime", or "fast": as fast as the links take them.
        """

        frequency: Live[Annotated[float, Meta(gt=0, le=192_000)]] = 440.0
        volume: Live[Annotated[float, Meta(ge=0, le=1)]] = 0.25
        wave: Live[Wave] = Wave.SINE
        sample_rate: SampleRate = 0
        channels: Annotated[int, Meta(ge=1, le=MAX_CHANNELS)] = 2
        block_size: Annotated[int, Meta(ge=0, le=1_048_576)] = 0
        duration: Live[Duration] = 0.0
        pace: Live[Speed] = Speed.REALTIME

        def __post_init__(self) -> None:
            """Refuse a rate that is none."""
            zero_or(self, sample_rate=SAMPLE_RATES)

    config: Config

    audio = LinkOutput(AudioFrame)
    execution = ProcessExecution.continuous(interval_ms=0)
    error_policy = ErrorPolicy.FAIL
    examples = ({"frequency": 1000.0, "volume": 0.1, "duration": 10.0},)

    def setup(self, ctx: RuntimeContext) -> None:
        """Begin in silence at phase zero.

        Raises:
            ConfigError: The frequency is not below half of the sample rate.
        """
        config = self.config
        self._pace = Pace()
        self._rate = config.sample_rate or ctx.media.sample_rate
        self._block = config.block_size or ctx.media.block_size
        self._check_frequency()
        self._position = 0  # samples sent
        self._phase = 0.0  # of the next sample, in periods
        self._volume = config.volume
        self._noise = np.random.default_rng(SEED)

    def process(self, ctx: ProcessContext) -> None:
        """Send the next block, or ask to be called when it is due."""
        count = self._next_count()
        if not count:
            ctx.end()
            return
        timestamp_ns, now_ns = samples_ns(self._position, self._rate), ctx.now_ns()
        due_ns = self._pace.due_ns(timestamp_ns, now_ns)
        if self.config.pace is Speed.REALTIME and due_ns > now_ns:
            ctx.wake_at(due_ns)
            return
        self.audio.write(AudioFrame(self._samples(count), self._rate, timestamp_ns=timestamp_ns))
        self._position += count

    def config_changed(self, previous: Config) -> None:
        """Go on as is said now, from the next block on.

        Raises:
            ConfigError: The frequency is not below half of the sample rate.
        """
        self._check_frequency()
        if self.config.pace is not previous.pace:
            self._pace.reset()

    def _check_frequency(self) -> None:
        frequency = self.config.frequency
        if 2 * frequency >= self._rate and self.config.wave is not Wave.NOISE:
            raise ConfigError(
                f"ToneGenerator.frequency: {frequency:g} Hz is not below half of the sample rate of {self._rate} Hz",
                processor_type="ToneGenerator",
                field="frequency",
            )

    def _next_count(self) -> int:
        duration = self.config.duration
        return min(self._block, max(0, round(duration * self._rate) - self._position)) if duration else self._block

    def _samples(self, count: int) -> Samples:
        wave = self._wave(count)
        volume = self.config.volume
        wave *= volume if volume == self._volume else np.linspace(self._volume, volume, count)
        self._volume = volume
        return np.repeat(wave.astype(np.float32)[:, None], self.config.channels, axis=1)

    def _wave(self, count: int) -> Phases:
        if self.config.wave is Wave.NOISE:
            return self._noise.uniform(-1, 1, count)
        step = self.config.frequency / self._rate
        phases = self._phase + step * np.arange(count)
        self._phase = (self._phase + step * count) % 1
        return _FORMS[self.config.wave](phases)


def _sine(phases: Phases) -> Phases:
    made: Phases = np.sin(2 * np.pi * phases)
    return made


def _square(phases: Phases) -> Phases:
    return np.where(phases % 1 < 0.5, 1.0, -1.0)


def _triangle(phases: Phases) -> Phases:
    """From zero upwards, as the sine."""
    made: Phases = 1 - 4 * np.abs((phases + 0.25) % 1 - 0.5)
    return made


def _sawtooth(phases: Phases) -> Phases:
    """From zero upwards; it falls in the middle of the period."""
    made: Phases = 2 * ((phases + 0.5) % 1) - 1
    return made


_FORMS: Mapping[Wave, Callable[[Phases], Phases]] = MappingProxyType(
    {Wave.SINE: _sine, Wave.SQUARE: _square, Wave.TRIANGLE: _triangle, Wave.SAWTOOTH: _sawtooth}
)
