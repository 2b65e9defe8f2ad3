"""H264Encoder: a port on each side of the H.264 codec.

`h264.py` encodes; `mp4/writer.py` is where its packets often go.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame
from streamlib.media.notices import Notices
from streamlib.media.video.h264 import H264Codec, H264Settings, Latency, Preset
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor


class H264Encoder(Processor):
    """Encodes pictures as H.264, by libx264.

    It keeps the size it opened with: the first frame's, made even. Frames of another size are scaled to that,
    which is said once. Frames may come at any rate; their timestamps are kept. Whoever is connected to its packets
    while it runs can begin at once: the next frame becomes a key frame.
    """

    class Config(ProcessorConfig):
        """How to encode.

        Attributes:
            bitrate: Bits per second.
            preset: How much time a packet may take.
            latency: "low" sends each packet with its frame; "normal" holds frames back to compress better.
            gop_seconds: The longest time between two key frames.
            frame_rate: A hint for the rate control, per second; 0 takes it from the first frame.
            threads: 0 is one per core.
        """

        bitrate: Live[Annotated[int, Meta(ge=10_000, le=1_000_000_000)]] = 4_000_000
        preset: Preset = Preset.VERYFAST
        latency: Latency = Latency.LOW
        gop_seconds: Annotated[float, Meta(gt=0)] = 2.0
        frame_rate: Annotated[float, Meta(ge=0)] = 0.0
        threads: Annotated[int, Meta(ge=0, le=64)] = 0

    config: Config

    video = LinkInput(VideoFrame)
    packets = LinkOutput(EncodedPacket)

    def setup(self, ctx: RuntimeContext) -> None:
        """Nothing is opened before the first frame says how large it is."""
        config = self.config
        settings = H264Settings(
            bitrate=config.bitrate,
            preset=config.preset,
            latency=config.latency,
            gop_seconds=config.gop_seconds,
            frame_rate=config.frame_rate,
            threads=config.threads,
        )
        self._codec = H264Codec(settings, Notices(ctx.log))
        self._joined = 0

    def process(self, ctx: ProcessContext) -> None:
        """Encode one frame."""
        frame = self.video.read()
        if frame is not None:
            if ctx.joined["packets"] != self._joined:
                self._joined = ctx.joined["packets"]
                self._codec.ask_for_key()
            for packet in self._codec.encode(frame):
                self.packets.write(packet)

    def flush(self, ctx: ProcessContext) -> None:
        """Send what the codec holds back."""
        for packet in self._codec.flush():
            self.packets.write(packet)

    def config_changed(self, previous: Config) -> None:
        """Aim at the new bitrate."""
        self._codec.set_bitrate(self.config.bitrate)

    def teardown(self) -> None:
        """Let go of the codec."""
        self._codec.close()
