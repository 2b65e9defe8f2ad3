"""Where a processor keeps what it keeps: the containers that it, its classes and their modules refer to, by name.

Python tells where memory was allocated, and that is where a frame was made; what grows is where it is held.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from streamlib.processors.processor import Processor

HOLDS = (list, dict, set, deque, bytearray)


def sizes(processor: Processor) -> Mapping[str, int]:
    """How many items each container holds, by its name: `self.seen`, `Detector.seen`, `detector.SEEN`."""
    return {name: len(value) for name, value in _named(processor) if isinstance(value, HOLDS)}


def most_hoarded(before: Mapping[str, int], after: Mapping[str, int], least: int) -> str:
    """The container that has grown most, in words; empty where none has by `least` items."""
    grown = max(after, key=lambda name: after[name] - before.get(name, 0), default="")
    if not grown or after[grown] - before.get(grown, 0) < least:
        return ""
    return f"in {grown}, which holds {after[grown]} by now"


def _named(processor: Processor) -> Iterator[tuple[str, Any]]:
    own = type(processor)
    yield from ((f"self.{name}", value) for name, value in [*vars(processor).items()])
    for owner in own.__mro__[: own.__mro__.index(Processor)]:
        yield from ((f"{owner.__name__}.{name}", value) for name, value in vars(owner).items())
    module = sys.modules.get(own.__module__)
    if module is not None:
        yield from ((f"{module.__name__}.{name}", value) for name, value in [*vars(module).items()])
