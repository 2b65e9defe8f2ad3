"""What a frame holds, as a number that changes with it: two looks tell whether somebody has written into it between."""

from __future__ import annotations

import zlib
from typing import Any

from numpy.typing import NDArray

from streamlib.frames.audio import AudioFrame
from streamlib.frames.data import DataFrame
from streamlib.frames.video import VideoFrame


def array_of(frame: Any) -> NDArray[Any] | None:
    """The array of a frame, where it is one; a codec's own picture is not looked into."""
    if isinstance(frame, AudioFrame):
        return frame.samples
    if isinstance(frame, VideoFrame) and frame.native is None:
        return frame.to_ndarray()
    return None


def content_of(frame: Any) -> int | None:
    """A number for what is in a frame; None where that cannot change or is not looked into."""
    array = array_of(frame)
    if array is not None:
        return zlib.crc32(array.tobytes())
    return hash(repr(frame.data)) if isinstance(frame, DataFrame) else None
