"""VideoDecoder: packets in, pictures out.

`packet_decoder.py` decodes; here its pictures become frames that carry what their packets did.
"""

from __future__ import annotations

from collections.abc import Iterable

import av
from msgspec.structs import replace

from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame
from streamlib.media.limits import Threads
from streamlib.media.notices import Notices
from streamlib.media.packet_decoder import Decoded, DecoderSettings, PacketDecoder
from streamlib.media.tally import say
from streamlib.media.video.h264 import Latency
from streamlib.media.video.picture import from_av
from streamlib.media.video.swscale import MATRICES, RANGES
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor

UNSAID_MATRIX, UNSAID_RANGE = 2, 0  # ITU-T H.273, table 4, and FFmpeg's number


class VideoDecoder(Processor):
    """Decodes packets of H.264 and whatever else FFmpeg knows, by the codec that they name.

    Who joins in mid-stream waits for the next key frame; how many packets were left out for it is said. A stream that
    changes its size or its codec is followed from its next key frame on, behind the last picture of the old one. A
    packet that cannot be decoded is an error of this processor, counted and handled by its policy; what comes behind
    it is shown as well as it can be, until a key frame mends it. How many there were is said at the end. Pictures come
    in the order in which they are shown.
    """

    class Config(ProcessorConfig):
        """How to decode.

        Attributes:
            latency: "low" sends each picture as soon as its stream allows; "normal" holds one back for each thread,
                which is faster.
            threads: 0 is one per core.
        """

        latency: Latency = Latency.LOW
        threads: Threads = 0

    config: Config

    packets = LinkInput(EncodedPacket)
    video = LinkOutput(VideoFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        """Nothing is opened before the first packet says what it is."""
        settings = DecoderSettings(threads=self.config.threads, by_frame=self.config.latency is Latency.NORMAL)
        self._decoder = PacketDecoder("video", settings, Notices(ctx.log))
        self._said = 0

    def process(self, ctx: ProcessContext) -> None:
        """Decode one packet."""
        packet = self.packets.read()
        if packet is not None:
            self._send(self._decoder.decode(packet), ctx)

    def flush(self, ctx: ProcessContext) -> None:
        """Send what the decoder holds back."""
        try:
            self._send(self._decoder.flush(), ctx)
        finally:
            self._say_left_out(ctx)
            say(self._decoder.tally, "video", ctx.log)

    def teardown(self) -> None:
        """Let go of the decoder and of its threads."""
        self._decoder.close()

    def _send(self, pictures: Iterable[tuple[Decoded, EncodedPacket]], ctx: ProcessContext) -> None:
        for picture, packet in pictures:
            assert isinstance(picture, av.VideoFrame)
            self._say_left_out(ctx)
            self.video.write(frame_of(picture, packet))

    def _say_left_out(self, ctx: ProcessContext) -> None:
        left_out = self._decoder.left_out - self._said
        if left_out:
            ctx.log.warning("left out %d packets before a key frame", left_out)
            self._said += left_out


def frame_of(picture: av.VideoFrame, packet: EncodedPacket) -> VideoFrame:
    """A frame with what the packet carried; where the pictures do not say their colour, it is what the stream says."""
    stream = packet.stream
    if int(picture.colorspace) == UNSAID_MATRIX:
        picture.colorspace = MATRICES[stream.color_matrix]
    if int(picture.color_range) == UNSAID_RANGE:
        picture.color_range = RANGES[stream.color_range]
    made = from_av(picture, timestamp_ns=packet.timestamp_ns, duration_ns=packet.duration_ns, metadata=packet.metadata)
    return replace(made, entered_ns=packet.entered_ns, sequence=packet.sequence)
