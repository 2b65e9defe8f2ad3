"""The tap of a processor: who is told of each call of `process`, and what is called instead of it meanwhile.

A processor at which nobody looks is called straight: an `instance` has this in place of its `process` from when the
first observer comes until the last one goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from streamlib.links.tap import ObserverSlot


class CallObserver(Protocol):
    """Who is told of the calls of a processor."""

    def processed(self, frame: Any, latency_ns: int) -> None:
        """A call is over that found this frame first, or None, and took so long."""
        ...


class CallTap(ObserverSlot[CallObserver]):
    """The observers of one processor's calls.

    Args:
        now_ns: The clock that calls are measured by.
        failed: Told of an observer that raised, once it is taken out.
    """

    __slots__ = ("now_ns",)

    def __init__(self, now_ns: Callable[[], int], failed: Callable[[CallObserver, Exception], None]) -> None:
        super().__init__(failed)
        self.now_ns = now_ns

    def processed(self, frame: Any, latency_ns: int) -> None:
        """Tell every observer of a call."""
        for observer in self._observers:
            try:
                observer.processed(frame, latency_ns)
            except Exception as error:
                self.take_out(observer, error)


def tapped_call(call: Callable[[Any], object], tap: CallTap, oldest: Callable[[], Any]) -> Callable[[Any], object]:
    """What is called in place of `call`: the same, and the tap is told of each that comes to its end.

    Args:
        oldest: Gives the frame that a call finds first, or None.
    """
    now_ns = tap.now_ns

    def process(context: Any) -> None:
        frame = oldest()
        began_ns = now_ns()
        call(context)
        tap.processed(frame, now_ns() - began_ns)

    return process


def tapped_coroutine(call: Callable[[Any], Any], tap: CallTap, oldest: Callable[[], Any]) -> Callable[[Any], object]:
    """As `tapped_call`, for an `async def process`: the time counts until it returns."""
    now_ns = tap.now_ns

    async def process(context: Any) -> None:
        frame = oldest()
        began_ns = now_ns()
        await call(context)
        tap.processed(frame, now_ns() - began_ns)

    return process
