"""MediaPipe's side of the chains: its C++ PassThroughCalculator; Python makes the packets and counts them at the end.

Version 0.10.21 is the last whose graphs can be made from Python. Run by the Python that has it.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib.metadata import version

import mediapipe as mp  # type: ignore[import-not-found]
import numpy as np

from benchmarks.programs.chain_arguments import parse, price


def description(options: argparse.Namespace, hops: int) -> str:
    """The graph in MediaPipe's words."""
    nodes = "".join(
        f'node {{ calculator: "PassThroughCalculator" input_stream: "s{n}" output_stream: "s{n + 1}" }}\n'
        for n in range(hops)
    )
    return f'input_stream: "s0"\noutput_stream: "s{hops}"\nmax_queue_size: {options.capacity}\n{nodes}'


def run(options: argparse.Namespace, hops: int, frames: int) -> int:
    """Nanoseconds from the first packet to the last."""
    graph = mp.CalculatorGraph(graph_config=description(options, hops))
    taken = 0

    def take(*_: object) -> None:
        nonlocal taken
        taken += 1

    graph.observe_output_stream(f"s{hops}", take)
    graph.start_run()
    height, width = 720, options.bytes // 720 // 3
    packet = mp.packet_creator.create_image_frame(
        np.zeros((height, width, 3), np.uint8), image_format=mp.ImageFormat.SRGB
    )
    began_ns = time.perf_counter_ns()
    for number in range(frames):
        graph.add_packet_to_input_stream("s0", packet.at(number))
    graph.close_all_packet_sources()
    graph.wait_until_done()
    took_ns = time.perf_counter_ns() - began_ns
    assert taken == frames, f"{taken} of {frames} packets arrived"
    return took_ns


def main() -> None:
    """Measure, or say which MediaPipe this is."""
    options = parse(sys.argv[1:])
    if options.version:
        print(f"MediaPipe {version('mediapipe')}")
        return
    print(price(options, lambda hops, frames: run(options, hops, frames)))


if __name__ == "__main__":
    main()
