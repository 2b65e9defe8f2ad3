"""The filter of the demo, written as anybody writes one: with numpy, frame by frame."""

from __future__ import annotations

from typing import Annotated

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from streamlib.frames.video import VideoFrame
from streamlib.processors.config import Live, ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor


class Vignette(Processor):
    """Darkens every picture towards its corners."""

    class Config(ProcessorConfig):
        """`strength`: how much light the corners lose, 0 to 1."""

        strength: Live[Annotated[float, Meta(ge=0, le=1)]] = 0.75

    config: Config
    video_in = LinkInput(VideoFrame)
    video_out = LinkOutput(VideoFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        """The shade is made when the first picture says how large it is."""
        self._shade: npt.NDArray[np.uint16] | None = None

    def process(self, ctx: ProcessContext) -> None:
        """Darken one picture."""
        frame = self.video_in.read()
        if frame is None:
            return
        pixels = frame.to_ndarray("rgb24")
        if self._shade is None or self._shade.shape[:2] != pixels.shape[:2]:
            self._shade = shade(frame.height, frame.width, self.config.strength)
        shaded = np.multiply(pixels, self._shade, dtype=np.uint16)
        self.video_out.write(frame.with_pixels((shaded >> 8).astype(np.uint8)))

    def config_changed(self, previous: Config) -> None:
        """Make the shade anew."""
        self._shade = None


def shade(height: int, width: int, strength: float) -> npt.NDArray[np.uint16]:
    """How much light each pixel keeps, in 256ths, shape (height, width, 1)."""
    down, across = np.ogrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    lost = strength * np.minimum(1.0, (down**2 + across**2) / 2) ** 1.5
    kept: npt.NDArray[np.uint16] = np.round(256 * (1 - lost)).astype(np.uint16)
    return kept[:, :, np.newaxis]
