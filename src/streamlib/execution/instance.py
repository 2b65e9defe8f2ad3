"""One processor while it lives: its way from setup to teardown, when it is to be called, and its counters.

A loop calls `process` through it, wiring binds channels to its `ports`, and the compiler attaches it to the graph as
the component `ProcessorInstance`. It belongs to one loop at a time, which alone touches it while it runs. It knows
neither the graph nor why it is started or ended; what happens to it goes to `Reports`.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from streamlib.clock import NEVER_NS
from streamlib.errors import ConfigError
from streamlib.execution.exits import survived
from streamlib.execution.metrics import Passes, ProcessorMetrics, SteadyCount
from streamlib.execution.ports import Ports
from streamlib.execution.tapped_call import CallTap, tapped_call, tapped_coroutine
from streamlib.ids import ProcessorId
from streamlib.links.reader import SlotReader
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.declaration import Declaration
from streamlib.processors.execution_mode import ErrorPolicy, ExecutionMode, Wake
from streamlib.processors.processor import Processor
from streamlib.states import PROCESSOR_TRANSITIONS, ProcessorState


class Reports(Protocol):
    """Who is told what happens to a processor; called on the thread on which it happens."""

    def state_changed(self, instance: ProcessorInstance, old: ProcessorState, new: ProcessorState) -> None: ...
    def errored(
        self, instance: ProcessorInstance, error: Exception, timestamp_ns: int | None, during: str = "process"
    ) -> None: ...
    def ended(self, instance: ProcessorInstance) -> None: ...
    def wants_restart(self, instance: ProcessorInstance) -> bool: ...


class RunsInstances(Protocol):
    """The loop, as far as an instance speaks to it."""

    def disturb(self, instance: ProcessorInstance | None = None) -> None: ...
    def cancel_call(self) -> None: ...
    def timed(self, instance: ProcessorInstance) -> None: ...
    def post(self, action: Callable[[], None]) -> object: ...


class Dissolves(Protocol):
    """A step of several processors, as far as one of them speaks to it."""

    def dissolve(self) -> Sequence[ProcessorInstance]: ...


_UNCOUNTED = SteadyCount(Passes())
"""What every processor has until its loop arranges how it is called; nothing is counted there."""


class ProcessorInstance(Ports):
    """A processor that was created from its node.

    Attributes:
        generation: Which of those that have borne its id it is.
        loop: The loop that runs it, None until one does; `loops.loop_of` gives the whole of it.
        reactive: Whether frames call it.
        ticking: Whether it is called on its own schedule.
        over: Whether it has said its last word.
        noted: Whether those who wait for its end can see it, and how it came: set by `reports`, a moment after.
        failure: The error that ended it.
        finishing: It is to end at the next point between two calls.
        called_ns: When it was called last, or went on from a wait for room, on the clock for media; many calls in a row
            are told by the first of them.
        since_ns: Since when it is in its state, on that clock.
        frame: Not None while something lies in one of its slots: what its loop looks at, where it has several.
        cascade: The step that calls it together with others, None where it is called by itself.
    """

    __slots__ = ("_joins", "_poked", "_set_up", "call", "called_ns", "cascade", "failure", "finishing",
                 "generation", "id", "loop", "metrics", "noted", "over", "paused", "policy", "reactive", "reports",
                 "since_ns", "state", "steady", "ticking", "wake_ns")  # fmt: skip

    def __init__(
        self,
        id_: ProcessorId,
        processor: Processor,
        declaration: Declaration,
        policy: ErrorPolicy,
        context: RuntimeContext,
        reports: Reports,
    ) -> None:
        super().__init__(processor, declaration, ProcessContext(context, self))
        self.id = id_
        self.generation = 0
        self.policy = policy
        self.reports = reports
        self.call: Callable[[ProcessContext], object] = processor.process
        self.metrics = ProcessorMetrics()
        self.state = ProcessorState.IDLE
        self.over = False
        self.noted = False
        self.reactive = declaration.execution.mode is ExecutionMode.REACTIVE
        self.ticking = declaration.execution.mode is ExecutionMode.CONTINUOUS
        self._joins = declaration.wake is Wake.ALL
        self.loop: RunsInstances | None = None
        self.failure: Exception | None = None
        self.finishing = False
        self.paused = False
        self.wake_ns: int | None = None
        self.frame: Any = None
        self.steady = _UNCOUNTED
        self.cascade: Dissolves | None = None
        self.called_ns = 0
        self.since_ns = 0
        self._poked = False
        self._set_up = False

    def __repr__(self) -> str:
        return f"<instance of {self.id}: {type(self.processor).__name__}, {self.state}>"

    # -------------------------------------------------------------------------------------------------------- lifecycle

    def setup(self) -> None:
        """Have the processor open what it needs. What it raises goes to the caller, who owes a `teardown`."""
        self._set_up = True
        self.processor.setup(self.context.runtime)
        self.become(ProcessorState.READY)

    def become(self, new: ProcessorState, now_ns: int | None = None) -> None:
        """Go to another state and report it; a state that the table does not allow from here is left out.

        Args:
            new: The state.
            now_ns: The time, on the clock for media: one for all who come to it together; None looks at the clock.
        """
        old = self.state
        if new in PROCESSOR_TRANSITIONS[old]:
            self.state = new
            self.over = new is ProcessorState.ENDED or new is ProcessorState.FAILED
            self.since_ns = self.context.now_ns() if now_ns is None else now_ns
            self.reports.state_changed(self, old, new)

    def pause(self) -> None:
        """Not to be called until `resume`. For the owner."""
        self.paused = True
        self.become(ProcessorState.PAUSED)

    def resume(self) -> None:
        """To be called again, unless it waits to be made anew. For the owner."""
        if self.state is ProcessorState.RESTARTING:
            return
        self.paused = False
        self.become(ProcessorState.RUNNING)

    def await_restart(self, error: Exception) -> None:
        """It has failed, and is not called any more: another instance will take its place. For the owner."""
        self.failure = error
        self.paused = True
        self.become(ProcessorState.RESTARTING)

    def finish(self, failure: Exception | None = None) -> None:
        """Say the last word: flush unless it failed, end the outputs, close the inputs, tear down. For the owner."""
        if self.over:
            return
        self.failure = failure
        if failure is None and self._set_up:
            self._guarded("flush", lambda: self.processor.flush(self.context))
        for name in self.outputs:
            self._guarded("flush", getattr(self.processor, name).end)
        for channel in self.incoming():
            channel.close()
        self.teardown()
        self.become(ProcessorState.ENDED if self.failure is None else ProcessorState.FAILED)
        self.reports.ended(self)

    def suspend(self) -> None:
        """Flush and tear down, and keep the links as they are, for another instance to take over. For the owner."""
        self.paused = True
        if self.failure is None:
            self._guarded("flush", lambda: self.processor.flush(self.context))
        self.teardown()

    def hand_over(self, heir: ProcessorInstance) -> None:
        """Have the processor give what outlives it to the one that takes its place. For the owner."""
        before = self.failure
        self._guarded("hand_over", lambda: self.processor.hand_over(heir.processor))
        self.failure = before  # it is replaced all the same, and still flushes

    def take_place_of(self, old: ProcessorInstance) -> None:
        """Go on with the links, counters and stamps of an instance that is replaced. For the owner."""
        old.fix()
        self.metrics = old.metrics
        self.take_over(old)
        if not self.declaration.inputs:
            self.wake()  # what it waited for may have come meanwhile

    def let_go(self) -> None:
        """It is torn down and out of its loop: let go of all that leads back here.

        What was there at the start is frozen, so that the collector never looks at it: in a circle it would stay, with
        all that the processor holds.
        """
        self.context.cut()
        self.call = _nobody
        if self.cascade is not None:
            self.cascade.dissolve()
        self.loop = None
        self.part()

    def tap_call(self, tap: CallTap | None) -> None:
        """Have `process` called through a tap, or with None straight. For the owner, who arranges its passes anew."""
        if self.call is _nobody:
            return
        self.call = process = self.processor.process
        if tap is not None:
            tapped = tapped_coroutine if self.declaration.is_async else tapped_call
            self.call = tapped(process, tap, self.oldest)

    def teardown(self) -> None:
        """Have the processor close what it opened: once, and only if `setup` was called."""
        if self._set_up:
            self._set_up = False
            self._guarded("teardown", self.processor.teardown)

    def _guarded(self, during: str, last_words: Callable[[], None]) -> None:
        try:
            last_words()
        except BaseException as raised:
            error = survived(raised)
            self.failure = self.failure or error
            self.metrics.errors += 1
            self.reports.errored(self, error, None, during)

    # ---------------------------------------------------------------------------------------- what its context asks for

    def wake(self) -> None:
        """Have `process` called soon; from any thread."""
        self._poked = True
        if self.loop is not None:
            self.loop.disturb(self)

    def wake_at(self, ns: int) -> None:
        """Have `process` called when the runtime's clock reaches `ns`; from inside a call.

        Raises:
            ConfigError: It is no number of nanoseconds.
        """
        self.wake_ns = ns if type(ns) is int and ns <= NEVER_NS else _whole_ns(ns)
        if self.loop is not None:
            self.loop.timed(self)

    def end(self) -> None:
        """End after this call; from inside a call."""
        self.finishing = True
        if self.loop is not None:
            self.loop.disturb(self)

    def cut_off(self) -> None:
        """End without what waits: links are closed, so that a write that waits for room comes back; from any thread."""
        self.context.is_cut_off = True
        for channel in (*self.incoming(), *self.outgoing()):
            channel.interrupt()
        if self.loop is not None:
            self.loop.cancel_call()
        self.end()

    # --------------------------------------------------------------------------------------------------------- its turn

    @property
    def poked(self) -> bool:
        """Whether `wake` has asked for a call that has not come yet."""
        return self._poked

    @property
    def joins(self) -> bool:
        """Whether all its inputs have to hold a frame."""
        return self._joins

    def due(self, now_ns: int) -> bool:
        """Whether a reactive processor is to be called: by frames it has not seen, by `wake` or by the clock."""
        if self._poked or (self.wake_ns is not None and self.wake_ns <= now_ns):
            return True
        if self._joins and not all(reader.depth() or reader.ended or reader.muted for reader in self.readers):
            return False
        return self.unseen()

    def begin(self, now_ns: int) -> None:
        """Take note that what called it is being served. A wait for `wake` (`NEVER_NS`) is over with any call."""
        self._poked = False
        self.called_ns = now_ns
        if self.wake_ns is not None and (self.wake_ns <= now_ns or self.wake_ns >= NEVER_NS):
            self.wake_ns = None

    def callable(self, now_ns: int) -> bool:
        """Whether it is due and nothing of its own forbids to call it."""
        return not self.paused and not self.finishing and not self.over and self.due(now_ns)

    def can_move(self, now_ns: int) -> bool:
        """Whether its loop can do something with it: call it, end it, or send what it put aside."""
        if (self.over or self.puts_aside()) and self.free():
            return True
        return not self.paused and not self.over and (self.exhausted() or (self.due(now_ns) and self.free()))

    def is_held(self) -> bool:
        """Whether something still waits after its loop has done all it could.

        That is a frame for it, a `wake`, what it put aside, or who writes to it, because its inputs are full. Its
        outputs had no room then. They may have by now, made by another thread: it counts as held all the same, or
        nobody would call it.
        """
        if self.over:
            return not self.free()
        if self.metrics.steady is None and self.puts_aside():
            return True
        slots = [reader for reader in self.readers if isinstance(reader, SlotReader) and not reader.muted]
        if not all(slot.holds_nobody_back() for slot in slots):
            return True
        return self.callable(0)

    def unmute(self) -> None:
        """End by what its inputs say, also those that were cut: when what waits there has been read. For a stop."""
        if True in [channel.unmute() for channel in self.incoming()] and self.loop is not None:
            self.loop.disturb(self)

    def abandon(self) -> None:
        """It is stuck in a call and left behind: those it feeds hear the end, wherever they run; from any thread."""
        super().abandon()
        for reader in self.fed():
            if reader.loop is not None:
                reader.loop.disturb(reader)

    def fix(self) -> None:
        """Turn the counts that passes implied into numbers; before passes are arranged anew."""
        self.metrics.fix()
        super().fix()


def _whole_ns(given: object) -> int:
    """A time that is no plain int, or later than any."""
    if isinstance(given, int):
        return min(given, NEVER_NS)
    if isinstance(given, numbers.Real) and not math.isnan(float(given)):
        return int(min(float(given), NEVER_NS))
    raise ConfigError(f"wake_at is given {given!r}; give a time in nanoseconds, ctx.now_ns() + 1_000_000", field="ns")


def _nobody(context: ProcessContext) -> None:
    """Is called where a processor has gone."""
    del context
