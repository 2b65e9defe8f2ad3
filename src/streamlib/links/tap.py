"""Taps: the slots where observers listen while frames flow.

A link without observers has no tap on its way at all: its ends are wrapped (`tapped`) when the first observer comes
and unwrapped when the last one goes; an output port likewise. An observer is told on the thread that writes or reads,
each frame by reference, so it must only put it aside; one that raises is taken out and reported.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar


class FrameObserver(Protocol):
    """Who is shown the frames that pass somewhere."""

    def pushed(self, frame: Any) -> None:
        """A frame went on its way."""
        ...


class LinkObserver(FrameObserver, Protocol):
    """Who is told what happens in a link."""

    def full(self, *, dropped: bool) -> None:
        """A frame meets a full link: it or another is dropped, or its writer waits."""
        ...

    def emptied(self) -> None:
        """The last frame was read, and none follows yet."""
        ...


Observing = TypeVar("Observing")
Shown = TypeVar("Shown", bound=FrameObserver)


class ObserverSlot(Generic[Observing]):
    """The observers of one place, in the order in which they came.

    Args:
        failed: Told of an observer that raised, once it is taken out.
    """

    __slots__ = ("_failed", "_observers")

    def __init__(self, failed: Callable[[Observing, Exception], None]) -> None:
        self._observers: tuple[Observing, ...] = ()
        self._failed = failed

    def add(self, observer: Observing) -> None:
        """Tell `observer` from now on."""
        self._observers = (*self._observers, observer)

    def discard(self, observer: Observing) -> None:
        """Stop telling `observer`."""
        self._observers = tuple(other for other in self._observers if other is not observer)

    def __bool__(self) -> bool:
        return bool(self._observers)

    def take_out(self, observer: Observing, error: Exception) -> None:
        """Stop telling one that raised, and report it."""
        self.discard(observer)
        self._failed(observer, error)


class FrameTap(ObserverSlot[Shown]):
    """The observers of an output, or of any other place that frames pass."""

    __slots__ = ()

    def pushed(self, frame: Any) -> None:
        """Show every observer a frame that went on its way."""
        for observer in self._observers:
            try:
                observer.pushed(frame)
            except Exception as error:
                self.take_out(observer, error)


OutputTap = FrameTap[FrameObserver]
"""The tap of an output port."""


class Tap(FrameTap[LinkObserver]):
    """The observers of one link."""

    __slots__ = ()

    def full(self, *, dropped: bool) -> None:
        """Tell every observer that a frame meets a full link."""
        for observer in self._observers:
            try:
                observer.full(dropped=dropped)
            except Exception as error:
                self.take_out(observer, error)

    def emptied(self) -> None:
        """Tell every observer that the last frame was read."""
        for observer in self._observers:
            try:
                observer.emptied()
            except Exception as error:
                self.take_out(observer, error)
