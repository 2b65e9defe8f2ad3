"""StreamLib as a program that transcodes: one file in, one out, or one for each rung of a ladder of sizes."""

from __future__ import annotations

import sys

from benchmarks.programs.transcode import FRAME_RATE, GOP_S, PRESET, RUNGS, Rung
from streamlib import StreamRuntime, __version__
from streamlib.media import FileReader, H264Encoder, Mp4Writer, VideoScaler
from streamlib.runtime.handles import ProcessorHandle


def transcode(source: str, targets: list[str]) -> None:
    """Decode once, and encode the picture for each of the targets, the first as large as it is."""
    with StreamRuntime() as runtime:
        reader = runtime.add_processor(FileReader, path=source, pace="fast")
        for rung, target in zip(RUNGS, targets, strict=False):
            _add_rung(runtime, reader, rung, target)
        runtime.start()
        runtime.wait()


def _add_rung(runtime: StreamRuntime, reader: ProcessorHandle, rung: Rung, target: str) -> None:
    encoder = runtime.add_processor(
        H264Encoder,
        bitrate=rung.bitrate,
        preset=PRESET,
        latency="normal",
        gop_seconds=GOP_S,
        frame_rate=FRAME_RATE,
    )
    if rung.is_scaled:
        scaler = runtime.add_processor(VideoScaler, width=rung.width, height=rung.height)
        runtime.connect(reader, scaler)
        runtime.connect(scaler, encoder)
    else:
        runtime.connect(reader, encoder)
    runtime.connect(encoder, runtime.add_processor(Mp4Writer, path=target).input("video"))


if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        print(f"StreamLib {__version__}")
    else:
        transcode(sys.argv[1], sys.argv[2:])
