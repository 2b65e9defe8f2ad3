"""The tap of a link: the slot where observers listen while frames flow.

A link without observers has no tap on its way at all: its ends are wrapped (`tapped`) when the first observer comes
and unwrapped when the last one goes. An observer is told on the thread that writes or reads, each frame by reference,
so it must only put it aside; one that raises is taken out and reported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class LinkObserver(Protocol):
    """Who is told what happens in a link."""

    def pushed(self, frame: Any) -> None:
        """A frame went into the link."""
        ...

    def full(self, *, dropped: bool) -> None:
        """A frame meets a full link: it or another is dropped, or its writer waits."""
        ...

    def emptied(self) -> None:
        """The last frame was read, and none follows yet."""
        ...


class Tap:
    """The observers of one link, in the order in which they came."""

    __slots__ = ("_failed", "_observers")

    def __init__(self, failed: Callable[[LinkObserver, Exception], None]) -> None:
        self._observers: tuple[LinkObserver, ...] = ()
        self._failed = failed

    def add(self, observer: LinkObserver) -> None:
        """Tell `observer` from now on."""
        self._observers = (*self._observers, observer)

    def discard(self, observer: LinkObserver) -> None:
        """Stop telling `observer`."""
        self._observers = tuple(other for other in self._observers if other is not observer)

    def __bool__(self) -> bool:
        return bool(self._observers)

    def pushed(self, frame: Any) -> None:
        """Show every observer a frame that went into the link."""
        for observer in self._observers:
            try:
                observer.pushed(frame)
            except Exception as error:
                self._take_out(observer, error)

    def full(self, *, dropped: bool) -> None:
        """Tell every observer that a frame meets a full link."""
        for observer in self._observers:
            try:
                observer.full(dropped=dropped)
            except Exception as error:
                self._take_out(observer, error)

    def emptied(self) -> None:
        """Tell every observer that the last frame was read."""
        for observer in self._observers:
            try:
                observer.emptied()
            except Exception as error:
                self._take_out(observer, error)

    def _take_out(self, observer: LinkObserver, error: Exception) -> None:
        self.discard(observer)
        self._failed(observer, error)
