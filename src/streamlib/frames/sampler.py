"""The door through which a look reaches decoders, resamplers and drawing, without knowing them.

What passes are encoded packets in and frames out, samples in and samples or images out. It is supplied as the
`converter` is, through the entry-point group `streamlib.converters`, by a name that ends in `.sampler`, and loaded on
first use. Everything here is called on the thread of whoever looks. Next on the path: `streamlib.media`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from streamlib.errors import FormatError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.converter import GROUP, OURS, SAMPLER
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame


class Sampler(Protocol):
    """Decodes packets for a look, resamples sound and draws it. One object serves all threads."""

    def picture(self, packets: Iterable[EncodedPacket]) -> VideoFrame | None:
        """The first picture that these packets of video make; the first of them is a key frame.

        Returns:
            None where they make none.

        Raises:
            FormatError: they are no video, or there is no decoder for them.
            MediaError: they are damaged.
        """
        ...

    def sound(self, packets: Iterable[EncodedPacket]) -> list[AudioFrame]:
        """What these packets of audio make, packet by packet.

        Raises:
            FormatError: they are no audio, or there is no decoder for them.
            MediaError: they are damaged.
        """
        ...

    def mono(self, samples: NDArray[np.float32], sample_rate: int, wanted_rate: int) -> NDArray[np.float32]:
        """Samples of shape (samples, channels) as the mean of the channels at another rate, of shape (samples, 1)."""
        ...

    def waveform(self, samples: NDArray[np.float32], sample_rate: int, width: int, height: int) -> bytes:
        """Amplitude over time, a row for each channel, with axes; PNG of that size in pixels."""
        ...

    def spectrogram(self, samples: NDArray[np.float32], sample_rate: int, width: int, height: int) -> bytes:
        """Power by frequency over time, a row for each channel, with axes; PNG of that size in pixels."""
        ...


@cache
def find_sampler() -> Sampler:
    """The sampler that is installed: ours where there are several.

    Raises:
        FormatError: none is installed.
    """
    from importlib.metadata import entry_points  # takes as long to import as half of numpy

    found = [entry for entry in entry_points(group=GROUP) if entry.name.endswith(SAMPLER)]
    if not found:
        raise FormatError(
            f"no sampler is installed (entry-point group {GROUP}, names in {SAMPLER}); pip install streamlib brings one"
        )
    made: Sampler = min(found, key=lambda entry: (entry.name != OURS + SAMPLER, entry.name)).load()()
    return made
