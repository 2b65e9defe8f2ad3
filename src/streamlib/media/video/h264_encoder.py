"""H264Encoder: a port on each side of the H.264 codec.

`h264.py` encodes; `mp4/writer.py` is where its packets often go.
"""

from __future__ import annotations

from streamlib.frames.packet import EncodedPacket
from streamlib.frames.video import VideoFrame
from streamlib.media.notices import Notices
from streamlib.media.video.h264 import H264Codec, H264Settings
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor


class H264Encoder(Processor):
    """Encodes pictures as H.264, by libx264.

    It keeps the size it opened with: the first frame's, made even. Frames of another size are scaled to that,
    which is said once. Frames may come at any rate; their timestamps are kept. Whoever is connected to its packets
    while it runs can begin at once: the next frame becomes a key frame.
    """

    class Config(H264Settings):
        """How to encode."""

    config: Config

    video = LinkInput(VideoFrame)
    packets = LinkOutput(EncodedPacket)

    def setup(self, ctx: RuntimeContext) -> None:
        """Nothing is opened before the first frame says how large it is."""
        self._codec = H264Codec(self.config, Notices(ctx.log))
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
