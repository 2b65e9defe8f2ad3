"""GNU Radio's side of the chains: Python blocks joined by message ports. Run by the interpreter that has gnuradio."""

from __future__ import annotations

import argparse
import itertools
import sys
import threading
import time

import pmt  # type: ignore[import-not-found]
from gnuradio import gr  # type: ignore[import-not-found]

from benchmarks.programs.chain_arguments import parse, price

PATIENCE_S = 120
IN, OUT = pmt.intern("in"), pmt.intern("out")


class Block(gr.basic_block):  # type: ignore[misc]
    """A block with one message port in and one out."""

    def __init__(self, name: str) -> None:
        gr.basic_block.__init__(self, name=name, in_sig=None, out_sig=None)
        self.message_port_register_in(IN)
        self.message_port_register_out(OUT)
        self.set_msg_handler(IN, self.handle)

    def handle(self, message: object) -> None:
        """Pass it on."""
        self.message_port_pub(OUT, message)


class Sink(Block):
    """Counts messages."""

    def __init__(self, awaited: int) -> None:
        super().__init__("sink")
        self._left = awaited
        self.ended_ns = 0
        self.done = threading.Event()

    def handle(self, message: object) -> None:
        """Count it."""
        self._left -= 1
        if not self._left:
            self.ended_ns = time.perf_counter_ns()
            self.done.set()


def run(options: argparse.Namespace, hops: int, frames: int) -> int:
    """Nanoseconds from the first message to the last."""
    top, sink = gr.top_block(), Sink(frames)
    line = [*(Block(f"pass{number}") for number in range(hops + 1)), sink]
    for before, after in itertools.pairwise(line):
        top.msg_connect((before, "out"), (after, "in"))
    top.start()
    payload = pmt.init_u8vector(options.bytes, [0] * options.bytes)
    began_ns = time.perf_counter_ns()
    for _ in range(frames):
        line[0].to_basic_block()._post(IN, payload)
    assert sink.done.wait(PATIENCE_S), "not all messages arrived"
    top.stop()
    top.wait()
    return sink.ended_ns - began_ns


def main() -> None:
    """Measure, or say which GNU Radio this is."""
    options = parse(sys.argv[1:])
    if options.version:
        print(f"GNU Radio {gr.version()}")
        return
    print(price(options, lambda hops, frames: run(options, hops, frames)))


if __name__ == "__main__":
    main()
