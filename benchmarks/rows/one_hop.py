"""The shortest graph with two threads, from end to end."""

from __future__ import annotations

from benchmarks.row import Figure, Row
from benchmarks.rows.chains import gstreamer_chain, streamlib_chain

CHAIN = {"short": 0, "long": 0, "frames": 300_000, "capacity": 200, "repeats": 3}

ONE_HOP = Row(
    name="one-hop",
    ours=streamlib_chain("threads", **CHAIN),
    theirs=gstreamer_chain("threads", "GStreamer's `fakesrc ! queue ! fakesink`", **CHAIN),
    figures=(
        Figure(
            key="ns", what="source, one thread hop and sink, saturated, capacity 200, per frame", unit="ns", at_most=0.6
        ),
    ),
    method="300,000 frames, three times; the median. Both sources make a frame without content and stamp it.",
    held_back="Each frame and its stamps, the time of entry and the number, are made in Python: 0.03 and 0.17 µs, 0.08 "
    "of them the clock. To write it to a link and read it takes 0.10, the rest is two calls of `process` and the "
    "loops around them. GStreamer's source does both in C, on another core than its sink.",
)
