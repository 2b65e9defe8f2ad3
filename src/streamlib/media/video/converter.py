"""What frames need of codecs: pixel formats by swscale, images by Pillow.

`streamlib.frames.converter` finds it through the entry-point group `streamlib.converters`, under the name "av".
It must not know ports or links. Next on the path: `picture`, `swscale` and `planes`, which do the work.
"""

from __future__ import annotations

import io

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from streamlib.frames.converter import ImageFormat, Picture
from streamlib.frames.pixel_format import PixelFormat, has_alpha
from streamlib.media.video.picture import borrow, same_memory, to_av
from streamlib.media.video.planes import packed
from streamlib.media.video.swscale import reformat

_JPEG_QUALITY = 85


class AvConverter:
    """The `Converter` of this package. It holds nothing; one serves all threads."""

    def convert(self, picture: Picture, format: PixelFormat, width: int = 0, height: int = 0) -> av.VideoFrame:
        """A PyAV picture in another format, and in another size where one is given; range and matrix stay.

        Raises:
            FormatError: swscale refuses.
        """
        return reformat(borrow(picture), format, picture.color_range, picture.color_matrix, width, height)

    def pixels(self, picture: Picture) -> NDArray[np.uint8]:
        """The pixels of a native picture, read-only: a view of its memory, or for yuv420p and nv12 a copy.

        Raises:
            FormatError: an odd size in yuv420p or nv12, which does not fit in an array.
        """
        native = picture.native
        if not isinstance(native, av.VideoFrame) or not same_memory(native, picture.format):
            native = to_av(picture)
        return packed(native, picture.format)

    def encode(self, picture: Picture, image: ImageFormat, max_width: int = 0) -> bytes:
        """The picture as an image file, scaled down to `max_width` where that is not 0; JPEG drops alpha."""
        width = min(picture.width, max_width or picture.width)
        height = max(1, round(picture.height * width / picture.width))
        alpha = image is ImageFormat.PNG and has_alpha(picture.format)
        format = PixelFormat.RGBA if alpha else PixelFormat.RGB24
        pixels = packed(self.convert(picture, format, width, height), format)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, image, quality=_JPEG_QUALITY)
        return file.getvalue()
