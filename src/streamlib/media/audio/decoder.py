"""AudioDecoder: packets in, sound out.

`packet_decoder.py` decodes; here its samples become frames, without what the encoder put in front of the sound.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import av

from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.media.audio.samples import LAYOUTS, SampleReader, Samples
from streamlib.media.audio.sound_codec import PRIMING
from streamlib.media.notices import Notices
from streamlib.media.packet_decoder import Decoded, DecoderSettings, PacketDecoder
from streamlib.media.tally import say
from streamlib.media.ticks import samples_in, samples_ns
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor


class AudioDecoder(Processor):
    """Decodes packets of AAC, Opus and whatever else FFmpeg knows, by the codec that they name.

    A frame out is a packet's sound, of shape (samples, channels); what an encoder put before the first sound and
    behind the last is left out. A stream that changes its rate, its channels or its codec is followed. A packet
    that cannot be decoded is an error of this processor, counted and handled by its policy; the next one goes on,
    and how many there were is said at the end.
    """

    packets = LinkInput(EncodedPacket)
    audio = LinkOutput(AudioFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        """Nothing is opened before the first packet says what it is."""
        self._decoder = PacketDecoder("audio", DecoderSettings(layouts=LAYOUTS), Notices(ctx.log))
        self._samples = SampleReader()

    def process(self, ctx: ProcessContext) -> None:
        """Decode one packet."""
        packet = self.packets.read()
        if packet is not None:
            self._send(self._decoder.decode(packet))

    def flush(self, ctx: ProcessContext) -> None:
        """Send what the decoder holds back."""
        try:
            self._send(self._decoder.flush())
        finally:
            say(self._decoder.tally, "audio", ctx.log)

    def teardown(self) -> None:
        """Let go of the decoder."""
        self._decoder.close()

    def _send(self, sounds: Iterable[tuple[Decoded, EncodedPacket]]) -> None:
        for sound, packet in sounds:
            assert isinstance(sound, av.AudioFrame)
            frame = frame_of(self._samples.read(sound), sound, packet)
            if frame.num_samples:
                self.audio.write(frame)


def frame_of(samples: Samples, sound: av.AudioFrame, packet: EncodedPacket) -> AudioFrame:
    """The samples of decoded sound that belong to its packet's time, behind its priming.

    A decoder may have left out samples at the front by itself, as Opus' does; what it gives beyond the packet's
    duration is what the encoder filled its last block with.
    """
    rate = sound.sample_rate
    whole = samples_in(packet.duration_ns, rate) or len(samples)
    missing = max(0, whole - len(samples))
    skip = max(0, _priming(packet) - missing)
    kept = samples[skip : whole - missing]
    return AudioFrame(
        kept,
        rate,
        timestamp_ns=packet.timestamp_ns + samples_ns(missing + skip, rate),
        entered_ns=packet.entered_ns,
        sequence=packet.sequence,
        metadata=_without_priming(packet.metadata),
    )


def _priming(packet: EncodedPacket) -> int:
    """How many samples at the packet's front come before the sound."""
    priming = (packet.metadata or {}).get(PRIMING, 0)
    return priming if isinstance(priming, int) else 0


def _without_priming(metadata: Mapping[str, object] | None) -> Mapping[str, object] | None:
    return {key: value for key, value in (metadata or {}).items() if key != PRIMING} or None
