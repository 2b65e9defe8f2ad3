"""How much of a fragmented MP4 file is whole: where the last of its fragments ends.

Bytes are looked at, never frames: a file is boxes, each with its length in front (ISO/IEC 14496-12, 4.2), and a
fragment is a box `moof` with the `mdat` behind it. `muxer.py` asks when a file could not be completed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

SHORT_HEADER, LONG_HEADER = 8, 16


def cut_to_fragments(path: Path) -> bool:
    """Cut off what stands behind the last whole fragment; without one nothing is changed.

    Returns:
        Whether the file holds a whole fragment.

    Raises:
        OSError: The file cannot be read or cut.
    """
    end = fragments_end(path)
    if end and end < path.stat().st_size:
        os.truncate(path, end)
    return end > 0


def is_whole(path: Path) -> bool:
    """Whether the last box of a file ends where the file does.

    Raises:
        OSError: The file cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        return max((end for _, end in _boxes(file, size)), default=0) == size


def fragments_end(path: Path) -> int:
    """The length up to and with the last whole fragment, in bytes; 0 where there is none.

    Raises:
        OSError: The file cannot be read.
    """
    end, before = 0, b""
    with path.open("rb") as file:
        for name, box_end in _boxes(file, path.stat().st_size):
            if name == b"mdat" and before == b"moof":
                end = box_end
            before = name
    return end


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """The name of each whole box, and where it ends."""
    start = 0
    while True:
        file.seek(start)
        header = file.read(LONG_HEADER)
        if len(header) < SHORT_HEADER:
            return
        length = int.from_bytes(header[:4], "big")
        if length == 1:  # the length is a longer number behind the name
            length = int.from_bytes(header[8:], "big")
        start += length
        if length < SHORT_HEADER or start > size:
            return
        yield header[4:8], start
