"""One processor while it lives: its object, its ports, its counters, and its way from setup to teardown.

A loop calls `process` through it, wiring binds channels to it, and the compiler attaches it to the graph as the
component `ProcessorInstance`. It belongs to one loop at a time, which alone touches it while it runs. It knows
neither the graph nor why it is started or ended; what happens to it goes to `Reports`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from streamlib.clock import NEVER_NS
from streamlib.execution.entry import EntryWriter, carries_stamps
from streamlib.execution.exits import survived
from streamlib.execution.metrics import Passes, ProcessorMetrics, SteadyCount
from streamlib.ids import ProcessorId
from streamlib.links.channel import Channel
from streamlib.links.fanout import joined
from streamlib.links.many import IncomingLink, ManyReader
from streamlib.links.reader import News, Reader, RingReader, SlotReader
from streamlib.links.tapped import bare
from streamlib.links.writer import NO_LIMIT, PlugWriter, Writer
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

    def disturb(self) -> None: ...
    def cancel_call(self) -> None: ...
    def timed(self, instance: ProcessorInstance) -> None: ...
    def post(self, action: Callable[[], None]) -> object: ...


class ProcessorInstance:
    """A processor that was created from its node.

    Attributes:
        inputs: The channels of each connected input in the order in which they were connected, by port.
        outputs: The channels of each output in the order in which they were connected, by port.
        loop: The loop that runs it, None until one does.
        reactive: Whether frames call it.
        ticking: Whether it is called on its own schedule.
        over: Whether it has said its last word.
        failure: The error that ended it.
        finishing: It is to end at the next point between two calls.
        left_unread: What its last call found and read nothing of; it is called when there is something else.
        frame: Not None while something lies in one of its slots: what its loop looks at, where it has several.
    """

    __slots__ = ("_joins", "_poked", "_set_up", "call", "context", "declaration", "failure", "finishing", "frame",
                 "id", "inputs", "left_unread", "loop", "metrics", "outputs", "over", "paused", "policy", "processor",
                 "reactive", "readers", "reports", "state", "steady", "ticking", "wake_ns", "writers")  # fmt: skip

    def __init__(
        self,
        id_: ProcessorId,
        processor: Processor,
        declaration: Declaration,
        policy: ErrorPolicy,
        context: RuntimeContext,
        reports: Reports,
    ) -> None:
        self.id = id_
        self.processor = processor
        self.declaration = declaration
        self.policy = policy
        self.context = ProcessContext(context, wake=self.wake, wake_at=self.wake_at, end=self.end)
        self.reports = reports
        self.call = processor.process
        self.metrics = ProcessorMetrics()
        self.state = ProcessorState.IDLE
        self.over = False
        self.reactive = declaration.execution.mode is ExecutionMode.REACTIVE
        self.ticking = declaration.execution.mode is ExecutionMode.CONTINUOUS
        self._joins = declaration.wake is Wake.ALL
        self.inputs: dict[str, list[Channel]] = {}
        self.outputs: dict[str, list[Channel]] = {name: [] for name in declaration.outputs}
        self.readers: tuple[SlotReader | RingReader, ...] = ()
        self.writers: tuple[Writer, ...] = ()
        self.loop: RunsInstances | None = None
        self.failure: Exception | None = None
        self.finishing = False
        self.paused = False
        self.wake_ns: int | None = None
        self.frame: Any = None
        self.steady = SteadyCount(Passes())
        self.left_unread: list[News] | None = None
        self._poked = False
        self._set_up = False
        self._stamp_what_enters()

    # ---------------------------------------------------------------------------------------------------- lifecycle

    def setup(self) -> None:
        """Have the processor open what it needs. What it raises goes to the caller, who owes a `teardown`."""
        self._set_up = True
        self.processor.setup(self.context.runtime)
        self.become(ProcessorState.READY)

    def become(self, new: ProcessorState) -> None:
        """Go to another state and report it; a state that the table does not allow from here is left out."""
        old = self.state
        if new in PROCESSOR_TRANSITIONS[old]:
            self.state = new
            self.over = new is ProcessorState.ENDED or new is ProcessorState.FAILED
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

    def send_off(self) -> None:
        """Send what it put aside, room or not: nobody will run it any more. For the owner."""
        for channels in self.outputs.values():
            for channel in channels:
                channel.send_off()

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
        for port, channels in old.inputs.items():
            for channel in channels:
                self.bind_input(port, channel)
        for port, channels in old.outputs.items():
            self.outputs[port] = channels
            self.bind_output(port)
            new, before = getattr(self.processor, port), getattr(old.processor, port)
            if isinstance(new, EntryWriter) and isinstance(before, EntryWriter):
                new.go_on_from(before)
        if not self.declaration.inputs:
            self.wake()  # what it waited for may have come meanwhile

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

    # ---------------------------------------------------------------------------------- what its context asks for

    def wake(self) -> None:
        """Have `process` called soon; from any thread."""
        self._poked = True
        if self.loop is not None:
            self.loop.disturb()

    def wake_at(self, ns: int) -> None:
        """Have `process` called when the runtime's clock reaches `ns`; from inside a call."""
        self.wake_ns = ns
        if self.loop is not None:
            self.loop.timed(self)

    def end(self) -> None:
        """End after this call; from inside a call."""
        self.finishing = True
        if self.loop is not None:
            self.loop.disturb()

    def cut_off(self) -> None:
        """End without what waits: links are closed, so that a write that waits for room comes back; from any thread."""
        for channel in (*self.incoming(), *(link for links in self.outputs.values() for link in links)):
            channel.interrupt()
        if self.loop is not None:
            self.loop.cancel_call()
        self.end()

    def abandon(self) -> None:
        """It is stuck in a call and left behind: those it feeds hear the end of its stream; from any thread."""
        for channels in self.outputs.values():
            for channel in channels:
                channel.abandon()

    # ---------------------------------------------------------------------------------------------------- its turn

    def waiting(self) -> int:
        """Frames that wait at its inputs."""
        waiting = 0
        for reader in self.readers:
            waiting += reader.depth()
        return waiting

    @property
    def poked(self) -> bool:
        """Whether `wake` has asked for a call that has not come yet."""
        return self._poked

    def due(self, now_ns: int) -> bool:
        """Whether a reactive processor is to be called: by frames it has not seen, by `wake` or by the clock."""
        if self._poked or (self.wake_ns is not None and self.wake_ns <= now_ns):
            return True
        if self._joins and not all(reader.depth() or reader.ended for reader in self.readers):
            return False
        return self.unseen()

    def unseen(self) -> bool:
        """Whether frames wait, and not only those that its last call found and left."""
        return self.waiting() > 0 and (self.left_unread is None or self.left_unread != self.news())

    def begin(self, now_ns: int) -> None:
        """Take note that what called it is being served. A wait for `wake` (`NEVER_NS`) is over with any call."""
        self._poked = False
        if self.wake_ns is not None and (self.wake_ns <= now_ns or self.wake_ns >= NEVER_NS):
            self.wake_ns = None

    def free(self) -> bool:
        """Whether its outputs have room for what a call writes; all are asked, so that each without room says so."""
        free = True
        for writer in self.writers:
            if not writer.free():
                free = False
        return free

    def room(self) -> int:
        """How many calls that write one frame each its outputs have room for."""
        return min([writer.room() for writer in self.writers], default=NO_LIMIT)

    def unmute(self) -> None:
        """End by what its inputs say, also those that were cut: when what waits there has been read. For a stop."""
        for reader in self.readers:
            reader.muted = False
        if self.loop is not None:
            self.loop.disturb()

    def exhausted(self) -> bool:
        """Whether every connected input has ended and is empty; one that was cut only has to be empty."""
        ended = False
        for reader in self.readers:
            if not reader.muted:
                if not reader.ended:
                    return False
                ended = True
        return ended and not self.waiting()

    def callable(self, now_ns: int) -> bool:
        """Whether it is due and nothing of its own forbids to call it."""
        return not self.paused and not self.finishing and not self.over and self.due(now_ns)

    def can_move(self, now_ns: int) -> bool:
        """Whether its loop can do something with it: call it, end it, or send what one that is over put aside."""
        if self.over:
            return self.free()
        return not self.paused and (self.exhausted() or (self.due(now_ns) and self.free()))

    def is_held(self) -> bool:
        """Whether frames for it, or a `wake`, have to wait: its outputs have no room, or it leaves its inputs full."""
        if self.over:
            return not self.free()
        slots = [reader for reader in self.readers if isinstance(reader, SlotReader) and not reader.muted]
        if not all(slot.holds_nobody_back() for slot in slots):
            return True
        return not self.paused and (self._poked or self.unseen()) and not self.free()

    def neglected(self) -> str:
        """Which inputs its last call has left unread, in words; empty where there are none. From any thread."""
        if self.left_unread is None:
            return ""
        ports = [port for port, links in self.inputs.items() if any(link.statistics().depth for link in links)]
        return f"process() leaves what waits at {' and '.join(ports)} unread" if ports else ""

    def held_by(self) -> list[str]:
        """The links without room."""
        return [
            channel.name
            for channels in self.outputs.values()
            for channel in channels
            if channel.writer is not None and not channel.writer.free()
        ]

    # -------------------------------------------------------------------------------------- what it took of its inputs

    def oldest(self) -> Any:
        """The frame that the next call will find first, or None."""
        for reader in self.readers:
            frame = reader.peek()
            if frame is not None:
                return frame
        return None

    def taken(self) -> int:
        """Frames taken from its inputs so far."""
        taken = 0
        for reader in self.readers:
            taken += reader.count()
        return taken

    def news(self) -> list[News]:
        """For each input, what a call would find there."""
        return [reader.news() for reader in self.readers]

    def account(self, before: list[News]) -> bool:
        """Count what a call took from slots, and note what it left unread. True when it took anything."""
        took = 0
        for reader, was in zip(self.readers, before, strict=True):
            is_ = reader.news()
            if isinstance(reader, SlotReader):
                from_slot = was.depth - is_.depth - (is_.taken - was.taken)
                reader.taken += from_slot
                reader.refill()
                took += from_slot
            took += is_.taken - was.taken
        self.left_unread = None if took else before
        return bool(took)

    def skip(self) -> None:
        """Take a frame that a call failed on before it read it. Between two calls."""
        for reader in self.readers:
            if reader.depth():
                reader.read()
                if isinstance(reader, SlotReader):
                    reader.taken += 1
                    reader.refill()
                self.left_unread = None
                return

    def fix(self) -> None:
        """Turn the counts that passes implied into numbers; before passes are arranged anew."""
        self.metrics.fix()
        for reader in self.readers:
            if isinstance(reader, SlotReader):
                reader.fix()

    # ------------------------------------------------------------------------------------------------------- ports

    def rebind(self, channels: set[Channel]) -> None:
        """Bind the outputs that write to one of these channels anew. For the owner."""
        for port, links in self.outputs.items():
            if not channels.isdisjoint(links):
                self.bind_output(port)

    def incoming(self) -> list[Channel]:
        """The channels of all inputs."""
        return [channel for channels in self.inputs.values() for channel in channels]

    def bind_input(self, port: str, channel: Channel) -> None:
        """Put the reading end of a channel where the processor finds its input. For the owner.

        An input of one link has this one from now on; one of many takes it in behind the others, and lets go of those
        that were cut and read.
        """
        many = self.declaration.inputs[port].many
        before = [held for held in self.inputs.get(port, ()) if many and not held.done]
        held = before if channel in before else [*before, channel]
        self.inputs[port] = held
        self._hold_inputs(port)
        self.readers = tuple(found.reader for found in self.incoming() if found.reader is not None)
        self.left_unread = None

    def refit(self, channel: Channel) -> None:
        """Hold the ends of a channel anew, because somebody looks now or nobody does any more. For the owner."""
        for port, links in self.inputs.items():
            if channel in links:
                self._hold_inputs(port)
        self.rebind({channel})

    def _hold_inputs(self, port: str) -> None:
        ends = [(of.name.partition("->")[0], of.inlet()) for of in self.inputs[port] if of.reader is not None]
        many = self.declaration.inputs[port].many
        self._put(port, ManyReader([IncomingLink(*end) for end in ends]) if many else ends[0][1])

    def bind_output(self, port: str) -> None:
        """Put the writing end of the port's channels where the processor finds its output. For the owner.

        The channels' writers are made anew, so that a `write` kept from before can lead to the new port.
        """
        old: Writer = getattr(self.processor, port)
        held = self._port_writer(port)
        new = joined([channel.outlet(held) for channel in self.outputs[port]])
        if held.ended and not new.ended:
            new.end()
        held.retire(new)
        if isinstance(old, EntryWriter):
            old.lead_to(new)
        else:
            setattr(self.processor, port, new)
        self.writers = tuple(getattr(self.processor, name) for name in self.outputs)

    def switch_output(
        self,
        port: str,
        cut: Sequence[Channel],
        joined: Sequence[Channel],
        heirs: Mapping[Channel, Channel] | None = None,
    ) -> None:
        """Write no more to some channels, and to others instead, from one frame to the next. For the owner.

        A frame may be on its way through the port just now, with its writer waiting for room in one of several
        links. Where a cut link has not had it, the link that is joined in its place gets it: as `heirs` says, or
        else the first for the first, and so on.
        """
        follows = dict(zip(cut, joined, strict=False)) if heirs is None else heirs
        held = self._port_writer(port)
        before = [channel.part() for channel in cut]
        self.outputs[port] = [channel for channel in self.outputs[port] if channel not in cut] + list(joined)
        self.context.joined[port] += len(joined)
        self.bind_output(port)
        if not self.declaration.inputs:
            self.wake()  # a source may have waited for somebody to read it
        for channel, writer in zip(cut, before, strict=True):
            if writer is not None and writer is not held:
                heir = follows.get(channel)
                writer.retire((heir and heir.writer) or PlugWriter())
        for channel in cut:
            channel.end()

    def _port_writer(self, port: str) -> Writer:
        writer: Writer = getattr(self.processor, port)
        return writer.inner if isinstance(writer, EntryWriter) else writer

    def _put(self, port: str, new: Reader) -> None:
        old: Reader = getattr(self.processor, port)
        if old is not new:
            setattr(self.processor, port, new)
        if bare(old) is not bare(new):
            old.retire(new)

    def _stamp_what_enters(self) -> None:
        if self.declaration.inputs:
            return
        for name, output in self.declaration.outputs.items():
            if carries_stamps(output.frame_types):
                setattr(self.processor, name, EntryWriter(PlugWriter(), self.context.now_ns))
