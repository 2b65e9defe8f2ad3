"""The transcode by hand: PyAV's calls in one loop. What it differs by from `ffmpeg` is the build and Python's share.

libx264 opens with the same options, rate control and threads as on the other sides; pictures go from decoder to
encoder as they are.
"""

from __future__ import annotations

import sys
from fractions import Fraction

import av
from av.codec.context import Flags
from av.video.frame import PictureType

from benchmarks.programs.transcode import BITRATE, FRAME_RATE, GOP_S, HEIGHT, PRESET, WIDTH

TIME_BASE = Fraction(1, 90_000)


def transcode(source_path: str, target_path: str) -> None:
    """Decode, encode and write."""
    rate = str(BITRATE)
    options = {"preset": PRESET, "maxrate": rate, "bufsize": rate, "x264-params": "repeat-headers=1"}
    with av.open(source_path) as source, av.open(target_path, "w") as target:
        pictures = source.streams.video[0]
        pictures.thread_type = "AUTO"
        stream = target.add_stream("libx264", rate=FRAME_RATE, options=options)
        context = stream.codec_context
        context.width, context.height, context.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        context.time_base = stream.time_base = TIME_BASE
        context.bit_rate, context.gop_size = BITRATE, GOP_S * FRAME_RATE
        context.thread_count, context.thread_type = 0, "FRAME"
        context.flags |= int(Flags.global_header)
        for picture in source.decode(pictures):
            picture.pict_type = PictureType.NONE
            target.mux(stream.encode(picture))
        target.mux(stream.encode())


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        print(f"PyAV {av.__version__}")
    else:
        transcode(*sys.argv[1:])
