from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from streamlib.frames.dlpack import CPU, export

if TYPE_CHECKING:
    from typing_extensions import CapsuleType


class Exported:
    """A consumer's view of an array that is exported with the arguments of its version."""

    def __init__(self, array: np.ndarray, max_version: tuple[int, int] | None, copy: bool | None = None) -> None:
        self._array = array
        self._max_version = max_version
        self._copy = copy

    def __dlpack__(self, **_asked: object) -> CapsuleType:
        return export(self._array, None, self._max_version, None, self._copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        return CPU


def read_only() -> np.ndarray:
    array = np.arange(6, dtype=np.uint8)
    array.setflags(write=False)
    return array


@pytest.mark.promise("frame.numpy-dlpack")
def test_a_new_consumer_gets_a_view_that_it_cannot_write() -> None:
    array = read_only()
    seen = np.from_dlpack(Exported(array, (1, 0)))
    assert np.shares_memory(seen, array)
    assert not seen.flags.writeable


def test_an_old_consumer_gets_a_copy() -> None:
    array = read_only()
    seen = np.from_dlpack(Exported(array, None))
    np.testing.assert_array_equal(seen, array)
    assert not np.shares_memory(seen, array)


def test_an_old_consumer_that_forbids_a_copy_is_refused() -> None:
    with pytest.raises(BufferError, match="readonly"):
        np.from_dlpack(Exported(read_only(), None, copy=False))


def test_a_new_consumer_may_ask_for_a_copy() -> None:
    array = read_only()
    assert not np.shares_memory(np.from_dlpack(Exported(array, (1, 0), copy=True)), array)
