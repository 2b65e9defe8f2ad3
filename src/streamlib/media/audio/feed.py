"""Audio frames of any rate, channels and length in; blocks of one rate, channel count and length out.

This is an encoder's front end without the encoder: frames are placed in time, mixed, resampled and cut, and
each block knows its number of samples since time zero. `aac.py` encodes the blocks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import soxr

from streamlib.frames.audio import AudioFrame
from streamlib.media.audio.blocks import Blocks
from streamlib.media.audio.samples import ChannelMixer, Samples
from streamlib.media.notices import Notices
from streamlib.media.ticks import samples_in
from streamlib.media.timeline import Placement, SampleTimes


@dataclass(frozen=True, slots=True)
class Block:
    """Samples of shape (n, channels), the first of which is sample number `position` since time zero."""

    position: int
    samples: Samples


class SampleFeed:
    """Cuts a stream of audio frames into blocks for an encoder.

    Args:
        first: The frame whose channels it keeps and with whose rate it begins.
        sample_rate: Of the blocks, in Hz.
        block: Samples in a block.
        notices: Told once each when frames change rate or channels, and when silence fills a gap.
    """

    def __init__(self, first: AudioFrame, *, sample_rate: int, block: int, notices: Notices) -> None:
        self._channels = first.channels
        self._rate = sample_rate
        self._notices = notices
        self._blocks = Blocks(block, first.channels)
        self._position: int | None = None
        self._take_rate(first.sample_rate, None)

    def push(self, frame: AudioFrame) -> list[Block]:
        """The blocks that are full once this frame is in."""
        blocks = self._follow(frame)
        placement = self._times.place(frame.timestamp_ns, frame.num_samples)
        if placement.start_ns is not None:
            blocks += self._begin(placement.start_ns)
        return blocks + self._cut(self._resampled(self._placed(frame, placement)))

    def flush(self) -> list[Block]:
        """What is held back; the last block may be shorter."""
        return self._drain() + self._numbered(rest for rest in (self._blocks.rest(),) if len(rest))

    def _follow(self, frame: AudioFrame) -> list[Block]:
        """Go on with a source whose rate or channels have changed."""
        if frame.channels != self._channels:
            self._notices.once(
                "channels", f"goes on with {self._channels} channels; {frame.channels} are mixed to that"
            )
        if frame.sample_rate == self._input_rate:
            return []
        self._notices.once("rate", f"goes on at {self._rate} Hz; {frame.sample_rate} Hz is resampled to that")
        blocks = self._drain()
        self._take_rate(frame.sample_rate, self._times.end_ns)
        return blocks

    def _take_rate(self, sample_rate: int, start_ns: int | None) -> None:
        self._input_rate = sample_rate
        self._times = SampleTimes(sample_rate, start_ns)
        self._mixer = ChannelMixer(self._channels, sample_rate)
        self._resampler = self._new_resampler()

    def _placed(self, frame: AudioFrame, placement: Placement) -> Samples:
        samples = self._mixer.mix(frame.samples[placement.skip :])
        if not placement.silence:
            return samples
        self._notices.once("gap", "its timestamps leave gaps, which are filled with silence")
        return np.concatenate((np.zeros((placement.silence, self._channels), np.float32), samples))

    def _begin(self, start_ns: int) -> list[Block]:
        """Number the samples anew, at the front or behind a gap too long to fill."""
        start = samples_in(start_ns, self._rate)
        if self._position is None:
            self._position = start
            return []
        blocks = self._drain() + self._numbered(self._blocks.filled())
        self._resampler = self._new_resampler()
        self._position = max(self._position, start)
        return blocks

    def _new_resampler(self) -> soxr.ResampleStream | None:
        if self._input_rate == self._rate:
            return None
        return soxr.ResampleStream(self._input_rate, self._rate, self._channels, dtype="float32")

    def _drain(self) -> list[Block]:
        """What the resampler holds back; it takes no samples after this."""
        if self._resampler is None:
            return []
        return self._cut(self._resampled(np.zeros((0, self._channels), np.float32), last=True))

    def _resampled(self, samples: Samples, *, last: bool = False) -> Samples:
        if self._resampler is None:
            return samples
        shaped = samples[:, 0] if self._channels == 1 else samples  # soxr wants mono in one dimension
        made: Samples = self._resampler.resample_chunk(np.ascontiguousarray(shaped), last=last)
        return made.reshape(-1, self._channels)

    def _cut(self, samples: Samples) -> list[Block]:
        return self._numbered(self._blocks.push(samples))

    def _numbered(self, pieces: Iterable[Samples]) -> list[Block]:
        blocks: list[Block] = []
        for piece in pieces:
            position = self._position or 0
            blocks.append(Block(position, piece))
            self._position = position + len(piece)
        return blocks
