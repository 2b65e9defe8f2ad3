"""A short clip for pages of the docs to work on."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np


def write_clip(path: Path, *, frames: int, frame_rate: int) -> None:
    """Write a silent H.264 clip of 320x180 in which a grey deepens."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=frame_rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for index in range(frames):
            picture = np.full((180, 320, 3), 255 * index // frames, dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
