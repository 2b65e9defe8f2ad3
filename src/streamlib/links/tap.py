"""The tap of a link: the slot where observers listen while frames flow.

A link without observers has no tap on its way at all: its writer is wrapped when the first observer comes
and unwrapped when the last one goes. An observer gets each frame by reference on the writer's thread, so it
must only put it aside; one that raises is taken out and reported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Observe = Callable[[Any], None]


class Tap:
    """The observers of one link, in the order in which they came."""

    __slots__ = ("_failed", "_observers")

    def __init__(self, failed: Callable[[Observe, Exception], None]) -> None:
        self._observers: tuple[Observe, ...] = ()
        self._failed = failed

    def add(self, observe: Observe) -> None:
        """Let `observe` see every frame from now on."""
        self._observers = (*self._observers, observe)

    def discard(self, observe: Observe) -> None:
        """Stop showing frames to `observe`."""
        self._observers = tuple(other for other in self._observers if other is not observe)

    def __bool__(self) -> bool:
        return bool(self._observers)

    def offer(self, frame: Any) -> None:
        """Show a frame to every observer; one that raises is taken out and reported."""
        for observe in self._observers:
            try:
                observe(frame)
            except Exception as error:
                self.discard(observe)
                self._failed(observe, error)
