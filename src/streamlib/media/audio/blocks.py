"""Blocks of equal length out of pieces of any length: what an encoder of fixed frames needs.

Samples pass through, shape (n, channels); `aac.py` is the next step.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from streamlib.media.audio.samples import Samples


class Blocks:
    """Holds less than one block between two calls."""

    def __init__(self, size: int, channels: int) -> None:
        self._size = size
        self._channels = channels
        self._rest = self._silence(0)

    def push(self, samples: Samples) -> Iterator[Samples]:
        """Add samples and take the blocks that are full, each of shape (size, channels)."""
        held = np.concatenate((self._rest, samples)) if len(self._rest) else samples
        whole = len(held) - len(held) % self._size
        self._rest = held[whole:]
        return (held[start : start + self._size] for start in range(0, whole, self._size))

    def rest(self) -> Samples:
        """Take what is held, shorter than a block, as it is."""
        rest, self._rest = self._rest, self._silence(0)
        return rest

    def filled(self) -> Iterator[Samples]:
        """Take what is held as one block, filled with silence; nothing when nothing is held."""
        if len(self._rest):
            yield from self.push(self._silence(self._size - len(self._rest)))

    def _silence(self, samples: int) -> Samples:
        return np.zeros((samples, self._channels), np.float32)
