"""The runtime: what users hold.

It owns one graph and everything that one runtime has once: the bus, the clocks, what processors share, the
compiler. It changes the graph by the verbs of `editing`, and its state by the verbs below.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from functools import cached_property, partial
from types import TracebackType
from typing import Self

from streamlib.clock import Clock, MonotonicClock, PausableClock, checked_timeout, checked_wait
from streamlib.compiler.compiler import Compiler
from streamlib.compiler.error_log import ErrorLog
from streamlib.compiler.reports import InstanceReports
from streamlib.compiler.site import Site
from streamlib.delegates.delegates import Delegates
from streamlib.delegates.factory import FactoryDelegate
from streamlib.delegates.processor import ProcessorDelegate
from streamlib.delegates.scheduler import SchedulerDelegate
from streamlib.errors import (
    ConfigError,
)
from streamlib.events.bus import EventBus
from streamlib.execution.shared_threads import SharedThreads
from streamlib.graph.property_graph import PropertyGraph
from streamlib.ids import ProcessorId
from streamlib.observability.inspector import GraphInspector
from streamlib.observability.link_events import LinkEvents
from streamlib.observability.observers import Observers
from streamlib.observability.perception import GraphPerception
from streamlib.observability.render import RenderedGraph
from streamlib.observability.sampler import SampleTaker
from streamlib.observability.taps import Taps
from streamlib.processors.context import MediaConfig
from streamlib.processors.conversion import chosen
from streamlib.processors.shared_objects import SharedObjects
from streamlib.runtime.actions import RuntimeActions
from streamlib.runtime.afterlife import Remote, stop_when_dropped
from streamlib.runtime.builder import RuntimeBuilder
from streamlib.runtime.commands import Commands
from streamlib.runtime.commit_mode import CommitMode
from streamlib.runtime.committer import Committer
from streamlib.runtime.completion import Completion
from streamlib.runtime.editing import Editing
from streamlib.runtime.errand import Errand
from streamlib.runtime.handles import ProcessorHandle
from streamlib.runtime.insight import STALL_AFTER_S, insight
from streamlib.runtime.lifecycle import Lifecycle
from streamlib.runtime.operations import Restart
from streamlib.runtime.restarts import Restarts
from streamlib.runtime.ticket import Ticket
from streamlib.runtime.timeouts import DRAIN_S, drain_seconds
from streamlib.states import GraphState


class StreamRuntime(Editing):
    """A graph of processors that runs in real time and is changed while it runs.

    The end of a `with` block stops it, and raises `ProcessorFailed` where processors were ended by errors that no
    `wait` has raised; a block that an exception leaves does not drain, and raises that one.

    Args:
        factory: Makes processors; an object with at least one of `create`, `port_info`, `can_create`.
        processor_delegate: Asked and told about each step in a processor's life (`will_…`, `did_…`).
        scheduler: Decides where each processor runs (`scheduling_strategy`).
        commit_mode: "auto" commits each call, "manual" collects until `commit()`.
        media: Sample rate, frame rate, size and colour where a processor is not told otherwise.
        clock: The clock everything goes by.
        workers: How many threads the work-stealing pool has; None takes one for each core.
        stall_after: After how many seconds without going on something is told as a stall; None tells of none.

    Attributes:
        graph: What is joined to what, and the components of each; changed by the calls below alone.
        events: The bus on which all that happens is published.
        inspector: Looks into it: snapshots of processors, links, topology and health, and observers.
        commit_mode: As given.

    Raises:
        ConfigError: There is no such commit mode, or something else given is not what it should be.
        DeclarationError: A delegate has none of the methods of its role.
    """

    def __init__(
        self,
        *,
        factory: FactoryDelegate | None = None,
        processor_delegate: ProcessorDelegate | None = None,
        scheduler: SchedulerDelegate | None = None,
        commit_mode: CommitMode | str = CommitMode.AUTO,
        media: MediaConfig | None = None,
        clock: Clock | None = None,
        workers: int | None = None,
        stall_after: float | None = STALL_AFTER_S,
    ) -> None:
        _check_setting("media", media, isinstance(media, MediaConfig), "MediaConfig(width=1920, height=1080)")
        _check_setting("clock", clock, _is_clock(clock), "MonotonicClock(), or another object with now_ns and wait")
        _check_setting("workers", workers, _is_count(workers), "a number of threads, 1 or more")
        _check_setting("stall_after", stall_after, _is_duration(stall_after), "seconds, 0.001 to 1,000,000, or None")
        mode = chosen("commit_mode", CommitMode, commit_mode)
        self.graph = PropertyGraph()
        self.graph.picture = _picture_of
        self._clock = clock or MonotonicClock()
        self._media_clock = PausableClock(self._clock)
        self.events = EventBus(self._clock, is_processor=self.graph.__contains__)
        self._delegates = Delegates(factory, processor_delegate, scheduler)
        self._threads = SharedThreads(self._clock, self._media_clock, workers)
        self._reports = InstanceReports(self.graph, self.events, self._threads.main, ErrorLog(self._clock))
        self._completion = Completion(self.graph, self._reports.wake)
        self._site = self._new_site(media or MediaConfig())
        self._compiler = Compiler(self._site)
        changing = self._completion.put_off
        committer = Committer(self.graph, self._compiler, self.events, changing, self._threads.main, self._clock.now_ns)
        super().__init__(self.graph, self._delegates, committer, mode)
        self._taps = Taps(self.graph, self.events, self._committer.soon, self._clock.now_ns)
        self._site.tap_of = LinkEvents(self.graph, self.events, self._taps).tap_of
        self._site.dress = self._taps.dress
        self._restarts = Restarts(self._site, partial(_restart_failed, self._committer))
        self._reports.wants_restart = self._restarts.wanted
        explainer, stalls = insight(self._site, self._restarts, stall_after)
        now_ns, in_line = self._clock.now_ns, self._committer.defer_action
        observers = Observers(self.graph, self.events, self._taps, now_ns, in_line)
        self.inspector = GraphInspector(self.graph, self.events, now_ns, observers, explainer.explain)
        self._lifecycle = Lifecycle(
            self._site, self._compiler, self._committer, self._reports, self._completion, stalls=stalls
        )
        self._reports.stop_wanted = partial(self._lifecycle.stop_from_inside, drain_s=DRAIN_S)
        # From here on by what does not hold the runtime: threads hold it, and a runtime is gone when its user drops it.
        remote = Remote(weakref.ref(self), self._lifecycle, drain_s=DRAIN_S)
        self._commands = Commands(remote, self.graph, self._committer, self.events)
        stop_when_dropped(self, self._lifecycle, drain_s=DRAIN_S)

    def _new_site(self, media: MediaConfig) -> Site:
        return Site(
            graph=self.graph,
            delegates=self._delegates,
            bus=self.events,
            clock=self._clock,
            media_clock=self._media_clock,
            shared=SharedObjects(),
            media=media,
            reports=self._reports,
            threads=self._threads,
        )

    def __repr__(self) -> str:
        counts = f"{len(self.graph.processor_ids())} processors, {len(self.graph.link_ids())} links"
        return f"<{type(self).__name__} {self.state}: {counts}>"

    def _repr_html_(self) -> str:
        """The picture of its graph, for notebooks."""
        return _picture_of(self.graph)

    @cached_property
    def perception(self) -> GraphPerception:
        """Its eyes and ears, for agents and notebooks: pictures, sound, snapshots and events of what runs."""
        taker = SampleTaker(self.graph, self._taps, self._clock.now_ns, self._threads.main)
        return GraphPerception(self.graph, self.inspector, self.events, taker, self._clock.now_ns)

    @property
    def actions(self) -> RuntimeActions:
        """Its hands, for agents: changes of the graph by type names, ids and plain values."""
        return RuntimeActions(self)

    @classmethod
    def builder(cls) -> RuntimeBuilder[Self]:
        """A builder with the same choices as the keyword arguments."""
        return RuntimeBuilder(cls)

    # ---------------------------------------------------------------------------------------------------- lifecycle

    @property
    def state(self) -> GraphState:
        """What the runtime is doing."""
        return self.graph.state

    def start(self) -> None:
        """Create, wire, set up and start everything in the graph.

        Raises:
            StateError: It runs already.
            CommitError: A step failed for some processor; nothing runs.
        """
        self.commit()
        self._restarts.forget()
        self._lifecycle.start(drain_s=DRAIN_S)

    def stop(self, *, timeout: float = DRAIN_S, drain: bool = True) -> None:
        """End all sources, let what is on its way be processed, tear everything down. Idle, it does nothing.

        Args:
            timeout: How long draining may take, in seconds.
            drain: Whether what waits is processed; otherwise it is dropped, and files are finalised as they are.

        Raises:
            DeadlineError: Some processors did not come to their end in time; they were cut off.
        """
        self._lifecycle.stop(drain_s=drain_seconds(timeout, drain=drain))

    def pause(self, processor: ProcessorHandle | str | None = None) -> None:
        """Call no processor, or not this one, until `resume`. While all are paused, the clock of media stands still.

        Raises:
            StateError: The runtime, or that processor, does not run.
            DeadlineError: A processor did not come back from a call in time.
        """
        if processor is None:
            self._lifecycle.pause()
        else:
            self._lifecycle.pause_one(self._id(processor))

    def resume(self, processor: ProcessorHandle | str | None = None) -> None:
        """Go on after `pause`.

        Raises:
            StateError: The runtime is not paused, or that processor does not run.
            DeadlineError: A processor did not come back from a call in time.
        """
        if processor is None:
            self._lifecycle.resume()
        else:
            self._lifecycle.resume_one(self._id(processor))

    def step(self, processor: ProcessorHandle | str, *, timeout: float = DRAIN_S) -> bool:
        """Call `process` of a manual processor once, on this thread, and those inlined behind it.

        Returns False when it has ended or is paused.

        Raises:
            StateError: It is not a manual processor, or the runtime does not run.
            DeadlineError: Its links had no room for what it writes in time.
        """
        return self._lifecycle.step(self._id(processor), checked_timeout(timeout))

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until every source has ended and everything behind it is done, or the runtime has stopped.

        Returns False when that did not happen within `timeout` seconds; None waits without end. While a commit is under
        way it has not happened: what that brings in is waited for, too. A script that may be ended by SIGTERM uses
        `wait_for_signal`.

        Raises:
            ProcessorFailed: Processors were ended by errors: raised at the end, and when the time is up once for each
                that has failed by then, while the others go on.
            StateError: Called inside a processor, or before `start`.
        """
        return self._lifecycle.wait(checked_wait(timeout))

    def wait_for_signal(self, *, timeout: float = DRAIN_S) -> None:
        """Wait for Ctrl-C, SIGTERM or the end of all sources, then stop; a second signal stops at once.

        Raises:
            StateError: Not called on the main thread.
            ProcessorFailed: Processors were ended by errors.
        """
        seconds = checked_timeout(timeout)
        self._lifecycle.wait_for_signal(lambda: self.stop(timeout=seconds))

    async def finished(self) -> None:
        """As `wait`, for asyncio; it needs no thread, and waiting for it may be given up at any time.

        Raises:
            ProcessorFailed: Processors were ended by errors; raised at the end.
            StateError: Called inside a processor, or before `start`.
        """
        await self._lifecycle.finished()

    # ----------------------------------------------------------------------------------------------------- with blocks

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop(drain=error is None)
        if error is None:
            self._lifecycle.raise_untold()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aside(partial(self.stop, drain=error is None), hurry=self._lifecycle.cut_off)
        if error is None:
            self._lifecycle.raise_untold()

    async def aside(self, call: Callable[[], None], *, hurry: Callable[[], None] | None = None) -> None:
        """Make a call that blocks on a thread of its own."""
        errand = Errand(call, self._threads.main.wake, "aside")
        try:
            await self._reports.until(errand.done)
        except asyncio.CancelledError:
            if hurry is not None:
                hurry()
            await self._reports.until(errand.done)
            raise
        errand.result()


def _picture_of(graph: PropertyGraph) -> str:
    return RenderedGraph.of(graph)._repr_html_()


def _restart_failed(committer: Committer, id_: ProcessorId, wanted: Callable[[], bool], ticket: Ticket) -> None:
    committer.defer_operation(Restart(id_), ticket, drain_s=DRAIN_S, wanted=wanted)


def _check_setting(name: str, given: object, is_right: bool, what: str) -> None:
    if given is not None and not is_right:
        raise ConfigError(f"{name} is {given!r}; give {what}", field=name)


def _is_count(given: object) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= 1


def _is_duration(given: object) -> bool:
    return isinstance(given, (int, float)) and not isinstance(given, bool) and 1e-3 <= given <= 1e6


def _is_clock(given: object) -> bool:
    return all(callable(getattr(given, method, None)) for method in ("now_ns", "wait"))
