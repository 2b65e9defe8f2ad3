"""The main job by hand: the PyAV calls that StreamLib makes, in one loop, as who knows PyAV well writes them.

The same decoder threads, conversions, codec settings and key frames; contexts are reused, nothing is copied
that need not be.
"""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from benchmarks.programs.job_arguments import BITRATE, FRAME_RATE, GOP_S, PRESET, Job, main

TIME_BASE = Fraction(1, 90_000)
BT709 = 1


def work(job: Job) -> None:
    """Decode, filter, encode and write."""
    to_rgb, to_yuv = VideoReformatter(), VideoReformatter()
    with av.open(str(job.source)) as source, av.open(str(job.target), "w") as target:
        pictures = source.streams.video[0]
        pictures.thread_type = "AUTO"
        assert pictures.time_base is not None
        stream = _added_stream(target, pictures)
        key_due = Fraction(0)
        for picture in source.decode(pictures):
            assert picture.pts is not None
            seconds = picture.pts * pictures.time_base
            made = _converted(to_yuv, _inverted(_converted(to_rgb, picture, "rgb24")), "yuv420p")
            made.pts, made.time_base = round(seconds / TIME_BASE), TIME_BASE
            made.pict_type = PictureType.NONE
            if seconds >= key_due:
                made.pict_type = PictureType.I
                key_due = seconds + GOP_S
            target.mux(stream.encode(made))
        target.mux(stream.encode())


def _converted(reformatter: VideoReformatter, picture: av.VideoFrame, format: str) -> av.VideoFrame:
    return reformatter.reformat(
        picture,
        format=format,
        src_colorspace=BT709,
        dst_colorspace=BT709,
        src_color_range=ColorRange.MPEG if format == "rgb24" else ColorRange.JPEG,
        dst_color_range=ColorRange.JPEG if format == "rgb24" else ColorRange.MPEG,
        interpolation=Interpolation.AREA,
        threads=1,
    )


def _inverted(picture: av.VideoFrame) -> av.VideoFrame:
    """The filter: the same numpy operation on a view of the picture, and a picture of the new pixels."""
    plane = picture.planes[0]
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    pixels = lines[:, : 3 * picture.width].reshape(picture.height, picture.width, 3)
    made = av.VideoFrame.from_numpy_buffer(255 - pixels, "rgb24")
    made.color_range = ColorRange.JPEG
    return made


def _added_stream(target: OutputContainer, like: av.VideoStream) -> av.VideoStream:
    rate = str(BITRATE)
    options = {"preset": PRESET, "maxrate": rate, "bufsize": rate, "x264-params": "repeat-headers=1"}
    stream = target.add_stream("libx264", rate=FRAME_RATE, options=options)
    context = stream.codec_context
    context.width, context.height, context.pix_fmt = like.codec_context.width, like.codec_context.height, "yuv420p"
    context.color_range, context.colorspace = int(ColorRange.MPEG), BT709
    context.time_base = stream.time_base = TIME_BASE
    context.bit_rate, context.gop_size = BITRATE, 1200
    context.thread_count, context.thread_type = 0, "FRAME"
    context.flags |= int(Flags.global_header)
    return stream


if __name__ == "__main__":
    main(f"PyAV {av.__version__}", work)
