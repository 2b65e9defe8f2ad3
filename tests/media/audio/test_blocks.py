from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from streamlib.media.audio.blocks import Blocks
from streamlib.media.audio.samples import Samples


def count(start: int, length: int) -> Samples:
    return np.arange(start, start + length, dtype=np.float32)[:, None]


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(1, 20))
def test_no_sample_is_lost_or_moved(lengths: list[int], size: int) -> None:
    blocks, made, at = Blocks(size, 1), [count(0, 0)], 0
    for length in lengths:
        pieces = list(blocks.push(count(at, length)))
        assert all(len(piece) == size for piece in pieces)
        made += pieces
        at += length
    made.append(blocks.rest())
    assert len(made[-1]) < size
    assert np.array_equal(np.concatenate(made), count(0, at))


def test_what_is_held_can_be_filled_with_silence() -> None:
    blocks = Blocks(4, 1)
    assert list(blocks.push(count(1, 3))) == []
    filled = list(blocks.filled())
    assert [block.ravel().tolist() for block in filled] == [[1, 2, 3, 0]]
    assert list(blocks.filled()) == []


def test_what_was_taken_is_not_held_any_more() -> None:
    blocks = Blocks(4, 2)
    list(blocks.push(np.zeros((3, 2), np.float32)))
    assert blocks.rest().shape == (3, 2)
    assert blocks.rest().shape == (0, 2)
