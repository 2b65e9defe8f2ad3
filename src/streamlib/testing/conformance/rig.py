"""One run of the processor that is checked: feeders before it, witnesses behind it, in a runtime of its own.

What it does not do in time, or raises, becomes a `Nonconformity` that says what to do. `checks.py` drives it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic
from types import TracebackType
from typing import Any, Self

from streamlib.delegates.scheduler import DefaultScheduler
from streamlib.errors import CommitError, DeadlineError, ProcessorFailed, StateError, StreamError
from streamlib.events.event import Event
from streamlib.events.processor import ProcessorError
from streamlib.events.topics import processor_topic
from streamlib.execution.strategy import SchedulingStrategy, StrategyKind
from streamlib.graph.node import ProcessorNode
from streamlib.links.delivery import Delivery
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ExecutionMode
from streamlib.processors.processor import Processor
from streamlib.runtime.handles import LinkHandle
from streamlib.runtime.runtime import StreamRuntime
from streamlib.states import ProcessorState
from streamlib.testing.clock import JumpingClock
from streamlib.testing.conformance.feeder import Feed, Feeder
from streamlib.testing.conformance.hoard import sizes
from streamlib.testing.conformance.report import Nonconformity
from streamlib.testing.conformance.supply import Supply
from streamlib.testing.conformance.watch import Fault, Life, Watch
from streamlib.testing.conformance.witness import Evidence, Witness

TURN_S = 0.005
"""How long to wait between two looks, in seconds; on the main thread, processors have their turns meanwhile."""

LONGEST_TURN_S = 0.25
"""What a turn counts for at most, in seconds: a machine that stood still is not the processor's fault."""

GIVE_UP_S = 1.0
"""What those who are stopped after a check has failed have for their last words, in seconds."""

STEPS = 16
"""Calls of a manual processor between two looks."""

Drive = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class Subject:
    """What is checked: a class, its config, frames for its inputs.

    Attributes:
        processor: The class.
        config: A checked config of it.
        declaration: What it declares with that config.
        supplies: The frames of each input.
        drive: Called with its handle on a thread of its own while it runs, or None.
        timeout: How long it may take until a frame gets on, or anything else is done, in seconds.
    """

    processor: type[Processor]
    config: ProcessorConfig
    declaration: Declaration
    supplies: Mapping[str, Supply]
    drive: Drive | None
    timeout: float


class Rig:
    """The subject between feeders and witnesses; a context manager that stops what it started."""

    def __init__(self, subject: Subject, kind: StrategyKind | None, *, fault: Fault = Fault.NONE) -> None:
        self.subject = subject
        self.watch = Watch(subject.processor, fault)
        self.errors: list[ProcessorError] = []  # it fails at the first in process
        self._kind = kind
        self.runtime = StreamRuntime(clock=JumpingClock(), factory=self.watch, scheduler=self)
        self.handle = self.runtime.add_processor(subject.processor, subject.config, on_error="fail")
        self.runtime.events.subscribe(processor_topic(self.handle.id), self._hear)
        self.feeds: dict[LinkHandle, Feed] = {}
        self.evidence: dict[LinkHandle, Evidence] = {}
        self._connect()
        self._driver: threading.Thread | None = None
        self._drive_raised: BaseException | None = None

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        """The strategy that is checked, for the subject; the default for others."""
        if self._kind is None or node.declaration.processor is not self.subject.processor:
            return DefaultScheduler().scheduling_strategy(node)
        return SchedulingStrategy(self._kind)

    def _connect(self) -> None:
        declaration, in_order = self.subject.declaration, len(self.subject.supplies) <= 1
        for port, supply in self.subject.supplies.items():
            feed = Feed(supply)
            kinds = declaration.input(port).frame_types
            feeder = self.runtime.add_processor(Feeder, feed=feed, type=kinds)
            link = self.runtime.connect(feeder, self.handle.input(port), delivery=Delivery.EVERY)
            self.feeds[link] = feed
            in_order = in_order and supply.in_order
        timed = bool(self.subject.supplies) and all(supply.timed for supply in self.subject.supplies.values())
        for port, output in declaration.outputs.items():
            evidence = Evidence(output, in_order=in_order, timed=timed)
            witness = self.runtime.add_processor(Witness, evidence=evidence)
            link = self.runtime.connect(self.handle.output(port), witness.input("input"), delivery=Delivery.EVERY)
            self.evidence[link] = evidence

    def _hear(self, event: Event) -> None:
        if isinstance(event, ProcessorError):
            self.errors.append(event)

    # --------------------------------------------------------------------------------------------------------- verbs

    def start(self) -> None:
        """Start the run, and who drives it."""
        try:
            self.runtime.start()
        except CommitError as error:
            remedy = (
                "check_processor needs a config with which it can be set up: check_processor(MyProcessor, path=...)"
            )
            raise Nonconformity(f"it could not be started: {error}", remedy) from error
        if self.subject.drive is not None:
            self._driver = threading.Thread(target=self._drive, args=(self.subject.drive,), name="drive")
            self._driver.start()

    def settle(self, count: int) -> None:
        """Have `count` frames in all go through: into each input, or without inputs out of it; or until it ends."""
        for feed in self.feeds.values():
            feed.allow(count)
        if self.feeds:
            self.until(lambda: self.has_ended() or self._have_read(count), self._unread, self._read_so_far)
        else:
            self.until(lambda: self.has_ended() or self.seen >= count, lambda: self._silent(count), lambda: self.seen)
        self.check_errors()

    def end_first(self, count: int) -> None:
        """End its first input, and have `count` frames in all go into each of the others; or until it ends."""
        first, *others = self.feeds
        self.feeds[first].end()
        for link in others:
            self.feeds[link].allow(count)
        self.until(lambda: self.has_ended() or all(_taken(link) >= count for link in others), self._unread)
        self.check_errors()

    def end(self) -> None:
        """End its inputs, or itself where it has none, and wait until it has ended."""
        if not self.feeds and not self.has_ended():
            self.stop()
            self.check_errors()
            return
        for feed in self.feeds.values():
            feed.end()
        self.until(lambda: self.has_ended() and all(one.is_ended for one in self.evidence.values()), self._endless)
        self.stop()
        self.check_errors()

    def stop(self) -> None:
        """Stop the run as a user does: everybody is given time for what waits."""
        try:
            self.runtime.stop(timeout=self.subject.timeout)
        except DeadlineError as error:
            raise self._stuck("stop", error) from error

    def pause(self) -> None:
        """Pause the subject."""
        try:
            self.runtime.pause(self.handle)
        except DeadlineError as error:
            raise self._stuck("pause", error) from error

    def until(
        self, done: Callable[[], bool], late: Callable[[], Nonconformity], so_far: Callable[[], int] = lambda: 0
    ) -> None:
        """Let everybody go on until `done`; what `late` makes is raised when nothing gets on for too long.

        Args:
            so_far: How far it has got, by a number that grows until `done` and no longer.
        """
        left_s, before, reached = self.subject.timeout, monotonic(), so_far()
        while not done():
            if so_far() > reached:
                left_s, reached = self.subject.timeout, so_far()
            if left_s <= 0:
                self.check_errors()
                raise late()
            self.go_on()
            now = monotonic()
            left_s -= min(now - before, LONGEST_TURN_S)
            before = now

    def go_on(self) -> None:
        """Let everybody go on for a moment; a manual processor is stepped."""
        if self.subject.declaration.execution.mode is ExecutionMode.MANUAL:
            self._step()
        try:
            self.runtime.wait(TURN_S)
        except ProcessorFailed:
            return  # `errors` has it

    def _step(self) -> None:
        try:
            for _ in range(STEPS):
                self.runtime.step(self.handle, timeout=self.subject.timeout)
        except DeadlineError as error:
            raise self._stuck("step", error) from error

    # --------------------------------------------------------------------------------------------------------- looks

    @property
    def life(self) -> Life:
        """The instance that runs, or was the last."""
        return self.watch.lives[-1]

    def has_ended(self) -> bool:
        """Whether it has ended or failed."""
        return self.handle.state in {ProcessorState.ENDED, ProcessorState.FAILED}

    def has_refused(self) -> bool:
        """Whether it has failed by an error of StreamLib's, and so has said what it does not take."""
        instance = self.handle.instance()
        return instance is not None and isinstance(instance.failure, StreamError)

    def hoards(self) -> Mapping[str, int]:
        """How much each of its containers holds, by name."""
        instance = self.handle.instance()
        return {} if instance is None else sizes(instance.processor)

    @property
    def seen(self) -> int:
        """Frames that came out of the busiest of its outputs; without outputs, how often it was called."""
        return max((one.count for one in self.evidence.values()), default=self.life.calls)

    def is_drained(self) -> bool:
        """Whether the witnesses have read all that has come out, and looked at it."""
        return all(self._depth(link) == 0 and one.count == _taken(link) for link, one in self.evidence.items())

    def waiting(self) -> int:
        """Frames that wait at its fullest input."""
        return max((self._depth(link) for link in self.feeds), default=0)

    def check_errors(self) -> None:
        """See that it has raised nothing before its teardown."""
        first = next((error for error in self.errors if error.during != "teardown"), None)  # that is told by its life
        if first is not None:
            at = "" if first.frame_timestamp_ns is None else f" at the frame of {first.frame_timestamp_ns} ns"
            remedy = "mend it; frames that come in are read-only, and others than it can take are given by frames=..."
            raise Nonconformity(f"{first.during} raised {first.error}{at}", remedy)
        if self._drive_raised is not None:
            raise Nonconformity(f"drive raised {self._drive_raised!r}", "mend the function given as drive=...")

    def check_lives(self) -> None:
        """See that each instance was torn down once, without an error. When all is stopped."""
        for life in self.watch.lives:
            if life.raised is not None:
                raise Nonconformity(
                    f"teardown raised {type(life.raised).__name__}: {life.raised}",
                    "close only what has been opened: teardown is also called when setup has raised halfway",
                )
            if life.setups != life.teardowns:
                raise Nonconformity(
                    f"setup was called {life.setups} times and teardown {life.teardowns} times",
                    "call neither from your own code; the runtime does",
                )

    # ------------------------------------------------------------------------------------------------------- pieces

    def _have_read(self, count: int) -> bool:
        return all(_taken(link) >= count for link in self.feeds)

    def _read_so_far(self) -> int:
        return sum(map(_taken, self.feeds))

    def _depth(self, link: LinkHandle) -> int:
        statistics = link.statistics()
        return 0 if statistics is None else statistics.depth

    def _unread(self) -> Nonconformity:
        unread = [
            port
            for port, link in zip(self.subject.supplies, self.feeds, strict=True)
            if _taken(link) < self.feeds[link].allowed
        ]
        return Nonconformity(
            f"frames wait unread at {' and '.join(unread)} after {self.subject.timeout:g} s",
            "read from every input in process(), until read() gives None or once a call, and return",
        )

    def _silent(self, count: int) -> Nonconformity:
        return Nonconformity(
            f"{self.seen} frames came out in {self.subject.timeout:g} s, and {count} were waited for",
            "write in process(), or end with ctx.end(); a source that others feed is fed by drive=...",
        )

    def _endless(self) -> Nonconformity:
        return Nonconformity(
            f"{self.subject.timeout:g} s after the end of its inputs it has not ended",
            "return from process() and flush(); the runtime ends a processor whose inputs have ended and are read",
        )

    def _stuck(self, verb: str, error: DeadlineError) -> Nonconformity:
        remedy = "process() does one step and returns: no loop and no wait of its own, ctx.wake_at(ns) calls it later"
        return Nonconformity(f"{verb} waited in vain: {error}", remedy)

    def _drive(self, drive: Drive) -> None:
        try:
            drive(self.handle)
        except (StateError, DeadlineError):
            return  # the run is over
        except BaseException as error:
            self._drive_raised = error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._give_up() if isinstance(error, Nonconformity) else self.runtime.stop(drain=False)
        except DeadlineError:
            if error is None:
                raise
            if isinstance(error, Nonconformity):
                error.left_behind = True
        finally:
            if self._driver is not None:
                self._driver.join(self.subject.timeout)

    def _give_up(self) -> None:
        """Stop what has had its time already: who does not come back now is left behind without another wait."""
        self.runtime.stop(timeout=min(GIVE_UP_S, self.subject.timeout))


def _taken(link: LinkHandle) -> int:
    statistics = link.statistics()
    return 0 if statistics is None else statistics.taken
