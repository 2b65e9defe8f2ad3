"""ezmsg's side of the chains: units in one process, messages handed on as they are; run by what has ezmsg."""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import AsyncGenerator
from importlib.metadata import version
from typing import Any

import ezmsg.core as ez  # type: ignore[import-not-found]

from benchmarks.programs.chain_arguments import parse, price


class Source(ez.Unit):  # type: ignore[misc]
    """Makes messages and publishes them, which waits while the buffers of who reads them are full."""

    OUTPUT = ez.OutputStream(dict)
    frames = 0
    payload = b""
    began_ns = 0

    @ez.publisher(OUTPUT)  # type: ignore[untyped-decorator]
    async def send(self) -> AsyncGenerator[tuple[Any, dict[str, object]], None]:
        Source.began_ns = time.perf_counter_ns()
        for number in range(self.frames):
            yield self.OUTPUT, {"n": number, "pixels": self.payload}


class Pass(ez.Unit):  # type: ignore[misc]
    """Passes messages on."""

    INPUT = ez.InputStream(dict)
    OUTPUT = ez.OutputStream(dict)

    @ez.subscriber(INPUT)  # type: ignore[untyped-decorator]
    @ez.publisher(OUTPUT)  # type: ignore[untyped-decorator]
    async def hand_on(self, message: dict[str, object]) -> AsyncGenerator[tuple[Any, dict[str, object]], None]:
        yield self.OUTPUT, message


class Sink(ez.Unit):  # type: ignore[misc]
    """Counts messages, and ends it all with the last."""

    INPUT = ez.InputStream(dict)
    taken = 0
    ended_ns = 0

    @ez.subscriber(INPUT)  # type: ignore[untyped-decorator]
    async def take(self, message: dict[str, object]) -> None:
        Sink.taken += 1
        if Sink.taken == Source.frames:
            Sink.ended_ns = time.perf_counter_ns()
            raise ez.NormalTermination


def run(options: argparse.Namespace, hops: int, frames: int) -> int:
    """Nanoseconds from the first message to the last."""
    Source.frames, Source.payload, Sink.taken = frames, bytes(options.bytes), 0
    units: dict[str, ez.Unit] = {"source": Source()}
    units |= {f"pass_{number}": Pass() for number in range(hops)}
    units["sink"] = Sink()
    line = list(units.values())
    for unit in line[:-1]:
        unit.OUTPUT.num_buffers = options.capacity
    connections = [(before.OUTPUT, after.INPUT) for before, after in itertools.pairwise(line)]
    ez.run(components=units, connections=connections, force_single_process=True)
    assert Sink.taken == frames, f"{Sink.taken} of {frames} messages arrived"
    return Sink.ended_ns - Source.began_ns


def main() -> None:
    """Measure, or say which ezmsg this is."""
    options = parse(sys.argv[1:])
    if options.version:
        print(f"ezmsg {version('ezmsg')}")
        return
    print(price(options, lambda hops, frames: run(options, hops, frames)))


if __name__ == "__main__":
    main()
