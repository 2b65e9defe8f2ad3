"""OpusEncoder: a port on each side of the Opus codec.

`opus.py` encodes; `mp4/writer.py` and WebRTC are where its packets often go.
"""

from __future__ import annotations

from typing import Literal

from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.media.audio.opus import Application, OpusCodec, OpusSettings
from streamlib.media.limits import SOUND_BITRATES, SoundBitrate, zero_or
from streamlib.media.notices import Notices
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor


class OpusEncoder(Processor):
    """Encodes sound as Opus, one to eight channels, at 48,000 Hz; another rate is resampled.

    It keeps the channels of its first frame; frames that differ later are mixed to that, which is said once. Four
    channels are taken as two at the front and two at the back. The first packet begins before its sound: how many
    samples a decoder leaves out (pre-skip) is in the stream's extradata. Another bitrate restarts it: FFmpeg tells
    libopus the rate when it opens, and never again.
    """

    class Config(ProcessorConfig):
        """How to encode.

        Attributes:
            bitrate: Bits per second; 0 is 64,000 for each channel. At most 256,000 for each.
            application: "audio", "voip" for speech, or "lowdelay" for the shortest delay.
            packet_ms: How long a packet lasts.
        """

        bitrate: SoundBitrate = 0
        application: Application = Application.AUDIO
        packet_ms: Literal[5, 10, 20, 40, 60] = 20

        def __post_init__(self) -> None:
            """Refuse a rate that is none."""
            zero_or(self, bitrate=SOUND_BITRATES)

    config: Config

    audio = LinkInput(AudioFrame)
    packets = LinkOutput(EncodedPacket)

    def setup(self, ctx: RuntimeContext) -> None:
        """Nothing is opened before the first frame says how many channels it has."""
        config = self.config
        settings = OpusSettings(bitrate=config.bitrate, application=config.application, packet_ms=config.packet_ms)
        self._codec = OpusCodec(settings, Notices(ctx.log))

    def process(self, ctx: ProcessContext) -> None:
        """Encode one frame."""
        frame = self.audio.read()
        if frame is not None:
            for packet in self._codec.encode(frame):
                self.packets.write(packet)

    def flush(self, ctx: ProcessContext) -> None:
        """Send what the codec holds back."""
        for packet in self._codec.flush():
            self.packets.write(packet)

    def teardown(self) -> None:
        """Let go of the codec."""
        self._codec.close()
