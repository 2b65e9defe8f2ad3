"""A picture as an image file in memory, ready for a model, a page or a notebook.

Bytes pass through. `sampler` makes them of frames, `sampled_audio` of sound.
"""

from __future__ import annotations

import base64
from os import PathLike
from pathlib import Path

import msgspec

from streamlib.errors import ConfigError
from streamlib.frames.converter import ImageFormat
from streamlib.ids import ProcessorId

_SUFFIXES = {
    ImageFormat.JPEG: (".jpg", ".jpeg"),
    ImageFormat.PNG: (".png",),
    ImageFormat.WEBP: (".webp",),
}


class EncodedImage(msgspec.Struct, frozen=True, kw_only=True):
    """An image file in memory.

    Attributes:
        width: In pixels.
        height: In pixels.
        format: The kind of file.
        data: The file.
    """

    width: int
    height: int
    format: ImageFormat
    data: bytes

    @property
    def mime_type(self) -> str:
        """`image/jpeg`, `image/png` or `image/webp`."""
        return f"image/{self.format}"

    def save(self, path: str | PathLike[str]) -> Path:
        """Write it to a file, replacing one that is there.

        Raises:
            ConfigError: The name ends as another kind of file does.
            OSError: It cannot be written.
        """
        file = Path(path)
        endings = _SUFFIXES[self.format]
        if file.suffix.lower() not in endings:
            wanted = next((kind for kind, suffixes in _SUFFIXES.items() if file.suffix.lower() in suffixes), None)
            other = "" if wanted is None else f', or sample it with format="{wanted}"'
            raise ConfigError(
                f"{file} would hold {self.format}; save it as {file.with_suffix(endings[0])}{other}", field="path"
            )
        file.write_bytes(self.data)
        return file

    def _repr_html_(self) -> str:
        """The picture, for notebooks."""
        data = base64.b64encode(self.data).decode("ascii")
        return f'<img src="data:{self.mime_type};base64,{data}" width="{self.width}" height="{self.height}">'

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.width}x{self.height} {self.format}, {len(self.data):,} B>"


class SampledFrame(EncodedImage, frozen=True, kw_only=True):
    """A picture that was sampled from a graph.

    Attributes:
        processor_id: Where.
        port: At which of its ports.
        timestamp_ns: The frame's media time, in nanoseconds.
        sequence: The frame's number at the source; -1 where it has none.
        age_ns: How long ago the source emitted it when it was taken, in nanoseconds of the runtime's clock; -1 where
            that is not known.
        source_width: The frame's own width, in pixels.
        source_height: The frame's own height, in pixels.
    """

    processor_id: ProcessorId
    port: str
    timestamp_ns: int
    sequence: int
    age_ns: int
    source_width: int
    source_height: int
