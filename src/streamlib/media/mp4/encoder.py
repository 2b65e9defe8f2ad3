"""What comes in at one input of the writer, as packets: frames are encoded, packets go through.

The codecs are those that H264Encoder and AacEncoder use. `muxer.py` is the next step.
"""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

from streamlib.errors import FormatError
from streamlib.frames.packet import EncodedPacket

FrameT = TypeVar("FrameT")
TakenT_contra = TypeVar("TakenT_contra", contravariant=True)


class Codec(Protocol[TakenT_contra]):
    """What encodes the frames of one input."""

    def encode(self, frame: TakenT_contra, /) -> list[EncodedPacket]:
        """The packets that are ready once this frame is in."""
        ...

    def flush(self) -> list[EncodedPacket]:
        """What was held back."""
        ...


class InputEncoder(Generic[FrameT]):
    """Frames or packets of one kind of media in, packets out.

    Args:
        media: "video" or "audio"; packets of the other kind are refused.
        codec: For frames; not opened unless one comes.
    """

    def __init__(self, media: str, codec: Codec[FrameT]) -> None:
        self._media = media
        self._codec = codec

    def encode(self, frame: FrameT | EncodedPacket) -> list[EncodedPacket]:
        """The packets that are ready once this is in.

        Raises:
            FormatError: A packet is of the other kind of media, or a frame cannot be encoded.
        """
        if not isinstance(frame, EncodedPacket):
            return self._codec.encode(frame)
        if frame.stream.media != self._media:
            raise FormatError(
                f"a packet of {frame.stream.media} ({frame.stream.codec}) came in at the input {self._media!r}; "
                f"connect it to {frame.stream.media!r}"
            )
        return [*self._codec.flush(), frame]

    def flush(self) -> list[EncodedPacket]:
        """What was held back."""
        return self._codec.flush()
