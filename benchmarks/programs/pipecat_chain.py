"""pipecat's side of the chains: frame processors in one pipeline. Run by the Python that has pipecat."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from importlib.metadata import version

from loguru import logger  # type: ignore[import-not-found]
from pipecat.frames.frames import DataFrame, EndFrame, Frame  # type: ignore[import-not-found]
from pipecat.pipeline.pipeline import Pipeline  # type: ignore[import-not-found]
from pipecat.pipeline.worker import PipelineWorker  # type: ignore[import-not-found]
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor  # type: ignore[import-not-found]
from pipecat.workers.runner import WorkerRunner  # type: ignore[import-not-found]

from benchmarks.programs.chain_arguments import parse, price


class Picture(DataFrame):  # type: ignore[misc]
    """A frame of its own class, with its payload by reference."""

    pixels = b""


class Pass(FrameProcessor):  # type: ignore[misc]
    """Passes frames on."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        await self.push_frame(frame, direction)


class Sink(FrameProcessor):  # type: ignore[misc]
    """Counts pictures."""

    taken = 0
    ended_ns = 0

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, Picture):
            self.taken += 1
            self.ended_ns = time.perf_counter_ns()
        await self.push_frame(frame, direction)


async def send(options: argparse.Namespace, hops: int, frames: int) -> int:
    """Nanoseconds from the first frame that is queued to the last that is taken."""
    sink = Sink()
    worker = PipelineWorker(
        Pipeline([*(Pass() for _ in range(hops)), sink]), enable_rtvi=False, enable_turn_tracking=False
    )
    pixels = bytes(options.bytes)
    pictures: list[Frame] = []
    for _ in range(frames):
        picture = Picture()
        picture.pixels = pixels
        pictures.append(picture)
    began_ns = time.perf_counter_ns()
    await worker.queue_frames([*pictures, EndFrame()])
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()
    assert sink.taken == frames, f"{sink.taken} of {frames} frames arrived"
    return sink.ended_ns - began_ns


def main() -> None:
    """Measure, or say which pipecat this is."""
    logger.remove()
    options = parse(sys.argv[1:])
    if options.version:
        print(f"pipecat {version('pipecat-ai')}")
        return
    print(price(options, lambda hops, frames: asyncio.run(send(options, hops, frames))))


if __name__ == "__main__":
    main()
