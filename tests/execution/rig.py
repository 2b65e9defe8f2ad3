"""Instances, loops and links wired by hand: what compiling does, without a graph."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from streamlib.clock import Clock, MonotonicClock
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.execution.thread_runner import ThreadRunner
from streamlib.ids import ProcessorId
from streamlib.links.channel import Channel
from streamlib.links.delivery import Delivery
from streamlib.processors.context import MediaConfig, ProcessContext, RuntimeContext
from streamlib.processors.execution_mode import ErrorPolicy, ExecutionMode, ProcessExecution
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from streamlib.processors.shared_objects import SharedObjects
from streamlib.states import ProcessorState

SECONDS = 20.0  # longer than anything here takes


@dataclass(slots=True, frozen=True)
class Note:
    """A frame."""

    number: int
    timestamp_ns: int = 0


class Recorder:
    """The reports of all instances of a rig."""

    def __init__(self) -> None:
        self.states: list[tuple[str, ProcessorState]] = []
        self.errors: list[tuple[str, Exception, int | None]] = []
        self.order: list[str] = []
        self._ended = threading.Condition()

    def state_changed(self, instance: ProcessorInstance, old: ProcessorState, new: ProcessorState) -> None:
        """Note a state."""
        self.states.append((instance.id, new))

    def errored(self, instance: ProcessorInstance, error: Exception, timestamp_ns: int | None) -> None:
        """Note an error."""
        self.errors.append((instance.id, error, timestamp_ns))

    def ended(self, instance: ProcessorInstance) -> None:
        """Note an end, count what comes too late, and wake who waits."""
        with self._ended:
            self.order.append(instance.id)
            self._ended.notify_all()

    def wait_for(self, *instances: ProcessorInstance) -> None:
        """Wait until these have ended."""
        with self._ended:
            done = self._ended.wait_for(lambda: all(instance.over for instance in instances), SECONDS)
        assert done, f"not ended: {[instance.id for instance in instances if not instance.over]}"


class Rig:
    """A graph in the hands of a test."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock: Clock = clock or MonotonicClock()
        self.reports = Recorder()
        self.links: dict[str, Channel] = {}
        self.loops: dict[int, Loop] = {}
        self._instances: list[ProcessorInstance] = []
        self._runners: list[ThreadRunner] = []
        self._shared = SharedObjects()

    def add(
        self, processor: Processor, id_: str = "", *, policy: ErrorPolicy | None = None, ready: bool = True
    ) -> ProcessorInstance:
        """A processor that was set up."""
        name = ProcessorId(id_ or f"{type(processor).__name__.lower()}_{len(self._instances)}")
        context = RuntimeContext(name, self.clock, self._shared, MediaConfig())
        declaration = processor.declaration
        made = ProcessorInstance(
            name, processor, declaration, policy or declaration.error_policy, context, self.reports
        )
        self._instances.append(made)
        if ready:
            made.setup()
            made.become(ProcessorState.RUNNING)
        return made

    def loop(self, *members: ProcessorInstance, head: bool = True) -> Loop:
        """A loop that runs these, the first of them as its head; they are linked afterwards."""
        made = Loop(members[0].id if members else "common", self.clock, self.clock)
        made.head = members[0] if head else None
        made.arrange(members)
        self.loops[id(made)] = made
        return made

    def link(
        self,
        source: ProcessorInstance,
        target: ProcessorInstance,
        out: str = "",
        into: str = "",
        *,
        delivery: Delivery | None = None,
        capacity: int | None = None,
    ) -> Channel:
        """A link in the form that fits where both run; `arrange` the loops afterwards."""
        out, into = out or next(iter(source.outputs)), into or next(iter(target.declaration.inputs))
        port = target.declaration.input(into)
        made = Channel(
            f"{source.id}.{out}->{target.id}.{into}",
            delivery or port.delivery,
            capacity or port.capacity,
            live=source.declaration.live,
        )
        self.form(made, source, target)
        source.outputs[out].append(made)
        source.bind_output(out)
        target.bind_input(into, made)
        self.links[made.name] = made
        return made

    def form(self, link: Channel, source: ProcessorInstance, target: ProcessorInstance) -> None:
        """Give a link the form that fits."""
        here, there = source.loop, target.loop
        assert isinstance(here, Loop)
        assert isinstance(there, Loop)
        if here is there:
            link.wire_slot(here.unsettle)
            return
        manual = source.declaration.execution.mode is ExecutionMode.MANUAL
        may_wait = here.head is source and not manual
        link.wire_ring(
            here.waker, there.waker, wait=here.wait_for_room if may_wait else None, unsettle=here.unsettle
        )

    def chain(self, *members: ProcessorInstance, **options: Any) -> list[Channel]:
        """Links from each to the next."""
        return [self.link(source, target, **options) for source, target in pairwise(members)]

    def start(self, *loops: Loop) -> list[ThreadRunner]:
        """Each loop on a thread, the last of them first; all of the rig unless some are given."""
        runners = []
        for loop in reversed(loops or tuple(self.loops.values())):
            if not self._runners or all(runner.loop is not loop for runner in self._runners):
                loop.arrange(loop.members)
                runner = ThreadRunner(loop, f"rig:{loop.name}")
                runner.start()
                runners.append(runner)
        self._runners += runners
        return runners

    def run(self) -> None:
        """Start all loops, wait until everyone has ended, and stop."""
        self.start()
        self.reports.wait_for(*self._instances)
        self.stop()

    def stop(self) -> None:
        """Stop all threads."""
        for runner in self._runners:
            for member in runner.loop.members:
                if not member.over:
                    member.cut_off()
            runner.stop()
        for runner in self._runners:
            assert runner.join(SECONDS), f"{runner.thread.name} did not end"

    def errors(self) -> list[tuple[str, str, int | None]]:
        """What was reported: whose, which, and of which frame."""
        return [(id_, str(error), timestamp_ns) for id_, error, timestamp_ns in self.reports.errors]

    def ended(self) -> list[str]:
        """Who ended, in order."""
        return self.reports.order


def own(instance: ProcessorInstance) -> Any:
    """The processor itself, of whatever class it is."""
    return instance.processor


def numbers(notes: Sequence[Note]) -> list[int]:
    """The numbers of frames."""
    return [note.number for note in notes]


# ------------------------------------------------------------------------------------------------------ processors


class Life(Processor, abstract=True):
    """Writes down what is done to it."""

    def __init__(self, config: Any = None) -> None:
        super().__init__(config)
        self.life: list[str] = []

    def setup(self, ctx: RuntimeContext) -> None:
        """Note it."""
        self.life.append("setup")

    def flush(self, ctx: ProcessContext) -> None:
        """Note it."""
        self.life.append("flush")

    def teardown(self) -> None:
        """Note it."""
        self.life.append("teardown")


class Source(Life):
    """Writes `count` frames, `per_call` in each call, then ends."""

    out = LinkOutput(Note)

    def __init__(self, count: int, per_call: int = 1) -> None:
        super().__init__()
        self.count = count
        self.per_call = per_call
        self.sent = 0

    def process(self, ctx: ProcessContext) -> None:
        """Write the next."""
        for _ in range(min(self.per_call, self.count - self.sent)):
            self.sent += 1
            self.out.write(Note(self.sent - 1, 1_000 * (self.sent - 1)))
        if self.sent >= self.count:
            ctx.end()


class Endless(Source):
    """Writes frames until it is ended from outside."""

    def __init__(self) -> None:
        super().__init__(0)

    def process(self, ctx: ProcessContext) -> None:
        """Write the next."""
        self.sent += 1
        self.out.write(Note(self.sent - 1))


class Hand(Life):
    """A manual source: writes one frame each time it is stepped."""

    execution = ProcessExecution.manual()
    out = LinkOutput(Note)

    def __init__(self) -> None:
        super().__init__()
        self.sent = 0

    def process(self, ctx: ProcessContext) -> None:
        """Write the next."""
        self.out.write(Note(self.sent))
        self.sent += 1


class Relay(Life):
    """Passes frames on."""

    inp = LinkInput(Note)
    out = LinkOutput(Note)

    def process(self, ctx: ProcessContext) -> None:
        """Pass one on."""
        frame = self.inp.read()
        if frame is not None:
            self.out.write(frame)


class Step(Relay):
    """Passes on what `does` makes of a frame: none, one or several."""

    def __init__(self, does: Callable[[Note], Sequence[Note]]) -> None:
        super().__init__()
        self.does = does

    def process(self, ctx: ProcessContext) -> None:
        """Read one, write what comes of it."""
        frame = self.inp.read()
        if frame is not None:
            for made in self.does(frame):
                self.out.write(made)


class Sink(Life):
    """Keeps what it gets."""

    inp = LinkInput(Note)

    def __init__(self) -> None:
        super().__init__()
        self.got: list[Note] = []
        self.calls = 0

    def process(self, ctx: ProcessContext) -> None:
        """Keep one."""
        self.calls += 1
        frame = self.inp.read()
        if frame is not None:
            self.got.append(frame)

    def flush(self, ctx: ProcessContext) -> None:
        """Note that nothing follows."""
        super().flush(ctx)
        self.life.append(f"after {len(self.got)}")


class Stubborn(Sink):
    """Reads only while it is told to."""

    reads = False

    def process(self, ctx: ProcessContext) -> None:
        """Keep one, or look and leave."""
        self.calls += 1
        while self.reads and (frame := self.inp.read()) is not None:
            self.got.append(frame)


class Pair(Life):
    """Keeps what comes by either of two inputs, in the order in which it reads."""

    a = LinkInput(Note)
    b = LinkInput(Note)

    def __init__(self) -> None:
        super().__init__()
        self.got: list[tuple[str, int]] = []
        self.calls = 0

    def process(self, ctx: ProcessContext) -> None:
        """Keep what there is."""
        self.calls += 1
        for name, port in (("a", self.a), ("b", self.b)):
            frame = port.read()
            if frame is not None:
                self.got.append((name, frame.number))

    def of(self, name: str) -> list[int]:
        """What came by one input."""
        return [number for port, number in self.got if port == name]


class Both(Pair):
    """Is called when both inputs hold a frame."""

    wake = "all"


class Gate:
    """Holds a processor up until the test opens it."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self._open = threading.Event()

    def pass_through(self) -> None:
        """Say that somebody has come, and wait until it is open."""
        self.reached.set()
        assert self._open.wait(SECONDS)

    def wait_until_reached(self) -> None:
        """Wait until somebody has come."""
        assert self.reached.wait(SECONDS)

    def open(self) -> None:
        """Let everyone through from now on."""
        self._open.set()


class Held(Sink):
    """Comes to a gate with its first frame."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()

    def process(self, ctx: ProcessContext) -> None:
        """Wait at the gate, then keep one."""
        self.gate.pass_through()
        super().process(ctx)
