"""StreamLib's side of the mosaic: 16 files in real time, each scaled, joined by a processor with one input for all."""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from benchmarks.programs.copies import Copies
from benchmarks.programs.mosaic_arguments import PATIENCE_S, SIDE, TILE_HEIGHT, TILE_WIDTH, main
from streamlib import (
    LinkInput,
    LinkOutput,
    ProcessContext,
    Processor,
    RuntimeContext,
    StreamRuntime,
    VideoFrame,
    __version__,
)
from streamlib.media import FileReader, VideoScaler

WIDTH, HEIGHT = SIDE * TILE_WIDTH, SIDE * TILE_HEIGHT
COPIES = Copies()


class Mosaic(Processor):
    """Joins one picture of each link into one, in the order of the links, whenever each has sent another."""

    tiles = LinkInput(VideoFrame, many=True)
    out = LinkOutput(VideoFrame)
    joined = 0

    def setup(self, ctx: RuntimeContext) -> None:
        self._waiting: dict[int, VideoFrame] = {}

    def process(self, ctx: ProcessContext) -> None:
        links = self.tiles.links
        for number, link in enumerate(links):
            if number not in self._waiting:
                frame = link.read()
                if frame is not None:
                    self._waiting[number] = frame
        if len(self._waiting) < len(links):
            return
        first = self._waiting[0]
        self.out.write(first.with_pixels(_joined(list(self._waiting.values())), "yuv420p"))
        self._waiting.clear()
        Mosaic.joined += 1
        ctx.wake()  # the links may hold more


class Screen(Processor):
    """Where the joined pictures go."""

    video = LinkInput(VideoFrame)

    def process(self, ctx: ProcessContext) -> None:
        self.video.read()


def _joined(tiles: list[VideoFrame]) -> NDArray[np.uint8]:
    """The pixels of the tiles, row by row, as yuv420p."""
    pixels = np.empty((HEIGHT * 3 // 2, WIDTH), np.uint8)
    whole = [pixels[:HEIGHT], *pixels[HEIGHT:].reshape(2, HEIGHT // 2, WIDTH // 2)]
    for number, tile in enumerate(tiles):
        row, column = divmod(number, SIDE)
        for plane, part in zip(whole, tile.planes("yuv420p"), strict=True):
            height, width = part.shape
            plane[row * height : (row + 1) * height, column * width : (column + 1) * width] = part
        COPIES.add()
    return pixels


def join(options: argparse.Namespace) -> dict[str, float]:
    """Play the files at once; says how many pictures came of it, and with `--count` the copies for each of theirs."""
    if options.count:
        COPIES.watch()
    with StreamRuntime() as runtime:
        with runtime.edit() as edit:
            mosaic = edit.add_processor(Mosaic)
            edit.connect(mosaic, edit.add_processor(Screen))
            for _ in range(SIDE * SIDE):
                reader = edit.add_processor(FileReader, path=options.clip)
                scaler = edit.add_processor(VideoScaler, width=TILE_WIDTH, height=TILE_HEIGHT)
                edit.connect(reader, scaler)
                edit.connect(scaler, mosaic)
        runtime.start()
        assert runtime.wait(timeout=PATIENCE_S), f"it took more than {PATIENCE_S} s"
    figures: dict[str, float] = {"pictures": Mosaic.joined}
    if options.count:
        figures["copies"] = COPIES.count / (Mosaic.joined * SIDE * SIDE)
    return figures


if __name__ == "__main__":
    main(lambda: f"StreamLib {__version__}", join)
