"""What an encoder made of frames, and what a decoder or a muxer must know of its stream.

Bytes pass through unread; no codec is known here by more than its name. Next on the path: a port's `write`,
which stamps the packet.
"""

from __future__ import annotations

from typing import ClassVar, Literal

import msgspec

from streamlib.frames.pixel_format import ColorMatrix, ColorRange
from streamlib.frames.stamped import Stamped, seconds
from streamlib.schema.builtins import SCHEMA_ENCODED_PACKET, SCHEMA_STREAM_INFO
from streamlib.schema.types import Schema


class StreamInfo(msgspec.Struct, frozen=True, gc=False):
    """How a stream is encoded. Packets of one stream share one object; another one says that the stream changed.

    Attributes:
        media: what the packets become when decoded.
        codec: FFmpeg's name of it, "h264" or "aac".
        width: in pixels, of video.
        height: in pixels, of video.
        frame_rate: frames in a second, of video; 0 is unknown or varying.
        sample_rate: in Hz, of audio.
        channels: of audio.
        extradata: what the codec needs before the first packet (H.264's parameter sets, AAC's AudioSpecificConfig);
            empty where packets carry it themselves.
        color_range: the range of luma and chroma, of video.
        color_matrix: the matrix between RGB and luma with chroma, of video.
    """

    schema: ClassVar[Schema] = SCHEMA_STREAM_INFO

    media: Literal["video", "audio"]
    codec: str
    width: int = 0
    height: int = 0
    frame_rate: float = 0.0
    sample_rate: int = 0
    channels: int = 0
    extradata: bytes = b""
    color_range: ColorRange = ColorRange.LIMITED
    color_matrix: ColorMatrix = ColorMatrix.BT709


class EncodedPacket(Stamped, frozen=True, gc=False, eq=False):
    """One encoded picture or block of sound; `timestamp_ns` is when it is shown (pts).

    Attributes:
        data: the packet as the codec made it (H.264 in Annex B, AAC without ADTS headers).
        stream: what it is a part of.
        keyframe: whether a decoder can begin here.
        decode_ns: when it is decoded (dts), in nanoseconds; below `timestamp_ns` where pictures are reordered,
            and negative at the start of such a stream.
    """

    schema: ClassVar[Schema] = SCHEMA_ENCODED_PACKET

    data: bytes
    stream: StreamInfo
    keyframe: bool
    decode_ns: int

    @property
    def nbytes(self) -> int:
        """The bytes of the packet."""
        return len(self.data)

    def __repr__(self) -> str:
        key = " keyframe" if self.keyframe else ""
        return f"<EncodedPacket {self.stream.codec} {len(self.data)} B{key} {seconds(self)}>"
