"""What one more `@processor` function costs a frame in a chain of them."""

from __future__ import annotations

from benchmarks.row import Figure, Row
from benchmarks.rows.chains import gstreamer_chain, streamlib_chain
from benchmarks.rows.inlined_hop import CHAINS

FUNCTION_HOP = Row(
    name="function-hop",
    ours=streamlib_chain("function", **CHAINS),
    theirs=gstreamer_chain("inlined", "GStreamer's `identity signal-handoffs=false`", **CHAINS),
    figures=(Figure(key="ns", what="a frame through a `@processor` function in a chain", unit="ns", at_most=0.3),),
    method="As `inlined-hop`, with a function that returns its frame in the place of the processor.",
    held_back="Functions in a row are one step of a pass and called straight. What is left is CPython's own: the call "
    "of the function, one turn of the loop around it and a comparison; and a 128th of a timed call. On the "
    "slower machine it took 1.5 times as long as on the faster, where the aim is reached, and GStreamer's C no longer.",
)
