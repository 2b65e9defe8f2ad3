"""What the scenarios play with: sources as fast as links take it, filters, sinks that check what arrives, delegates.

Sinks write into a record that the test holds, handed over in their config, so that it outlives restarts.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Collection
from typing import Any, Self

from streamlib import (
    DataFrame,
    LinkInput,
    LinkOutput,
    Live,
    ProcessContext,
    ProcessExecution,
    Processor,
    ProcessorConfig,
    RuntimeContext,
    SchedulingStrategy,
    StreamRuntime,
)
from streamlib.execution.loops import Loop
from streamlib.graph import ProcessorNode
from streamlib.ids import ProcessorId
from streamlib.processors.execution_mode import ExecutionMode

SECONDS = 8.0
"""How long anything in a scenario may take before the test fails."""


class Record:
    """What one sink has seen: every number, and what happened to the sink, each with a way to wait for it."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.calls: list[str] = []
        self.threads: set[str] = set()
        self._changed = threading.Condition()
        self._awaited: Callable[[], bool] | None = None

    def add(self, number: int) -> None:
        self.numbers.append(number)
        if self._awaited is not None:
            self._tell()

    def called(self, what: str) -> None:
        self.calls.append(what)
        self._tell()

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            self._awaited = condition
            assert self._changed.wait_for(condition, SECONDS), (self.numbers[-5:], self.calls)
            self._awaited = None

    def wait_for(self, more: int) -> None:
        """Wait until so many numbers more have been seen."""
        target = len(self.numbers) + more
        self.wait_until(lambda: len(self.numbers) >= target)

    def wait_for_call(self, what: str) -> None:
        self.wait_until(lambda: what in self.calls)

    def count(self, what: str) -> int:
        return self.calls.count(what)

    def is_gapless(self) -> bool:
        """Whether each number is the one after the number before it."""
        seen = self.numbers[:]  # frames may still arrive
        return not seen or seen == list(range(seen[0], seen[0] + len(seen)))

    def gaps(self) -> list[tuple[int, int]]:
        return [(a, b) for a, b in zip(self.numbers, self.numbers[1:], strict=False) if b != a + 1]


class Tally(Record):
    """A record for long runs: it keeps the last number, and where one did not follow the one before."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0
        self.last: int | None = None
        self.jumps: list[tuple[int, int]] = []

    def add(self, number: int) -> None:
        if self.last is not None and number != self.last + 1:
            self.jumps.append((self.last, number))
        self.last = number
        self.seen += 1
        if self._awaited is not None:
            self._tell()

    def wait_for(self, more: int) -> None:
        target = self.seen + more
        self.wait_until(lambda: self.seen >= target)


class Numbers(Processor):
    """Counts as fast as its links take it, from `first`, up to `count` numbers where that is given."""

    class Config(ProcessorConfig):
        first: int = 0
        count: int = -1
        record: Any = None

    out = LinkOutput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.n = self.config.first
        self.last = self.config.first + self.config.count if self.config.count >= 0 else None

    def process(self, ctx: ProcessContext) -> None:
        if self.n == self.last:
            ctx.end()
            return
        self.out.write(DataFrame({"n": self.n}))
        self.n += 1

    def teardown(self) -> None:
        if self.config.record is not None:
            self.config.record.called("teardown")


class Pairs(Numbers):
    """Writes two numbers a call, so that the second may find no room and waits in the middle of the call.

    Behind the first two it waits for its gate.
    """

    class Config(ProcessorConfig):
        gate: Any
        first: int = 0
        count: int = -1
        record: Any = None

    def process(self, ctx: ProcessContext) -> None:
        if self.n == 2:
            assert self.config.gate.wait(SECONDS)
        super().process(ctx)
        super().process(ctx)


class Pass(Processor):
    """Hands every frame on, and tells its record when it is set up, flushed and torn down."""

    class Config(ProcessorConfig):
        record: Any = None
        tag: str = ""
        gain: Live[int] = 0

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self._tell("setup")

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.out.write(frame)

    def flush(self, ctx: ProcessContext) -> None:
        self._tell("flush")

    def teardown(self) -> None:
        self._tell("teardown")

    def _tell(self, what: str) -> None:
        if self.config.record is not None:
            self.config.record.called(f"{self.config.tag}{what}")


class Collect(Processor):
    """Writes the number of every frame into its record, and tells it of setup, flush and teardown."""

    class Config(ProcessorConfig):
        record: Any
        capacity: int = 8

    into = LinkInput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.config.record.called("setup")

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.config.record.add(frame.data["n"])

    def flush(self, ctx: ProcessContext) -> None:
        self.config.record.called("flush")

    def teardown(self) -> None:
        self.config.record.called("teardown")


class Both(Processor):
    """Two inputs and one output: hands on what comes, by whichever input."""

    class Config(ProcessorConfig):
        record: Any = None

    left = LinkInput(DataFrame)
    right = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        for port in (self.left, self.right):
            frame = port.read()
            if frame is not None:
                self.out.write(frame)


class Gated(Collect):
    """A `Collect` that does not begin before its gate is open, and tells when it waits there."""

    class Config(ProcessorConfig):
        record: Any
        gate: Any

    def setup(self, ctx: RuntimeContext) -> None:
        self.waited = False

    def process(self, ctx: ProcessContext) -> None:
        if not self.waited:
            self.waited = True
            self.config.record.called("waits")
            assert self.config.gate.wait(SECONDS)
        super().process(ctx)


class Stuck(Processor):
    """Stays inside `process` until it is released; tells its record when it is there."""

    class Config(ProcessorConfig):
        record: Any
        release: Any

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        self.config.record.called("stuck")
        assert self.config.release.wait(SECONDS)
        if frame is not None:
            self.out.write(frame)

    def teardown(self) -> None:
        self.config.record.called("teardown")


class Holder(Processor):
    """Holds something that only one processor may hold, and checks that nobody else does."""

    class Config(ProcessorConfig):
        what: str
        held: Any
        record: Any
        tag: str = ""
        fail: bool = False
        volume: Live[int] = 0

    into = LinkInput(DataFrame)

    @classmethod
    def exclusive(cls, config: Any) -> Collection[str]:
        return (config.what,)

    def setup(self, ctx: RuntimeContext) -> None:
        assert self.config.what not in self.config.held, f"{self.config.what} is held by {self.config.held}"
        if self.config.fail:
            raise OSError(f"no {self.config.what}")
        self.config.held[self.config.what] = self.config.tag
        self.config.record.called(f"{self.config.tag}setup")

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is not None:
            self.config.record.add(frame.data["n"])

    def teardown(self) -> None:
        self.config.held.pop(self.config.what, None)
        self.config.record.called(f"{self.config.tag}teardown")


class Faulty(Processor):
    """Raises where its config says: in setup, process, flush or teardown."""

    class Config(ProcessorConfig):
        where: str
        record: Any
        at: int = -1

    into = LinkInput(DataFrame)
    out = LinkOutput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.config.record.called("setup")
        self._fail("setup")

    def process(self, ctx: ProcessContext) -> None:
        frame = self.into.read()
        if frame is None:
            return
        if self.config.at in {-1, frame.data["n"]}:
            self._fail("process")
        self.out.write(frame)

    def flush(self, ctx: ProcessContext) -> None:
        self.config.record.called("flush")
        self._fail("flush")

    def teardown(self) -> None:
        self.config.record.called("teardown")
        self._fail("teardown")

    def _fail(self, where: str) -> None:
        if where == self.config.where:
            raise ValueError(f"no luck in {where}")


class Hand(Processor):
    """A manual source: one number a step."""

    class Config(ProcessorConfig):
        each: int = 1

    execution = ProcessExecution.manual()
    out = LinkOutput(DataFrame)

    def setup(self, ctx: RuntimeContext) -> None:
        self.n = 0

    def process(self, ctx: ProcessContext) -> None:
        for _ in range(self.config.each):
            self.out.write(DataFrame({"n": self.n}))
            self.n += 1


class Line:
    """A source, a filter and a sink, one behind the other."""

    def __init__(self, runtime: StreamRuntime, count: int = -1) -> None:
        self.runtime = runtime
        self.record = Record()
        self.source = runtime.add_processor(Numbers, count=count)
        self.filter = runtime.add_processor(Pass)
        self.sink = runtime.add_processor(Collect, record=self.record)
        runtime.connect(self.source, self.filter)
        runtime.connect(self.filter, self.sink)

    def run(self, frames: int = 20) -> Self:
        """Start the runtime, and wait until so many frames have come to the end."""
        self.runtime.start()
        self.record.wait_for(frames)
        return self

    def calls(self) -> list[int]:
        """How often each of the three was called."""
        handles = (self.source, self.filter, self.sink)
        return [handle.metrics.calls if handle.metrics else -1 for handle in handles]


def let_others_run(runtime: StreamRuntime) -> None:
    """Have every loop with a thread do what there is to do, so that each has had its chance to call somebody.

    An answer alone says little: a loop makes changes before it calls anybody. One never at rest makes two passes.
    """
    for loop in runtime._site.running_loops():
        behind, patience_s = loop.passes.done + 2, 0.001
        while _finds_something(loop) and loop.threaded and loop.passes.done < behind:
            threading.Event().wait(patience_s)  # who asks on and on has it do nothing but answer
            patience_s *= 2


def _finds_something(loop: Loop) -> bool:
    """Whether a loop has something to do, as it says itself between two frames."""
    found: list[bool] = []
    loop.apply(lambda: found.append(loop.anything_to_do()), SECONDS)
    return found[0]


def let_line_pass(runtime: StreamRuntime) -> None:
    """Wait until what was put in line is done, and what that has put in line."""
    for _ in range(2):
        done = threading.Event()
        runtime._committer.defer_action(done.set)
        assert done.wait(SECONDS)


class Diary:
    """A processor delegate that writes down what it is asked and told, and may look around then.

    Attributes:
        calls: The methods that were called, each with the id of its processor.
        made: The processors of which it was told.
        configs: The configs of which it was told.
        look: Called with the same two words, after they were written down.
    """

    def __init__(self, calls: list[str] | None = None) -> None:
        self.calls = [] if calls is None else calls
        self.made: list[Processor] = []
        self.configs: list[ProcessorConfig] = []
        self.look: Callable[[str, str], object] = lambda what, id_: None

    def _note(self, what: str, id_: str) -> None:
        self.calls.append(f"{what} {id_}")
        self.look(what, id_)

    def will_create(self, node: ProcessorNode) -> None:
        self._note("will_create", node.id)

    def did_create(self, node: ProcessorNode, processor: Processor) -> None:
        self._note("did_create", node.id)
        self.made.append(processor)

    def will_start(self, processor_id: ProcessorId) -> None:
        self._note("will_start", processor_id)

    def did_start(self, processor_id: ProcessorId) -> None:
        self._note("did_start", processor_id)

    def will_stop(self, processor_id: ProcessorId) -> None:
        self._note("will_stop", processor_id)

    def did_stop(self, processor_id: ProcessorId) -> None:
        self._note("did_stop", processor_id)

    def did_update_config(self, processor_id: ProcessorId, config: ProcessorConfig) -> None:
        self._note("did_update_config", processor_id)
        self.configs.append(config)


class Dedicated:
    """Every processor on a thread of its own."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        return SchedulingStrategy.dedicated_thread()


class Lightweight:
    """Every processor that may be inlined is."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        if node.declaration.execution.mode is ExecutionMode.CONTINUOUS:
            return SchedulingStrategy.dedicated_thread()
        return SchedulingStrategy.lightweight()


class Pooled:
    """Every processor that may run on the pool does."""

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        if node.declaration.execution.mode is ExecutionMode.CONTINUOUS:
            return SchedulingStrategy.dedicated_thread()
        return SchedulingStrategy.work_stealing_pool()


class Mixed:
    """Those that may be are inlined, have a thread or are on the pool, in turn, as they are asked for."""

    def __init__(self) -> None:
        self._choices = itertools.cycle(
            [
                SchedulingStrategy.lightweight(),
                SchedulingStrategy.dedicated_thread(),
                SchedulingStrategy.work_stealing_pool(),
            ]
        )

    def scheduling_strategy(self, node: ProcessorNode) -> SchedulingStrategy:
        if node.declaration.execution.mode is ExecutionMode.CONTINUOUS:
            return SchedulingStrategy.dedicated_thread()
        return next(self._choices)


STRATEGIES: dict[str, type[Dedicated | Lightweight | Pooled | Mixed]] = {
    "dedicated": Dedicated,
    "lightweight": Lightweight,
    "pool": Pooled,
    "mixed": Mixed,
}
