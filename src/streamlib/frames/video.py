"""One picture: pixels in an array or in a codec library's own picture, with their colour and their stamps.

It must not know the codec library: the native picture is opaque, and conversions go through `converter`,
when somebody asks and not before. Next on the path: a port's `write`, which stamps it.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from msgspec.structs import force_setattr, replace
from numpy.typing import DTypeLike, NDArray

from streamlib.errors import FormatError
from streamlib.frames.converter import ImageFormat, find_converter
from streamlib.frames.dlpack import CPU, export
from streamlib.frames.pixel_format import (
    ColorMatrix,
    ColorRange,
    PixelFormat,
    byte_count,
    format_named,
    has_alpha,
    is_subsampled,
    matrix_named,
    parts,
    picture_size,
    range_named,
    usual_matrix,
)
from streamlib.frames.stamped import Stamped, seconds
from streamlib.schema.builtins import SCHEMA_VIDEO_FRAME
from streamlib.schema.types import Schema

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

_PREVIEW_WIDTH = 480  # CSS pixels of the image in a notebook


class VideoFrame(Stamped, frozen=True, gc=False, eq=False, kw_only=True):
    """A picture with its time. Make one with `from_ndarray`; processors of media make them with `from_native`.

    It is shared by reference among all who receive it and cannot be changed: arrays handed out are read-only.
    `with_pixels` makes the next frame out of this one.

    Attributes:
        width: in pixels.
        height: in pixels.
        format: how the pixels lie in memory.
        color_range: the range of luma and chroma; see `pixel_format` for what it means to RGB.
        color_matrix: the matrix between RGB and luma with chroma.
        native: the codec library's own picture (PyAV's `VideoFrame`), or None when the pixels are an array. Shared
            by all consumers and never to be changed; `streamlib.media.video.picture.to_av` gives one of your own.
    """

    schema: ClassVar[Schema] = SCHEMA_VIDEO_FRAME

    width: int
    height: int
    format: PixelFormat
    color_range: ColorRange = ColorRange.LIMITED
    color_matrix: ColorMatrix = ColorMatrix.BT601
    native: object | None = None
    # Both are filled when first needed. Threads that race compute the same twice, and the last one stays.
    _pixels: NDArray[np.uint8] | None = None
    _converted: Any = None  # of this class; its name cannot be resolved by those who read the fields

    @classmethod
    def from_ndarray(
        cls,
        array: NDArray[np.uint8],
        format: str = PixelFormat.RGB24,
        *,
        timestamp_ns: int = 0,
        duration_ns: int = 0,
        entered_ns: int = 0,
        sequence: int = -1,
        metadata: Mapping[str, object] | None = None,
        color_range: str = ColorRange.LIMITED,
        color_matrix: str | None = None,
    ) -> Self:
        """A frame of the pixels in an array, which the frame takes over without a copy.

        The array is made read-only: write into a new one, or hand over a copy. (Where it is a view of another
        array, that one stays writeable and must be left alone.)

        Args:
            array: uint8, shaped as `PixelFormat` says; any strides.
            format: a name of `PixelFormat`; OpenCV's arrays are "bgr24".
            timestamp_ns: media time.
            duration_ns: how long it lasts; 0 is unknown.
            entered_ns: stamped by the port that emits it.
            sequence: stamped by the port that emits it.
            metadata: whatever there is to say about it.
            color_range: the range of luma and chroma, "limited" or "full".
            color_matrix: a name of `ColorMatrix`; the usual one for the size where none is given.

        Raises:
            FormatError: unknown format, or shape and type do not fit it.
        """
        known = format_named(format)
        width, height = picture_size(array, known)
        array.setflags(write=False)
        return cls(
            width=width,
            height=height,
            format=known,
            color_range=range_named(color_range),
            color_matrix=usual_matrix(width, height) if color_matrix is None else matrix_named(color_matrix),
            _pixels=array,
            timestamp_ns=timestamp_ns,
            duration_ns=duration_ns,
            entered_ns=entered_ns,
            sequence=sequence,
            metadata=metadata,
        )

    @classmethod
    def from_native(
        cls,
        native: object,
        *,
        width: int,
        height: int,
        format: PixelFormat,
        timestamp_ns: int = 0,
        duration_ns: int = 0,
        metadata: Mapping[str, object] | None = None,
        color_range: ColorRange = ColorRange.LIMITED,
        color_matrix: ColorMatrix | None = None,
    ) -> Self:
        """A frame around a codec library's own picture, which nobody may change any more.

        The picture may have more bits or more chroma than `format`; it is then converted when somebody asks.
        """
        return cls(
            width=width,
            height=height,
            format=format,
            color_range=color_range,
            color_matrix=color_matrix or usual_matrix(width, height),
            native=native,
            timestamp_ns=timestamp_ns,
            duration_ns=duration_ns,
            metadata=metadata,
        )

    @property
    def nbytes(self) -> int:
        """The bytes of the picture without padding."""
        return byte_count(self.width, self.height, self.format)

    def with_pixels(self, array: NDArray[np.uint8], format: str = PixelFormat.RGB24) -> Self:
        """A frame of other pixels, of any size, that keeps the stamps, the metadata and the colour of this one.

        The array is taken over as in `from_ndarray`.

        Raises:
            FormatError: unknown format, or shape and type do not fit it.
        """
        known = format_named(format)
        width, height = picture_size(array, known)
        array.setflags(write=False)
        return replace(self, width=width, height=height, format=known, native=None, _pixels=array, _converted=None)

    def convert(self, format: str) -> Self:
        """The same picture in another format, with the same stamps, range and matrix; itself where it has it.

        The last conversion is kept, so that several consumers who ask for the same format share one.

        Raises:
            FormatError: unknown format, or the picture cannot be converted.
        """
        known = format_named(format)
        if known is self.format:
            return self
        return replace(
            self._in_format(known),
            timestamp_ns=self.timestamp_ns,
            duration_ns=self.duration_ns,
            entered_ns=self.entered_ns,
            sequence=self.sequence,
            metadata=self.metadata,
        )

    def to_ndarray(self, format: str | None = None) -> NDArray[np.uint8]:
        """The pixels, read-only, in the format asked for or the frame's own; without a copy where possible.

        Rows may lie further apart than they are long: `numpy.ascontiguousarray` where that matters.

        Returns:
            uint8, shaped as `PixelFormat` says.

        Raises:
            FormatError: unknown format, or yuv420p and nv12 of an odd size, which no array can hold.
        """
        known = self.format if format is None else format_named(format)
        return self._in_format(known)._array().view()

    def planes(self, format: str | None = None) -> tuple[NDArray[np.uint8], ...]:
        """The planes of the picture, read-only, in the format asked for or the frame's own.

        Of a decoder's picture in that format they are views, where `to_ndarray` has to copy yuv420p and nv12 into one
        array; and odd sizes have them.

        Returns:
            uint8. yuv420p: luma (height, width), and two of chroma, half as high and wide, rounded up. nv12: luma, and
            chroma as (height / 2, width / 2, 2). All others: one, as `to_ndarray` gives it.

        Raises:
            FormatError: unknown format, or the picture cannot be converted.
        """
        known = self.format if format is None else format_named(format)
        picture = self._in_format(known)
        if not is_subsampled(known):
            return (picture._array().view(),)
        if picture.native is not None:
            return tuple(find_converter().planes(picture))
        pixels = np.ascontiguousarray(picture._array())
        pixels.setflags(write=False)
        return tuple(parts(pixels, self.height, known))

    def _in_format(self, format: PixelFormat) -> Self:
        """This picture in a format; its stamps may be older than this frame's."""
        if format is self.format:
            return self
        converted: Self | None = self._converted
        if converted is None or converted.format is not format:
            native = find_converter().convert(self, format)
            converted = replace(self, format=format, native=native, _pixels=None, _converted=None)
            force_setattr(self, "_converted", converted)
        return converted

    def _array(self) -> NDArray[np.uint8]:
        """The one array of this picture in its own format."""
        pixels = self._pixels
        if pixels is None:
            pixels = find_converter().pixels(self)
            force_setattr(self, "_pixels", pixels)
        return pixels

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """The picture as rgb24, so that `numpy.asarray(frame)` works; read-only unless it is a copy."""
        if copy is False and self.format is not PixelFormat.RGB24:
            raise ValueError(
                f"an rgb24 array of a {self.format} frame is a conversion and cannot be had without a copy"
            )
        return np.array(self.to_ndarray(PixelFormat.RGB24), dtype=dtype, copy=copy)

    def __dlpack__(
        self,
        *,
        stream: None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> CapsuleType:
        """The picture as rgb24 through DLPack; a copy for consumers that cannot be told that a view is read-only."""
        return export(self.to_ndarray(PixelFormat.RGB24), stream, max_version, dl_device, copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        """The CPU."""
        return CPU

    def __repr__(self) -> str:
        return f"<VideoFrame {self.width}x{self.height} {self.format} {seconds(self)}>"

    def _repr_html_(self) -> str:
        """The picture, for notebooks; words where it cannot be shown."""
        words = f"{self.width}×{self.height} {self.format}, {self.color_matrix} {self.color_range}, {seconds(self)}"
        image = ImageFormat.PNG if has_alpha(self.format) else ImageFormat.JPEG
        try:
            data = base64.b64encode(find_converter().encode(self, image, 2 * _PREVIEW_WIDTH)).decode("ascii")
        except FormatError as error:
            return f"<div>{words}: {html.escape(str(error))}</div>"
        width = min(self.width, _PREVIEW_WIDTH)
        return (
            f'<figure style="margin:0"><img src="data:image/{image};base64,{data}" width="{width}" alt="{words}">'
            f"<figcaption>{words}</figcaption></figure>"
        )
