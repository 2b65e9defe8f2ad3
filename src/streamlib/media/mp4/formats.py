"""What an MP4 file can hold, and what a player must know of a stream before its first packet.

Descriptions of streams pass through, and no packets but the first of one. `muxer.py` asks.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType

import av
from av.container import OutputContainer
from av.stream import Stream

from streamlib.errors import FormatError
from streamlib.frames.packet import EncodedPacket, StreamInfo
from streamlib.media.audio.aac import SAMPLE_RATES
from streamlib.media.audio.opus import OPUS_LAYOUTS, SAMPLE_RATE
from streamlib.media.audio.samples import LAYOUTS
from streamlib.media.video.h264 import TICKS_PER_S
from streamlib.media.video.swscale import MATRICES, RANGES

# The codecs that are written, by FFmpeg's name of the codec and of an encoder that stands for it.
CODECS: Mapping[str, str] = MappingProxyType({"h264": "libx264", "aac": "aac", "opus": "libopus"})

START_CODE = b"\x00\x00\x01"
SEQUENCE_SET, PICTURE_SET = 7, 8  # ITU-T H.264, table 7-1
AAC_LC = 2  # ISO/IEC 14496-3, table 1.17
# channelConfiguration of 6.1 and 7.1 with the surround at the back; up to six channels it is their number.
BACK_SURROUND: Mapping[int, int] = MappingProxyType({7: 11, 8: 12})  # ISO/IEC 23001-8, table 8
ADTS_SYNC = b"\xff\xf0"


def check_codec(stream: StreamInfo) -> None:
    """Refuse a stream that does not go into the file.

    Raises:
        FormatError: The codec is not one of `CODECS`.
    """
    if stream.codec not in CODECS:
        raise FormatError(
            f"an MP4 file takes {' and '.join(CODECS)} here, not {stream.codec}; encode it to one of them"
        )


def unit(stream: StreamInfo) -> Fraction:
    """The unit of time of a track: 1/90000 s for pictures, one sample for sound."""
    return Fraction(1, TICKS_PER_S if stream.media == "video" else stream.sample_rate)


def add_stream(container: OutputContainer, first: EncodedPacket) -> Stream:
    """Add a track for packets that are encoded already; no encoder is opened for it."""
    info = first.stream
    with av.open(io.BytesIO(), "w", format="mp4") as pattern:
        stream = container.add_stream_from_template(pattern.add_stream(CODECS[info.codec]), opaque=True)
    context = stream.codec_context
    context.extradata = info.extradata or extradata(first)
    if isinstance(context, av.VideoCodecContext):
        context.width, context.height, context.pix_fmt = info.width, info.height, "yuv420p"
        context.color_range, context.colorspace = RANGES[info.color_range], MATRICES[info.color_matrix]
    if isinstance(context, av.AudioCodecContext):
        layouts = OPUS_LAYOUTS if info.codec == "opus" else LAYOUTS
        context.sample_rate, context.layout = info.sample_rate, layouts[info.channels]
    context.time_base = unit(info)
    stream.time_base = unit(info)
    return stream


def extradata(first: EncodedPacket) -> bytes | None:
    """What the stream's maker left out, from its first packet; None where the muxer finds it in the packets."""
    if first.stream.codec == "h264":
        return parameter_sets(first.data)
    if first.stream.codec == "opus":
        return opus_head(first.stream.channels)
    if bytes(a & b for a, b in zip(first.data, ADTS_SYNC, strict=False)) == ADTS_SYNC:
        return None
    return audio_specific_config(first.stream.sample_rate, first.stream.channels)


def parameter_sets(data: bytes) -> bytes:
    """The sequence and picture parameter sets of an H.264 access unit in Annex B, with their start codes."""
    sets = (nal for nal in _nal_units(data) if nal[0] & 0x1F in {SEQUENCE_SET, PICTURE_SET})
    return b"".join(b"\x00" + START_CODE + nal for nal in sets)


def audio_specific_config(sample_rate: int, channels: int) -> bytes:
    """The AudioSpecificConfig of AAC-LC: ISO/IEC 14496-3, 1.6.2.1.

    Raises:
        FormatError: AAC has no such rate.
    """
    rates = sorted(SAMPLE_RATES, reverse=True)
    if sample_rate not in rates:
        raise FormatError(f"AAC has no rate of {sample_rate} Hz; known: {', '.join(map(str, SAMPLE_RATES))}")
    layout = BACK_SURROUND.get(channels, channels)
    return (AAC_LC << 11 | rates.index(sample_rate) << 7 | layout << 3).to_bytes(2, "big")


def opus_head(channels: int) -> bytes:
    """The OpusHead of a stream of one or two channels that says nothing of its pre-skip: RFC 7845, 5.1.

    Raises:
        FormatError: More channels, of which only the encoder knows how they are coupled.
    """
    if channels > 2:
        raise FormatError(f"Opus of {channels} channels needs the OpusHead of its encoder as the stream's extradata")
    return b"OpusHead" + struct.pack("<BBHIhB", 1, channels, 0, SAMPLE_RATE, 0, 0)


def _nal_units(data: bytes) -> Iterator[bytes]:
    """The NAL units of Annex B, without start codes and trailing zeros (ITU-T H.264, B.1)."""
    pieces = data.split(START_CODE)
    return (nal for nal in (piece.rstrip(b"\x00") for piece in pieces[1:]) if nal)
