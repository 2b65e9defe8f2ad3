"""Gaps in memory: what is made while they are filled lies next to each other, in the order in which it is made.

Theory of operation
-------------------
A pass through very many processors finds nothing in a cache but what a processor core has fetched ahead, and it fetches
ahead what is asked for in the order in which it lies. CPython has the small objects of a size lie next to each other,
but puts a new one into a gap that another has left before it takes up memory that nobody has had. Building a large
graph leaves such gaps all over, so that one processor lies here and the next one a page away. So these gaps are filled
for as long as it takes to make what passes touch, and are free again for all that is made after.

Only a matter of speed: another memory allocator may not be filled so, and then things lie where they lie.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

MANY = 1000
"""Fewer objects than these find place in a cache however they lie."""

SIZES = (48, 64, 80)
"""Of what a pass touches, in bytes, with what the allocator and the collector add."""

_AT_ONCE = 1024
_PAGE = 4096
_EMPTY = sys.getsizeof(b"")
_PER_OBJECT = 8
"""So many gaps are filled at most for each object that is to be made."""


@contextmanager
def gaps_filled(objects: int) -> Iterator[None]:
    """Have up to so many objects of each small size lie next to each other that are made meanwhile; few lie as ever."""
    held = [_filling(size, objects * _PER_OBJECT) for size in SIZES] if objects >= MANY else []
    try:
        yield
    finally:
        held.clear()


def _filling(size: int, at_most: int) -> list[list[bytes]]:
    """What lies in the gaps of one size: so many that the last ones lie close to each other."""
    held: list[list[bytes]] = []
    close = 1.25 * _AT_ONCE * size / _PAGE
    for _ in range(0, at_most, _AT_ONCE):
        held.append([bytes(size - _EMPTY) for _ in range(_AT_ONCE)])
        if len({id(one) // _PAGE for one in held[-1]}) <= close:
            break
    return held
