"""The processors that come with StreamLib, and the devices, codecs and files behind them.

They are processors as anybody could write them: they see ports, and neither links nor the graph. Each name
is loaded when it is first asked for, so that importing this package loads no codec library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamlib.media.audio.aac_encoder import AacEncoder
    from streamlib.media.audio.decoder import AudioDecoder
    from streamlib.media.audio.opus_encoder import OpusEncoder
    from streamlib.media.audio.tone_generator import ToneGenerator
    from streamlib.media.file_reader import FileReader
    from streamlib.media.filter_source import FilterSource
    from streamlib.media.filters.ffmpeg_filter import FFmpegFilter
    from streamlib.media.input_selector import InputSelector
    from streamlib.media.mp4.writer import Mp4Writer
    from streamlib.media.stream_sync import StreamSync
    from streamlib.media.video.decoder import VideoDecoder
    from streamlib.media.video.h264_encoder import H264Encoder
    from streamlib.media.video.pattern_generator import TestPatternGenerator
    from streamlib.media.video.scaler import VideoScaler

__all__ = [
    "AacEncoder",
    "AudioDecoder",
    "FFmpegFilter",
    "FileReader",
    "FilterSource",
    "H264Encoder",
    "InputSelector",
    "Mp4Writer",
    "OpusEncoder",
    "StreamSync",
    "TestPatternGenerator",
    "ToneGenerator",
    "VideoDecoder",
    "VideoScaler",
]

_HOMES = {
    "AacEncoder": "streamlib.media.audio.aac_encoder",
    "AudioDecoder": "streamlib.media.audio.decoder",
    "FFmpegFilter": "streamlib.media.filters.ffmpeg_filter",
    "FileReader": "streamlib.media.file_reader",
    "FilterSource": "streamlib.media.filter_source",
    "H264Encoder": "streamlib.media.video.h264_encoder",
    "InputSelector": "streamlib.media.input_selector",
    "Mp4Writer": "streamlib.media.mp4.writer",
    "OpusEncoder": "streamlib.media.audio.opus_encoder",
    "StreamSync": "streamlib.media.stream_sync",
    "TestPatternGenerator": "streamlib.media.video.pattern_generator",
    "ToneGenerator": "streamlib.media.audio.tone_generator",
    "VideoDecoder": "streamlib.media.video.decoder",
    "VideoScaler": "streamlib.media.video.scaler",
}


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(importlib.import_module(home), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
