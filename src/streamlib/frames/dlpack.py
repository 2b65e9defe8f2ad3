"""Read-only arrays out through DLPack, the exchange format of array libraries.

What passes is an array that others hold too. Next on the path: torch, jax or whoever asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

if TYPE_CHECKING:
    from typing_extensions import CapsuleType

CPU = (1, 0)  # kDLCPU, device 0: dlpack.h

_READ_ONLY_SINCE = (1, 0)


def export(
    array: NDArray[Any],
    stream: None,
    max_version: tuple[int, int] | None,
    dl_device: tuple[int, int] | None,
    copy: bool | None,
) -> CapsuleType:
    """A DLPack capsule of a read-only array.

    Consumers of DLPack 1.0 or newer get a view that is marked read-only. Older ones cannot be told, so they get
    a copy, unless they forbid one.

    Raises:
        BufferError: a view was demanded by a consumer that cannot be told that it is read-only.
    """
    if copy is None and (max_version is None or max_version < _READ_ONLY_SINCE):
        array = array.copy()
    return array.__dlpack__(stream=stream, max_version=max_version, dl_device=dl_device, copy=copy)
