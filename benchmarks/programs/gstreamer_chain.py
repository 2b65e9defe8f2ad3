"""GStreamer's side of the hops: a chain of its C elements; Python only starts it and waits for its end.

Run by the interpreter that has python3-gi, not by ours.
"""

from __future__ import annotations

import argparse
import sys
import time

import gi  # type: ignore[import-not-found]

from benchmarks.programs.chain_arguments import NS_PER_S, parse, price

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # type: ignore[import-not-found] # noqa: E402

IDENTITY = "identity signal-handoffs=false"
PATIENCE_S = 120


def timed(words: str) -> int:
    """Nanoseconds from the first to the last buffer of a chain that stands ready with its first at the sink."""
    pipeline = Gst.parse_launch(words)
    pipeline.set_state(Gst.State.PAUSED)
    pipeline.get_state(PATIENCE_S * NS_PER_S)
    began_ns = time.perf_counter_ns()
    pipeline.set_state(Gst.State.PLAYING)
    wanted = Gst.MessageType.EOS | Gst.MessageType.ERROR
    message = pipeline.get_bus().timed_pop_filtered(PATIENCE_S * NS_PER_S, wanted)
    took_ns = time.perf_counter_ns() - began_ns
    pipeline.set_state(Gst.State.NULL)
    if message is None or message.type != Gst.MessageType.EOS:
        raise SystemExit("the pipeline failed" if message else f"the pipeline took more than {PATIENCE_S} s")
    return took_ns


def description(options: argparse.Namespace, hops: int, frames: int) -> str:
    """The pipeline in the words of gst-launch-1.0."""
    queue = f"queue max-size-buffers={options.capacity} max-size-bytes=0 max-size-time=0"
    middle = {"inlined": [IDENTITY] * hops, "threads": [queue, *[IDENTITY, queue] * hops]}[options.kind]
    return " ! ".join([f"fakesrc num-buffers={frames}", *middle, "fakesink sync=false"])


def main() -> None:
    """Measure, or say which GStreamer this is."""
    options = parse(sys.argv[1:])
    Gst.init(None)
    if options.version:
        print(Gst.version_string())
        return
    print(price(options, lambda hops, frames: timed(description(options, hops, frames))))


if __name__ == "__main__":
    main()
