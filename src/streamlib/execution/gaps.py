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
from itertools import repeat

MANY = 1000
"""Fewer objects than these find place in a cache however they lie."""

OF_A_FEW_FIELDS = 48
OF_A_PROCESSOR = OF_A_STEP = OF_A_SLOT_WRITER = 64
OF_A_CONTEXT = 80
"""In bytes, with what the collector adds, and rounded up as the allocator does. The fields of an object lie apart."""

_AT_ONCE = 1024
_IN_A_ROW = 4
"""So many times in a row they have to lie close to each other: then gaps are at an end, and not only far apart."""

_PER_OBJECT = 8
"""So many gaps are filled at most for each object that is to be made."""

_SOME = 8
"""One in so many tells in which pages they lie: each page has several of them."""

_PAGE = 4096
_EMPTY = sys.getsizeof(b"")


@contextmanager
def gaps_filled(objects: int, *sizes: int) -> Iterator[None]:
    """Have objects of these sizes lie next to each other that are made meanwhile, so many of each; few lie as ever."""
    held = [_filling(size, objects * _PER_OBJECT) for size in sizes] if objects >= MANY else []
    try:
        yield
    finally:
        held.clear()


def _filling(size: int, at_most: int) -> list[list[bytes]]:
    """What lies in the gaps of one size: so many that the last ones lie close to each other."""
    held: list[list[bytes]] = []
    close, in_a_row = 1.25 * _AT_ONCE * size / _PAGE, 0
    while in_a_row < _IN_A_ROW and _AT_ONCE * len(held) < at_most:
        held.append(list(map(bytes, repeat(size - _EMPTY, _AT_ONCE))))
        in_a_row = in_a_row + 1 if len({id(one) // _PAGE for one in held[-1][::_SOME]}) <= close else 0
    return held
