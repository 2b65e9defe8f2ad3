"""GStreamer with elements written in Python: each buffer calls a method of each element.

Run by the interpreter that has python3-gi and python3-gst-1.0, not by ours.
"""

from __future__ import annotations

import argparse
import sys

import gi  # type: ignore[import-not-found]

from benchmarks.programs import gstreamer_chain
from benchmarks.programs.chain_arguments import parse, price

gi.require_version("Gst", "1.0")
gi.require_version("GstBase", "1.0")
from gi.repository import GObject, Gst, GstBase  # type: ignore[import-not-found] # noqa: E402

Gst.init(None)  # the templates of the pads below want it
ELEMENT = "streamlibbenchpass"


class Pass(GstBase.BaseTransform):  # type: ignore[misc]
    """Passes buffers on, in place."""

    __gstmetadata__ = ("Pass", "Filter", "Passes buffers on", "the benchmarks")
    __gsttemplates__ = (
        Gst.PadTemplate.new("src", Gst.PadDirection.SRC, Gst.PadPresence.ALWAYS, Gst.Caps.new_any()),
        Gst.PadTemplate.new("sink", Gst.PadDirection.SINK, Gst.PadPresence.ALWAYS, Gst.Caps.new_any()),
    )

    def do_transform_ip(self, buffer: object) -> object:
        """What a processor's `process` is here."""
        return Gst.FlowReturn.OK


def description(options: argparse.Namespace, hops: int, frames: int) -> str:
    """The pipeline in the words of gst-launch-1.0."""
    queue = f"queue max-size-buffers={options.capacity} max-size-bytes=0 max-size-time=0"
    middle = {"inlined": [ELEMENT] * hops, "threads": [queue, *[ELEMENT, queue] * hops]}[options.kind]
    return " ! ".join([f"fakesrc num-buffers={frames}", *middle, "fakesink sync=false"])


def main() -> None:
    """Measure, or say which GStreamer this is."""
    options = parse(sys.argv[1:])
    if options.version:
        print(f"{Gst.version_string()} with Python elements")
        return
    GObject.type_register(Pass)
    if not Gst.Element.register(None, ELEMENT, 0, Pass):
        raise SystemExit("GStreamer did not take the element")
    print(price(options, lambda hops, frames: gstreamer_chain.timed(description(options, hops, frames))))


if __name__ == "__main__":
    main()
