"""What every frame carries beside its content: two times, a number and a mapping.

A frame must not know who made it, which link it is on or who else holds it. It holds nothing that could
lead back to it, which is why the collector need not track it (`gc=False`): millions may pass without a pause.
Next on the path: `video`, `audio`, `data` and `packet`, the frames themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from streamlib.clock import NS_PER_S


class Stamped(msgspec.Struct, frozen=True, gc=False, eq=False, kw_only=True):
    """The stamps of a frame. Frames are compared by identity: two frames with equal content are two frames.

    Attributes:
        timestamp_ns: media time in nanoseconds.
        duration_ns: how long it lasts in nanoseconds; 0 is unknown.
        entered_ns: when a source emitted it on the runtime's clock; 0 until then. Ages are measured from here.
        sequence: its number at the port that emitted it; -1 until then.
        metadata: whatever its maker wants to say about it. Not to be changed afterwards: consumers share it.
    """

    timestamp_ns: int = 0
    duration_ns: int = 0
    entered_ns: int = 0
    sequence: int = -1
    metadata: Mapping[str, object] | None = None


def seconds(frame: Stamped) -> str:
    """The time of a frame for people, `0.040 s`, with its number once it has one."""
    number = f" #{frame.sequence}" if frame.sequence >= 0 else ""
    return f"{frame.timestamp_ns / NS_PER_S:.3f} s{number}"
