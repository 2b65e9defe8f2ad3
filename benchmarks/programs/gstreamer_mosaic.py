"""GStreamer's side of the mosaic: `compositor`, in C; Python only starts it. Run by the interpreter with python3-gi."""

from __future__ import annotations

import argparse

import gi  # type: ignore[import-not-found]

from benchmarks.programs.mosaic_arguments import (
    FRAME_RATE,
    PATIENCE_S,
    SIDE,
    TILE_HEIGHT,
    TILE_WIDTH,
    main,
)

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # type: ignore[import-not-found] # noqa: E402

NS_PER_S = 1_000_000_000


def description(clip: str) -> str:
    """The pipeline in the words of gst-launch-1.0."""
    places = [divmod(number, SIDE) for number in range(SIDE * SIDE)]
    pads = " ".join(
        f"sink_{number}::xpos={column * TILE_WIDTH} sink_{number}::ypos={row * TILE_HEIGHT}"
        for number, (row, column) in enumerate(places)
    )
    size = f"width={SIDE * TILE_WIDTH},height={SIDE * TILE_HEIGHT},framerate={FRAME_RATE}/1,format=I420"
    joined = f"compositor name=joined {pads} ! video/x-raw,{size} ! fakesink name=screen sync=true"
    reading = f"filesrc location={clip} ! qtdemux ! h264parse ! avdec_h264"
    tile = f"video/x-raw,width={TILE_WIDTH},height={TILE_HEIGHT}"
    scaling = f"queue max-size-buffers=8 ! videoscale method=catrom ! {tile} ! queue"
    return " ".join([joined, *(f"{reading} ! {scaling} ! joined.sink_{number}" for number in range(SIDE * SIDE))])


def join(options: argparse.Namespace) -> dict[str, float]:
    """Play the files at once; says how many pictures came of it."""
    pipeline = Gst.parse_launch(description(options.clip))
    pipeline.set_state(Gst.State.PLAYING)
    wanted = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(PATIENCE_S * NS_PER_S, wanted)
    shown = pipeline.get_by_name("screen").get_property("stats").get_value("rendered")
    pipeline.set_state(Gst.State.NULL)
    if message is None or message.type != Gst.MessageType.EOS:
        raise SystemExit(f"the pipeline failed: {message.parse_error() if message else 'no end'}")
    return {"pictures": float(shown)}


if __name__ == "__main__":
    Gst.init(None)
    main(Gst.version_string, join)
