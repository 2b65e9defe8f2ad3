"""VideoScaler: pictures of another size, in the format they have.

`swscale.py` scales; what a frame carries beside its pixels goes on unchanged.
"""

from __future__ import annotations

from msgspec.structs import replace

from streamlib.frames.pixel_format import is_subsampled
from streamlib.frames.video import VideoFrame
from streamlib.media.limits import Side
from streamlib.media.video.picture import from_av, to_av
from streamlib.media.video.swscale import reformat
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor


class VideoScaler(Processor):
    """Scales every frame to one size, bicubic."""

    class Config(ProcessorConfig):
        """The size, both sides live.

        Attributes:
            width: In pixels; 0 follows from the height and the frame's proportions.
            height: In pixels; 0 follows from the width. Both 0 leave the frame as it is.
        """

        width: Live[Side] = 0
        height: Live[Side] = 0

    config: Config

    video_in = LinkInput(VideoFrame)
    video_out = LinkOutput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None:
        """Scale one frame."""
        frame = self.video_in.read()
        if frame is not None:
            self.video_out.write(scaled(frame, self.config.width, self.config.height))


def scaled(frame: VideoFrame, width: int, height: int) -> VideoFrame:
    """The frame at another size; a side of 0 keeps its proportions.

    yuv420p and nv12 have even sizes here: an odd side becomes one less, since no array could hold it.
    """
    width, height = target_size(frame, width, height)
    if (width, height) == (frame.width, frame.height):
        return frame
    picture = reformat(to_av(frame), frame.format, frame.color_range, frame.color_matrix, width, height)
    made = from_av(picture, timestamp_ns=frame.timestamp_ns, duration_ns=frame.duration_ns, metadata=frame.metadata)
    return replace(
        made,
        color_range=frame.color_range,
        color_matrix=frame.color_matrix,
        entered_ns=frame.entered_ns,
        sequence=frame.sequence,
    )


def target_size(frame: VideoFrame, width: int, height: int) -> tuple[int, int]:
    """The width and height that a frame is scaled to."""
    if not width and not height:
        return frame.width, frame.height
    width = width or max(1, round(frame.width * height / frame.height))
    height = height or max(1, round(frame.height * width / frame.width))
    if not is_subsampled(frame.format):
        return width, height
    return max(2, width & ~1), max(2, height & ~1)
