"""StreamLib's side of the main job: a reader, a filter as a user writes it, an encoder and a writer.

The graph as a user would write it: a thread for each processor, nothing tuned.
"""

from __future__ import annotations

import sys

from benchmarks.programs.job_arguments import BITRATE, FRAME_RATE, GOP_S, PRESET, Job, main
from streamlib import StreamRuntime, VideoFrame, __version__, processor
from streamlib.media import FileReader, H264Encoder, Mp4Writer


@processor
def invert(frame: VideoFrame) -> VideoFrame:
    """Inverts the colours."""
    return frame.with_pixels(255 - frame.to_ndarray("rgb24"))


def work(job: Job) -> None:
    """Decode, filter, encode and write."""
    with StreamRuntime() as runtime:
        reader = runtime.add_processor(FileReader, path=str(job.source), pace="fast")
        filtered = runtime.add_processor(invert)
        encoder = runtime.add_processor(
            H264Encoder, bitrate=BITRATE, preset=PRESET, latency="normal", gop_seconds=GOP_S, frame_rate=FRAME_RATE
        )
        writer = runtime.add_processor(Mp4Writer, path=str(job.target))
        runtime.connect(reader, filtered)
        runtime.connect(filtered, encoder)
        runtime.connect(encoder, writer.input("video"))
        runtime.start()
        if job.interval_s:
            sys.setswitchinterval(job.interval_s)
        runtime.wait()


if __name__ == "__main__":
    main(f"StreamLib {__version__}", work)
