"""What frames need of codecs: pixel formats by swscale, images by FFmpeg's encoders.

`streamlib.frames.converter` finds it through the entry-point group `streamlib.converters`, under the name "av".
It must not know ports or links. Next on the path: `picture`, `swscale`, `planes` and `images`, which do the work.
"""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from streamlib.frames.converter import ImageFormat, Picture, size_within
from streamlib.frames.pixel_format import PixelFormat, has_alpha
from streamlib.media.video.images import encoded
from streamlib.media.video.picture import borrow, same_memory, to_av
from streamlib.media.video.planes import packed, plane_views
from streamlib.media.video.swscale import reformat


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
        return packed(_in_memory(picture), picture.format)

    def planes(self, picture: Picture) -> list[NDArray[np.uint8]]:
        """The planes of a native picture of yuv420p or nv12, read-only, as views of its memory."""
        return plane_views(_in_memory(picture), picture.format)

    def encode(self, picture: Picture, image: ImageFormat, max_width: int = 0, max_height: int = 0) -> bytes:
        """The picture as an image file, scaled down as `size_within` says; JPEG drops alpha.

        Raises:
            FormatError: swscale or the encoder refuses.
        """
        alpha = image is not ImageFormat.JPEG and has_alpha(picture.format)
        size = size_within(picture.width, picture.height, max_width, max_height)
        return encoded(self.convert(picture, PixelFormat.RGBA if alpha else PixelFormat.RGB24, *size), image)


def _in_memory(picture: Picture) -> av.VideoFrame:
    """The native picture, whose memory is what its format says: itself, where it is."""
    native = picture.native
    if isinstance(native, av.VideoFrame) and same_memory(native, picture.format):
        return native
    return to_av(picture)
