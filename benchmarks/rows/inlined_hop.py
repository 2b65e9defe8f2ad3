"""What one more processor costs a frame when it runs in the loop of whoever feeds it."""

from __future__ import annotations

from benchmarks.row import Figure, Row
from benchmarks.rows.chains import gstreamer_chain, streamlib_chain

CHAINS = {"short": 10, "long": 60, "frames": 50_000, "repeats": 3}

INLINED_HOP = Row(
    name="inlined-hop",
    ours=streamlib_chain("inlined", **CHAINS),
    theirs=gstreamer_chain("inlined", "GStreamer's `identity signal-handoffs=false`", **CHAINS),
    figures=(Figure(key="ns", what="a frame through one inlined processor", unit="ns", at_most=0.8),),
    method="50,000 frames through chains of 10 and of 60, three times in turn; the median difference, divided by 50 "
    "elements and the frames. Ours is a `Processor` whose `process` reads a frame and writes it, counted and sampled.",
    held_back="A chain already runs as one loop, and what is left is CPython's own: three Python calls (`process`, "
    "`read`, `write`) take nine tenths of it: on the slower machine they took 1.4 times as long as on the faster, "
    "where the aim is reached, and GStreamer's C took no longer. Compiled modules take 0.6 of it (last column).",
)
