"""Counts how often the pixels of a picture are written into other memory, beyond decoding and encoding.

Counted are the functions of StreamLib in which that happens: conversions and scalings by swscale, and copies between
planes and arrays. What a processor of the benchmarks does with its own arrays, it counts itself, by `add`.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from streamlib.frames.pixel_format import is_subsampled
from streamlib.media.video import converter, picture, planes, scaler, swscale


class Copies:
    """A count that several threads add to."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self.count = 0

    def add(self) -> None:
        """One more."""
        with self._guard:
            self.count += 1

    def watch(self) -> None:
        """Count from now on, for as long as the process runs."""
        assert all((converter, scaler))  # loaded, so that what they imported by name is found
        self._replace(swscale.reformat, lambda *_: True)
        self._replace(planes.unpacked, lambda *_: True)
        self._replace(planes.packed, lambda _, format: is_subsampled(format))
        self._replace(picture.to_own, lambda frame: frame.native is None and not is_subsampled(frame.format))

    def _replace(self, function: Callable[..., Any], copies: Callable[..., bool]) -> None:
        @wraps(function)
        def counted(*arguments: Any, **options: Any) -> Any:
            if copies(*arguments):
                self.add()
            return function(*arguments, **options)

        name = function.__name__
        for module in [module for key, module in sys.modules.items() if key.startswith("streamlib")]:
            if getattr(module, name, None) is function:
                setattr(module, name, counted)
