"""What tests of processors and graphs need, so that none of them sleeps and none needs a thread of its own.

It is part of the package, because whoever writes a processor tests it with the same means as we do. `ListSource`
and `ListSink` are processors like any other; `run_processor` puts one processor between them, in a real runtime.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from streamlib.clock import NEVER_NS, NS_PER_S
from streamlib.errors import ConfigError, DeadlineError
from streamlib.links.delivery import Delivery
from streamlib.processors.config import ProcessorConfig
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ErrorPolicy, ProcessExecution
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.runtime.handles import ProcessorHandle
from streamlib.runtime.runtime import StreamRuntime

# The lock handed to `wait` is released by people who know nothing of this clock, and nobody else may release it:
# so a sleeper looks at it again and again.
_LOOK_AGAIN_SECONDS = 0.001


class ManualClock:
    """A clock that stands still until a test advances it; a `streamlib.clock.Clock`.

    Threads that wait on it really sleep, and wake when their lock is released or the clock reaches their deadline.
    """

    def __init__(self, start_ns: int = NS_PER_S) -> None:
        self._now_ns = start_ns
        self._changed = threading.Condition()
        self._asleep: dict[int, tuple[threading.Lock, int | None]] = {}

    def now_ns(self) -> int:
        """The present time in nanoseconds, as the test has set it."""
        return self._now_ns

    def wait(self, lock: threading.Lock, deadline_ns: int | None) -> bool:
        """Acquire `lock`, or give up once the clock has been advanced to `deadline_ns`."""
        with self._changed:
            self._asleep[threading.get_ident()] = (lock, deadline_ns)
            self._changed.notify_all()
            try:
                while not lock.acquire(blocking=False):
                    if self._is_due(deadline_ns):
                        return False
                    self._changed.wait(_LOOK_AGAIN_SECONDS)
                return True
            finally:
                del self._asleep[threading.get_ident()]

    def advance(self, ns: int) -> None:
        """Move on, and wake those whose deadline has come.

        Raises:
            ConfigError: the step is negative.
        """
        if ns < 0:
            raise ConfigError(f"a clock goes forward only, not by {ns} ns", field="ns")
        with self._changed:
            self._now_ns += ns
            self._changed.notify_all()

    @property
    def sleepers(self) -> int:
        """How many threads sleep on the clock; one that has been woken is not among them, run or not."""
        with self._changed:
            return sum(lock.locked() and not self._is_due(deadline_ns) for lock, deadline_ns in self._asleep.values())

    def wait_for_sleepers(self, count: int, timeout: float = 5.0) -> None:
        """Wait until at least `count` threads sleep on the clock.

        Args:
            count: How many threads.
            timeout: How long to wait for them, in seconds of the real clock.

        Raises:
            DeadlineError: they did not fall asleep in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.sleepers >= count, timeout):
                missing = f"{count - self.sleepers} more"
                raise DeadlineError(f"the falling asleep of {count} threads on the clock", timeout, [missing])

    def _is_due(self, deadline_ns: int | None) -> bool:
        return deadline_ns is not None and self._now_ns >= deadline_ns


@dataclass(frozen=True, slots=True)
class At:
    """In the list of a `ListSource`: what follows is sent when the clock has reached this time, in nanoseconds."""

    ns: int


class Gate:
    """In the list of a `ListSource`: what follows is sent when somebody has opened the gate."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_open = False
        self._is_reached = False
        self._waiting: Callable[[], None] | None = None

    def open(self) -> None:
        """Let the source go on; from any thread."""
        with self._changed:
            self._is_open = True
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting()

    def wait_until_reached(self, timeout: float = 5.0) -> None:
        """Wait until the source has sent everything before the gate.

        Raises:
            DeadlineError: It has not within `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_reached, timeout):
                raise DeadlineError("coming to a gate", timeout, ["the source that has it in its list"])

    def reach(self, go_on: Callable[[], None]) -> bool:
        """Whether the gate is open; otherwise `go_on` is called when it opens. For the source."""
        with self._changed:
            self._is_reached = True
            self._changed.notify_all()
            if not self._is_open:
                self._waiting = go_on
            return self._is_open


class ListSource(Processor):
    """Sends the items of a list, one a call, then ends.

    Besides frames the list may hold a script: `At(ns)` waits for the clock, a `Gate` until a test opens it, and
    an exception is raised where it stands.

        gate = Gate()
        source = runtime.add_processor(ListSource, items=[frame, gate, ValueError("broken"), other_frame])
    """

    class Config(ProcessorConfig):
        """What to send.

        Attributes:
            items: Frames, and what scripts them.
            type: The class of the frames, or a tuple of classes; None takes the classes of those in `items`.
        """

        items: tuple[Any, ...] = ()
        type: object = None

    config: Config
    output: LinkOutput[Any] = LinkOutput(object)
    execution = ProcessExecution.continuous(interval_ms=0)

    @classmethod
    def declaration_for(cls, config: Any) -> Declaration:
        """The output carries frames of the classes that the config names, or holds."""
        output: LinkOutput[Any] = LinkOutput(config.type or _classes_of(config.items) or object)
        output.name = "output"
        return replace(cls.declaration, outputs={"output": output})

    def setup(self, ctx: RuntimeContext) -> None:
        """Begin at the first item."""
        self._next = 0

    def process(self, ctx: ProcessContext) -> None:
        """Send one item, or wait as the script says."""
        if self._next == len(self.config.items):
            ctx.end()
            return
        item = self.config.items[self._next]
        if isinstance(item, At) and ctx.now_ns() < item.ns:
            ctx.wake_at(item.ns)
        elif isinstance(item, Gate) and not item.reach(ctx.wake):
            ctx.wake_at(NEVER_NS)
        else:
            self._next += 1
            self._play(item, ctx)

    def _play(self, item: Any, ctx: ProcessContext) -> None:
        if isinstance(item, Exception):
            raise item
        if isinstance(item, Gate):
            ctx.wake_at(ctx.now_ns())  # and not when it would have looked at the gate again
        elif not isinstance(item, At):
            self.output.write(item)


class Collected:
    """What a `ListSink` has been given; it belongs to the test and outlives sink and runtime.

    Attributes:
        frames: What has arrived so far, in order.
        ended: Whether the stream has ended behind it.
    """

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.ended = False
        self._changed = threading.Condition()

    def add(self, frame: object) -> None:
        """Take a frame; for the sink."""
        with self._changed:
            self.frames.append(frame)
            self._changed.notify_all()

    def end(self) -> None:
        """Take note of the end of the stream; for the sink."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def wait_for(self, count: int, timeout: float = 5.0) -> list[Any]:
        """The frames, once there are `count` of them or the stream has ended.

        Raises:
            DeadlineError: Neither was so within `timeout` seconds.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.ended or len(self.frames) >= count, timeout):
                missing = f"{count - len(self.frames)} more"
                raise DeadlineError(f"the coming of {count} frames", timeout, [missing])
            return list(self.frames)


class ListSink(Processor):
    """Collects what arrives, in an object that the test holds.

    It belongs behind what is tested:

        collected = Collected()
        sink = runtime.add_processor(ListSink, into=collected)
        runtime.connect(tested, sink)
        runtime.start()
        assert collected.wait_for(3) == [one, two, three]
    """

    class Config(ProcessorConfig):
        """`into`: where the frames go; `sink.config.into` where none is given."""

        into: Collected = msgspec.field(default_factory=Collected)

    config: Config
    input: LinkInput[Any] = LinkInput(object)

    def process(self, ctx: ProcessContext) -> None:
        """Collect one frame."""
        frame = self.input.read()
        if frame is not None:
            self.config.into.add(frame)

    def flush(self, ctx: ProcessContext) -> None:
        """Say that the stream has ended."""
        self.config.into.end()


def run_processor(
    processor: type[Processor] | str,
    inputs: Iterable[Any] | Mapping[str, Iterable[Any]] = (),
    config: ProcessorConfig | Mapping[str, object] | None = None,
    *,
    limit: int | None = None,
    on_error: ErrorPolicy | str = ErrorPolicy.FAIL,
    timeout: float = 10.0,
    **fields: Any,
) -> dict[str, list[Any]]:
    """Run one processor in a runtime of its own and give back what it wrote.

        assert run_processor(Doubler, [DataFrame({"n": 2})])["output"][0].data["n"] == 4
        written = run_processor(Mixer, {"left": quiet, "right": loud}, gain=0.5)["output"]

    Every frame arrives, whatever delivery an input declares. Several inputs are fed independently of each other:
    each keeps its own order, and which of two inputs has a frame first is not said.

    Args:
        processor: Its class, or the name of a registered type.
        inputs: What its only input is given; or a mapping from input to what that is given.
        config: As `add_processor` takes it; fields by keyword go on top.
        limit: For a processor that does not end: stop when each output has written so many frames.
        on_error: What follows an exception in `process`; unlike in a graph it ends the run, so that a test sees it.
        timeout: Seconds that all of it may take.

    Returns:
        The frames of each output, by port.

    Raises:
        ConfigError: A plain list was given to a processor that has not exactly one input.
        ProcessorFailed: It raised; `failures` has the error.
        DeadlineError: It came to no end in time.
    """
    runtime = StreamRuntime()
    with runtime.edit() as edit:
        tested = edit.add_processor(processor, config, on_error=on_error, **fields)
    for port, items in _by_port(tested, inputs).items():
        kinds = tested.declaration.input(port).frame_types
        source = runtime.add_processor(ListSource, items=tuple(items), type=kinds)
        runtime.connect(source, tested.input(port), delivery=Delivery.EVERY)
    collected = {port: Collected() for port in tested.declaration.outputs}
    for port, into in collected.items():
        runtime.connect(tested.output(port), runtime.add_processor(ListSink, into=into).input("input"))
    try:
        runtime.start()
        _wait_for_the_end(runtime, tested, list(collected.values()), limit, timeout)
    finally:
        runtime.stop(drain=False)
    return {port: into.frames[:limit] for port, into in collected.items()}


def _by_port(tested: ProcessorHandle, inputs: Iterable[Any] | Mapping[str, Iterable[Any]]) -> dict[str, Sequence[Any]]:
    if isinstance(inputs, Mapping):
        return {port: tuple(items) for port, items in inputs.items()}
    items = tuple(inputs)
    ports = list(tested.declaration.inputs)
    if len(ports) == 1:
        return {ports[0]: items}
    if items:
        raise ConfigError(f"{tested.processor_type} has {len(ports)} inputs; give a mapping from input to frames")
    return {}


def _wait_for_the_end(
    runtime: StreamRuntime, tested: ProcessorHandle, collected: Sequence[Collected], limit: int | None, timeout: float
) -> None:
    if limit is not None and collected:
        for into in collected:
            into.wait_for(limit, timeout)
        if not all(into.ended for into in collected):
            return
    if not runtime.wait(timeout):
        raise DeadlineError("the run", timeout, [tested.id])


def _classes_of(items: Iterable[object]) -> tuple[type, ...]:
    return tuple(dict.fromkeys(type(item) for item in items if not isinstance(item, At | Gate | Exception)))
