"""Who looks where, and how a look gets there while frames flow.

There are taps of links, of outputs and of the calls of processors. Each is here as long as somebody looks, also where
nothing runs. What runs has it in its slot: the loops that own it put it there between two frames, and take it away
when the last observer has gone. Asked by the compiler for what comes to run; next on a look's way:
`streamlib.links.tapped` and `streamlib.execution.tapped_call`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

from streamlib.events.bus import EventBus
from streamlib.events.event import described
from streamlib.events.runtime import ObserverFailed
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop, loop_of
from streamlib.execution.tapped_call import CallObserver, CallTap
from streamlib.graph.components import WiredChannel, log_fields_of
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId, PortRef, ProcessorId
from streamlib.links.tap import FrameObserver, LinkObserver, ObserverSlot, OutputTap, Tap

LOG = logging.getLogger("streamlib.observability")

K = TypeVar("K", LinkId, PortRef, ProcessorId)
T = TypeVar("T", bound=ObserverSlot[Any])


class _Places(Generic[K, T]):
    """The taps of all places of one kind, each as long as it has observers."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # the collector may drop an observer while this thread holds it
        self._taps: dict[K, T] = {}

    def of(self, place: K) -> T | None:
        return self._taps.get(place)

    def __bool__(self) -> bool:
        return bool(self._taps)

    def add(self, place: K, observer: object, new_tap: Callable[[], T]) -> None:
        with self._lock:
            tap = self._taps.get(place)
            if tap is None:
                self._taps[place] = tap = new_tap()
            tap.add(observer)

    def discard(self, place: K, observer: object) -> bool:
        """False where nobody looks there."""
        with self._lock:
            tap = self._taps.get(place)
            if tap is None:
                return False
            tap.discard(observer)
            if not tap:
                del self._taps[place]
            return True


class Taps:
    """The taps of one runtime. Observers come and go by any thread, and none holds up another.

    Args:
        bus: Hears of observers that raised.
        in_turn: Does something that no commit may come between, now or soon.
        now_ns: The clock that calls are measured by.
    """

    def __init__(
        self,
        graph: PropertyGraph,
        bus: EventBus,
        in_turn: Callable[[Callable[[], None]], None],
        now_ns: Callable[[], int],
    ) -> None:
        self._graph = graph
        self._bus = bus
        self._in_turn = in_turn
        self._now_ns = now_ns
        self._links: _Places[LinkId, Tap] = _Places()
        self._outputs: _Places[PortRef, OutputTap] = _Places()
        self._calls: _Places[ProcessorId, CallTap] = _Places()
        self._unfitted: dict[object, Callable[[], None]] = {}  # by place: however often observers come and go there
        self._lock = threading.RLock()  # as in `_Places`
        self._in_line = False

    # ------------------------------------------------------------------------------------------------------- of links

    def of(self, link_id: LinkId) -> Tap | None:
        """The tap of a link, where somebody looks."""
        return self._links.of(link_id)

    def attach(self, link_id: LinkId, observer: LinkObserver) -> None:
        """Tell an observer what happens in a link from the next frame on; from any thread."""
        self.enlist(link_id, observer)
        self._fit_soon(link_id, partial(self._fit, link_id))

    def enlist(self, link_id: LinkId, observer: LinkObserver) -> None:
        """As `attach`, for a link that does not run yet."""
        self._links.add(link_id, observer, lambda: Tap(partial(self._link_failed, link_id)))

    def detach(self, link_id: LinkId, observer: LinkObserver) -> None:
        """Tell it nothing more; the last one leaves not a trace on the frames' way. From any thread."""
        if self._links.discard(link_id, observer):
            self._fit_soon(link_id, partial(self._fit, link_id))

    def _link_failed(self, link_id: LinkId, observer: LinkObserver, error: Exception) -> None:
        self._tell(f"link {link_id}", observer, error)
        self.detach(link_id, observer)

    def _fit(self, link_id: LinkId) -> None:
        """Have the ends of a running link held as its observers want them. No commit is under way."""
        graph, tap = self._graph, self._links.of(link_id)
        wired = graph.get(link_id, WiredChannel) if link_id in graph else None
        if wired is None or wired.channel.tap is tap:
            return
        wired.channel.tap = tap
        link = graph.link(link_id)
        for id_ in (link.source.processor_id, link.target.processor_id):
            instance = graph.get(id_, ProcessorInstance)
            loop = None if instance is None else loop_of(instance)
            if instance is not None and loop is not None:
                loop.post(partial(_held_anew, instance, partial(instance.refit, wired.channel)))
                loop.serve()

    # ----------------------------------------------------------------------------------------------------- of outputs

    def attach_output(self, port: PortRef, observer: FrameObserver) -> None:
        """Show an observer each frame written to an output from the next on, once; from any thread.

        The output needs no link, its processor need not run yet, and may be edited, made anew and replaced meanwhile.
        """
        self._outputs.add(port, observer, lambda: OutputTap(partial(self._output_failed, port)))
        self._fit_soon(port, partial(self._fit_output, port))

    def detach_output(self, port: PortRef, observer: FrameObserver) -> None:
        """Show it nothing more; the last one leaves not a trace on the frames' way. From any thread."""
        if self._outputs.discard(port, observer):
            self._fit_soon(port, partial(self._fit_output, port))

    def _output_failed(self, port: PortRef, observer: FrameObserver, error: Exception) -> None:
        self._tell(f"output {port}", observer, error, port.processor_id)
        self.detach_output(port, observer)

    def _fit_output(self, port: PortRef) -> None:
        """Have a running processor hold its output as the observers want it. No commit is under way."""
        instance, loop = self._running(port.processor_id)
        tap = self._outputs.of(port)
        if instance is not None and loop is not None:
            loop.post(partial(_held_anew, instance, partial(instance.tap_output, port.port, tap)))
            loop.serve()

    # ------------------------------------------------------------------------------------------------------- of calls

    def attach_call(self, id_: ProcessorId, observer: CallObserver) -> None:
        """Tell an observer of each call of a processor from the next on; from any thread, also before it runs."""
        self._calls.add(id_, observer, lambda: CallTap(self._now_ns, partial(self._call_failed, id_)))
        self._fit_soon(id_, partial(self._fit_call, id_))

    def detach_call(self, id_: ProcessorId, observer: CallObserver) -> None:
        """Tell it nothing more; with the last one the processor is called straight again. From any thread."""
        if self._calls.discard(id_, observer):
            self._fit_soon(id_, partial(self._fit_call, id_))

    def _call_failed(self, id_: ProcessorId, observer: CallObserver, error: Exception) -> None:
        self._tell(f"processor {id_}", observer, error, id_)
        self.detach_call(id_, observer)

    def _fit_call(self, id_: ProcessorId) -> None:
        """Have a running processor called as its observers want it. No commit is under way."""
        instance, loop = self._running(id_)
        if instance is not None and loop is not None:
            loop.post(partial(_held_anew, instance, partial(instance.tap_call, self._calls.of(id_))))
            loop.serve()

    # --------------------------------------------------------------------------------------------------------- pieces

    def dress(self, instance: ProcessorInstance) -> None:
        """Have one that does not run yet looked at by those who look at its id already; for the compiler."""
        for port in instance.outputs if self._outputs else ():
            instance.tap_output(port, self._outputs.of(PortRef(instance.id, port)))
        if self._calls:
            instance.tap_call(self._calls.of(instance.id))

    def _fit_soon(self, place: object, fit: Callable[[], None]) -> None:
        """Have a place fitted to who looks there; once, for all who come and go until its turn comes."""
        with self._lock:
            self._unfitted[place] = fit
            if self._in_line:
                return
            self._in_line = True
        self._in_turn(self._fit_all)

    def _fit_all(self) -> None:
        with self._lock:
            self._in_line = False
            fits, self._unfitted = list(self._unfitted.values()), {}
        for fit in fits:
            fit()

    def _running(self, id_: ProcessorId) -> tuple[ProcessorInstance | None, Loop | None]:
        instance = self._graph.get(id_, ProcessorInstance) if id_ in self._graph else None
        return instance, None if instance is None else loop_of(instance)

    def _tell(self, place: str, observer: object, error: Exception, of: ProcessorId | None = None) -> None:
        name = type(observer).__qualname__
        fields = None if of is None else log_fields_of(self._graph, of)
        LOG.error("the observer %s of %s raised and is removed: %r", name, place, error, exc_info=error, extra=fields)
        self._bus.publish(ObserverFailed(observer=name, observed=place, error=described(error)))


def _held_anew(instance: ProcessorInstance, change: Callable[[], None]) -> None:
    """Put a tap on a processor's way, or take it away. For the owner of its loop."""
    change()
    loop = loop_of(instance)
    if loop is not None and loop.head is not instance:  # of the head each pass asks anew how it is called
        loop.touch([instance])
