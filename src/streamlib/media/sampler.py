"""What looks need of codecs: packets decoded, sound resampled and drawn.

`streamlib.frames.sampler` finds it through the entry-point group `streamlib.converters`, under the name "av.sampler".
It must not know ports or links, and keeps nothing between two calls. Next on the path: `packet_decoder`, and
`audio/sound_pictures`, which draws.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain

import av
import numpy as np
import soxr

from streamlib.errors import MediaError
from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame
from streamlib.media.audio.decoder import frame_of as sound_of
from streamlib.media.audio.samples import LAYOUTS, SampleReader, Samples
from streamlib.media.audio.sound_pictures import draw_spectrogram, draw_waveform
from streamlib.media.notices import Notices
from streamlib.media.packet_decoder import Decoded, DecoderSettings, PacketDecoder
from streamlib.media.video.decoder import frame_of as picture_of

_LOG = logging.getLogger("streamlib.media")


class AvSampler:
    """The `Sampler` of this package. It holds nothing; one serves all threads."""

    def picture(self, packets: Iterable[EncodedPacket]) -> VideoFrame | None:
        """The first picture that these packets make.

        Raises:
            FormatError: They are no video, or there is no decoder for them.
            MediaError: They are damaged.
        """
        damage = list[MediaError]()
        for picture, packet in _decoded("video", packets, damage):
            assert isinstance(picture, av.VideoFrame)
            return picture_of(picture, packet)
        if damage:
            raise damage[0]
        return None

    def sound(self, packets: Iterable[EncodedPacket]) -> list[AudioFrame]:
        """What these packets make, without what an encoder put before the first sound; damaged ones are left out.

        Raises:
            FormatError: They are no audio, or there is no decoder for them.
            MediaError: All of them are damaged.
        """
        reader, frames, damage = SampleReader(), list[AudioFrame](), list[MediaError]()
        for sound, packet in _decoded("audio", packets, damage):
            assert isinstance(sound, av.AudioFrame)
            frame = sound_of(reader.read(sound), sound, packet)
            if frame.num_samples:
                frames.append(frame)
        if damage and not frames:
            raise damage[0]
        return frames

    def mono(self, samples: Samples, sample_rate: int, wanted_rate: int) -> Samples:
        """The mean of the channels, which never clips, resampled by soxr at its high quality."""
        mixed: Samples = samples.mean(axis=1, dtype=np.float32)
        if sample_rate != wanted_rate:
            mixed = soxr.resample(mixed, sample_rate, wanted_rate)
        return mixed.reshape(-1, 1)

    def waveform(self, samples: Samples, sample_rate: int, width: int, height: int) -> bytes:
        """Amplitude over time, as PNG."""
        return draw_waveform(samples, sample_rate, width, height)

    def spectrogram(self, samples: Samples, sample_rate: int, width: int, height: int) -> bytes:
        """Power by frequency over time, as PNG."""
        return draw_spectrogram(samples, sample_rate, width, height)


def _decoded(
    media: str, packets: Iterable[EncodedPacket], damage: list[MediaError]
) -> Iterator[tuple[Decoded, EncodedPacket]]:
    """What these packets make; of those that are damaged, the errors."""
    decoder = PacketDecoder(media, DecoderSettings(layouts=LAYOUTS), Notices(_LOG))
    each: Iterator[Callable[[], Iterator[tuple[Decoded, EncodedPacket]]]]
    each = (partial(decoder.decode, packet) for packet in packets)
    try:
        for step in chain(each, [decoder.flush]):
            try:
                yield from step()
            except MediaError as error:
                damage.append(error)
    finally:
        decoder.close()
