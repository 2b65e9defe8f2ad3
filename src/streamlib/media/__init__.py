"""The processors that come with StreamLib, and the devices, codecs and files behind them.

They are processors as anybody could write them: they see ports, and neither links nor the graph. Each name
is loaded when it is first asked for, so that importing this package loads no codec library.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from streamlib.media.audio.aac_encoder import AacEncoder
    from streamlib.media.file_reader import FileReader
    from streamlib.media.filter_source import FilterSource
    from streamlib.media.mp4.writer import Mp4Writer
    from streamlib.media.video.h264_encoder import H264Encoder
    from streamlib.media.video.scaler import VideoScaler

__all__ = ["AacEncoder", "FileReader", "FilterSource", "H264Encoder", "Mp4Writer", "VideoScaler"]

_HOMES = {
    "AacEncoder": "streamlib.media.audio.aac_encoder",
    "FileReader": "streamlib.media.file_reader",
    "FilterSource": "streamlib.media.filter_source",
    "H264Encoder": "streamlib.media.video.h264_encoder",
    "Mp4Writer": "streamlib.media.mp4.writer",
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
