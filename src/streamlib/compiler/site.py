"""What compiling works with: the graph, the delegates, and what a runtime owns once.

Made by the runtime; passed through `plan`, `phases`, `wiring` and `teardown`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from streamlib.clock import Clock, PausableClock
from streamlib.compiler.progress import Progress, Step
from streamlib.compiler.reports import InstanceReports
from streamlib.delegates.delegates import Delegates
from streamlib.errors import CommitError
from streamlib.events.bus import EventBus
from streamlib.events.event import described
from streamlib.events.runtime import DelegateFailed
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.execution.shared_threads import SharedThreads
from streamlib.graph.node import ProcessorNode
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import LinkId
from streamlib.links.tap import Tap
from streamlib.processors.context import MediaConfig, RuntimeContext
from streamlib.processors.origin import settle, settled
from streamlib.processors.processor import Processor
from streamlib.processors.shared_objects import SharedObjects

LOG = logging.getLogger("streamlib.compiler")


def _nobody_looks(link_id: LinkId) -> Tap | None:
    """No link has a tap."""
    del link_id
    return None


def _nobody_watches(instance: ProcessorInstance) -> None:
    """It is called straight, and its outputs have no taps."""
    del instance


@dataclass(slots=True)
class Site:
    """Everything compiling needs that is not the change itself.

    Attributes:
        answer_s: How long a thread may take to come to a change, in seconds.
        threads: The threads that processors share.
        tap_of: The tap of a link that comes to run, where somebody looks into it.
        dress: Has a new instance looked at by those who look at its id already.
        progress: What the commit under way tells of itself.
    """

    graph: PropertyGraph
    delegates: Delegates
    bus: EventBus
    clock: Clock
    media_clock: PausableClock
    shared: SharedObjects
    media: MediaConfig
    reports: InstanceReports
    threads: SharedThreads
    tap_of: Callable[[LinkId], Tap | None] = _nobody_looks
    dress: Callable[[ProcessorInstance], None] = _nobody_watches
    answer_s: float = 10.0
    progress: Progress = field(init=False)
    _untold: Progress = field(init=False)

    def __post_init__(self) -> None:
        """No commit is under way."""
        self.progress = self._untold = Progress(self.bus, self.clock)

    def processor(self, node: ProcessorNode) -> Processor:
        """A new processor, which the factory delegate creates."""
        context = RuntimeContext(
            node.id, self.media_clock, self.shared, self.media, node.generation, node.processor_type
        )
        processor = self.delegates.create(node)
        if not isinstance(processor, Processor):
            raise TypeError(f"{named(self.delegates.create, 'create')} returned {processor!r}; return a Processor")
        settle(processor, context)
        return processor

    def instance(self, node: ProcessorNode, processor: Processor | None = None) -> ProcessorInstance:
        """A new instance of a processor, of one that is created now or has been.

        Raises:
            CommitError: Its ports or its `process` cannot be looked at.
        """
        if processor is None:
            processor = self.processor(node)
        declaration = node.declaration
        policy = node.error_policy or declaration.error_policy
        try:  # not a step of its own, with a beginning and an end to be told: there may be very many
            instance = ProcessorInstance(node.id, processor, declaration, policy, settled(processor), self.reports)
        except Exception as error:
            raise CommitError("create", node.id, error) from error
        instance.generation = node.generation
        self.dress(instance)
        return instance

    def starting(self, subject: str) -> Step:
        """The step in which somebody gets a thread, which is told when it is let go."""
        return self._untold.step("start", subject)

    def running_loops(self) -> list[Loop]:
        """Every loop that runs somebody."""
        graph = self.graph
        with graph.lock:
            ids = graph.query(ProcessorInstance)
            instances = [graph.get(id_, ProcessorInstance) for id_ in ids]
        loops = [instance.loop for instance in instances if instance is not None]
        return [loop for loop in dict.fromkeys(loops) if isinstance(loop, Loop)]

    def pause(self) -> None:
        """The clock for media stands still, and what is started from now on begins paused."""
        self.media_clock.pause()
        self.threads.pause()

    def resume(self) -> None:
        """The clock for media goes on."""
        self.media_clock.resume()
        self.threads.resume()

    @property
    def paused(self) -> bool:
        """Whether what is started begins paused, because the runtime is."""
        return self.threads.paused

    def tell(self, notice: str, about: RuntimeContext, *details: object) -> None:
        """Tell the processor delegate what was done to whose context that is, in words of its own or by the id alone.

        What it raises is reported and changes nothing.
        """
        method = getattr(self.delegates, notice)
        try:
            method(*(details or (about.processor_id,)))
        except Exception as error:
            name, id_ = named(method, notice), about.processor_id
            LOG.exception("%s: %s raised", id_, name, extra={**about.log_fields, "delegate": name})
            self.bus.publish(DelegateFailed(delegate=name, subject=str(id_), error=described(error)))


def named(method: Callable[..., object], name: str) -> str:
    """How errors call a delegate's method."""
    return f"{type(getattr(method, '__self__', method)).__name__}.{name}"
