"""The schemas of the frames that travel: what everybody may rely on in them.

Written by hand, for a frame's class says less than is known of it (what lies in a picture, how samples are shaped);
`frames` refers to them, and a test holds both together.
"""

from __future__ import annotations

from collections.abc import Mapping

from streamlib.schema.types import (
    BufferType,
    EnumType,
    Field,
    MapType,
    OptionalType,
    ScalarKind,
    ScalarType,
    Schema,
    TextureType,
)

_INT = ScalarType(ScalarKind.INT64)
_STRING = ScalarType(ScalarKind.STRING)
_FORMATS = ("rgb24", "bgr24", "rgba", "bgra", "gray8", "yuv420p", "nv12")
_RANGE = EnumType(("limited", "full"))
_MATRIX = EnumType(("bt601", "bt709", "bt2020", "fcc", "smpte240m"))

STAMPS: tuple[Field, ...] = (
    Field("timestamp_ns", ScalarType(ScalarKind.TIMESTAMP), doc="Media time in nanoseconds."),
    Field("duration_ns", ScalarType(ScalarKind.DURATION), doc="In nanoseconds; 0 is unknown."),
    Field("entered_ns", ScalarType(ScalarKind.TIMESTAMP), doc="When a source emitted it, on the runtime's clock."),
    Field("sequence", _INT, doc="Its number at the port that emitted it; -1 until then."),
    Field("metadata", OptionalType(MapType(ScalarType(ScalarKind.ANY))), doc="What its maker says about it."),
)
"""The fields of every frame."""

SCHEMA_VIDEO_FRAME = Schema(
    "VideoFrame",
    (
        Field("width", _INT, doc="In pixels."),
        Field("height", _INT, doc="In pixels."),
        Field("format", EnumType(_FORMATS), doc="How the pixels lie in memory."),
        Field("color_range", _RANGE, doc="The range of luma and chroma."),
        Field("color_matrix", _MATRIX, doc="The matrix between RGB and luma with chroma."),
        Field("pixels", TextureType(_FORMATS), doc="As to_ndarray and to_native give them."),
        *STAMPS,
    ),
    doc="A picture with its time.",
)

SCHEMA_AUDIO_FRAME = Schema(
    "AudioFrame",
    (
        Field("samples", BufferType(ScalarKind.FLOAT32, ("samples", "channels")), doc="Full scale is -1.0 to 1.0."),
        Field("sample_rate", _INT, doc="In Hz."),
        *STAMPS,
    ),
    doc="A block of sound with its time.",
)

SCHEMA_DATA_FRAME = Schema(
    "DataFrame",
    (Field("data", MapType(ScalarType(ScalarKind.ANY)), doc="What a port's own schema may describe."), *STAMPS),
    doc="Any mapping with its time.",
)

SCHEMA_STREAM_INFO = Schema(
    "StreamInfo",
    (
        Field("media", EnumType(("video", "audio")), doc="What the packets become when decoded."),
        Field("codec", _STRING, doc="FFmpeg's name of it."),
        Field("width", _INT, doc="In pixels, of video."),
        Field("height", _INT, doc="In pixels, of video."),
        Field("frame_rate", ScalarType(ScalarKind.FLOAT64), doc="Frames in a second, of video; 0 is unknown."),
        Field("sample_rate", _INT, doc="In Hz, of audio."),
        Field("channels", _INT, doc="Of audio."),
        Field("extradata", ScalarType(ScalarKind.BYTES), doc="What the codec needs before the first packet."),
        Field("color_range", _RANGE, doc="The range of luma and chroma, of video."),
        Field("color_matrix", _MATRIX, doc="The matrix between RGB and luma with chroma, of video."),
    ),
    doc="How a stream is encoded.",
)

SCHEMA_ENCODED_PACKET = Schema(
    "EncodedPacket",
    (
        Field("data", ScalarType(ScalarKind.BYTES), doc="The packet as the codec made it."),
        Field("stream", SCHEMA_STREAM_INFO.ref, doc="What it is a part of."),
        Field("keyframe", ScalarType(ScalarKind.BOOL), doc="Whether a decoder can begin here."),
        Field("decode_ns", ScalarType(ScalarKind.TIMESTAMP), doc="When it is decoded, in nanoseconds."),
        *STAMPS,
    ),
    doc="One encoded picture or block of sound.",
)

BUILTINS: Mapping[str, Schema] = {
    schema.name: schema
    for schema in (
        SCHEMA_VIDEO_FRAME,
        SCHEMA_AUDIO_FRAME,
        SCHEMA_DATA_FRAME,
        SCHEMA_ENCODED_PACKET,
        SCHEMA_STREAM_INFO,
    )
}
"""All of them, by name."""
