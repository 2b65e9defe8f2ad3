"""Any mapping as a frame: detections, events, sensor values.

It must not know what the mapping means. Next on the path: a port's `write`, which stamps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from streamlib.frames.stamped import Stamped, seconds
from streamlib.schema.builtins import SCHEMA_DATA_FRAME
from streamlib.schema.types import Schema


class DataFrame(Stamped, frozen=True, gc=False, eq=False):
    """A mapping with its time: `DataFrame({"n": 1}).data["n"]`.

    Attributes:
        data: not to be changed once the frame is written: its consumers share it. It must not lead back to the
            frame, which the collector does not track.
    """

    schema: ClassVar[Schema] = SCHEMA_DATA_FRAME

    data: Mapping[str, object]

    def __repr__(self) -> str:
        return f"<DataFrame {{{', '.join(map(str, self.data))}}} {seconds(self)}>"
