"""Processors for tests of what runs processors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from streamlib.execution.instance import ProcessorInstance
from streamlib.frames import DataFrame
from streamlib.processors.context import ProcessContext, RuntimeContext
from streamlib.processors.execution_mode import ProcessExecution
from streamlib.processors.ports import LinkInput, LinkOutput
from streamlib.processors.processor import Processor
from tests.execution.rig import SECONDS, Rig


@dataclass(slots=True, frozen=True)
class Note:
    """A frame."""

    number: int
    timestamp_ns: int = 0


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


def numbers(notes: Sequence[Note]) -> list[int]:
    """The numbers of frames."""
    return [note.number for note in notes]


def repeat(times: int) -> Callable[[Note], list[Note]]:
    """Each frame, so many times."""
    return lambda note: [note] * times


def only(wanted: Callable[[int], bool]) -> Callable[[Note], list[Note]]:
    """The frames whose number is wanted."""
    return lambda note: [note] if wanted(note.number) else []


class Flaky(Relay):
    """Raises on some frames, before or after it has read them."""

    def __init__(self, bad: set[int], *, reads_first: bool = True) -> None:
        super().__init__()
        self.bad = bad
        self.reads_first = reads_first
        self.calls = 0

    def process(self, ctx: ProcessContext) -> None:
        """Pass one on, or raise."""
        number = self.calls
        self.calls += 1
        frame = self.inp.read() if self.reads_first or number not in self.bad else None
        if number in self.bad:
            raise ValueError(f"call {number}")
        if frame is not None:
            self.out.write(frame)


class Numbers(Life):
    """A source of frames that carry stamps."""

    out = LinkOutput(DataFrame)

    def process(self, ctx: ProcessContext) -> None:
        """Write one."""
        self.out.write(DataFrame({}))


def wired(into: Any = None, **options: Any) -> tuple[Rig, ProcessorInstance, ProcessorInstance, Any]:
    """A source by hand, and a sink in another loop that nobody runs."""
    rig = Rig()
    source, end = rig.add(Hand()), rig.add(into or Sink())
    rig.loop(source)
    rig.loop(end)
    link = rig.link(source, end, **options)
    return rig, source, end, link
