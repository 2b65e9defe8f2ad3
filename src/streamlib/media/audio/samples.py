"""Samples between numpy and the codec library: float32, samples by channels, one to eight channels.

`track.py` brings decoded frames here, `feed.py` and `aac.py` samples. Timestamps are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import av
import numpy as np
import numpy.typing as npt

from streamlib.frames.audio import MAX_CHANNELS

Samples = npt.NDArray[np.float32]

# What a number of channels means where nothing else says it: the order of the AAC standard, and FFmpeg's default.
LAYOUTS: Mapping[int, str] = MappingProxyType(
    {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
)
# PyAV counts a plane too many where there are eight (it looks for the end of a list that is full), so samples of
# eight channels go in and out of it interleaved.
PLANES_COUNTED = 7


class SampleReader:
    """Turns decoded audio frames of any sample format into samples; more than eight channels become 7.1."""

    def __init__(self) -> None:
        self._source: tuple[str, str, int] | None = None
        self._converter: av.AudioResampler | None = None

    def read(self, frame: av.AudioFrame) -> Samples:
        """The samples of one frame, shape (n, channels)."""
        channels = frame.layout.nb_channels
        if frame.format.name == "fltp" and channels <= PLANES_COUNTED:
            return np.ascontiguousarray(frame.to_ndarray().T, dtype=np.float32)
        channels = min(channels, MAX_CHANNELS)
        return _joined(self._converter_for(frame, channels).resample(frame), channels)

    def _converter_for(self, frame: av.AudioFrame, channels: int) -> av.AudioResampler:
        source = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._converter is None or source != self._source:
            layout = frame.layout if channels == frame.layout.nb_channels else LAYOUTS[channels]
            self._converter = av.AudioResampler("flt", layout, frame.sample_rate)
            self._source = source
        return self._converter


class ChannelMixer:
    """Mixes samples of any number of channels down or up to one that does not change."""

    def __init__(self, channels: int, sample_rate: int) -> None:
        self._channels = channels
        self._rate = sample_rate
        self._mixers: dict[int, av.AudioResampler] = {}  # one for each number of channels that came

    def mix(self, samples: Samples) -> Samples:
        """The same instants, shape (n, channels)."""
        given = samples.shape[1]
        if given == self._channels:
            return samples
        if not len(samples):
            return np.zeros((0, self._channels), np.float32)
        mixer = self._mixers.get(given)
        if mixer is None:
            mixer = self._mixers[given] = av.AudioResampler("flt", LAYOUTS[self._channels], self._rate)
        return _joined(mixer.resample(to_av(samples, self._rate)), self._channels)


def to_av(samples: Samples, sample_rate: int, layouts: Mapping[int, str] = LAYOUTS) -> av.AudioFrame:
    """An audio frame of interleaved floats with these samples, shape (n, channels)."""
    row = np.ascontiguousarray(samples, dtype=np.float32).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(row, format="flt", layout=layouts[samples.shape[1]])
    frame.sample_rate = sample_rate
    return frame


def _joined(frames: list[av.AudioFrame], channels: int) -> Samples:
    """The samples of interleaved frames, one behind the other."""
    parts = [np.asarray(frame.to_ndarray(), np.float32).reshape(-1, channels) for frame in frames]
    return np.concatenate(parts) if parts else np.zeros((0, channels), np.float32)
