"""Instances, loops and links wired by hand: what compiling does, without a graph."""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from streamlib.clock import Clock, MonotonicClock
from streamlib.execution import loops
from streamlib.execution.instance import ProcessorInstance
from streamlib.execution.loops import Loop
from streamlib.execution.thread_runner import ThreadRunner
from streamlib.ids import ProcessorId
from streamlib.links.channel import Channel
from streamlib.links.delivery import Delivery
from streamlib.links.wake import Waker
from streamlib.processors.context import MediaConfig, RuntimeContext
from streamlib.processors.execution_mode import ErrorPolicy, ExecutionMode
from streamlib.processors.processor import Processor
from streamlib.processors.shared_objects import SharedObjects
from streamlib.states import ProcessorState
from streamlib.testing import ManualClock

SECONDS = 20.0  # longer than anything here takes


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

    def errored(
        self, instance: ProcessorInstance, error: Exception, timestamp_ns: int | None, during: str = "process"
    ) -> None:
        """Note an error."""
        self.errors.append((instance.id, error, timestamp_ns))

    def ended(self, instance: ProcessorInstance) -> None:
        """Note an end, count what comes too late, and wake who waits."""
        with self._ended:
            self.order.append(instance.id)
            self._ended.notify_all()

    def wants_restart(self, instance: ProcessorInstance) -> bool:
        """Nobody here makes another."""
        return False

    def wait_for(self, *instances: ProcessorInstance) -> None:
        """Wait until these have ended."""
        with self._ended:
            done = self._ended.wait_for(lambda: all(instance.over for instance in instances), SECONDS)
        assert done, f"not ended: {[instance.id for instance in instances if not instance.over]}"


class Late(ManualClock):
    """A clock by which everything takes long."""

    def now_ns(self) -> int:
        """A millisecond more each time."""
        self.advance(1_000_000)
        return super().now_ns()


class Rig:
    """A graph in the hands of a test.

    Args:
        clock: the clock of its processors.
        brief: measured by the loops, calls are so short that many are made in a row; else each is long.

    Attributes:
        added: Its processors.
    """

    def __init__(self, clock: Clock | None = None, *, brief: bool = True) -> None:
        self.clock: Clock = clock or MonotonicClock()
        self.stopwatch: Clock = ManualClock() if brief else Late()
        self.reports = Recorder()
        self.links: dict[str, Channel] = {}
        self.loops: dict[int, Loop] = {}
        self.added: list[ProcessorInstance] = []
        self._runners: list[ThreadRunner] = []
        self._shared = SharedObjects()

    def add(
        self, processor: Processor, id_: str = "", *, policy: ErrorPolicy | None = None, ready: bool = True
    ) -> ProcessorInstance:
        """A processor that was set up."""
        name = ProcessorId(id_ or f"{type(processor).__name__.lower()}_{len(self.added)}")
        context = RuntimeContext(name, self.clock, self._shared, MediaConfig())
        declaration = processor.declaration
        made = ProcessorInstance(
            name, processor, declaration, policy or declaration.error_policy, context, self.reports
        )
        self.added.append(made)
        if ready:
            made.setup()
            made.become(ProcessorState.RUNNING)
        return made

    def loop(self, *members: ProcessorInstance, head: bool = True) -> Loop:
        """A loop that runs these, the first of them as its head; they are linked afterwards."""
        made = Loop(members[0].id if members else "common", self.stopwatch, self.clock)
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
        source.outputs[out].add([made])
        source.bind_output(out, [made])
        target.bind_input(into, made)
        self.links[made.name] = made
        return made

    def form(self, link: Channel, source: ProcessorInstance, target: ProcessorInstance) -> None:
        """Give a link the form that fits."""
        here, there = loop_of(source), loop_of(target)
        if here is there:
            link.wire_slot(here.unsettle)
            return
        manual = source.declaration.execution.mode is ExecutionMode.MANUAL
        may_wait = here.head is source and not manual and isinstance(here.waker, Waker)
        link.wire_ring(here.waker, there.waker, wait=here.wait_for_room if may_wait else None, unsettle=here.note_aside)

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
        self.reports.wait_for(*self.added)
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


def loop_of(instance: Any) -> Loop:
    """The loop that runs it, which there is."""
    loop = loops.loop_of(instance)
    assert loop is not None
    return loop


def settle(instance: Any) -> None:
    """Have a loop go round twice: what it wants to do by itself, it has done by then."""
    for _ in range(3):
        loop_of(instance).apply(lambda: None, SECONDS)


def checked(*links: Channel) -> None:
    """Each frame of these links is counted once."""
    for link in links:
        counted = link.statistics()
        assert counted.written == counted.taken + counted.depth + counted.dropped, link.name


def stand_in(monkeypatch: pytest.MonkeyPatch, loop: Loop, name: str, instead: Callable[..., object]) -> None:
    """Have one loop do something else when a method of it is called; loops have no dictionary to put that in."""
    usual = getattr(Loop, name)

    def called(self: Loop, *args: object) -> object:
        return instead(*args) if self is loop else usual(self, *args)

    monkeypatch.setattr(Loop, name, called)
