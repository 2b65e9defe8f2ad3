"""AacEncoder: a port on each side of the AAC codec.

`aac.py` encodes; `mp4/writer.py` is where its packets often go.
"""

from __future__ import annotations

from streamlib.frames.audio import AudioFrame
from streamlib.frames.packet import EncodedPacket
from streamlib.media.audio.aac import AacCodec, AacSettings
from streamlib.media.limits import SOUND_BITRATES, SoundBitrate, zero_or
from streamlib.media.notices import Notices
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor


class AacEncoder(Processor):
    """Encodes sound as AAC-LC, one to eight channels.

    It keeps the rate and the channels of its first frame. A rate that AAC does not have becomes the next that it
    has; frames that differ later are resampled and mixed to that, which is said once.
    """

    class Config(ProcessorConfig):
        """How to encode.

        Attributes:
            bitrate: Bits per second; 0 is 64,000 for each channel.
        """

        bitrate: SoundBitrate = 0

        def __post_init__(self) -> None:
            """Refuse a rate that is none."""
            zero_or(self, bitrate=SOUND_BITRATES)

    config: Config

    audio = LinkInput(AudioFrame)
    packets = LinkOutput(EncodedPacket)

    def setup(self, ctx: RuntimeContext) -> None:
        """Nothing is opened before the first frame says what sound it is."""
        self._codec = AacCodec(AacSettings(bitrate=self.config.bitrate), Notices(ctx.log))

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
