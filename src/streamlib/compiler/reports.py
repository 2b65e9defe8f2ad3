"""What happens to running processors, on its way to the graph, to the bus and to those who wait.

Called on the threads of the processors, so it holds nobody up: a component is set, an event published, a
waiter woken. An error that repeats is logged once and then counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from streamlib.clock import NS_PER_S
from streamlib.errors import StreamError
from streamlib.events.bus import EventBus
from streamlib.events.event import described
from streamlib.events.processor import ProcessorError, ProcessorStateChanged
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.main_thread_runner import MainThread, on_main_thread
from streamlib.graph.components import WiredChannel
from streamlib.graph.property_graph import PropertyGraph
from streamlib.processors.execution_mode import ErrorPolicy
from streamlib.states import ProcessorState


class InstanceReports:
    """The `Reports` of all instances of one runtime.

    Attributes:
        main: The processors that run on the main thread.
        failures: What ended processors, by id, until the next start.
        hurried: Nobody is to be waited for longer than it takes to tear down.
        wants_restart: Asked on the thread of a processor whose policy is `restart` and which failed: whether it will be
            made anew.
        stop_wanted: Set when a processor whose policy is `stop` failed; called on that processor's thread.
    """

    def __init__(self, graph: PropertyGraph, bus: EventBus, main: MainThread) -> None:
        self.main = main
        self._graph = graph
        self._bus = bus
        self._changed = threading.Condition()
        self._repeats: dict[str, tuple[str, int]] = {}  # of processors that have not ended
        self.failures: dict[str, BaseException] = {}
        self.hurried = False
        self.stop_wanted: Callable[[], None] = _nothing
        self.wants_restart: Callable[[ProcessorInstance], bool] = _never

    def state_changed(self, instance: ProcessorInstance, old: ProcessorState, new: ProcessorState) -> None:
        """Set the component and publish."""
        with self._graph.lock:
            if instance.id in self._graph and self._graph.get(instance.id, ProcessorInstance) in {instance, None}:
                self._graph.insert(instance.id, new)
        self._bus.publish(ProcessorStateChanged(processor_id=instance.id, old=old, new=new))

    def errored(
        self, instance: ProcessorInstance, error: Exception, timestamp_ns: int | None, during: str = "process"
    ) -> None:
        """Publish every error; log it when it is another than the last of this processor, or at 10, 100, 1,000."""
        text = described(error)
        self._bus.publish(
            ProcessorError(processor_id=instance.id, error=text, during=during, frame_timestamp_ns=timestamp_ns)
        )
        before, count = self._repeats.get(instance.id, ("", 0))
        count = count + 1 if text == before else 1
        self._repeats[instance.id] = (text, count)
        at = "" if timestamp_ns is None else f"at {timestamp_ns / NS_PER_S:.3f} s: "
        if count == 1:  # one of ours says what to do; any other is looked for where it was raised
            instance.context.log.error("%s%s", at, text, exc_info=None if isinstance(error, StreamError) else error)
        elif str(count).strip("0") == "1":
            instance.context.log.error("%s: %d times by now", text, count)

    def ended(self, instance: ProcessorInstance) -> None:
        """Have the writers of its links count what comes too late, note a failure, and wake who waits."""
        self._count_late_frames(instance)
        self._repeats.pop(instance.id, None)
        if instance.failure is not None:
            self.failures[instance.id] = instance.failure
            if instance.policy is ErrorPolicy.STOP:
                self.stop_wanted()
        self.wake()

    def _count_late_frames(self, instance: ProcessorInstance) -> None:
        with self._graph.lock:
            if instance.id not in self._graph or self._graph.get(instance.id, ProcessorInstance) is not instance:
                return  # it is being removed; its id may be another's by now
            for link in self._graph.links_into(instance.id):
                wired = self._graph.get(link.id, WiredChannel)
                source = self._graph.get(link.source.processor_id, ProcessorInstance)
                if wired is not None and source is not None and source.loop is not None:
                    source.loop.post(wired.channel.settle_closed)

    def wake(self) -> None:
        """Have those who wait look again."""
        with self._changed:
            self._changed.notify_all()
        self.main.wake()

    def wait_until(self, done: Callable[[], bool], timeout_s: float | None) -> bool:
        """Wait until `done` is true, asked whenever a processor has ended; False when it was not in time.

        On the main thread the processors that run there have their turns meanwhile.
        """
        if on_main_thread():
            return self.main.pump(done, timeout_s)
        with self._changed:
            return self._changed.wait_for(done, timeout_s)

    async def until(self, done: Callable[[], bool]) -> None:
        """As `wait_until`, in an event loop: it needs no thread, and one that is cancelled is gone at once."""
        await self.main.until(done)


def _never(instance: ProcessorInstance) -> bool:
    """Nobody makes processors anew."""
    del instance
    return False


def _nothing() -> None:
    """Nobody wants to know yet."""
